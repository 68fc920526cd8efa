"""From what is seen of a rock to the distribution of its temperature: inversion, regressions, calibration."""
