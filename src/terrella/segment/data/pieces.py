"""How a section or volume is cut into pieces whose predictions meet without a seam, in memory that is given.

A network's answer at a sample depends on what lies within its radius, and, by its pooling, on where its windows
begin. So each window starts at a multiple of the network's stride and reaches a radius beyond what is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

from torch import nn

from terrella.errors import DoesNotFitError, InputError
from terrella.formats.sections.zarr_sections import Cut
from terrella.segment.data.network_memory import forward_bytes

Box = tuple[slice, ...]

PROCESS_BYTES = 600 << 20  # Python, torch and what they keep
_CHUNK = {2: 256, 3: 64}  # along each axis that the network sees
_BATCH_BYTES = 16 << 20  # of sections of a volume that are kept together


@dataclass(frozen=True)
class Piece:
    """A part of the output, and what the network sees of the input to answer it."""

    number: int
    core: Box
    window: Box

    @property
    def kept(self) -> Box:
        """The core's place in its window."""
        return tuple(
            slice(core.start - window.start, core.stop - window.start)
            for core, window in zip(self.core, self.window, strict=True)
        )


def make_pieces(chosen: Cut, dims: int, radius: int, multiple: int) -> list[Piece]:
    """Return the pieces whose cores are the shards of the output; the last `dims` axes are those of the network."""
    halo = -(-radius // multiple) * multiple
    flat = len(chosen.shape) - dims

    def window(axis: int, core: slice) -> slice:
        if axis < flat:
            return core
        return slice(max(0, core.start - halo), min(chosen.shape[axis], core.stop + radius))

    return [
        Piece(number, core, tuple(window(axis, each) for axis, each in enumerate(core)))
        for number, core in enumerate(chosen.shards())
    ]


def fitting_cut(
    shape: tuple[int, ...], network: nn.Module, dims: int, radius: int, multiple: int, memory_bytes: int
) -> Cut:
    """Return shards of the output such that a piece needs no more than `memory_bytes`, its process included.

    Raises:
        InputError: where the network sees more axes than the section has.
        DoesNotFitError: where not even the smallest piece fits; the line says what would.
    """
    if dims > len(shape):
        raise InputError(
            f"the network was trained on volumes of {dims} axes; the section has {len(shape)}: "
            + " × ".join(map(str, shape))
        )
    seen = shape[-dims:]
    # Shards are whole chunks, and begin where windows may begin.
    step = multiple * _CHUNK[dims] // gcd(multiple, _CHUNK[dims])
    halo = -(-radius // multiple) * multiple
    per_sample = forward_bytes(network, dims, multiple)
    left = memory_bytes - PROCESS_BYTES

    def needed(core: tuple[int, ...]) -> float:
        samples = 1.0
        for n, size in zip(core, seen, strict=True):
            samples *= min(n + halo + radius, -(-size // multiple) * multiple)
        return samples * per_sample

    sizes = [range(step, -(-size // step) * step + 1, step) for size in seen]
    core = _largest([step] * dims, sizes, needed, left)
    if core is None:
        short = needed(tuple([step] * dims)) + PROCESS_BYTES
        raise DoesNotFitError(
            f"the smallest piece of this network needs {short / 2**30:.1f} GB; --memory gives "
            f"{memory_bytes / 2**30:.1f} GB to each process: say --memory {short / 2**30 + 0.1:.1f}GB, or "
            "fewer --workers"
        )
    chunk = tuple([_CHUNK[dims]] * dims)
    if dims == len(shape):
        return Cut(shape, chunk, core)
    together = max(1, min(shape[0], _BATCH_BYTES // (4 * core[0] * core[1])))
    return Cut(shape, (1, *chunk), (together, *core))


def _largest(
    start: list[int], sizes: list[range], needed: Callable[[tuple[int, ...]], float], most: float
) -> tuple[int, ...] | None:
    """Return the core that grows from the smallest, its shortest axis first, as long as it fits."""
    core = list(start)
    if needed(tuple(core)) > most:
        return None
    growing = set(range(len(core)))
    while growing:
        axis = min(growing, key=lambda i: core[i])
        wider = [*core]
        wider[axis] += sizes[axis].step
        if wider[axis] > sizes[axis][-1] or needed(tuple(wider)) > most:
            growing.discard(axis)
        else:
            core = wider
    return tuple(core)
