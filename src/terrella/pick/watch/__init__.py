"""Picks and events of an archive that grows, as it grows."""
