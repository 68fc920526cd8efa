"""Labelled seismograms from physics: the domains on which pickers are compared without any download."""
