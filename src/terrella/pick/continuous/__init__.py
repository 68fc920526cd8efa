"""Continuous records in, picks out."""
