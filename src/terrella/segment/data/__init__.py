"""Labelled sections: opened, split, converted, normalised."""
