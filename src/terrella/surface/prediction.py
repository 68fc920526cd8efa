"""A trained surface applied to the user's own grid: its gaps filled, or the whole refined."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.surface.grids.grid import Grid
from terrella.surface.grids.read import open_grid, refuse_no_values
from terrella.surface.grids.write import check_output, grid_writer
from terrella.surface.learning.held_out import NETWORK
from terrella.surface.learning.windows import FILL, REFINE, window_pixels
from terrella.surface.model import SurfaceModel, load_model
from terrella.surface.use import filling, refining
from terrella.surface.use.tiles import tiles_of


def opened(
    given: Any, model: SurfaceModel, bundle: str, report: Report, factor: int | None, layer: str | None,
    spacing: float | None,
) -> Grid:  # fmt: skip
    """Return a grid that a model can fill, or refine by a factor; what was assumed in reading is reported.

    Raises:
        InputError: where the grid is at fault or too small, or the model refines by another factor.
    """
    own = model.settings.data
    if factor not in (None, own.factor):
        raise InputError(
            f"{bundle} refines {own.factor} times, not {factor}; train one with --data.factor {factor}"
        )
    grid = open_grid(Path(given), layer, spacing)
    for finding in grid.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    refuse_no_values(grid)
    least = window_pixels(own.factor, own.gap_pixels) if factor is None else 8
    if min(grid.shape) < least:
        raise InputError(
            f"{given} has {grid.shape[0]} × {grid.shape[1]} pixels; {least} along each axis are needed"
        )
    return grid


def predict_file(
    given: Any, bundle: str, output: Path, report: Report, *, factor: int | None = None, samples: int = 0,
    layer: str | None = None, spacing: float | None = None
) -> Sequence[str]:  # fmt: skip
    """Fill the gaps of a grid, or refine it by a factor; return lines on what was written.

    Raises:
        InputError: where the grid is at fault, or the bundle refines by another factor.
    """
    model = load_model(bundle)
    check_output(output)
    grid = opened(given, model, bundle, report, factor, layer, spacing)
    names = ("estimate", *(f"sample_{k + 1}" for k in range(samples)))
    times = factor or 1
    shape, place = (times * grid.shape[0], times * grid.shape[1]), grid.place.refined(times)
    size, margin = (
        (filling.TILE, filling.margin_of(model))
        if factor is None
        else (refining.TILE, refining.margin_of(model))
    )
    tiles = list(tiles_of(grid.shape, size, margin))
    counts = np.zeros(2, np.int64)

    def write(path: Path) -> None:
        with grid_writer(path, place, shape, names, grid.unit) as put:
            for number, tile in enumerate(tiles):
                values = grid.read(tile.read_rows, tile.read_columns)
                if factor is None:
                    found = filling.fill_tile(values, tile, model, samples)
                    layers = found.layers
                    counts[:] += found.filled, found.left
                else:
                    layers = refining.refine_tile(values, tile, model, samples)
                for k, each in enumerate(layers):
                    put(k, times * tile.rows.start, times * tile.columns.start, each)
                at = {"done": number + 1, "total": len(tiles)}
                report({"kind": "progress", "stage": "predict", **at, "note": "tiles"})

    replace_file(output, write)
    kind = FILL if factor is None else REFINE
    by = model.trusted[kind]
    lines = [
        f"{shape[0]:,} × {shape[1]:,} pixels written to {output}, by {'the ' if by == NETWORK else ''}{by}"
    ]
    if factor is None:
        lines.append(f"{counts[0]:,} pixels of gaps filled")
        if counts[1]:
            lines.append(
                f"{counts[1]:,} pixels left open: gaps wider than {filling.widest_gap(model)} pixels, twice those "
                "judged, or open to the grid's edge"
            )
    elif place.points:
        lines.append("values of points were taken for means of cells")
    if samples:
        lines.append(f"{samples} samples by the network in further layers")
    return lines
