"""Gaps of a large grid, filled a tile at a time: the same values whatever the tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from terrella.surface.grids.grid import Floats
from terrella.surface.interpolation.gaps import RING, fill_gap
from terrella.surface.learning.held_out import NETWORK, network_surfaces
from terrella.surface.learning.windows import FILL, Windows, window_pixels
from terrella.surface.model import SurfaceModel
from terrella.surface.use.tiles import Tile, noise_at

TILE = 1024
Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Filled:
    """Layers of a tile (1 + member, row, column), and its pixels that were filled and that were left open."""

    layers: npt.NDArray[np.float32]
    filled: int
    left: int


def widest_gap(model: SurfaceModel) -> int:
    """Return the width in pixels above which a gap is left open: twice that of those that were judged."""
    return 2 * model.settings.data.gap_pixels


def margin_of(model: SurfaceModel) -> int:
    """Return the pixels around a tile that its gaps may depend on."""
    data = model.settings.data
    return 2 * window_pixels(data.factor, data.gap_pixels) + widest_gap(model) + RING


def fill_tile(values: npt.NDArray[np.float32], tile: Tile, model: SurfaceModel, members: int) -> Filled:
    """Return a tile whose gaps are filled; those too wide, or open to the grid's edge, stay."""
    core = tile.inner
    gap = np.isnan(values)
    layers = np.repeat(values[None, core[0], core[1]], 1 + members, axis=0)
    if not gap[core].any():
        return Filled(layers, 0, 0)
    base, boxes, fillable = _plates(values, gap, widest_gap(model))
    if not boxes:
        return Filled(layers, 0, int(gap[core].sum()))
    inside = fillable[core]
    if model.trusted[FILL] == NETWORK or members:
        mean, samples = _by_network(base, gap, boxes, tile, model, members)
        estimate = mean if model.trusted[FILL] == NETWORK else base
        layers[:, inside] = np.concatenate([estimate[None], samples])[:, core[0], core[1]][:, inside]
    else:
        layers[0][inside] = base[core][inside]
    return Filled(layers, int(inside.sum()), int((gap[core] & ~inside).sum()))


def _plates(values: npt.NDArray[np.float32], gap: Mask, widest: int) -> tuple[Floats, list[Box], Mask]:
    """Return values with thin plates in the gaps, the boxes of those filled, and their pixels.

    Pixels of other gaps get the nearest known value, since the network looks at them.
    """
    base = values[tuple(nearest_known(gap))].astype(float)
    boxes: list[Box] = []
    fillable = np.zeros(gap.shape, dtype=bool)
    for box, around, own in gaps_to_fill(gap, widest):
        base[around][own] = fill_gap(values[around].astype(float), own, ~gap[around])
        fillable[around] |= own
        boxes.append(box)
    return base, boxes, fillable


def nearest_known(gap: Mask) -> npt.NDArray[np.int32]:
    """Return row and column of the known pixel nearest to each, (2, row, column)."""
    return np.asarray(ndimage.distance_transform_edt(gap, return_distances=False, return_indices=True))


def gaps_to_fill(gap: Mask, widest: int) -> Iterator[tuple[Box, Box, Mask]]:
    """Yield of each gap that is closed and not too wide the box, that with a ring, and its pixels in the latter."""
    labels, _ = ndimage.label(gap, np.ones((3, 3), int))
    for number, found in enumerate(ndimage.find_objects(labels), 1):
        box = found[0], found[1]
        open_end = any(s.start == 0 or s.stop == n for s, n in zip(box, gap.shape, strict=True))
        if open_end or any(s.stop - s.start > widest for s in box):
            continue
        down, across = (slice(max(s.start - RING, 0), s.stop + RING) for s in box)
        yield box, (down, across), labels[down, across] == number


def window_about(box: Box, shape: tuple[int, ...], model: SurfaceModel) -> Box:
    """Return the window that the network sees of a gap, in a tile of a shape."""
    data = model.settings.data
    wide = max(s.stop - s.start for s in box) > data.gap_pixels
    down, across = (
        _about(s, min((1 + wide) * window_pixels(data.factor, data.gap_pixels), n), n)
        for s, n in zip(box, shape, strict=True)
    )
    return down, across


def _about(inner: slice, size: int, length: int) -> slice:
    first = int(np.clip((inner.start + inner.stop - size) // 2, 0, length - size))
    return slice(first, first + size)


def _by_network(
    base: Floats, gap: Mask, boxes: list[Box], tile: Tile, model: SurfaceModel, members: int
) -> tuple[Floats, Floats]:
    """Return surfaces by the network in windows about the gaps, and samples."""
    mean, samples = base.copy(), np.repeat(base[None], members, axis=0)
    row, column = tile.read_rows.start, tile.read_columns.start
    groups: dict[tuple[int, int], list[Box]] = {}
    for box in boxes:
        down, across = window_about(box, base.shape, model)
        groups.setdefault((down.stop - down.start, across.stop - across.start), []).append(box)
    for size, own in groups.items():
        cut = [window_about(box, base.shape, model) for box in own]
        corners = [(down.start, across.start) for down, across in cut]
        given = Windows(
            np.stack([base[each] for each in cut]),
            np.stack([gap[each] for each in cut]),
            np.zeros((len(cut), *size)),
            np.zeros(len(cut), bool),
        )
        noise = np.array([
            [noise_at(row + r, column + c, size, member) for r, c in corners] for member in range(members)
        ]).reshape(members, len(cut), *size)  # fmt: skip
        found, drawn = network_surfaces(
            model.network, given, model.ratios, model.settings.network.steps, noise
        )
        for k, (box, (r, c)) in enumerate(zip(own, corners, strict=True)):
            inner = tuple(slice(s.start - at, s.stop - at) for s, at in zip(box, (r, c), strict=True))
            mean[box] = found[k][inner]
            samples[(slice(None), *box)] = drawn[:, k][(slice(None), *inner)]
    return mean, samples
