"""How much memory a training takes and how long it lasts, before it begins."""
