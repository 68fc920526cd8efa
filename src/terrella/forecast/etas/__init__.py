"""The epidemic-type aftershock sequence model: intensity, likelihood, fit, and where its aftershocks lie."""
