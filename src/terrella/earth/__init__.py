"""Distances, grids, projections and magnitudes: small, pure functions of numpy arrays."""
