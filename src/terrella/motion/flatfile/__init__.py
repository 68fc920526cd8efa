"""Flatfiles of ground motion: columns, units, distances."""
