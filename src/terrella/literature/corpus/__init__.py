"""Labelled sentences: files of tokens and labels, spans, and a simulated corpus with a known truth."""
