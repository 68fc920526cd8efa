"""The user's own texts: formats, sentences and tokens."""
