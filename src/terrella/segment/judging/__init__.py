"""Scores of a segmenter beside its baselines."""
