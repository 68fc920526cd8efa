"""Conservative regridding between regular grids: the mean over every cell of the target stays what it was."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regrid:
    """Weights of one grid's cells in another's: rows sum to one.

    Areas of cells between parallels and meridians are products, so that the weights are too.
    """

    latitude: Floats  # (target, source)
    longitude: Floats  # (target, source)

    @classmethod
    def between(cls, source: tuple[Floats, Floats], target: tuple[Floats, Floats]) -> "Regrid":
        """Return the weights from the latitudes and longitudes of one grid to those of another, in degrees."""
        old, new = (np.sin(np.deg2rad(latitude_edges(each[0]))) for each in (source, target))
        overlap = np.minimum(new[1:, None], old[None, 1:]) - np.maximum(new[:-1, None], old[None, :-1])
        return cls(_rows(overlap), _rows(_around(longitude_edges(target[1]), longitude_edges(source[1]))))

    def __call__(self, field: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return a field (…, latitude, longitude) on the target grid; cells that are mostly missing are NaN."""
        values = np.asarray(field, float)
        present = np.isfinite(values)
        if present.all():
            return self._applied(values).astype(np.float32)
        share = self._applied(present.astype(float))
        total = self._applied(np.where(present, values, 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(share >= 0.5, total / share, np.nan).astype(np.float32)

    def _applied(self, values: Floats) -> Floats:
        made: Floats = np.einsum("ij,...jk->...ik", self.latitude, values @ self.longitude.T, optimize=True)
        return made


def latitude_edges(latitude: Floats) -> Floats:
    """Return the borders of cells around latitudes that rise, in degrees: halfway between, and the poles."""
    return np.concatenate([[-90.0], (latitude[1:] + latitude[:-1]) / 2, [90.0]])


def longitude_edges(longitude: Floats) -> Floats:
    """Return the borders of cells around equally spaced longitudes, in degrees."""
    step = 360.0 / len(longitude)
    return np.asarray(longitude[0] + step * (np.arange(len(longitude) + 1) - 0.5))


def area_weights(latitude: Floats) -> Floats:
    """Return the areas of cells at latitudes (n,) with mean one, as WeatherBench 2 weighs them."""
    areas = np.diff(np.sin(np.deg2rad(latitude_edges(latitude))))
    return np.asarray(areas / areas.mean())


def named_grid(name: str) -> tuple[Floats, Floats]:
    """Return the latitudes and longitudes of a grid such as 64x32: longitudes × latitudes, as in WeatherBench 2.

    An odd number of latitudes includes both poles.

    Raises:
        InputError: where the name is none.
    """
    columns, _, rows = name.lower().partition("x")
    if not (columns.isdigit() and rows.isdigit() and int(columns) >= 4 and int(rows) >= 4):
        raise InputError(
            f"grid {name!r}: longitudes × latitudes expected, such as 64x32, 240x121 or 1440x721"
        )
    lines, circle = int(rows), int(columns)
    poles: Floats = np.linspace(-90.0, 90.0, lines)
    latitude = poles if lines % 2 else -90 + 180 / lines * (np.arange(lines) + 0.5)
    return np.asarray(latitude), np.arange(circle) * 360.0 / circle


def _around(new: Floats, old: Floats) -> Floats:
    """Return how far cells overlap on a circle, (new, old)."""
    total = np.zeros((len(new) - 1, len(old) - 1))
    for turn in (-360.0, 0.0, 360.0):
        low = np.maximum(new[:-1, None], old[None, :-1] + turn)
        total += np.maximum(np.minimum(new[1:, None], old[None, 1:] + turn) - low, 0)
    return total


def _rows(overlap: Floats) -> Floats:
    overlap = np.maximum(overlap, 0)
    overlap[overlap < 1e-12] = 0
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))
