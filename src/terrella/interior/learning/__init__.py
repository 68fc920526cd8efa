"""What the network learns from, and its training."""
