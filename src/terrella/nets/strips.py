"""Train a U-Net on inputs whose finest levels, whole, would not fit in memory: strip by strip, exactly.

The levels outside are evaluated on strips of rows with a margin of what their convolutions see. A strip is padded
with zeros where the input ends and nowhere else, and what its cut edges spoil is left out, so that loss and
gradients are those of the whole input to rounding. In order:

1. Down: each strip's features, without a graph. Kept are those that the way up needs, and the pooled ones.
2. The levels inside, whole, by torch's own autograd (and `UNet.checkpointed`).
3. Up: each strip's logits, loss and, at once, its gradients, so that no strip's graph outlives it. The gradients of
   the kept features take their place.
4. Backward through the levels inside; then down again, strip by strip, with a graph.

This costs one more evaluation of the way down, and the margins. Levels in strips need no checkpointing.

A weight's gradient is a sum over all pixels, most of which cancels. Over 4096×4096 pixels in float32, whole, it is
off by 5 % at worst against float64 (the bias of the last convolution; 0.1 % among the weights). Here each strip's
is added up in float64: 0.005 % at worst. In bfloat16 both are off by 1.2 %, from rounding activations
(benchmarks/unet4096.py).
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from terrella.errors import InputError
from terrella.nets.rows import Replaced, Rows, Sums, empty_like
from terrella.nets.unet import UNet, crop, pool

Loss = Callable[..., Tensor]

_SEEN = 2  # rows that the two convolutions of a level see to each side


@dataclass(frozen=True)
class Strips:
    """How many levels are evaluated in strips, and how many rows of the input a strip has."""

    levels: int = 2
    rows: int = 128


def strip_loss(
    network: UNet,
    strips: Strips,
    inputs: Tensor,
    loss: Loss,
    *targets: Tensor,
) -> Tensor:
    """Return the loss of the network's logits for inputs (batch, channel, *size): backward as of any other loss.

    `loss(logits, *targets)` must be a sum over pixels: it gets the logits and targets (batch, any, *size) of a
    strip of rows, those of the first axis, and what it returns is added up. Weights of pixels are one more target.
    Within `torch.autocast` the backward pass follows it too.

    Raises:
        InputError: for a network with normalisation, whose statistics are of all rows; or levels or rows of
            strips that do not suit its pools.
    """
    _check(network, strips)
    work = _Work(network, strips, network.size_of(inputs), loss, targets)
    *kept, pooled = _Down.apply(work, network.pad(inputs), *work.down())  # type: ignore[no-untyped-call]
    features = network.decode(*network.encode(pooled, strips.levels), strips.levels)
    if not torch.is_grad_enabled():
        return work.value(features, kept)
    return cast(Tensor, _Up.apply(work, features, len(kept), *kept, *work.up()))  # type: ignore[no-untyped-call]


class _Work:
    """What the way down and the way up share."""

    def __init__(
        self,
        network: UNet,
        strips: Strips,
        size: Sequence[int],
        loss: Loss,
        targets: Sequence[Tensor],
    ) -> None:
        self.network, self.size, self.loss, self.targets = network, size, loss, targets
        self.levels, self.rows = strips.levels, strips.rows
        self.true = Rows(0, size[0])
        self.whole = Rows(0, size[0] + -size[0] % network.multiple)
        device = next(network.parameters()).device.type
        # Without the cache: a cast that was made without a graph would be taken for one with.
        self.precision = functools.partial(
            torch.autocast,
            device,
            torch.get_autocast_dtype(device),
            torch.is_autocast_enabled(device),
            cache_enabled=False,
        )

    def down(self) -> list[Tensor]:
        """Return the parameters on the way down that are trained."""
        return _trained(*self.network.down[: self.levels])

    def up(self) -> list[Tensor]:
        """Return the parameters on the way up that are trained."""
        network = self.network
        return _trained(*network.up[: self.levels], *network.merge[: self.levels], network.head)

    def strips(self) -> list[Rows]:
        """Return the strips that are not all padding."""
        return [strip for strip in self.whole.strips(self.rows) if strip.start < self.size[0]]

    def at(self, level: int, strip: Rows, margin: int = 0) -> Rows:
        """Return a strip's rows at a level, and so many beside them."""
        return strip.pooled(level).widened(margin, self.whole.pooled(level))

    def window(self, strip: Rows) -> Rows:
        """Return the rows of the inputs that a strip's features see."""
        return self.at(0, strip, 2 * _SEEN * (2 ** (self.levels - 1) - 1) + _SEEN)

    def features_of(self, strip: Rows, inputs: Tensor) -> list[Tensor]:
        """Return the features of a strip from the inputs of its window: of each level, then pooled."""
        kept = []
        for level in range(self.levels):
            seen = 2 * _SEEN * (2 ** (self.levels - 1 - level) - 1)  # by the coarser levels
            features = self.network.run(level, self.network.down[level], inputs)
            needed = self.at(level, strip, seen)
            features = needed.of(features, self.at(level, strip, seen + _SEEN))
            kept.append(strip.pooled(level).of(features, needed))
            inputs = pool(features)
        return [*kept, inputs]

    def windows(self, strip: Rows) -> list[Rows]:
        """Return the rows of each level's features that a strip's logits see, then of the pooled ones'."""
        beside = [2 * _beside(level + 1) for level in range(self.levels)] + [_beside(self.levels)]
        return [self.at(level, strip, margin) for level, margin in enumerate(beside)]

    def loss_of(self, strip: Rows, kept: Sequence[Tensor], features: Tensor) -> Tensor:
        """Return the loss of a strip from the features of its windows."""
        for level, window in reversed(list(enumerate(self.windows(strip)[:-1]))):
            features = self.network.run(level, self.network.merged(level), features, kept[level])
            features = self.at(level, strip, _beside(level)).of(features, window)
        inside = Rows(strip.start, min(strip.stop, self.size[0]))
        logits = crop(self.network.head(features), (inside.stop - inside.start, *self.size[1:]))
        return self.loss(logits, *(inside.of(target, self.true) for target in self.targets))

    def value(self, features: Tensor, kept: Sequence[Tensor]) -> Tensor:
        """Return the loss without gradients."""
        total = torch.zeros((), dtype=torch.float64, device=features.device)
        held = [self.whole.pooled(level) for level in range(self.levels + 1)]
        for strip in self.strips():
            windows = zip(self.windows(strip), (*kept, features), held, strict=True)
            *pieces, inner = (window.of(tensor, inside) for window, tensor, inside in windows)
            with self.precision():
                total += self.loss_of(strip, pieces, inner)
        return self.summed(total)

    def summed(self, total: Tensor) -> Tensor:
        """Return the sum of the strips' losses, as precise as the weights."""
        return total.to(next(self.network.parameters()).dtype)


