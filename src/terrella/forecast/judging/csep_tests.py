"""The consistency and comparison tests of CSEP, run by pyCSEP (Savran et al. 2022) where it is installed.

Forecasts are summed over the test window for the number, magnitude, spatial and conditional-likelihood tests
(Schorlemmer et al. 2007; Zechar, Gerstenberger & Rhoades 2010), and taken issue time by issue time for the paired
T- and W-tests (Rhoades et al. 2011). All of these take counts for Poisson counts; only the second number test
knows that earthquakes cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.earth.magnitude import BIN_WIDTH, TOLERANCE, reported
from terrella.forecast.judging.outcomes import Outcomes
from terrella.formats.catalogues.catalogue import Catalogue, Floats

if TYPE_CHECKING:
    from csep.core.catalogs import CSEPCatalog
    from csep.core.forecasts import GriddedForecast

MISSING = "pyCSEP is not installed, so its tests were left out: pip install 'terrella[csep]'."

_TOP_MAGNITUDE = 8.0
_SIMULATIONS = 400  # tell a quantile of 2.5 % to ±0.8 %
_SEED = 1


@dataclass(frozen=True)
class Consistency:
    """A model's quantiles: the share of catalogues simulated from it that fit it no better than what happened.

    The number tests have two: the chances of at least, and of at most, as many events.
    """

    expected: float
    number: tuple[float, float]
    number_clustered: tuple[float, float]
    magnitude: float
    spatial: float
    conditional_likelihood: float


@dataclass(frozen=True)
class Comparison:
    """Information gain per event of a model over another by their Poisson rates, with its T- and W-tests."""

    model: str
    over: str
    gain: float
    low: float
    high: float
    t_statistic: float
    t_critical: float
    w_probability: float


@dataclass(frozen=True, eq=False)
class CsepTests:
    """What pyCSEP found."""

    version: str
    observed: int
    consistency: Mapping[str, Consistency]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, eq=False)
class CsepInput:
    """Forecasts and events as CSEP takes them; longitude and latitude of a cell's south-western corner first."""

    origins: Floats  # (column, 2) degrees
    cell_deg: float
    magnitudes: Floats  # lower edges of the bins, the last one open
    shares: Floats  # of the events in each bin
    rates: Mapping[str, Floats]  # events expected in the test window, (column, magnitude)
    event_rates: Mapping[str, Floats]  # events expected in each event's own horizon and bin, (event,)
    longitude: Floats  # of the events: the centres of their cells
    latitude: Floats
    magnitude: Floats
    time_ms: npt.NDArray[np.int64]
    variance_ratio: float  # of the number of events in a year, over its mean


def csep_input(
    outcomes: Outcomes, grid: Grid, catalogue: Catalogue, training: Catalogue, b: float
) -> CsepInput:
    """Return what the tests need: depth layers added up, counts spread over magnitudes by `b`."""
    targets, columns = outcomes.targets, int(grid.mask.sum())
    edges = magnitude_edges(outcomes.min_magnitude, reported(catalogue.magnitude).counted)
    shares = magnitude_shares(edges, b)
    bin_of = np.maximum(np.searchsorted(edges, targets.magnitude + TOLERANCE, "right") - 1, 0)
    rates, event_rates = {}, {}
    for name in outcomes.names:
        total = np.zeros(outcomes.counts.shape[1])
        per_event = np.zeros(len(targets.row))
        for rows in outcomes.batches():
            mean = np.exp(outcomes.forecast(name, rows)[0].numpy().astype(float))
            total += mean.sum(0)
            here = (targets.row >= rows.start) & (targets.row < rows.stop)
            # The layers of a column together, as everywhere in this module.
            layered = mean.reshape(len(mean), -1, columns).sum(1)
            per_event[here] = layered[targets.row[here] - rows.start, targets.cell[here] % columns]
        rates[name] = total.reshape(-1, columns).sum(0)[:, None] * shares
        event_rates[name] = per_event * shares[bin_of]
    row, column = np.nonzero(grid.mask)
    at = targets.cell % columns
    return CsepInput(
        origins=np.stack([grid.longitude_edges[column], grid.latitude_edges[row]], 1),
        cell_deg=float(grid.longitude_edges[1] - grid.longitude_edges[0]),
        magnitudes=edges,
        shares=shares,
        rates=rates,
        event_rates=event_rates,
        longitude=outcomes.longitude[at],
        latitude=outcomes.latitude[at],
        magnitude=np.maximum(targets.magnitude, edges[bin_of]),  # rounding must not lose an event its bin
        time_ms=catalogue.time_utc[targets.index].astype("datetime64[ms]").astype(np.int64),
        variance_ratio=yearly_variance_ratio(training),
    )


