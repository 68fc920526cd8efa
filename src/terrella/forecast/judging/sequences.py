"""Single sequences of the test window: what happened after a large shock, and what each model expected."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import nbinom

from terrella.earth.sphere import distance_km
from terrella.engine.judge import Interval, label_blocks
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.judging.clusters import reach_km
from terrella.forecast.judging.outcomes import Outcomes
from terrella.formats.catalogues.catalogue import Catalogue, Floats

SPANS_DAYS = (30.0, 90.0)

_FOUND = 5  # the largest shocks of the test window that are looked at without a name
_FEWEST = 10  # events within the first span
_PARTS = 10  # of a span, resampled for its interval


@dataclass(frozen=True)
class Known:
    """A sequence that seismologists know by name: origin time (UTC) and epicentre of its largest or first shock."""

    name: str
    time_utc: str
    longitude: float
    latitude: float


KNOWN = (
    Known("L’Aquila 2009", "2009-04-06T01:32:40", 13.38, 42.34),
    Known("El Mayor–Cucapah 2010", "2010-04-04T22:40:42", -115.30, 32.29),
    Known("South Napa 2014", "2014-08-24T10:20:44", -122.31, 38.22),
    Known("Amatrice–Norcia 2016", "2016-08-24T01:36:32", 13.23, 42.70),
    Known("Ridgecrest 2019", "2019-07-06T03:19:53", -117.60, 35.77),
)


@dataclass(frozen=True, eq=False)
class Followed:
    """A sequence, issue time by issue time from the first after the shock on; arrays (issue time,)."""

    name: str
    time_utc: np.datetime64
    magnitude: float
    longitude: float
    latitude: float
    reach_km: float
    days: Floats  # from the shock to the end of each horizon
    horizon_days: float
    observed: Floats
    expected: Mapping[str, Floats]
    variance: Mapping[str, Floats]
    losses: Mapping[str, Floats]

    def within(self, span_days: float) -> slice:
        """Return the issue times of the first days after the shock."""
        return slice(0, round(span_days / self.horizon_days))

    def band(self, name: str) -> tuple[Floats, Floats]:
        """Return the central 95 % of a model's counts, if cells were independent given the past."""
        mean, variance = self.expected[name], self.variance[name]
        size = mean**2 / np.maximum(variance - mean, 1e-9 * mean)
        low, high = (nbinom.ppf(q, size, size / (size + mean)) for q in (0.025, 0.975))
        return np.asarray(low, float), np.asarray(high, float)

    def gain(self, name: str, over: str, span_days: float, resamples: int) -> Interval:
        """Return the information gain within a span, in nats per event; its interval resamples tenths of it."""
        rows = self.within(span_days)
        better, events = (self.losses[over] - self.losses[name])[rows], self.observed[rows]
        blocks = label_blocks(np.arange(len(events)) * _PARTS // max(len(events), 1), resamples)
        return blocks.gain(better, events)


def follow_sequences(outcomes: Outcomes, catalogue: Catalogue, epoch: np.datetime64) -> list[Followed]:
    """Return the known sequences and the largest shocks of the test window, in order of time."""
    followed = []
    for name, event in _chosen(outcomes, catalogue):
        one = _follow(outcomes, catalogue, epoch, name, event)
        if one is not None and one.observed[one.within(SPANS_DAYS[0])].sum() >= _FEWEST:
            followed.append(one)
    return sorted(followed, key=lambda each: each.time_utc)


def _chosen(outcomes: Outcomes, catalogue: Catalogue) -> list[tuple[str, int]]:
    """Return name and index of the shocks to follow: none within the reach and time of another."""
    targets = outcomes.targets
    chosen: list[tuple[str, int]] = []
    for known in KNOWN:
        event = _match(known, catalogue, targets.index)
        if event is not None:
            chosen.append((known.name, event))
    limit = len(chosen) + _FOUND
    for event in targets.index[np.lexsort((targets.day, -targets.magnitude))]:
        if len(chosen) == limit:
            break
        if not any(_belongs(catalogue, int(event), other) for _, other in chosen):
            chosen.append((str(catalogue.time_utc[event])[:10], int(event)))
        elif chosen and catalogue.magnitude[event] < catalogue.magnitude[[e for _, e in chosen]].min() - 2:
            break
    return chosen


def _match(known: Known, catalogue: Catalogue, targets: np.ndarray) -> int | None:
    """Return the largest target within ten minutes and 50 km of a known shock."""
    apart = np.abs(catalogue.time_utc[targets] - np.datetime64(known.time_utc, "us"))
    near = targets[apart <= np.timedelta64(10, "m")]
    lon, lat = catalogue.longitude[near], catalogue.latitude[near]
    near = near[distance_km(lon, lat, known.longitude, known.latitude) <= 50]
    return int(near[np.argmax(catalogue.magnitude[near])]) if len(near) else None


def _belongs(catalogue: Catalogue, event: int, other: int) -> bool:
    """Return whether one of two shocks lies in the other's zone, with spans that overlap."""
    apart = abs((catalogue.time_utc[event] - catalogue.time_utc[other]) / np.timedelta64(1, "D"))
    lon, lat = catalogue.longitude, catalogue.latitude
    distance = float(distance_km(lon[event], lat[event], lon[other], lat[other]))
    largest = float(reach_km(max(catalogue.magnitude[event], catalogue.magnitude[other])))
    return bool(apart < SPANS_DAYS[-1] and distance <= 2 * largest)


def _follow(
    outcomes: Outcomes, catalogue: Catalogue, epoch: np.datetime64, name: str, event: int
) -> Followed | None:
    day = float((catalogue.time_utc[event] - epoch) / np.timedelta64(86_400_000_000, "us"))
    lon, lat = float(catalogue.longitude[event]), float(catalogue.latitude[event])
    magnitude = float(catalogue.magnitude[event])
    reach = float(reach_km(magnitude))
    first = int(np.searchsorted(outcomes.issue_days, day, "right"))
    count = int(np.ceil(SPANS_DAYS[-1] / outcomes.horizon_days))
    rows = slice(first, min(first + count, len(outcomes.issue_days)))
    cells = torch.as_tensor(
        np.flatnonzero(distance_km(outcomes.longitude, outcomes.latitude, lon, lat) <= reach)
    )
    if rows.start >= rows.stop or len(cells) == 0:
        return None
    counts = outcomes.counts[rows][:, cells]
    expected, variance, losses = {}, {}, {}
    for model in outcomes.names:
        log_mean, dispersion = (each[:, cells].double() for each in outcomes.forecast(model, rows))
        mean = torch.exp(log_mean)
        expected[model] = mean.sum(1).numpy()
        variance[model] = (mean + dispersion * mean**2).sum(1).numpy()
        losses[model] = negative_log_likelihood(counts, log_mean, dispersion).sum(1).numpy()
    return Followed(
        name=name,
        time_utc=catalogue.time_utc[event],
        magnitude=magnitude,
        longitude=lon,
        latitude=lat,
        reach_km=reach,
        days=outcomes.issue_days[rows] + outcomes.horizon_days - day,
        horizon_days=outcomes.horizon_days,
        observed=counts.sum(1).double().numpy(),
        expected=expected,
        variance=variance,
        losses=losses,
    )
