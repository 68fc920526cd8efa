"""Grids of elevation, depth or an anomaly, with where they lie."""
