"""A simulated planet: a dry atmosphere to learn and to judge on where no reanalysis is at hand."""
