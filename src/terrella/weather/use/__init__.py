"""Forecasts made with a trained network."""
