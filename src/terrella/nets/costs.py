"""What operators of our own take beside their outputs, for the plan: torch sees one call and not its parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Of one call: bytes that it holds for itself, and those that pass between the device and its memory within."""

    held: int
    traffic: int


# By name, such as terrella.perceptron; called with the operator's arguments, whose tensors have shapes and dtypes.
OPERATORS: dict[str, Callable[[tuple[Any, ...], str], Cost]] = {}


def own_cost(name: str, arguments: tuple[Any, ...], kind: str) -> Cost | None:
    """Return the cost of an operator of our own on a kind of device (cpu, cuda, …); None for others."""
    found = OPERATORS.get(name)
    return None if found is None else found(arguments, kind)
