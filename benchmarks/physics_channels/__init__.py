"""Channels of physics that the network did not need: what `forecast_ablation.py` shows it, one at a time."""
