"""How the field changes: a model of its rate, the rotation that carries it, and classical forecasts."""