class _Down(torch.autograd.Function):
    """From the padded inputs to the features: of each level, then pooled."""

    @staticmethod
    def forward(ctx: Any, work: _Work, inputs: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        ctx.work, ctx.parameters = work, parameters
        ctx.save_for_backward(inputs)
        found: list[Tensor] = []
        for strip in work.whole.strips(work.rows):
            with work.precision():
                pieces = work.features_of(strip, work.window(strip).of(inputs, work.whole))
            if not found:
                height = work.whole.stop - work.whole.start
                found = [empty_like(piece, height >> level) for level, piece in enumerate(pieces)]
            for level, piece in enumerate(pieces):
                strip.pooled(level).of(found[level], work.whole.pooled(level)).copy_(piece)
        return tuple(found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        work, (inputs,) = cast(_Work, ctx.work), ctx.saved_tensors
        sums = Sums(ctx.parameters)
        own = torch.zeros_like(inputs) if ctx.needs_input_grad[1] else None
        for strip in work.whole.strips(work.rows):
            window = work.window(strip)
            seen = window.of(inputs, work.whole).detach().requires_grad_(own is not None)
            with torch.enable_grad(), work.precision():
                pieces = work.features_of(strip, seen)
            graded = [
                (piece, strip.pooled(level).of(gradients[level], work.whole.pooled(level)))
                for level, piece in enumerate(pieces)
                if piece.requires_grad
            ]
            wanted = [*ctx.parameters, seen] if own is not None else ctx.parameters
            found = torch.autograd.grad([p for p, _ in graded], wanted, [g for _, g in graded])
            sums.add(found[: len(ctx.parameters)])
            if own is not None:
                window.of(own, work.whole).add_(found[-1])
        return None, own, *sums.totals()


class _Up(torch.autograd.Function):
    """From the features inside and those kept on the way down to the loss, and at once to its gradients."""

    @staticmethod
    def forward(ctx: Any, work: _Work, features: Tensor, levels: int, *tensors: Tensor) -> Tensor:
        parameters = tensors[levels:]
        kept = [Replaced(t, work.whole.pooled(level)) for level, t in enumerate(tensors[:levels])]
        inner, sums = torch.zeros_like(features), Sums(parameters)
        total = torch.zeros((), dtype=torch.float64, device=features.device)
        inside = work.whole.pooled(levels)
        for strip in work.strips():
            *windows, last = work.windows(strip)
            seen = [k.read(w) for k, w in zip(kept, windows, strict=True)]
            seen.append(last.of(features, inside).detach())
            for tensor in seen:
                tensor.requires_grad_()
            with torch.enable_grad(), work.precision():
                value = work.loss_of(strip, seen[:-1], seen[-1])
            total += value.detach()
            found = torch.autograd.grad(value, [*seen, *parameters])
            for each, window, gradient in zip(kept, windows, found, strict=False):
                each.write(window, gradient)
            last.of(inner, inside).add_(found[levels])
            sums.add(found[levels + 1 :])
        ctx.gradients = [inner, *(k.finish() for k in kept), *sums.totals()]
        ctx.levels = levels
        return work.summed(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Any, ...]:
        if ctx.gradients is None:
            raise RuntimeError("the loss of strips keeps no graph: its backward pass runs once")
        (inner, *others), ctx.gradients = ctx.gradients, None
        return None, inner.mul_(scale), None, *(other.mul_(scale) for other in others)


def _beside(level: int) -> int:
    """Return how many rows of a level's features the finer levels see beside a strip."""
    return min(
        level, _SEEN
    )  # of level 1 half of two; of each coarser one half of the four that the finer one takes


def _trained(*parts: nn.Module) -> list[Tensor]:
    return [p for part in parts for p in part.parameters() if p.requires_grad]


def _check(network: UNet, strips: Strips) -> None:
    if network.normalisation != "none":
        raise InputError(
            f"a U-Net with {network.normalisation} normalisation cannot be trained in strips: its statistics are "
            "of all rows; use the normalisation 'none'"
        )
    if not 1 <= strips.levels < network.levels:
        raise InputError(
            f"1 to {network.levels - 1} levels of this U-Net can be evaluated in strips, not {strips.levels}"
        )
    if strips.rows < 1 or strips.rows % 2**strips.levels:
        raise InputError(
            f"strips of {strips.levels} levels have a multiple of {2**strips.levels} rows, not {strips.rows}"
        )
