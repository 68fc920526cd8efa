"""Shapes that depend on values: what share of the elements a mask selects."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from terrella.engine.plan.step import Step

_aten = torch.ops.aten
_INDEXED = (_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default)
_SAMPLE_BYTES = 1 << 24  # of the batch that the shares are taken from


def selected_shares(step: Step) -> tuple[float, ...]:
    """Return the shares that the masks of a step select, in order, from its forward pass on a small real batch."""
    one = sum(values.nbytes for values in step.make_batch(1).values())
    size = max(1, min(step.batch, _SAMPLE_BYTES // max(one, 1)))
    counter = _Counter()
    with torch.no_grad(), counter:
        step.loss(step.make_network(), step.make_batch(size))
    return tuple(counter.shares)


class AssumedShares(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Give masks on tensors without values a selection: `shares` in turn, all elements where there are none."""

    def __init__(self, shares: tuple[float, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shares: Iterator[float] = cycle(shares or (1.0,))  # every step and every part of a batch alike

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is _aten.nonzero.default:
            return args[0].new_empty((self._selected(args[0]), args[0].ndim), dtype=torch.int64)
        if func is _aten.masked_select.default:
            return args[0].new_empty(self._selected(args[0]))
        if func in _INDEXED and any(_mask(each) for each in args[1]):
            indices = [place for each in args[1] for place in (self._places(each) if _mask(each) else [each])]
            args = (args[0], indices, *args[2:])
        return func(*args, **(kwargs or {}))

    def _selected(self, mask: Tensor) -> int:
        return round(next(self._shares) * mask.numel())

    def _places(self, mask: Tensor) -> list[Tensor]:
        size = self._selected(mask)
        return [mask.new_empty(size, dtype=torch.int64) for _ in range(mask.ndim)]


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what share of the elements each mask selects."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shares: list[float] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is _aten.nonzero.default:
            self._note(out.shape[0], args[0])
        elif func is _aten.masked_select.default:
            self._note(out.numel(), args[0])
        elif func in _INDEXED:
            for mask in filter(_mask, args[1]):
                self._note(int(mask.sum()), mask)
        return out

    def _note(self, selected: int, of: Tensor) -> None:
        self.shares.append(selected / max(of.numel(), 1))


def _mask(index: Tensor | None) -> bool:
    return index is not None and index.dtype is torch.bool
