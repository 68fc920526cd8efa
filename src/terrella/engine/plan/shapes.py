"""Operators' arguments without values, for batches of any size.

A step is traced once, at a prime number of samples. What the prime divides grows with the batch, and nothing else
does: no axis of a network is a multiple of it.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._pytree import tree_map

from terrella.engine.plan.step import Step

PRIME = 4093  # samples in each part of the batch of a step that is traced


@dataclass(frozen=True)
class Operand:
    """A tensor without its values: what a replay needs to make one alike."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @property
    def elements(self) -> int:
        """Elements that lie in memory: an expanded dimension holds one."""
        return prod(size for size, step in zip(self.shape, self.stride, strict=True) if step)

    @property
    def bytes(self) -> int:
        """Bytes that lie in memory."""
        return self.elements * self.dtype.itemsize


def described(values: Any) -> Any:
    """Return nested arguments with operands in place of tensors, and tuples in place of lists."""
    if isinstance(values, Tensor):
        return Operand(tuple(values.shape), tuple(values.stride()), values.dtype)
    if isinstance(values, list | tuple):
        return tuple(described(each) for each in values)
    return values


def asked_device(tensor: Tensor) -> torch.device:
    """Return a tensor's device: every second call of a traced step asks for it, which torch answers slowly."""
    return tensor.fake_device if isinstance(tensor, FakeTensor) else tensor.device


def filled(values: Any, make: Any) -> Any:
    """Return nested arguments with `make(operand)` in place of each operand."""
    return tree_map(lambda each: make(each) if isinstance(each, Operand) else each, values)


def traced(step: Step) -> tuple[Step, int]:
    """Return the step at the size at which it is traced, and the samples in a part of its own batch.

    A part of one sample, and parts of unequal sizes, are traced as they are: 0 samples.
    """
    part, left = divmod(step.batch, step.accumulation)
    if left or part < 2:
        return step, 0
    return replace(step, batch=PRIME * step.accumulation), part


def scaled(values: Any, part: int) -> Any:
    """Return nested numbers and operands of a traced step for parts of another size."""
    if type(values) is int:
        return values // PRIME * part if values % PRIME == 0 else values
    if isinstance(values, Operand):
        return Operand(scaled(values.shape, part), scaled(values.stride, part), values.dtype)
    if isinstance(values, tuple):
        return tuple(scaled(each, part) for each in values)
    return values
