"""Refined and filled surfaces beside classical ones, at blocks that were held out."""
