"""Sections and volumes: SEG-Y, DAS, zarr, npy, NetCDF."""
