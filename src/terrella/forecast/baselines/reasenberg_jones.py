"""Aftershock rates after Reasenberg & Jones (1989), on top of climatology.

A mainshock of magnitude M has 10^(a + b (M − Mc)) (t + c)^−p aftershocks of magnitude Mc or more per day,
t days later (their equation 2). Around it they thin out as (r² + D)^−2, with √D in proportion to the rupture
length of Wells & Coppersmith (1994, all slip types, subsurface): half of them lie within √D. The zone ends
where it holds 99 % of them.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.magnitude import b_value
from terrella.earth.sphere import distance_km
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.etas.window_shares import WINDOW_SHARE, make_window_grid, share_km, window_shares
from terrella.forecast.windows import Windows
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_MAINSHOCK_STEP = 1.5  # a mainshock is this much larger than the smallest events
_LEAST_AFTERSHOCKS = 30  # fewer cannot carry four parameters
_RHO = 1.0
_LOCATION_ERROR_KM = 1.0


@dataclass(frozen=True, eq=False)
class Sequences:
    """Mainshocks, and until when each is one, in days since an epoch."""

    main: Catalogue
    days: Floats
    until: Floats


@dataclass(frozen=True, eq=False)
class ReasenbergJones:
    """The aftershock law of Reasenberg & Jones (1989), and climatology beneath it.

    Parameters
    ----------
    a, b, p : float
        Of 10^(a + b (M − Mc)) (t + c)^−p events per day.
    c_days : float
        In days.
    zone_scale : float
        Size of the aftershock zone √D, in rupture lengths.
    min_magnitude : float
        Mc.
    n_mainshocks, n_aftershocks : int
        From which the law was fitted; 0 for the generic values of the paper.
    rate_per_day : array (cell,)
        Climatology, in events per day.
    """

    a: float
    b: float
    p: float
    c_days: float
    zone_scale: float  # √D in rupture lengths
    min_magnitude: float
    n_mainshocks: int  # from which the law was fitted; 0: the generic values of the paper
    n_aftershocks: int
    rate_per_day: Floats = field(repr=False)  # climatology (cell,)

    def expected_counts(
        self,
        issue_days: Floats,
        horizon_days: float,
        grid: Grid,
        sequences: "Sequences",
    ) -> npt.NDArray[np.float32]:
        """Return expected counts (issue time, cell) from climatology and the sequences then going on.

        `issue_days` are days since the sequences' epoch. Events at or after an issue time do not enter, not even
        to make an earlier event a foreshock.
        """
        from scipy.sparse import csr_array  # not for a forecast without this model

        issue = np.asarray(issue_days, float)
        layers, columns = grid.shape[0], int(grid.mask.sum())
        base = self.rate_per_day.reshape(layers, columns)
        depth_shares = base / base.sum(0)
        age = issue[:, None] - sequences.days
        going_on = (age > 0) & (issue[:, None] <= sequences.until)
        used = np.flatnonzero(going_on.any(0))
        events, age, going_on = sequences.main[used], age[:, used], going_on[:, used]
        age = np.where(going_on, age, 0.0)
        number = self.strength(events.magnitude) * (
            omori_integral(age + horizon_days, self.p, self.c_days) - omori_integral(age, self.p, self.c_days)
        )
        zone = self.zone_km2(events)
        shares = window_shares(
            make_window_grid(grid), events.longitude, events.latitude, zone, _RHO, share_km(zone, _RHO)
        )
        spread = csr_array((shares.share / WINDOW_SHARE, shares.column, shares.first), (len(events), columns))
        triggered = np.where(going_on, number, 0).astype(np.float32) @ spread
        counts = triggered[:, None, :] * depth_shares.astype(np.float32)
        total = counts + (base * horizon_days).astype(np.float32)
        return np.asarray(total.reshape(len(issue), -1), np.float32)

    def sequences_of(self, catalogue: Catalogue, epoch: np.datetime64) -> "Sequences":
        """Return the mainshocks of a catalogue that may have aftershocks."""
        main, until = mainshocks(catalogue, epoch, self.min_magnitude + _MAINSHOCK_STEP)
        return Sequences(main, main.days_since(epoch), until)

    def zone_km2(self, events: Catalogue) -> Floats:
        """Return D in km²."""
        return (self.zone_scale * rupture_length_km(events.magnitude)) ** 2 + _LOCATION_ERROR_KM**2

    def strength(self, magnitude: Floats) -> Floats:
        """Return 10^(a + b (M − Mc)), the aftershocks per day at t + c = 1 day."""
        return np.asarray(10 ** (self.a + self.b * (magnitude - self.min_magnitude)))

    def to_dict(self) -> dict[str, Any]:
        """Return the law as plain JSON."""
        return {name: value for name, value in asdict(self).items() if name != "rate_per_day"}

    def arrays(self) -> dict[str, Floats]:
        """Return the arrays that a bundle stores beside `to_dict`."""
        return {"rate_per_day": self.rate_per_day}

    @classmethod
    def from_dict(cls, values: dict[str, Any], arrays: dict[str, Floats]) -> "ReasenbergJones":
        """Return the model that `to_dict` and `arrays` describe."""
        return cls(rate_per_day=np.asarray(arrays["rate_per_day"], float), **values)


def fit_reasenberg_jones(
    catalogue: Catalogue, grid: Grid, windows: Windows, climatology: Climatology
) -> ReasenbergJones:
    """Return the law fitted by maximum likelihood to the training window's sequences, all stacked.

    The smallest magnitude is the catalogue's. b comes from all magnitudes of the window (`earth.magnitude`);
    a, p, c and the zone from the times and distances of the events within Gardner & Knopoff's windows, with
    climatology as their background. Where these hold fewer than 30 events more than climatology expects,
    the generic Californian values of Reasenberg & Jones (1989) are returned.

    Parameters
    ----------
    catalogue : Catalogue
        Complete from its smallest magnitude on.
    grid : Grid
        Whose cells get rates, in degrees and km.
    windows : Windows
        The training window, in days.
    climatology : Climatology
        Events per day (cell,) of the same grid.
    """
    least = float(catalogue.magnitude.min())
    start, end = windows.date("train_start"), windows.date("validation_start")
    b = b_value(catalogue.between(start, end).magnitude, least).b
    known = catalogue[catalogue.time_utc < end]
    days = known.days_since(windows.epoch)
    main, until = mainshocks(known, windows.epoch, least + _MAINSHOCK_STEP)
    chosen = main.time_utc >= start
    main, until = main[chosen], np.minimum(until[chosen], windows.validation_start)
    sequences = _sequences(known, days, main, until, grid, climatology, windows.epoch)
    n_aftershocks = len(sequences.age_days)
    excess = n_aftershocks - float((sequences.background * sequences.area_days).sum())
    if excess < _LEAST_AFTERSHOCKS:
        return generic(least, climatology)
    a, p, c, scale = _fit(sequences, b, least)
    return ReasenbergJones(a, b, p, c, scale, least, len(main), n_aftershocks, climatology.rate_per_day)


def generic(min_magnitude: float, climatology: Climatology) -> ReasenbergJones:
    """Return the law with the generic Californian values of Reasenberg & Jones (1989)."""
    return ReasenbergJones(-1.67, 0.91, 1.08, 0.05, 0.5, min_magnitude, 0, 0, climatology.rate_per_day)


def mainshocks(catalogue: Catalogue, epoch: np.datetime64, threshold: float) -> tuple[Catalogue, Floats]:
    """Return the mainshocks of at least a magnitude, and the days since `epoch` until which each is one.

    An event is an aftershock, and no source of its own, where it falls into the space–time window (Gardner &
    Knopoff 1974) of an earlier event at least as large. A mainshock ends with its window, or when a larger
    event within whose own window it lies makes it a foreshock. So what is known of a sequence at any time
    depends on its past alone.
    """
    large = catalogue.above(threshold)
    days = large.days_since(epoch)
    reach, lasting = window_km(large.magnitude), window_days(large.magnitude)
    until = days + lasting
    is_main = np.zeros(len(large), bool)
    for j in range(len(large)):
        earlier = np.flatnonzero(is_main[:j] & (days[:j] + np.maximum(lasting[:j], lasting[j]) >= days[j]))
        distance = distance_km(
            large.longitude[earlier], large.latitude[earlier], large.longitude[j], large.latitude[j]
        )
        larger = large.magnitude[earlier] >= large.magnitude[j]
        owns = larger & (until[earlier] >= days[j]) & (distance <= reach[earlier])
        if owns.any():
            continue
        is_main[j] = True
        foreshock = earlier[~larger & (distance <= reach[j])]
        until[foreshock] = np.minimum(until[foreshock], days[j])
    return large[is_main], until[is_main]


def window_km(magnitude: Floats) -> Floats:
    """Return Gardner & Knopoff's (1974) radius in km, as fitted by 10^(0.1238 M + 0.983)."""
    return np.asarray(10 ** (0.1238 * magnitude + 0.983))


