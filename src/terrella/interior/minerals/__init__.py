"""Mineral physics of a simulated mantle: an equation of state, minerals, and what of them is stable."""
