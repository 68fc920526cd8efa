"""Rows of an input: positions along its first axis, at one of the network's levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """The rows from `start` to before `stop`."""

    start: int
    stop: int

    def strips(self, rows: int) -> Iterator["Rows"]:
        """Give the rows in strips of so many; the last may have fewer."""
        for start in range(self.start, self.stop, rows):
            yield Rows(start, min(start + rows, self.stop))

    def widened(self, margin: int, within: "Rows") -> "Rows":
        """Return these rows and those beside them, where there are any."""
        return Rows(max(self.start - margin, within.start), min(self.stop + margin, within.stop))

    def pooled(self, level: int) -> "Rows":
        """Return the rows of a level that hold these, of the finest level."""
        return Rows(self.start >> level, self.stop >> level)

    def of(self, tensor: Tensor, inside: "Rows") -> Tensor:
        """Return these rows of a tensor (batch, channel, row, …) that holds the rows `inside`."""
        return tensor.narrow(2, self.start - inside.start, self.stop - self.start)


class Replaced:
    """A tensor whose rows are read window by window, each window at or after the last, and replaced by gradients.

    Windows overlap: what they share is remembered for the next one, and its gradients are added up.
    """

    def __init__(self, tensor: Tensor, inside: Rows) -> None:
        self.tensor, self._inside = tensor.detach(), inside
        self._done = 0  # rows of the tensor that hold gradients
        self._last = self.tensor.narrow(2, 0, 0)
        self._start = 0

    def read(self, window: Rows) -> Tensor:
        """Return a copy of the rows' values."""
        start, stop = self._place(window)
        self._pass_over(start)
        known = self._last.narrow(2, start - self._start, self._done - start)
        values = torch.cat([known, self.tensor.narrow(2, self._done, stop - self._done)], dim=2)
        self._last, self._start = values, start
        return values

    def write(self, window: Rows, gradient: Tensor) -> None:
        """Put the gradient of the rows last read in their place."""
        start, stop = self._place(window)
        again = self._done - start
        self.tensor.narrow(2, start, again).add_(gradient.narrow(2, 0, again))
        self.tensor.narrow(2, self._done, stop - self._done).copy_(
            gradient.narrow(2, again, stop - self._done)
        )
        self._done = stop

    def finish(self) -> Tensor:
        """Return the tensor of gradients; rows that no window reached have none."""
        self._pass_over(self.tensor.shape[2])
        self._last = self.tensor.narrow(2, 0, 0)
        return self.tensor

    def _pass_over(self, row: int) -> None:
        """Clear the rows up to this one that no window had."""
        if row > self._done:
            self.tensor.narrow(2, self._done, row - self._done).zero_()
            self._done, self._last, self._start = row, self.tensor.narrow(2, 0, 0), row

    def _place(self, window: Rows) -> tuple[int, int]:
        return window.start - self._inside.start, window.stop - self._inside.start


class Sums:
    """Sums of gradients of parameters in float64, in which no last digits are lost."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = parameters
        self._totals = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]

    def add(self, gradients: Sequence[Tensor]) -> None:
        """Add one gradient for each parameter."""
        for total, gradient in zip(self._totals, gradients, strict=True):
            total.add_(gradient)

    def totals(self) -> list[Tensor]:
        """Return the sums, as precise as the parameters."""
        return [t.to(p.dtype) for t, p in zip(self._totals, self._parameters, strict=True)]


def empty_like(piece: Tensor, rows: int) -> Tensor:
    """Return an empty tensor like a piece of it, with so many rows, and as the piece lies in memory."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    last = formats[piece.ndim]
    kind = last if piece.is_contiguous(memory_format=last) else torch.contiguous_format
    shape = (*piece.shape[:2], rows, *piece.shape[3:])
    return torch.empty(shape, dtype=piece.dtype, device=piece.device, memory_format=kind)
