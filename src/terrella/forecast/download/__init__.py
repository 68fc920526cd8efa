"""Catalogues from FDSN event services."""
