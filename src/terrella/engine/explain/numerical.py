"""Functions of a few numbers that torch cannot differentiate, with derivatives by central differences."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_STEP = 1e-4  # of what an input varies by


def differentiable(function: Callable[[Tensor], Tensor], inputs: Tensor, scale: Tensor) -> Tensor:
    """Return function(inputs), (n, output) of (n, input), in double precision and with a derivative.

    `scale` (input,) is what each input varies by; the difference is taken over ten-thousandths of it.
    """
    found: Tensor = _Numerical.apply(inputs, function, _STEP * scale.double())  # type: ignore[no-untyped-call]
    return found


class _Numerical(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, function: Callable[[Tensor], Tensor], step: Tensor) -> Tensor:
        ctx.save_for_backward(inputs)
        ctx.function, ctx.step = function, step
        return function(inputs.double())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (inputs,) = ctx.saved_tensors
        columns = []
        for k, step in enumerate(ctx.step):
            moved = torch.zeros_like(ctx.step)
            moved[k] = step
            up, down = (ctx.function(inputs.double() + sign * moved) for sign in (1, -1))
            columns.append(((up - down) / (2 * step) * gradient).sum(1))
        return torch.stack(columns, 1).to(inputs.dtype), None, None
