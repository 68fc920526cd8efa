"""Scores, figures and the report."""
