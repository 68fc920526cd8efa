"""The network, what it stands on, and its training."""
