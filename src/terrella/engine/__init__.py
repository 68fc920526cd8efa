"""Plan, feed, fit, judge, use: knows tensors, time and memory, and no geophysics."""
