"""Seismograms, their archives, and the picks and data sets made of them."""
