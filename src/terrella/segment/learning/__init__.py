"""Patches, losses, and the training on them."""
