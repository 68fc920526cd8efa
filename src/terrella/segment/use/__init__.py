"""Probabilities of whole sections, piece by piece, and pictures of them."""
