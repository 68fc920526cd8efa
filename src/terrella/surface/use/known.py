"""The known values that one pixel of a filled or refined grid depends on, and that pixel as a function of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn

from terrella.errors import InputError
from terrella.surface.grids.grid import Floats, Grid
from terrella.surface.interpolation.bicubic import histospline
from terrella.surface.interpolation.gaps import plate_of
from terrella.surface.learning.network import Condition, SurfaceNetwork
from terrella.surface.learning.windows import BROAD, FILL, FINE, REFINE, TRUNCATE
from terrella.surface.model import SurfaceModel
from terrella.surface.use import filling, refining
from terrella.surface.use.filling import gaps_to_fill, nearest_known, window_about
from terrella.surface.use.tiles import tile_at, tiles_of

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """What a pixel depends on.

    Parameters
    ----------
    row, column : array (element,)
        Of the known pixels, in the grid as it is given.
    values : array (element,)
        Their heights.
    base : function (n, element) -> (n, row, column)
        The classical surface in the network's window.
    unknown : tensor (row, column)
        1 where it stands for unknown values.
    at, pixel : tuple of int
        Row and column of the pixel in the window, and in what `predict` writes.
    """

    row: Numbers
    column: Numbers
    values: Floats
    base: Callable[[Tensor], Tensor]
    unknown: Tensor
    at: tuple[int, int]
    pixel: tuple[int, int]
    kind: str


def parts_of_pixel(
    known: Known, model: SurfaceModel, network: nn.Module, heights: Tensor
) -> tuple[Tensor, Tensor]:
    """Return what the classical surface and the network's mean add to a pixel, (n,) each, of heights (n, element).

    The formulas are those of `learning.windows`, with smoothing as matrices, so that they can be differentiated.
    """
    base = known.base(heights)
    smooth_broad, smooth_fine = (_smoothing(base.shape[1:], each) for each in (BROAD, FINE))
    refined, factor = known.kind == REFINE, model.network.factor
    weight = torch.ones_like(known.unknown) if refined else 1 - known.unknown * (1 - 1e-3)
    square = smooth_broad(weight * (base - smooth_fine(base)) ** 2) / smooth_broad(weight)
    # A little more, so that the root has a derivative where all is flat.
    rough = torch.sqrt(square + 1e-300) + 1e-6 * base.abs().amax((1, 2), keepdim=True) + 1e-30
    shape = (base - smooth_broad(base)) / rough
    given = Condition(
        torch.stack([shape, known.unknown.expand_as(shape)], 1).float(),
        torch.full((len(base),), float(refined)),
    )
    unit = rough * model.ratios[int(refined)]
    row, column = known.at
    own = unit[:, row, column]
    if refined:
        first, left = row // factor * factor, column // factor * factor
        own = unit[:, first : first + factor, left : left + factor].mean((1, 2))
    assert isinstance(network, SurfaceNetwork)
    return base[:, row, column], own * network.mean(given)[:, 0, row, column]


def detail_of(known: Known) -> float:
    """Return the deviation of the classical surface from its smooth part: what a height varies by of its own."""
    base = known.base(torch.from_numpy(known.values)[None])
    return float((base - _smoothing(base.shape[1:], FINE)(base)).std())


def _smoothing(shape: torch.Size, deviation: float) -> Callable[[Tensor], Tensor]:
    down, across = (
        torch.from_numpy(
            ndimage.gaussian_filter1d(np.eye(n), deviation, 0, mode="nearest", truncate=TRUNCATE)
        )
        for n in shape
    )
    return lambda fields: down @ fields @ across.T


def known_of_gap(grid: Grid, model: SurfaceModel, at: tuple[int, int] | None, where: str) -> Known:
    """Return what a pixel of a gap depends on; by default that in the middle of the first gap.

    Raises:
        InputError: where the pixel is known, or its gap stays open.
    """
    margin, widest = filling.margin_of(model), filling.widest_gap(model)
    at = _first_gap(grid, margin, widest, where) if at is None else at
    _refuse_outside(at, grid.shape, where)
    tile = tile_at(grid.shape, at, 1, margin)
    heights = grid.read(tile.read_rows, tile.read_columns)
    row, column = (each.start for each in tile.inner)
    gap = np.isnan(heights)
    if not gap[row, column]:
        raise InputError(f"--at {at[0]} {at[1]}: {where} is known there; say which pixel of a gap")
    gaps = list(gaps_to_fill(gap, widest))
    own = [box for box, around, pixels in gaps if _holds(around, pixels, row, column)]
    if not own:
        raise InputError(
            f"--at {at[0]} {at[1]}: `predict` leaves this gap open: wider than {widest} pixels, or open to the edge"
        )
    window = window_about(own[0], gap.shape, model)
    elements, base = _plates(gap, window, gaps)
    rows, columns = np.divmod(elements, gap.shape[1])
    first = tile.read_rows.start, tile.read_columns.start
    inner = row - window[0].start, column - window[1].start
    values = heights.ravel()[elements].astype(float)
    unknown = torch.from_numpy(gap[window].astype(float))
    return Known(rows + first[0], columns + first[1], values, base, unknown, inner, at, FILL)


def _plates(
    gap: filling.Mask, window: filling.Box, gaps: Sequence[tuple[filling.Box, filling.Box, filling.Mask]]
) -> tuple[Numbers, Callable[[Tensor], Tensor]]:
    """Return which known pixels of a tile a window's surface depends on, and that surface of their heights."""
    source = np.ravel_multi_index(tuple(nearest_known(gap)), gap.shape)[window].ravel()
    shape = gap[window].shape
    number = np.full(gap.shape, -1)
    number[window] = np.arange(len(source)).reshape(shape)
    plates = []
    for _, around, pixels in gaps:
        to = number[around][pixels]
        if (to >= 0).any():
            places, weights = plate_of(pixels, ~gap[around])
            told = np.ravel_multi_index(tuple((places + [s.start for s in around]).T), gap.shape)
            plates.append((to[to >= 0], told, weights[to >= 0]))
    elements = np.unique(np.concatenate([source, *(told for _, told, _ in plates)]))
    place = torch.from_numpy(np.searchsorted(elements, source))
    linear = [
        (torch.from_numpy(to), torch.from_numpy(np.searchsorted(elements, told)), torch.from_numpy(weights))
        for to, told, weights in plates
    ]

    def base(x: Tensor) -> Tensor:
        found = x[:, place]
        for to, told, weights in linear:
            ring = x[:, told]
            middle = ring.mean(1, keepdim=True)
            found = found.index_copy(1, to, middle + (ring - middle) @ weights.T)
        return found.reshape(len(x), *shape)

    return elements, base


