"""A grid of any known format, or points, written as one of those that `train` and `predict` read."""

from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.files import replace_file
from terrella.surface.grids.grid import Grid
from terrella.surface.grids.read import open_grid, refuse_no_values
from terrella.surface.grids.write import check_output, grid_writer

_ROWS = 1024


def convert(given: Path, output: Path, report: Report, layer: str | None, spacing: float | None) -> list[str]:
    """Write a grid; return lines on it.

    Raises:
        InputError: where the file is at fault.
    """
    check_output(output)
    grid = open_grid(given, layer, spacing)
    for finding in grid.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    refuse_no_values(grid)
    gaps = 0

    def write(path: Path) -> None:
        nonlocal gaps
        with grid_writer(path, grid.place, grid.shape, ("value",), grid.unit) as put:
            for first in range(0, grid.shape[0], _ROWS):
                last = min(first + _ROWS, grid.shape[0])
                values = grid.read(slice(first, last), slice(0, grid.shape[1]))
                gaps += int(np.isnan(values).sum())
                put(0, first, 0, values)

    replace_file(output, write)
    return [_said(grid, output, gaps)]


def _said(grid: Grid, output: Path, gaps: int) -> str:
    share = 100 * gaps / (grid.shape[0] * grid.shape[1])
    return (
        f"{grid.shape[0]:,} × {grid.shape[1]:,} pixels of {grid.place.dx:g} × {abs(grid.place.dy):g} "
        f"{grid.place.unit}, {share:.1f} % gaps, written to {output}"
    )
