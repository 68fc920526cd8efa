"""The U-Net that labels every pixel of a section or every voxel of a volume."""

import functools
from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from terrella.errors import InputError

Normalisation = Literal["none", "batch", "group", "instance"]
_NORMALISATIONS = ("none", "batch", "group", "instance")


class UNet(nn.Module):
    """U-Net of Birnie, Jarraya and Hansteen (2021) for sections (dims = 2) and volumes (dims = 3).

    One level per width: two convolutions of three points per axis, each followed by ReLU; between the levels
    max-pooling by two on the way down, a transposed convolution by two on the way up, and the finer level's own
    features beside it. The defaults have 7 levels and 7.8 million parameters. Weights start as He et al. (2015)
    advise. `checkpointed` says for each level whether its features are computed again in the backward pass
    instead of kept; it may be changed at any time. Raises `InputError` for sizes that make no network.
    """

    def __init__(
        self,
        channels: int = 1,
        outputs: int = 1,
        widths: Sequence[int] = (8, 16, 32, 64, 128, 256, 512),
        dims: int = 2,
        normalisation: Normalisation = "none",
        checkpointed: Sequence[bool] = (),
    ) -> None:
        super().__init__()
        _check(channels, outputs, widths, dims, normalisation)
        self.channels, self.outputs, self.widths = channels, outputs, tuple(widths)
        self.dims, self.normalisation = dims, normalisation
        self.checkpointed = tuple(checkpointed)
        before = (channels, *self.widths[:-1])
        self.down = nn.ModuleList(
            _block(i, o, dims, normalisation) for i, o in zip(before, self.widths, strict=True)
        )
        finer = list(zip(self.widths[:-1], self.widths[1:], strict=True))
        self.up = nn.ModuleList(_transposed(coarse, fine, dims) for fine, coarse in finer)
        self.merge = nn.ModuleList(_block(2 * fine, fine, dims, normalisation) for fine, _ in finer)
        self.head = _convolution(self.widths[0], outputs, dims, points=1)

    @property
    def levels(self) -> int:
        """The number of resolutions."""
        return len(self.widths)

    @property
    def multiple(self) -> int:
        """The size along each axis is padded to a multiple of this; pieces of an input start at one."""
        return int(2 ** (self.levels - 1))

    @property
    def radius(self) -> int:
        """How many points an output looks to each side, at most, along each axis.

        An output of a piece that starts at a multiple of `multiple` equals that of the whole input where the piece
        goes on for `radius` points or ends with the input. Raises `InputError` where an output depends on all
        points: with group and instance normalisation.
        """
        if self.normalisation in ("group", "instance"):
            raise InputError(
                f"a U-Net with {self.normalisation} normalisation looks at its whole input, however far: "
                "use the normalisation 'none' or 'batch' to predict in pieces"
            )
        return _radius(self.levels)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (batch, output, *size) for inputs (batch, channel, *size) of any size."""
        size = self.size_of(inputs)
        features = self.decode(*self.encode(self.pad(inputs)))
        return crop(cast(Tensor, self.head(features)), size)

    def encode(self, inputs: Tensor, first: int = 0) -> tuple[Tensor, list[Tensor]]:
        """Return the features of the coarsest level, and those of level `first` to the one before it.

        `inputs` are what level `first` takes: the padded inputs, or the pooled features of the level before.
        """
        kept: list[Tensor] = []
        for level in range(first, self.levels - 1):
            kept.append(self.run(level, self.down[level], inputs))
            inputs = pool(kept[-1])
        return self.run(self.levels - 1, self.down[-1], inputs), kept

    def decode(self, features: Tensor, kept: Sequence[Tensor], first: int = 0) -> Tensor:
        """Return the features of level `first` from those of a coarser level and the levels between."""
        for level in range(first + len(kept) - 1, first - 1, -1):
            features = self.run(level, self.merged(level), features, kept[level - first])
        return features

    def pad(self, inputs: Tensor) -> Tensor:
        """Return the inputs with zeros after the last point of each axis, up to the next multiple."""
        missing = [-n % self.multiple for n in reversed(inputs.shape[2:])]
        return F.pad(inputs, [p for n in missing for p in (0, n)]) if any(missing) else inputs

    def run(self, level: int, part: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        """Return what a part of a level makes of the tensors, kept or computed again as `checkpointed` says."""
        if level < len(self.checkpointed) and self.checkpointed[level] and torch.is_grad_enabled():
            return cast(Tensor, checkpoint(part, *tensors, use_reentrant=False, preserve_rng_state=False))
        return part(*tensors)

    def size_of(self, inputs: Tensor) -> tuple[int, ...]:
        """Return the size of inputs along the axes; raise `InputError` unless they are as the network expects."""
        if inputs.ndim != self.dims + 2 or inputs.shape[1] != self.channels or 0 in inputs.shape:
            raise InputError(
                f"the U-Net takes (batch, {self.channels} channels, {self.dims} axes); got the shape "
                f"{tuple(inputs.shape)}"
            )
        return tuple(inputs.shape[2:])

    def merged(self, level: int) -> Callable[[Tensor, Tensor], Tensor]:
        """Return what makes a level's features from those of the coarser level and its own on the way down."""

        def merge(coarse: Tensor, fine: Tensor) -> Tensor:
            return cast(Tensor, self.merge[level](torch.cat([self.up[level](coarse), fine], dim=1)))

        return merge


