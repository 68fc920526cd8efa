"""Modelled sections and volumes with their labels: microseismic arrivals, faults, and noise of real records."""
