"""Terrella: deep learning for the Earth on the machine its user has."""

__version__ = "0.1.0"
