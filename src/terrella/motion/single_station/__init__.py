"""Magnitude and distance of an earthquake from one station's waveform and what is known of it."""
