"""Networks that more than one task uses, or could."""
