"""The user's own texts: encodings, formats, sentences and tokens."""
