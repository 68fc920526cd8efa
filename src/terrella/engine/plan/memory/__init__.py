"""How much memory a training takes."""
