"""A grid as it is read a part at a time, and where it lies."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """Where a grid lies: its outer corner at the first row and column, and the steps, in the CRS's units.

    `dy` is negative where the first row is the northernmost. Without a CRS and a unit, steps are pixels.
    """

    x: float = 0.0
    y: float = 0.0
    dx: float = 1.0
    dy: float = -1.0
    crs: str | None = None  # WKT
    unit: str = "pixel"  # of x and y
    points: bool = False  # values belong to points, not to cells

    def refined(self, factor: int) -> "Place":
        """Return the place of a grid of so many times the pixels along each axis."""
        return replace(self, dx=self.dx / factor, dy=self.dy / factor)

    def centres(self, rows: int, columns: int) -> tuple[Floats, Floats]:
        """Return y and x of the pixels' centres."""
        y, x = (np.arange(0.5, n) for n in (rows, columns))
        return np.asarray(self.y + y * self.dy, float), np.asarray(self.x + x * self.dx, float)


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid whose parts are read when they are asked for; gaps are NaN.

    Parameters
    ----------
    shape : tuple
        Rows and columns.
    read : function (slice, slice) -> array (row, column)
        Values of some rows and columns, in float32.
    findings : tuple of str
        What was assumed in reading.
    """

    name: str
    shape: tuple[int, int]
    place: Place
    read: Callable[[slice, slice], Singles]
    unit: str = ""  # of the values
    findings: tuple[str, ...] = ()

    def whole(self) -> Singles:
        """Return all values."""
        return self.read(slice(0, self.shape[0]), slice(0, self.shape[1]))


def held_grid(
    name: str, values: npt.NDArray[np.float32], place: Place, findings: tuple[str, ...] = (), unit: str = ""
) -> Grid:
    """Return a grid whose values lie in memory."""
    shape = (int(values.shape[0]), int(values.shape[1]))
    return Grid(name, shape, place, lambda rows, columns: values[rows, columns], unit, findings)
