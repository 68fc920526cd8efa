"""Issue times and observatories, side by side: what was known, what came, what a rotation would make of it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import unit_vectors
from terrella.field.harmonics.schmidt import Floats, design
from terrella.field.observatories.table import Observatories, Site
from terrella.field.secular_variation.baselines import BACK, FILTER, OWN
from terrella.field.secular_variation.filter import Rates
from terrella.field.secular_variation.rotation import accelerations

Numbers = npt.NDArray[np.int64]
RAD_YR = 0.005  # the unit of rotations: 0.3° a year, about the westward drift
INPUTS = ("x", "y", "z", "rate B_r", "rate B_θ", "rate B_φ", "local B_r", "local B_θ", "local B_φ")
SCALES = np.array([1.0] * 3 + [40.0] * 3 + [10.0] * 3)  # of inputs: nT/yr
VIRTUAL_WEIGHT = 0.5


@dataclass(frozen=True, eq=False)
class Pairs:
    """Issue times at observatories, one row for each.

    Parameters
    ----------
    site, origin : array (pair,)
        Numbers of the observatory and of the issue year.
    change : array (pair, 3)
        What came: B_r, B_θ, B_φ `horizon` years later, less those of the issue year, nT; NaN where it is not known.
    filtered : array (pair, 3)
        That change as the filtered secular variation has it, nT.
    turned : array (pair, 3, axis)
        What a rotation at the core's top about each axis adds to the change, nT for 0.005 rad/yr.
    inputs : array (pair, input)
        Place, filtered rate, and how far the observatory's own last difference is from it.
    own : dict of array (pair, 3)
        Changes by each classical method.
    horizon : int
        Years ahead.
    virtual : array (pair,)
        Whether the observatory is none: a point where the filter's own later analysis says what came.
    """

    site: Numbers
    origin: Numbers
    change: Floats
    filtered: Floats
    turned: Floats
    inputs: Floats
    own: dict[str, Floats]
    horizon: int
    virtual: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.site)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether what came is known, (pair,)."""
        return np.asarray(np.isfinite(self.change).all(axis=1))

    def rows(self, chosen: npt.NDArray[np.bool_] | Numbers) -> "Pairs":
        """Return some of the rows."""
        parts = {name: getattr(self, name)[chosen] for name in
                 ("site", "origin", "change", "filtered", "turned", "inputs", "virtual")}  # fmt: skip
        return replace(self, own={name: each[chosen] for name, each in self.own.items()}, **parts)


def make_pairs(given: Observatories, rates: Rates, horizon: int, origins: Numbers) -> Pairs:
    """Return all pairs whose observatory has means in the issue year and the three before it."""
    past = np.stack(
        [given.field[origins - BACK + k] for k in range(BACK + 1)], 2
    )  # (origin, site, 4, component)
    later = np.full((len(origins), *given.field.shape[1:]), np.nan)
    inside = origins + horizon < len(given.years)
    later[inside] = given.field[origins[inside] + horizon] - given.field[origins[inside]]
    at, site = np.nonzero(np.isfinite(past).all(axis=(2, 3)))
    past = past[at, site]
    number = origins[at]
    filtered, rate, turned = changes_at(given, rates, horizon, site, number)
    local = past[:, -1] - past[:, -2] - rate
    inputs = np.concatenate([unit_vectors(given.longitude, given.latitude)[site], rate, local], 1) / SCALES
    own = {name: forecast(past, horizon) for name, forecast in OWN.items()} | {FILTER: filtered}
    return Pairs(
        site, number, later[at, site], filtered, turned, inputs, own, horizon, np.zeros(len(site), bool)
    )


def make_virtual(rates: Rates, horizon: int, origins: Numbers, points: int) -> tuple[Observatories, Pairs]:
    """Return so many virtual observatories spread over the sphere, and their pairs, which count half.

    What came at them is what the filter's analyses of the later years say, so it is known only with those.
    """
    sites = tuple(_spread(points))
    empty = np.full((len(rates.years), points, 3), np.nan)
    given = Observatories(sites, rates.years, empty)
    origins = origins[origins + horizon < len(rates.years)]
    at, site = (each.ravel() for each in np.meshgrid(origins, np.arange(points), indexing="ij"))
    filtered, rate, turned = changes_at(given, rates, horizon, site, at)
    sums = np.cumsum(rates.middle, 0)
    of_site = design(given.radius_km, given.latitude, given.longitude, rates.n_max)
    change = np.einsum("pcn,pn->pc", of_site[site], sums[at + horizon] - sums[at])
    inputs = (
        np.concatenate([unit_vectors(given.longitude, given.latitude)[site], rate, np.zeros_like(rate)], 1)
        / SCALES
    )
    none = {name: np.full_like(filtered, np.nan) for name in (*OWN, FILTER)}
    return given, Pairs(site, at, change, filtered, turned, inputs, none, horizon, np.ones(len(site), bool))


def changes_at(
    given: Observatories, rates: Rates, horizon: int, site: Numbers, origin: Numbers
) -> tuple[Floats, Floats, Floats]:
    """Return the filtered change in nT (pair, 3), the filtered rate in nT/yr and turns (pair, 3, axis)."""
    of_site = design(given.radius_km, given.latitude, given.longitude, rates.n_max)
    moved = half_square(horizon) * np.einsum("fdc,tc->tdf", accelerations(rates.n_max), rates.last)
    coefficients = np.concatenate(
        [horizon * rates.ahead(horizon)[..., None], rates.last[..., None], moved], 2
    )
    found = np.empty((len(site), 3, coefficients.shape[2]))
    for number in np.unique(origin):
        own = origin == number
        found[own] = (of_site @ coefficients[number])[site[own]]
    return found[..., 0], found[..., 1], found[..., 2:]


def half_square(horizon: int) -> float:
    """Return by what an acceleration a 0.005 rad/yr is multiplied to give a change of annual means, yr².

    Rates are those of the year's end, half a year after the annual mean that changes are counted from.
    """
    return RAD_YR * ((horizon - 0.5) ** 2 / 2 + 1 / 24)


def _spread(points: int) -> list[Site]:
    """Return points at equal areas along a spiral (Vogel 1979)."""
    k = np.arange(points)
    latitude = np.degrees(np.arcsin(1 - (2 * k + 1) / points))
    longitude = np.degrees(k * np.pi * (3 - np.sqrt(5))) % 360
    return [
        Site(f"virtual {j + 1}", a, b, 6371.2)
        for j, (a, b) in enumerate(zip(latitude, longitude, strict=True))
    ]
