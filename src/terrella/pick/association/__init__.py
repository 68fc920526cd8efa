"""Picks of many stations in, a catalogue of events out."""