def magnitude_edges(min_magnitude: float, width: float = BIN_WIDTH) -> Floats:
    """Return the lower edges of magnitude bins from the smallest magnitude to 8, as CSEP has them.

    Rounded magnitudes lie on the edges and count above them; Gutenberg and Richter's law does not change
    by such a shift.
    """
    return np.round(
        np.arange(min_magnitude, max(_TOP_MAGNITUDE, min_magnitude + width) - TOLERANCE, width), 6
    )


def magnitude_shares(edges: Floats, b: float) -> Floats:
    """Return the share of events in each bin after Gutenberg and Richter, the last bin open; they add up to one."""
    above = 10.0 ** (-b * (edges - edges[0]))
    return np.asarray(above - np.append(above[1:], 0.0))


def yearly_variance_ratio(training: Catalogue) -> float:
    """Return variance over mean of the number of events in a year of the training window, one at least.

    A window of several years adds them up, so that its number of events has the same ratio if years are
    independent.
    """
    days = training.days_since(training.time_utc[0]) if len(training) else np.zeros(0)
    years = int(days[-1] // 365.25) if len(days) else 0
    if years < 5:
        return 1.0
    counts = np.bincount((days // 365.25).astype(int), minlength=years)[:years]
    return max(float(counts.var(ddof=1) / counts.mean()), 1.0)


def has_csep() -> bool:
    """Return whether pyCSEP is installed."""
    return find_spec("csep") is not None


def run_csep_tests(given: CsepInput, reference: str) -> CsepTests:
    """Return the results of pyCSEP's tests: each model against what happened, and compared to `reference`."""
    import csep
    from csep.core import binomial_evaluations, poisson_evaluations

    observed = csep_catalogue(given)
    consistency = {}
    for name in given.rates:
        forecast = csep_forecast(given, name)
        mean = float(given.rates[name].sum())
        variance = mean * max(given.variance_ratio, 1 + 1e-6)
        clustered = binomial_evaluations.negative_binomial_number_test(forecast, observed, variance)
        likelihoods = [
            float(np.squeeze(test(forecast, observed, num_simulations=_SIMULATIONS, seed=_SEED).quantile))
            for test in (
                poisson_evaluations.magnitude_test,
                poisson_evaluations.spatial_test,
                poisson_evaluations.conditional_likelihood_test,
            )
        ]
        consistency[name] = Consistency(
            mean, _pair(poisson_evaluations.number_test(forecast, observed)), _pair(clustered), *likelihoods
        )
    comparisons = []
    for name in given.rates:
        if name == reference:
            continue
        both = _ByIssueTime(given, name), _ByIssueTime(given, reference)
        t = poisson_evaluations.paired_t_test(*both, observed)
        w = poisson_evaluations.w_test(*both, observed)
        low, high = t.test_distribution
        comparisons.append(
            Comparison(
                name, reference, float(t.observed_statistic), float(low), float(high),
                float(t.quantile[0]), float(t.quantile[1]), float(w.quantile),
            )
        )  # fmt: skip
    return CsepTests(csep.__version__, len(given.magnitude), consistency, tuple(comparisons))


def csep_forecast(given: CsepInput, name: str) -> GriddedForecast:
    """Return a model's forecast of the test window for pyCSEP."""
    from csep.core.forecasts import GriddedForecast

    return GriddedForecast(
        data=given.rates[name], region=_region(given), magnitudes=given.magnitudes, name=name
    )


def csep_catalogue(given: CsepInput) -> CSEPCatalog:
    """Return the events for pyCSEP, each at the centre of the cell that it was counted in."""
    from csep.core.catalogs import CSEPCatalog

    rows = zip(given.time_ms, given.latitude, given.longitude, given.magnitude, strict=True)
    events = [
        (str(i), int(time), float(lat), float(lon), 0.0, float(magnitude))
        for i, (time, lat, lon, magnitude) in enumerate(rows)
    ]
    return CSEPCatalog(data=events, region=_region(given), name="test window")


def _region(given: CsepInput) -> Any:
    from csep.core.regions import CartesianGrid2D

    return CartesianGrid2D.from_origins(given.origins, dh=given.cell_deg, magnitudes=given.magnitudes)


class _ByIssueTime:
    """A forecast for pyCSEP's paired tests whose rate at an event is that of the event's own horizon."""

    def __init__(self, given: CsepInput, name: str) -> None:
        self.name, self.magnitudes = name, given.magnitudes
        self.event_count = float(given.rates[name].sum())
        self._rates = given.event_rates[name]

    def target_event_rates(self, catalogue: CSEPCatalog, scale: bool = False) -> tuple[Floats, float]:
        return self._rates, self.event_count


def _pair(result: Any) -> tuple[float, float]:
    at_least, at_most = result.quantile
    return float(at_least), float(at_most)
