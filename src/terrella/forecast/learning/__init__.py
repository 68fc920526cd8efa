"""The network, its samples and its training."""
