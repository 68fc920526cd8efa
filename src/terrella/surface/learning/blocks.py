"""Which blocks of a grid are learned from, chosen by, and judged with; no block is in two of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.surface.grids.grid import Floats
from terrella.surface.interpolation.gaps import RING
from terrella.surface.learning.windows import Windows, coarsened, joined, window_pixels, with_gap
from terrella.surface.settings import DataSettings

SPLITS = ("train", "dev", "test")
_FEWEST = 20  # places where a window may lie
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Blocks:
    """A grid's values, the split of each pixel's block (−1: of none), and first pixels of the blocks held out."""

    values: Floats
    split: Ints  # (row, column)
    corners: dict[str, Ints]  # of dev and test, (block, 2)
    places: Ints  # where windows to learn from may begin, (place, 2)


def make_blocks(values: Floats, data: DataSettings) -> Blocks:
    """Return blocks of a grid, drawn by the seed; blocks with a gap are learned from around it alone.

    Raises:
        InputError: where the grid is too small, or too full of gaps.
    """
    size, window = data.block_pixels, window_pixels(data.factor, data.gap_pixels)
    down, across = (n // size for n in values.shape)
    if window > size:
        raise InputError(
            f"windows of {window} pixels, for gaps of {data.gap_pixels} and a factor of {data.factor}, do not "
            "fit into "
            f"blocks of {size}; set data.block_pixels to {window} or more"
        )
    held = ~np.isnan(values[: down * size, : across * size]).reshape(down, size, across, size).swapaxes(1, 2)
    whole = np.argwhere(held.all(axis=(2, 3)))
    numbers = np.maximum(np.round(np.array(data.shares) / sum(data.shares) * len(whole)).astype(int), 1)
    if len(whole) < 8:
        raise InputError(
            f"{len(whole)} blocks of {size} × {size} pixels without a gap, of a grid of {values.shape[0]} × "
            f"{values.shape[1]}, are too few to hold some out; 8 are needed: a larger grid, coarser cells, or a "
            "smaller data.block_pixels"
        )
    order = np.random.default_rng(data.seed).permutation(len(whole))
    dev, test = order[: numbers[1]], order[numbers[1] : numbers[1] + numbers[2]]
    split = np.zeros(values.shape, np.int64)
    corners = {name: size * whole[np.sort(own)] for name, own in (("dev", dev), ("test", test))}
    for number, name in ((1, "dev"), (2, "test")):
        for row, column in corners[name]:
            split[row : row + size, column : column + size] = number
    places = _places((split == 0) & ~np.isnan(values), window)
    if len(places) < _FEWEST:
        raise InputError(
            f"windows of {window} pixels without a gap fit at {len(places)} places outside of held-out blocks; "
            "a larger grid, or coarser cells, are needed"
        )
    return Blocks(values, split, corners, places)


def _places(free: npt.NDArray[np.bool_], window: int) -> Ints:
    """Return where squares that are wholly free begin, by sums over rectangles."""
    sums = np.pad(free.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = (
        sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window] + sums[:-window, :-window]
    )
    return np.argwhere(inside == window**2)


def learned_windows(blocks: Blocks, data: DataSettings, number: int, draw: np.random.Generator) -> Windows:
    """Return windows at random, turned and mirrored at random: half coarsened, half with a gap of some width."""
    window = window_pixels(data.factor, data.gap_pixels)
    at = blocks.places[draw.integers(len(blocks.places), size=number)]
    rows, columns = (each[:, None] + np.arange(window) for each in at.T)
    truth = blocks.values[rows[:, :, None], columns[:, None, :]]
    truth = np.stack(
        [_turned(field, turn) for field, turn in zip(truth, draw.integers(8, size=number), strict=True)]
    )
    half = number // 2
    parts = [coarsened(truth[:half], data.factor)]
    widths = np.unique([max(4, data.gap_pixels // 2), max(4, 3 * data.gap_pixels // 4), data.gap_pixels])
    for own, width in zip(np.array_split(truth[half:], len(widths)), widths, strict=True):
        first = draw.integers(RING, window - width - RING + 1, size=(2, len(own)))
        parts.append(with_gap(own, int(width), first[0], first[1]))
    return joined(parts)


def _turned(field: Floats, number: int) -> Floats:
    turned = np.rot90(field, number % 4)
    return turned[:, ::-1] if number >= 4 else turned


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Windows of held-out blocks, which pixels of them are judged, and of which block each is."""

    windows: Windows
    judged: npt.NDArray[np.bool_]  # (window, row, column)
    block: Ints  # (window,)
    gaps: Ints  # first pixel of each window's gap, (window, 2); none where block means are known


def refined_blocks(blocks: Blocks, split: str, data: DataSettings) -> HeldOut:
    """Return held-out blocks of whose cells the means alone are known, with a margin."""
    size, factor = data.block_pixels, data.factor
    multiple = int(np.lcm(factor, 4))
    corners = blocks.corners[split]
    width = -(-(size + 8 * factor) // multiple) * multiple
    width = min(width, *(n // multiple * multiple for n in blocks.values.shape))
    first = np.stack(
        [
            _begin(corner, size, width, n, factor)
            for corner, n in zip(corners.T, blocks.values.shape, strict=True)
        ],
        1,
    )
    truth = np.stack([blocks.values[r : r + width, c : c + width] for r, c in first])
    whole = ~np.isnan(truth).any(axis=(1, 2))
    judged = np.zeros(truth.shape, bool)
    for k, (row, column) in enumerate(corners - first):
        judged[k, row : row + size, column : column + size] = True
    return HeldOut(
        coarsened(truth[whole], factor), judged[whole], np.flatnonzero(whole), np.zeros((0, 2), np.int64)
    )


def _begin(corner: Ints, size: int, width: int, length: int, factor: int) -> Ints:
    """Return where windows about blocks begin, within the grid, a multiple of the factor before the blocks."""
    before = np.minimum((width - size) // 2, corner) // factor * factor
    over = np.maximum(corner - before + width - length, 0)
    return corner - np.minimum(before + -(-over // factor) * factor, corner // factor * factor)


def gaps_in_blocks(blocks: Blocks, split: str, data: DataSettings) -> HeldOut:
    """Return gaps laid into held-out blocks, as many as fit with their rings, each in a window of its own."""
    size, gap = data.block_pixels, data.gap_pixels
    window = window_pixels(data.factor, gap)
    each = size // (gap + 2 * RING)
    step = size / each
    inside = (step * (np.arange(each) + 0.5) - gap / 2).astype(int)
    corners = blocks.corners[split]
    offsets = np.stack(np.meshgrid(inside, inside, indexing="ij"), -1).reshape(-1, 2)
    at = (corners[:, None] + offsets[None]).reshape(-1, 2)
    first = np.clip(at - (window - gap) // 2, 0, np.array(blocks.values.shape) - window)
    truth = np.stack([blocks.values[r : r + window, c : c + window] for r, c in first])
    whole = ~np.isnan(truth).any(axis=(1, 2))
    inner = (at - first)[whole]
    windows = with_gap(truth[whole], gap, inner[:, 0], inner[:, 1])
    return HeldOut(windows, windows.unknown, np.repeat(np.arange(len(corners)), len(offsets))[whole], inner)