def known_of_refined(grid: Grid, model: SurfaceModel, at: tuple[int, int] | None, where: str) -> Known:
    """Return what a pixel of a refined grid depends on; by default that in its middle.

    Raises:
        InputError: where there is no such pixel, or it lies in a gap.
    """
    factor, multiple = model.settings.data.factor, refining.multiple_of(model)
    shape = (factor * grid.shape[0], factor * grid.shape[1])
    at = (shape[0] // 2, shape[1] // 2) if at is None else at
    _refuse_outside(at, shape, f"{where}, refined {factor} times,")
    coarse = at[0] // factor, at[1] // factor
    corner = coarse[0] // multiple * multiple, coarse[1] // multiple * multiple
    tile = tile_at(grid.shape, corner, multiple, refining.margin_of(model))
    heights = grid.read(tile.read_rows, tile.read_columns)
    gap = np.isnan(heights)
    first = tile.read_rows.start, tile.read_columns.start
    if gap[coarse[0] - first[0], coarse[1] - first[1]]:
        raise InputError(f"--at {at[0]} {at[1]}: {where} has a gap there, which stays one")
    source = np.ravel_multi_index(tuple(nearest_known(gap)), gap.shape).ravel()
    elements, number = np.unique(source, return_inverse=True)
    place = torch.from_numpy(number)
    down, across = (torch.from_numpy(histospline(n, factor)) for n in gap.shape)

    def base(x: Tensor) -> Tensor:
        return down @ x[:, place].reshape(len(x), *gap.shape) @ across.T

    rows, columns = np.divmod(elements, gap.shape[1])
    inner = at[0] - factor * first[0], at[1] - factor * first[1]
    unknown = torch.ones(factor * gap.shape[0], factor * gap.shape[1], dtype=torch.float64)
    values = heights.ravel()[elements].astype(float)
    return Known(rows + first[0], columns + first[1], values, base, unknown, inner, at, REFINE)


def _first_gap(grid: Grid, margin: int, widest: int, where: str) -> tuple[int, int]:
    for tile in tiles_of(grid.shape, filling.TILE, margin):
        gap = np.isnan(grid.read(tile.read_rows, tile.read_columns))
        for _, around, pixels in gaps_to_fill(gap, widest):
            places = np.argwhere(pixels)
            nearest = places[((places - places.mean(0)) ** 2).sum(1).argmin()]
            row, column = (int(k + s.start) for k, s in zip(nearest, around, strict=True))
            return row + tile.read_rows.start, column + tile.read_columns.start
    raise InputError(
        f"{where} has no gap that `predict` fills, which are closed and at most {widest} pixels wide; to explain a "
        "refined grid give --factor"
    )


def _holds(around: tuple[slice, slice], pixels: filling.Mask, row: int, column: int) -> bool:
    down, across = around
    inside = down.start <= row < down.stop and across.start <= column < across.stop
    return inside and bool(pixels[row - down.start, column - across.start])


def _refuse_outside(at: tuple[int, int], shape: tuple[int, int], where: str) -> None:
    if at[0] >= shape[0] or at[1] >= shape[1]:
        raise InputError(f"--at {at[0]} {at[1]}: {where} has {shape[0]:,} × {shape[1]:,} pixels")
