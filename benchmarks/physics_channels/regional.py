"""What a region does differently from ETAS: productivity, decay in time and b-value, learned from its past.

Observed and expected events are compared over all the past, in cells smoothed by a Gaussian. Direct aftershocks
are also compared by the age of their parent: which age an event's parent had is known as a probability, that
of stochastic declustering (Zhuang, Ogata & Vere-Jones 2002, eq. 9). Regions change slowly, so maps are drawn every
30 days and hold until the next.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from physics_channels.columns import Columns, in_order, make_columns, points_km
from physics_channels.completeness import make_completeness
from terrella.earth.grid import Grid
from terrella.forecast.etas.likelihood import kernel_parameters
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.etas.pairs import sample_pairs, triggered_intensity
from terrella.forecast.features.cell_rates import CellRates
from terrella.forecast.features.exponentials import fit_exponentials
from terrella.forecast.features.sweep import Sources, make_sources, sweep
from terrella.formats.catalogues.catalogue import Catalogue, Floats

AGE_CLASSES_DAYS = (0.0, 1.0, 30.0, np.inf)
CHANNELS = ("all events", "parent under 1 d", "parent 1 to 30 d", "parent over 30 d", "b-value")
_SMOOTHING_KM = 75.0
_PRIOR_EVENTS = 10.0  # as expected, added to both sides
_PRIOR_MAGNITUDES = 100.0
_EVERY_DAYS = 30.0
_PAIRS = 40
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Regional:
    """The past of a grid's regions; call `channels` with issue times.

    `observed` (event, 4) holds one for every event and the probabilities of the age classes; `magnitudes`
    (event, 2) one for every event large enough to be recorded, and its excess over completeness.
    """

    columns: Columns
    sources: Sources  # without local memories
    rates: CellRates
    beta: float
    class_coefficients: torch.Tensor  # (class, time constant)
    neighbours: csr_array  # (column, column) weights, 1 at no distance
    days: Floats  # (event,) in order, inside the grid
    column: np.ndarray  # (event,)
    observed: Floats
    magnitudes: Floats

    def channels(self, issue_days: Floats) -> np.ndarray:
        """Return `CHANNELS` at issue times as float32 (n, 5, 1, column), from events before the last drawing.

        The first four are log (observed + 10) / (expected + 10), the last log β / β of ETAS.
        """
        issue = in_order(issue_days)
        drawn, use = np.unique(np.floor(issue / _EVERY_DAYS) * _EVERY_DAYS, return_inverse=True)
        maps = np.zeros((len(drawn), len(CHANNELS), 1, len(self.columns)), np.float32)
        for k, expected in enumerate(self._expected(drawn)):
            maps[k, :, 0] = self._maps(drawn[k], expected)
        return np.asarray(maps[use])

    def _expected(self, days: Floats) -> Floats:
        """Return what ETAS expected until given days (n, 4, column): in all, and by class."""
        when = torch.as_tensor(days, dtype=torch.float64)
        triggering = torch.from_numpy(
            np.concatenate([each.triggering for each in sweep(self.sources, days, _BATCH)])
        )
        classes = torch.matmul(self.class_coefficients, triggering).clamp(min=0)
        known = (when - self.rates.start_day).clamp(min=0).float()[:, None]
        background = self.rates.background_at(when) * known
        return torch.cat([(classes.sum(1) + background)[:, None], classes], dim=1).double().numpy()

    def _maps(self, day: float, expected: Floats) -> Floats:
        known = slice(0, np.searchsorted(self.days, day))
        per_event = np.column_stack([self.observed[known], self.magnitudes[known]])
        cells = len(self.columns)
        summed = [np.bincount(self.column[known], weights, cells) for weights in per_event.T]
        observed = self.neighbours @ np.column_stack([*summed, *expected])
        ratio = np.log((observed[:, :4] + _PRIOR_EVENTS) / (observed[:, 6:] + _PRIOR_EVENTS))
        number, excess = observed[:, 4], observed[:, 5]
        # Aki's (1965) estimate, with magnitudes' worth of ETAS's own.
        mean = (excess * self.beta + _PRIOR_MAGNITUDES) / (number + _PRIOR_MAGNITUDES)
        return np.column_stack([ratio, -np.log(mean)]).T


def make_regional(
    catalogue: Catalogue,
    epoch: np.datetime64,
    grid: Grid,
    etas: ETAS,
    rates: CellRates,
    magnitude_bin: float = 0.1,
) -> Regional:
    """Return the regions' past for a catalogue, an ETAS model and its rates on the grid (on the CPU)."""
    days, columns = catalogue.days_since(epoch), make_columns(grid)
    flat = grid.cell_of(catalogue.longitude, catalogue.latitude)  # the same column in every layer
    column = np.searchsorted(np.flatnonzero(grid.mask), flat)
    inside = flat >= 0
    weights = [_class_weight(etas, low, high) for low, high in pairwise(AGE_CLASSES_DAYS)]
    observed = _classes(catalogue, days, etas, _background(days, column, inside, columns, etas, rates))
    magnitudes = _magnitudes(catalogue, epoch, etas, magnitude_bin)
    sources = make_sources(catalogue, epoch, grid, etas, (1.0,), ())
    return Regional(
        columns=columns,
        sources=replace(sources, weights=sources.weights[:, :0]),
        rates=rates,
        beta=etas.beta,
        class_coefficients=torch.as_tensor(np.stack(weights), dtype=torch.float32),
        neighbours=_neighbours(columns),
        days=days[inside],
        column=column[inside],
        observed=np.column_stack([np.ones(len(days)), observed])[inside],
        magnitudes=magnitudes[inside],
    )


