"""Completeness that drops after large earthquakes: what a catalogue misses, when and where.

After a shock of magnitude M the magnitude above which the catalogue is complete falls as
Mc(t) = M − 4.5 − 0.75 log₁₀ t, t in days (Helmstetter, Kagan & Jackson 2006, doi 10.1785/0120050067, eq. 15, for
southern California), and never below the catalogue's own. It holds around the shock, within a few lengths of its
rupture, and is made of past shocks alone.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from physics_channels.columns import Columns, band, in_order, make_columns, points_km, squared_chord
from terrella.earth.grid import Grid
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_OFFSET, _SLOPE = 4.5, 0.75
_LENGTHS = 2.0  # the zone's radius, in lengths of the rupture
_LEAST_ZONE_KM = 20.0  # stations lie tens of kilometres apart: waves overlap at least that far
_SHORTEST_DAYS = 1e-5  # about a second: the formula has no end at t = 0
_NODES = 24  # of the mean over a horizon


@dataclass(frozen=True, eq=False)
class Completeness:
    """The shocks of a catalogue that hide others, in order of time; the catalogue's own completeness else."""

    min_magnitude: float
    beta: float  # decay of the magnitude density
    epoch: np.datetime64
    days: Floats  # (shock,)
    magnitude: Floats
    source_km: Floats  # (shock, 3)
    zone_km: Floats
    until_days: Floats  # when each shock's Mc is back at the smallest magnitude

    def magnitude_of_completeness(
        self, time: npt.ArrayLike, longitude: npt.ArrayLike, latitude: npt.ArrayLike
    ) -> Floats:
        """Return Mc at points in time (n,), days since the epoch or UTC times, and degrees (n,).

        Only shocks before each time count.
        """
        days = np.asarray(time)
        if days.dtype.kind == "M":
            days = (days - self.epoch) / np.timedelta64(86_400_000_000, "us")
        days = np.atleast_1d(days.astype(float))
        excess = _excess_at(
            days, points_km(longitude, latitude).reshape(-1, 3), self.min_magnitude,
            self.days, self.magnitude, self.source_km, self.zone_km, self.until_days,
        )  # fmt: skip
        return np.asarray(self.min_magnitude + excess)

    def recorded(self, time: npt.ArrayLike, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
        """Return the share of the events above the smallest magnitude that is recorded at points: 10^−b(Mc − m)."""
        excess = self.magnitude_of_completeness(time, longitude, latitude) - self.min_magnitude
        return np.asarray(np.exp(-self.beta * excess))


@dataclass(frozen=True, eq=False)
class CompletenessChannels:
    """Completeness on the columns of a grid; call `channels` with issue times."""

    completeness: Completeness
    columns: Columns
    horizons_days: tuple[float, ...]

    def channels(self, issue_days: Floats) -> np.ndarray:
        """Return the channels at issue times, as float32 (n, 1 + horizon, 1, column).

        First comes Mc − m_min, then for each horizon the logarithm of the share of its events that will be
        recorded if nothing large happens: what to add to a log rate. All are 0 where nothing is hidden.
        """
        shocks, issue = self.completeness, in_order(issue_days)
        # Times after the issue time, for means over horizons that begin steeply: nodes close up at its start.
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        u = (node + 1) / 2
        ahead = np.asarray(self.horizons_days)[:, None] * u**3
        return np.asarray(
            _channels(
                issue,
                ahead,
                weight / 2 * 3 * u**2,
                shocks.beta,
                shocks.min_magnitude,
                self.columns.points_km,
                shocks.days,
                shocks.magnitude,
                shocks.source_km,
                shocks.zone_km,
                shocks.until_days,
            )
        )


def make_completeness(
    catalogue: Catalogue, epoch: np.datetime64, min_magnitude: float, beta: float
) -> Completeness:
    """Return the completeness of a catalogue whose own is `min_magnitude`."""
    until = 10 ** ((catalogue.magnitude - _OFFSET - min_magnitude) / _SLOPE)
    hiding = until > _SHORTEST_DAYS
    shocks, days = catalogue[hiding], catalogue.days_since(epoch)[hiding]
    return Completeness(
        min_magnitude=min_magnitude,
        beta=beta,
        epoch=epoch,
        days=days,
        magnitude=shocks.magnitude,
        source_km=points_km(shocks.longitude, shocks.latitude),
        zone_km=np.maximum(_LENGTHS * rupture_length_km(shocks.magnitude), _LEAST_ZONE_KM),
        until_days=days + until[hiding],
    )


def make_completeness_channels(
    completeness: Completeness, grid: Grid, horizons_days: tuple[float, ...]
) -> CompletenessChannels:
    """Return the channels of a completeness on a grid."""
    return CompletenessChannels(completeness, make_columns(grid), horizons_days)


def completeness_after(magnitude: npt.ArrayLike, age_days: npt.ArrayLike) -> Floats:
    """Return Mc = M − 4.5 − 0.75 log₁₀ t at ages t in days (Helmstetter et al. 2006, eq. 15)."""
    return np.asarray(np.asarray(magnitude) - _OFFSET - _SLOPE * np.log10(age_days))


def rupture_length_km(magnitude: npt.ArrayLike) -> Floats:
    """Return the length of a rupture at depth, log₁₀ L = 0.59 M − 2.44 (Wells & Coppersmith 1994, table 2A)."""
    return np.asarray(10 ** (0.59 * np.asarray(magnitude, float) - 2.44))


@numba.njit(cache=True, inline="always")
def _excess(magnitude, age, least):
    return magnitude - _OFFSET - _SLOPE * np.log10(max(age, _SHORTEST_DAYS)) - least


@numba.njit(cache=True)
def _excess_at(days, points, least, shock_days, magnitude, source, zone, until):
    found = np.zeros(len(days))
    for n in range(len(days)):
        for j in range(np.searchsorted(shock_days, days[n])):
            if until[j] > days[n] and squared_chord(points, n, source[j]) <= zone[j] * zone[j]:
                found[n] = max(found[n], _excess(magnitude[j], days[n] - shock_days[j], least))
    return found


@numba.njit(cache=True)
def _channels(issue, ahead, weight, beta, least, points, shock_days, magnitude, source, zone, until):
    horizons, nodes = ahead.shape
    found = np.zeros((len(issue), 1 + horizons, 1, len(points)), np.float32)
    worst = np.zeros((len(points), horizons, nodes))  # excess at the nodes of each horizon
    for n in range(len(issue)):
        now, last_shock = issue[n], np.searchsorted(shock_days, issue[n])
        low, high = len(points), 0
        for j in range(last_shock):
            if until[j] <= now:
                continue
            first, last = band(points, source[j, 2], zone[j])
            low, high = min(low, first), max(high, last)
            for column in range(first, last):
                if squared_chord(points, column, source[j]) > zone[j] * zone[j]:
                    continue
                excess = _excess(magnitude[j], now - shock_days[j], least)
                found[n, 0, 0, column] = max(found[n, 0, 0, column], excess)
                for h in range(horizons):
                    for k in range(nodes):
                        excess = _excess(magnitude[j], now + ahead[h, k] - shock_days[j], least)
                        worst[column, h, k] = max(worst[column, h, k], excess)
        for column in range(low, high):
            for h in range(horizons):
                found[n, 1 + h, 0, column] = np.log((np.exp(-beta * worst[column, h]) * weight).sum())
            worst[column] = 0.0
    return found
