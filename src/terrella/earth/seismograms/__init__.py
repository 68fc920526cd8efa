"""Seismograms from physics: sources, paths, scattering, stations and noise."""