def _class_weight(etas: ETAS, low: float, high: float) -> Floats:
    """Return coefficients of exponentials for the share of direct aftershocks so far in a class of ages."""
    start = etas.time_cdf(low)
    return fit_exponentials(
        lambda age: np.maximum(etas.time_cdf(np.minimum(age, high)) - start, 0), floor=0.01
    )


def _classes(catalogue: Catalogue, days: Floats, etas: ETAS, background: Floats) -> Floats:
    """Return each event's probabilities (event, class) that its parent's age lay in a class."""
    points, step = (
        points_km(catalogue.longitude, catalogue.latitude),
        catalogue.magnitude - etas.min_magnitude,
    )
    points, theta = points / np.linalg.norm(points, axis=1, keepdims=True), kernel_parameters(etas)
    events = days, points, np.maximum(step, 0.0), 0
    triggered = triggered_intensity(*events, theta, EARTH_RADIUS_KM)
    total = background + triggered
    pairs = sample_pairs(*events, theta, total / _PAIRS, EARTH_RADIUS_KM)
    target = np.repeat(np.arange(len(days)), np.diff(pairs.start))
    age, magnitude = pairs.elapsed_days.astype(float), catalogue.magnitude[pairs.source]
    in_time = np.exp(-age / etas.tau_days) * (age + etas.c_days) ** -(1 + etas.omega)
    in_space = (pairs.squared_km2 + etas.zone_km2(magnitude)) ** -(1 + etas.rho)
    number = etas.k0 * np.exp(etas.a * (magnitude - etas.min_magnitude))
    which = np.searchsorted(AGE_CLASSES_DAYS, age, side="right") - 1
    classes = len(AGE_CLASSES_DAYS) - 1
    part = np.bincount(
        target * classes + which, pairs.weight * number * in_time * in_space, classes * len(days)
    )
    part = part.reshape(-1, classes)
    # The sample's sum is that of all pairs to a few per cent; its shares are kept, not its size.
    return part / np.maximum(part.sum(1, keepdims=True), 1e-300) * (triggered / total)[:, None]


def _background(
    days: Floats, column: np.ndarray, inside: np.ndarray, columns: Columns, etas: ETAS, rates: CellRates
) -> Floats:
    """Return the background rate at events, per day and km²: their cell's, from folds that leave them out."""
    found = np.full(len(days), etas.mu)
    per_day = rates.background.numpy()
    limits = rates.fold_limits.numpy()
    fold = np.searchsorted(limits, days[inside], side="right") - 1
    last = len(per_day) - 1
    fold = np.where((fold < 0) | (fold >= last), last, fold)
    found[inside] = per_day[fold, column[inside]] / columns.area_km2[column[inside]]
    return found


def _magnitudes(catalogue: Catalogue, epoch: np.datetime64, etas: ETAS, magnitude_bin: float) -> Floats:
    """Return one for events above the completeness of their time and place, and their excess over it (event, 2)."""
    completeness = make_completeness(catalogue, epoch, etas.min_magnitude, etas.beta)
    least = completeness.magnitude_of_completeness(
        catalogue.days_since(epoch), catalogue.longitude, catalogue.latitude
    )
    if magnitude_bin > 0:
        least = np.ceil(least / magnitude_bin - 1e-6) * magnitude_bin
    recorded = catalogue.magnitude >= least - 1e-6
    # Utsu (1966): bins begin half their width below their centre.
    return np.column_stack([recorded, recorded * (catalogue.magnitude - least + magnitude_bin / 2)])


def _neighbours(columns: Columns) -> csr_array:
    tree = KDTree(columns.points_km)
    near = tree.sparse_distance_matrix(tree, 3 * _SMOOTHING_KM, output_type="coo_matrix")
    weight = np.exp(-0.5 * (near.data / _SMOOTHING_KM) ** 2)
    return csr_array((weight, (near.row, near.col)), shape=near.shape)
