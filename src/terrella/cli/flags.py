"""Flags that several commands have."""

from cyclopts import Parameter

# Each of the settings becomes a typed flag, such as --fit.epochs 40.
SETTINGS = Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings")
