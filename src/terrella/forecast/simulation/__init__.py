"""Catalogues that are drawn from ETAS: futures of a catalogue, and whole ones with known truth."""
