"""Scores of entities and of searches, and the report."""
