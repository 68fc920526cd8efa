"""What the perceptron costs, for the plan: products, buffers, and the traffic of what no cache holds."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import register_flop_formula

from terrella.nets.costs import OPERATORS, Cost
from terrella.nets.perceptron_kernels import Operands, rows_of_chunk

# Times that values of a row pass memory within a call where no cache holds a chunk.
_PASSES, _PASSES_BACK = 14, 24
# Rows that oneDNN copies on the way back in half precision, without nodes: measured; processors differ.
_COPIED = 3


def register_costs() -> None:
    """Let torch and the plan know what the operators cost."""
    operators = torch.ops.terrella
    register_flop_formula(operators.perceptron, get_raw=True)(_flops)
    register_flop_formula(operators.perceptron_backward, get_raw=True)(_flops_back)
    OPERATORS["terrella.perceptron"] = partial(_cost, _PASSES, _row_bytes)
    OPERATORS["terrella.perceptron_backward"] = partial(_cost, _PASSES_BACK, _row_bytes_back)


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


def _cost(
    passes: int, row_bytes: Callable[[tuple[Any, ...]], int], arguments: tuple[Any, ...], kind: str
) -> Cost:
    given, dtype = Operands(*arguments[:10]), arguments[-1]
    hidden = given.last.shape[1]
    held = min(rows_of_chunk(hidden, kind), given.rows) * row_bytes(arguments)
    copied = [*given.first, *given.nodes, given.last]
    held += sum(math.prod(each.shape) * dtype.itemsize for each in copied if each.dtype != dtype)
    traffic = passes * given.samples * given.rows * hidden * dtype.itemsize
    return Cost(held, 0 if kind == "cpu" else traffic)


def _row_bytes(arguments: tuple[Any, ...]) -> int:
    """Return the bytes of a row in the buffers of the way forward."""
    given, keep, dtype = Operands(*arguments[:10]), arguments[13], arguments[-1]
    output, hidden = given.last.shape
    normed, single = given.scale is not None, given.statistics_dtype
    numbers = hidden * (1 + (not keep) + (len(given.nodes) > 1))  # activated, hidden, found
    numbers += output * (normed + (not (keep and normed)))  # normal, output
    numbers += sum(each.shape[-1] for each in given.dense if each.dtype != dtype)
    summed = given.receivers is not None and dtype != single
    return int(numbers * dtype.itemsize + summed * output * single.itemsize)


def _row_bytes_back(arguments: tuple[Any, ...]) -> int:
    """Return the bytes of a row in the buffers of the way back."""
    given, dtype = Operands(*arguments[:10]), arguments[-1]
    of_rows, of_sums, kept_hidden, kept_output = (arguments[number] for number in (10, 11, 14, 15))
    output, hidden = given.last.shape
    normed, single = given.scale is not None, given.statistics_dtype
    again = not kept_hidden.shape[0]
    numbers = hidden * (2 + again * (1 + (len(given.nodes) > 1)))  # activated, back; hidden, found
    numbers += output * (normed + (normed and not kept_output.shape[0]))  # inner; output
    numbers += output * bool(of_sums.shape[0] or of_rows.dtype != dtype)  # outer
    numbers += sum(each.shape[-1] for each in given.dense if each.dtype != dtype)
    own = [each.shape[-1] for each in given.dense if each.dtype != dtype or each.shape[0] < given.samples]
    numbers += max(own, default=0)
    if dtype != single:
        numbers += (_COPIED + (len(given.nodes) > 0)) * max(hidden, output)
    looked_up = len(given.nodes) > 0 and dtype != single
    return int(numbers * dtype.itemsize + looked_up * hidden * single.itemsize)
