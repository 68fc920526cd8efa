"""Labelled waveforms: where they come from, and the store that a training reads."""
