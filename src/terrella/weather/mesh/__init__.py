"""The multi-mesh on the sphere, and its edges to the points of a grid (Lam et al. 2023, supplement 3.2)."""
