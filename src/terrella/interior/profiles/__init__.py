"""Profiles of the Earth: velocities and density by depth, and published temperatures beside them."""