def window_days(magnitude: Floats) -> Floats:
    """Return Gardner & Knopoff's (1974) duration in days, as fitted on both sides of M 6.5."""
    return np.asarray(
        np.where(magnitude >= 6.5, 10 ** (0.032 * magnitude + 2.7389), 10 ** (0.5409 * magnitude - 0.547))
    )


def rupture_length_km(magnitude: Floats) -> Floats:
    """Return the subsurface rupture length in km (Wells & Coppersmith 1994, table 2A, all slip types)."""
    return np.asarray(10 ** (-2.44 + 0.59 * magnitude))


def omori_integral(t_days: Floats, p: float, c_days: float) -> Floats:
    """Return ∫₀ᵗ (s + c)^−p ds."""
    growth = np.log1p(t_days / c_days)
    if abs(p - 1) < 1e-6:
        return np.asarray(growth)
    return np.asarray(c_days ** (1 - p) * np.expm1((1 - p) * growth) / (1 - p))


@dataclass(frozen=True, eq=False)
class _Sequences:
    magnitude: Floats  # (mainshock,)
    lasting_days: Floats
    reach_km: Floats
    background: Floats  # events per day and km²
    area_days: Floats  # km² · days of the windows
    owner: npt.NDArray[np.intp]  # (aftershock,) its mainshock
    age_days: Floats
    distance_km: Floats


