"""Spherical harmonics of the main field."""