def pool(features: Tensor) -> Tensor:
    """Return the maximum of each two points per axis."""
    return F.max_pool2d(features, 2) if features.ndim == 4 else F.max_pool3d(features, 2)


def crop(tensor: Tensor, size: Sequence[int]) -> Tensor:
    """Return the first `size` points along the axes after batch and channel."""
    for axis, length in enumerate(size, start=2):
        tensor = tensor.narrow(axis, 0, length)
    return tensor


@functools.cache
def _radius(levels: int) -> int:
    """Return the reach of an output by way of the coarsest level, whose pools make it depend on the position."""
    reach = 0
    for point in range(2 ** (levels - 1)):
        low = high = point
        for _ in range(levels - 1):
            low, high = (low - 2) // 2, (high + 2) // 2
        low, high = low - 2, high + 2
        for _ in range(levels - 1):
            low, high = 2 * low - 2, 2 * high + 1 + 2
        reach = max(reach, point - low, high - point)
    return reach


def _block(before: int, width: int, dims: int, normalisation: Normalisation) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, width):
        layers.append(_convolution(channels, width, dims, points=3))
        if normalisation != "none":
            layers.append(_normalisation(width, dims, normalisation))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _convolution(before: int, after: int, dims: int, points: int) -> nn.Module:
    make = nn.Conv2d if dims == 2 else nn.Conv3d
    made = make(before, after, points, padding=points // 2)
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu" if points > 1 else "linear")
    nn.init.zeros_(cast(Tensor, made.bias))
    return made


def _transposed(before: int, after: int, dims: int) -> nn.Module:
    make = nn.ConvTranspose2d if dims == 2 else nn.ConvTranspose3d
    made = make(before, after, 2, stride=2)
    nn.init.normal_(made.weight, std=before**-0.5)  # each output has one point of `before` channels
    nn.init.zeros_(cast(Tensor, made.bias))
    return made


def _normalisation(width: int, dims: int, kind: Normalisation) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(width) if dims == 2 else nn.BatchNorm3d(width)
    # Instance normalisation is group normalisation with a group for each channel.
    return nn.GroupNorm(width if kind == "instance" else min(8, width), width)


def _check(channels: int, outputs: int, widths: Sequence[int], dims: int, normalisation: str) -> None:
    if dims not in (2, 3):
        raise InputError(f"a U-Net has 2 or 3 axes, not {dims}")
    if not widths or min(channels, outputs, *widths) < 1:
        raise InputError(
            f"a U-Net needs at least one channel, output and width; got {channels}, {outputs} and {tuple(widths)}"
        )
    if normalisation not in _NORMALISATIONS:
        raise InputError(f"the normalisation is one of {', '.join(_NORMALISATIONS)}, not {normalisation!r}")
    if normalisation == "group" and any(width % min(8, width) for width in widths):
        raise InputError(
            f"group normalisation takes 8 groups: the widths must be multiples of 8; got {tuple(widths)}"
        )
