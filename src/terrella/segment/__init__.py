"""Pixel-wise detection in seismic sections and volumes: arrivals of microseismic events, faults, horizons."""