def _sequences(
    catalogue: Catalogue,
    days: Floats,
    main: Catalogue,
    until: Floats,
    grid: Grid,
    climatology: Climatology,
    epoch: np.datetime64,
) -> _Sequences:
    """Return the events in the windows of the mainshocks."""
    per_column = climatology.rate_per_day.reshape(grid.shape[0], -1).sum(0)
    on_map = np.zeros(grid.mask.shape)
    on_map[grid.mask] = per_column / grid.area_km2[grid.mask]
    flat = grid.cell_of(main.longitude, main.latitude)
    background = np.where(flat >= 0, on_map.ravel()[flat], per_column.sum() / grid.area_km2[grid.mask].sum())
    start, reach = main.days_since(epoch), window_km(main.magnitude)
    owner, age, apart = [], [], []
    for i in range(len(main)):
        first, last = np.searchsorted(days, start[i], "right"), np.searchsorted(days, until[i])
        events = catalogue[int(first) : int(last)]
        r = distance_km(events.longitude, events.latitude, main.longitude[i], main.latitude[i])
        near = r <= reach[i]
        owner.append(np.full(int(near.sum()), i))
        age.append(days[first:last][near] - start[i])
        apart.append(r[near])
    lasting = until - start
    empty = [np.zeros(0)]
    return _Sequences(
        magnitude=main.magnitude,
        lasting_days=lasting,
        reach_km=reach,
        background=background,
        area_days=np.pi * reach**2 * lasting,
        owner=np.concatenate([*owner, *empty]).astype(np.intp),
        age_days=np.concatenate(age + empty),
        distance_km=np.concatenate(apart + empty),
    )


def _fit(sequences: _Sequences, b: float, least: float) -> tuple[float, float, float, float]:
    """Return a, p, c and the zone's scale of the largest likelihood of the stacked sequences."""
    from scipy.optimize import minimize  # a forecast, which needs no fit, does not wait for its import

    growth = 10 ** (b * (sequences.magnitude - least))
    length = rupture_length_km(sequences.magnitude)
    owner = sequences.owner

    def negative_log_likelihood(values: Floats) -> float:
        a, p, c, scale = values[0], values[1], np.exp(values[2]), np.exp(values[3])
        strength = 10**a * growth
        zone = (scale * length) ** 2 + _LOCATION_ERROR_KM**2
        ratio = zone[owner] / (zone[owner] + sequences.distance_km**2)
        density = ratio**2 / (np.pi * zone[owner])
        rate = strength[owner] * (sequences.age_days + c) ** -p * density + sequences.background[owner]
        inside = sequences.reach_km**2 / (sequences.reach_km**2 + zone)
        expected = strength * omori_integral(sequences.lasting_days, p, c) * inside
        return float((expected.sum() - np.log(rate).sum()) / len(owner))

    # Bounds keep p and c where sequences have been seen to lie (Utsu, Ogata & Matsu'ura 1995).
    bounds = [(-5.0, 1.0), (0.6, 1.8), (np.log(1e-4), np.log(2.0)), (np.log(0.02), np.log(5.0))]
    start = np.array([-1.67, 1.08, np.log(0.05), np.log(0.5)])
    found = minimize(negative_log_likelihood, start, method="L-BFGS-B", bounds=bounds)
    a, p, log_c, log_scale = found.x
    return float(a), float(p), float(np.exp(log_c)), float(np.exp(log_scale))
