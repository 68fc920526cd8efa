"""Flags that several commands have."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

# Each of the settings becomes a typed flag, such as --fit.epochs 40.
SETTINGS = Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings")

# How many processes share a training.
Processes = Annotated[int | None, Parameter(validator=Number(gte=1))]
