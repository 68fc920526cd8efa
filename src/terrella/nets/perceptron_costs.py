"""What the perceptron costs, for the plan: products, buffers, and the traffic of what no cache holds."""

from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import register_flop_formula

from terrella.nets.costs import OPERATORS, Cost
from terrella.nets.perceptron_kernels import Operands, rows_of_chunk

# Times that values of a row pass memory within a call where no cache holds a chunk, and buffers of a chunk.
_PASSES, _PASSES_BACK = 14, 24
_BUFFERS, _BUFFERS_BACK = 6, 10


def register_costs() -> None:
    """Let torch and the plan know what the operators cost."""
    operators = torch.ops.terrella
    register_flop_formula(operators.perceptron, get_raw=True)(_flops)
    register_flop_formula(operators.perceptron_backward, get_raw=True)(_flops_back)
    OPERATORS["terrella.perceptron"] = partial(_cost, _PASSES, _BUFFERS)
    OPERATORS["terrella.perceptron_backward"] = partial(_cost, _PASSES_BACK, _BUFFERS_BACK)


def _products(given: Operands) -> tuple[float, float]:
    """Return the floating-point operations of the first layer and of the last one."""
    rows = 2.0 * given.samples * given.rows
    first = sum(each.shape[0] * each.shape[1] for each in given.first)
    return rows * first, rows * given.last.shape[0] * given.last.shape[1]


def _flops(*arguments: Any, **_: Any) -> float:
    first, last = _products(Operands(*arguments[:10]))
    return first + last


def _flops_back(*arguments: Any, **_: Any) -> float:
    given = Operands(*arguments[:10])
    wanted: list[bool] = arguments[17]
    first, last = _products(given)
    again = 0.0 if arguments[14].shape[0] else first + (last if given.scale is not None else 0.0)
    return again + 2 * last + first * (1 + sum(wanted) / len(wanted))


def _cost(passes: int, buffers: int, arguments: tuple[Any, ...], kind: str) -> Cost:
    given, size = Operands(*arguments[:10]), arguments[-1].itemsize
    hidden = given.last.shape[1]
    held = min(rows_of_chunk(hidden, kind), given.rows) * hidden * size
    traffic = passes * given.samples * given.rows * hidden * size
    return Cost(buffers * held, 0 if kind == "cpu" else traffic)
