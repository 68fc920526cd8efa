"""Smoothed seismicity: every past event spread over the map by a Gaussian, constant in time.

The kernel's width is either fixed (Frankel 1995) or, for each event, the distance to its k-th nearest
neighbour, so that it is narrow where events are dense (Helmstetter, Kagan & Jackson 2007). Which of the two,
and how wide, is decided by the count likelihood of the validation window.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM, unit_vectors
from terrella.errors import InputError
from terrella.forecast.baselines.smoothing import smoothed_counts
from terrella.forecast.features.cell_rates import depth_shares
from terrella.forecast.windows import Windows
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_CANDIDATES = (
    *(("fixed", km) for km in (3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0, 100.0, 200.0)),
    *(("adaptive", float(neighbours)) for neighbours in (1, 2, 3, 5, 8, 13, 20, 35)),
)
_NARROWEST_KM = 1.0  # about the location error: keeps events of one place from becoming a spike
_UNIFORM_SHARES = (0.003, 0.01, 0.03, 0.1)


@dataclass(frozen=True, eq=False)
class Climatology:
    """A constant rate per cell, and how it was chosen.

    Parameters
    ----------
    rate_per_day : array (cell,)
        Events per day, in the order of depth, latitude and longitude of the cells in the mask.
    kernel : {"fixed", "adaptive"}
        Of the smoothing.
    width : float
        In km, or the number of neighbours.
    uniform_share : float
        Of the rate that is spread evenly over the area, 0 to 1.
    """

    rate_per_day: Floats  # (cell,) in the order of depth, latitude and longitude of the cells in the mask
    kernel: str  # "fixed" or "adaptive"
    width: float  # km, or number of neighbours
    uniform_share: float  # of the rate that is spread evenly over the area

    def expected_counts(self, issue_days: Floats, horizon_days: float) -> npt.NDArray[np.float32]:
        """Return expected counts (issue time, cell): the same for every issue time."""
        counts = (self.rate_per_day * horizon_days).astype(np.float32)
        return np.tile(counts, (len(issue_days), 1))

    def to_dict(self) -> dict[str, Any]:
        """Return the choices as plain JSON."""
        return {"kernel": self.kernel, "width": self.width, "uniform_share": self.uniform_share}

    def arrays(self) -> dict[str, Floats]:
        """Return the arrays that a bundle stores beside `to_dict`."""
        return {"rate_per_day": self.rate_per_day}

    @classmethod
    def from_dict(cls, values: dict[str, Any], arrays: dict[str, Floats]) -> "Climatology":
        """Return the climatology that `to_dict` and `arrays` describe."""
        return cls(rate_per_day=np.asarray(arrays["rate_per_day"], float), **values)


def fit_climatology(
    catalogue: Catalogue,
    grid: Grid,
    windows: Windows,
    weights: Floats | None = None,
) -> Climatology:
    """Return the smoothed seismicity that predicts the validation window best.

    Maps are built from the training window alone, then compared by the Poisson likelihood of the validation
    window's counts, each scaled to their number, so that only the shape decides. Events outside the grid
    count, since their kernels reach in. `weights` (one per event of the catalogue, such as ETAS background
    probabilities) replace the count of 1 per event; the rate then is that of the weights.

    Parameters
    ----------
    catalogue : Catalogue
        Every event of it counts, whatever its magnitude.
    grid : Grid
        Whose cells get a rate.
    windows : Windows
        Training and validation, in days.
    weights : array (event,), optional
        Without unit.

    Raises
    ------
    InputError
        Where the grid holds fewer than ten events of the training window.

    References
    ----------
    Frankel (1995) for the fixed kernel, Helmstetter, Kagan & Jackson (2007) for the adaptive one.
    """
    days = catalogue.days_since(windows.epoch)
    training = (days >= windows.train_start) & (days < windows.validation_start)
    cells = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    inside = int((training & (cells >= 0)).sum())
    if inside < 10:
        raise InputError(
            f"{catalogue.name}: {inside} events of the training window lie on the grid, "
            "climatology needs ten; choose a longer training window, a wider region or a lower magnitude"
        )
    train = catalogue[training]
    weight = np.ones(len(train)) if weights is None else np.asarray(weights, float)[training]
    validation = cells[(days >= windows.validation_start) & (days < windows.test_start) & (cells >= 0)]
    columns = np.flatnonzero(grid.mask)
    seen = np.bincount(validation % grid.mask.size, minlength=grid.mask.size)[columns]
    # With nothing to validate on, few neighbours are a safe choice.
    candidates = _CANDIDATES if seen.sum() else (("adaptive", 5.0),)
    best: tuple[float, Climatology] | None = None
    shares = depth_shares(train, grid)
    for kernel, width in candidates:
        smooth = smoothed_counts(train, grid, _widths_km(train, kernel, width), weight)
        for uniform in _UNIFORM_SHARES:
            shape = _mixed(smooth, grid, uniform)
            score = float((seen * np.log(shape)).sum())
            if best is None or score > best[0]:
                per_day = shape * smooth.sum() / (windows.validation_start - windows.train_start)
                rate = (per_day * shares).ravel()
                best = score, Climatology(rate, kernel, width, uniform)
    assert best is not None
    return best[1]


def neighbour_distance_km(events: Catalogue, neighbours: int) -> Floats:
    """Return each event's distance in km to its k-th nearest neighbour, at least a location error."""
    from scipy.spatial import KDTree  # a forecast, which needs no fit, does not wait for its import

    points = unit_vectors(events.longitude, events.latitude)
    k = min(neighbours + 1, len(events))  # the nearest of all is the event itself
    chord = np.asarray(KDTree(points).query(points, k=[k])[0])[:, 0]
    return np.maximum(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1)), _NARROWEST_KM)


def _widths_km(train: Catalogue, kernel: str, width: float) -> Floats:
    if kernel == "fixed":
        return np.full(len(train), width)
    return neighbour_distance_km(train, int(width))


def _mixed(smooth: Floats, grid: Grid, uniform_share: float) -> Floats:
    """Return shares of the columns that sum to 1, part of them in proportion to the columns' areas."""
    area = grid.area_km2[grid.mask]
    return np.asarray((1 - uniform_share) * smooth / smooth.sum() + uniform_share * area / area.sum())
