"""The grid of a task's settings."""

from pathlib import Path
from typing import Any

import matplotlib.cbook
import numpy as np

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.surface.grids.grid import Grid, Place, held_grid
from terrella.surface.grids.read import open_grid, refuse_no_values
from terrella.surface.settings import DataSettings

JACKSBORO = "jacksboro"


def open_surface(data: DataSettings, report: Report) -> Grid:
    """Return the grid; what was assumed in reading it is reported.

    Raises:
        InputError: where the file is at fault.
    """
    grid = jacksboro() if data.grid == JACKSBORO else open_grid(Path(data.grid), data.layer, data.spacing)
    for finding in grid.findings:
        report({"kind": "message", "message": f"{data.grid}: {finding}"})
    refuse_no_values(grid)
    return grid


def jacksboro() -> Grid:
    """Return the elevation of Jacksboro, Tennessee, that matplotlib brings: SRTM, 3", metres."""
    held: Any = matplotlib.cbook.get_sample_data("jacksboro_fault_dem.npz")
    with held:
        heights, west = held["elevation"].astype(np.float32), float(held["xmin"])
        north, step = max(float(held["ymin"]), float(held["ymax"])), float(held["dx"])
    return held_grid(JACKSBORO, heights, Place(west, north, step, -step, None, "degree"), (), "m")


def mark_of(grid: Grid) -> str:
    """Return the fingerprint of a grid's values and steps, whatever file they came from."""
    return fingerprint(grid.whole().tobytes(), np.array([grid.place.dx, grid.place.dy]).tobytes())
