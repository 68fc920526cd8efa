"""Where a model's skill comes from: its losses by kind of cell, time and event, and by sequence.

Sums over cells are kept for each issue time, so that the blocks of the judging's bootstrap can be drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from terrella.earth.grid import Grid
from terrella.earth.magnitude import b_value, reaches
from terrella.earth.sphere import distance_km
from terrella.engine.judge import Blocks, Interval, interval, label_blocks, ratio
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.judging.clusters import LONGEST_DAYS, Clusters, find_clusters
from terrella.forecast.judging.outcomes import Outcomes
from terrella.forecast.preparation import Cut
from terrella.formats.catalogues.catalogue import Catalogue, Floats

SINCE, ACTIVITY, REGION, MAGNITUDE = "time since a large shock", "activity", "region", "magnitude"

_SINCE_DAYS = (1.0, 7.0, 30.0, 365.0)
_SINCE_NAMES = ("less than 1 day", "1 to 7 days", "7 to 30 days", "30 to 365 days", "longer, or never")
_NEAR_KM = 100.0
_LARGE = 5.5
_LARGEST_SHARE = 0.001
_STEPS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)  # of the target events' magnitude above the smallest
_LN_10 = float(np.log(10))
_FEWEST = 20  # target events from which a gain can be told


@dataclass(frozen=True, eq=False)
class Shocks:
    """The large shocks after which time is counted."""

    min_magnitude: float
    day: Floats
    longitude: Floats
    latitude: Floats


@dataclass(frozen=True, eq=False)
class Breakdown:
    """Events and losses of one horizon, summed over classes (issue time, class) and sequences (label,)."""

    classes: Mapping[str, tuple[str, ...]]
    events: Mapping[str, Floats]
    losses: Mapping[str, Mapping[str, Floats]]  # by model, by kind
    sequence_events: Floats
    sequence_losses: Mapping[str, Floats]
    sequences: int  # how many of the labels are sequences; the others are months

    def gains(self, kind: str, name: str, over: str, blocks: Blocks) -> list[Interval]:
        """Return a model's gain over another in each class, nats per event of the class."""
        better = self.losses[over][kind] - self.losses[name][kind]
        sums, events = blocks.sums(better), blocks.sums(self.events[kind])
        return [interval(ratio(sums[:, k], events[:, k])) for k in range(sums.shape[1])]

    def counts(self, kind: str) -> list[int]:
        """Return the number of events in each class."""
        return [int(n) for n in self.events[kind].sum(0)]

    def gain_by_sequence(self, name: str, over: str, resamples: int) -> Interval:
        """Return a model's gain over another, with an interval that resamples whole sequences."""
        blocks = label_blocks(np.arange(len(self.sequence_events)), resamples)
        better = self.sequence_losses[over] - self.sequence_losses[name]
        return blocks.gain(better, self.sequence_events)


@dataclass(frozen=True, eq=False)
class Context:
    """What the catalogue tells beside the forecasts: large shocks, sequences, and the magnitudes' law."""

    shocks: Shocks
    clusters: Clusters
    b: float


def make_context(case: Cut, start: str = "test_start", end: str = "test_end") -> Context:
    """Return the context of a window that is judged; the b-value is that of the training window.

    A sequence has a mainshock one magnitude above the smallest at least.
    """
    windows, catalogue, lowest = case.windows, case.catalogue, case.min_magnitude
    training = catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    from_day = windows.date(start) - np.timedelta64(LONGEST_DAYS, "D")
    return Context(
        shocks=large_shocks(catalogue, training, windows.epoch),
        clusters=find_clusters(catalogue.between(from_day, windows.date(end)), windows.epoch, lowest + 1),
        b=b_value(training.magnitude, lowest).b,
    )


def large_shocks(catalogue: Catalogue, training: Catalogue, epoch: np.datetime64) -> Shocks:
    """Return the catalogue's shocks of M 5.5, or of the largest thousandth in training if that is lower."""
    largest = float(np.quantile(training.magnitude, 1 - _LARGEST_SHARE)) if len(training) else _LARGE
    threshold = min(_LARGE, largest)
    large = catalogue.above(threshold)
    return Shocks(threshold, large.days_since(epoch), large.longitude, large.latitude)


def break_down(
    outcomes: Outcomes, grid: Grid, context: Context, reference: str, block_days: float
) -> Breakdown:
    """Return losses and events by class and by sequence; cells of no sequence go to blocks of `block_days`.

    `reference` is the model by whose expected counts cells count as quiet or active. Gains for larger events
    thin each model's counts: by Gutenberg and Richter's law the events of at least m are the share
    p = 10^(−b (m − smallest)) of all, and a negative binomial count thinned so keeps its dispersion.
    """
    kinds, labels = (
        _Kinds(outcomes, grid, context, reference),
        _Labels(outcomes, context.clusters, block_days),
    )
    events, losses = kinds.zeros(), {name: kinds.zeros() for name in outcomes.names}
    label_events, label_losses = np.zeros(labels.number), {name: np.zeros(labels.number) for name in losses}
    for rows in outcomes.batches():
        counts, since, label = outcomes.counts[rows], _since(outcomes, context.shocks, rows), labels.of(rows)
        larger = [kinds.counts(rows, step) for step in kinds.steps]
        kinds.add(events, rows, since, counts, larger)
        label_events += _by_label(counts, label, labels.number)
        for name in outcomes.names:
            log_mean, dispersion = outcomes.forecast(name, rows)
            loss = negative_log_likelihood(counts, log_mean, dispersion)
            thinned = [
                negative_log_likelihood(larger[k], log_mean - step * context.b * _LN_10, dispersion)
                for k, step in enumerate(kinds.steps)
            ]
            kinds.add(losses[name], rows, since, loss, thinned)
            label_losses[name] += _by_label(loss, label, labels.number)
    return Breakdown(
        classes=kinds.names,
        events=events,
        losses=losses,
        sequence_events=label_events[labels.used],
        sequence_losses={name: each[labels.used] for name, each in label_losses.items()},
        sequences=len(labels.sequences),
    )


class _Kinds:
    """The classes of each kind, and sums over the cells of a class."""

    def __init__(self, outcomes: Outcomes, grid: Grid, context: Context, reference: str) -> None:
        self._outcomes = outcomes
        self._activity, activity = _activity(outcomes, reference)
        self._region, region = _quarters(outcomes, grid)
        lowest = outcomes.min_magnitude
        # The whole first; then as long as enough events are left.
        self.steps = [s for s in _STEPS if s == 0 or self._larger(s).sum() >= _FEWEST]
        self.names: dict[str, tuple[str, ...]] = {
            SINCE: _SINCE_NAMES,
            ACTIVITY: activity,
            REGION: region,
            MAGNITUDE: tuple(f"M ≥ {lowest + step:g}" for step in self.steps),
        }

    def zeros(self) -> dict[str, Floats]:
        """Return empty sums (issue time, class)."""
        return {
            kind: np.zeros((len(self._outcomes.issue_days), len(each))) for kind, each in self.names.items()
        }

    def counts(self, rows: slice, step: float) -> torch.Tensor:
        """Return the events (row, cell) of some magnitude above the smallest."""
        return self._outcomes.targets.counts(rows, self._outcomes.counts.shape[1], self._larger(step))

    def add(
        self,
        sums: dict[str, Floats],
        rows: slice,
        since: npt.NDArray[np.int64],
        values: torch.Tensor,
        by_magnitude: list[torch.Tensor],
    ) -> None:
        """Put the sums of some rows' values (row, cell) in their place."""
        flat = values.double().numpy()
        sums[SINCE][rows] = _by_class(flat, since, len(_SINCE_NAMES))
        sums[ACTIVITY][rows] = flat @ self._activity
        sums[REGION][rows] = flat @ self._region
        for k, each in enumerate(by_magnitude):
            sums[MAGNITUDE][rows, k] = each.double().sum(1).numpy()

    def _larger(self, step: float) -> npt.NDArray[np.bool_]:
        outcomes = self._outcomes
        return reaches(outcomes.targets.magnitude, outcomes.min_magnitude + step)


class _Labels:
    """Which sequence each cell and time belongs to: numbers of clusters, and after them those of blocks of days."""

    def __init__(self, outcomes: Outcomes, clusters: Clusters, block_days: float) -> None:
        issue = outcomes.issue_days
        self._block = len(clusters) + np.floor((issue - issue[0]) / block_days).astype(np.int64)
        self._first = np.searchsorted(issue + outcomes.horizon_days, clusters.start_day, "right")
        self._last = np.searchsorted(issue, clusters.end_day, "right")
        places = zip(clusters.longitude, clusters.latitude, clusters.reach_km, strict=True)
        self._cells = [
            np.flatnonzero(distance_km(outcomes.longitude, outcomes.latitude, lon, lat) <= reach)
            for lon, lat, reach in places
        ]
        active = [self._first[k] < self._last[k] and len(cells) > 0 for k, cells in enumerate(self._cells)]
        self._n_cells = outcomes.counts.shape[1]
        self.sequences = np.flatnonzero(active)
        self.number = int(self._block.max(initial=len(clusters))) + 1
        self.used = np.concatenate([self.sequences, np.arange(len(clusters), self.number)])

    def of(self, rows: slice) -> npt.NDArray[np.int64]:
        """Return each cell's label, of the largest mainshock where several sequences are active (row, cell)."""
        label = np.repeat(self._block[rows, None], self._n_cells, 1)
        for k in self.sequences:  # in order of magnitude
            first, last = max(self._first[k], rows.start), min(self._last[k], rows.stop)
            if first < last:
                label[first - rows.start : last - rows.start, self._cells[k]] = k
        return label


def _since(outcomes: Outcomes, shocks: Shocks, rows: slice) -> npt.NDArray[np.int64]:
    """Return the class of time since the last large shock near each cell (row, cell)."""
    issue = outcomes.issue_days[rows]
    age = np.full((len(issue), outcomes.counts.shape[1]), np.inf, np.float32)
    recent = (shocks.day < issue[-1]) & (shocks.day > issue[0] - _SINCE_DAYS[-1])
    for day, lon, lat in zip(
        shocks.day[recent], shocks.longitude[recent], shocks.latitude[recent], strict=True
    ):
        near = np.flatnonzero(distance_km(outcomes.longitude, outcomes.latitude, lon, lat) <= _NEAR_KM)
        after = np.searchsorted(issue, day, "right")
        # Shocks come in order of time: the last one overwrites.
        age[after:, near] = (issue[after:, None] - day).astype(np.float32)
    return np.searchsorted(np.array(_SINCE_DAYS, np.float32), age, "right")


def _by_label(values: torch.Tensor, label: npt.NDArray[np.int64], number: int) -> Floats:
    return np.asarray(np.bincount(label.ravel(), values.double().numpy().ravel(), number), float)


def _by_class(values: Floats, of: npt.NDArray[np.int64], classes: int) -> Floats:
    flat = (np.arange(len(values))[:, None] * classes + of).ravel()
    return np.asarray(np.bincount(flat, values.ravel(), len(values) * classes), float).reshape(-1, classes)


def _activity(outcomes: Outcomes, reference: str) -> tuple[Floats, tuple[str, ...]]:
    """Return quarters of the reference's expected events, from its quietest cells to its most active."""
    # Before recalibration, which differs between horizons: the groups are the same for all.
    expected = np.exp(outcomes.expected[reference].log_mean[0].double().numpy())
    order = np.argsort(expected, kind="stable")
    share = np.empty(len(order))
    share[order] = (np.cumsum(expected[order]) - expected[order] / 2) / expected.sum()
    member = _members(np.minimum((share * 4).astype(int), 3), 4)
    cells = [f"{int(n):,} cells" for n in member.sum(0)]
    kinds = ("quietest", "quiet", "active", "most active")
    return member, tuple(f"{kind} ({n})" for kind, n in zip(kinds, cells, strict=True))


def _quarters(outcomes: Outcomes, grid: Grid) -> tuple[Floats, tuple[str, ...]]:
    """Return the four quarters of the grid's bounds that hold cells, named by their bounds."""
    x = (grid.longitude_edges[0], grid.longitude_edges[-1])
    y = (grid.latitude_edges[0], grid.latitude_edges[-1])
    middle_x, middle_y = (round(sum(each) / 2, 2) for each in (x, y))
    number = 2 * (outcomes.latitude < middle_y) + (outcomes.longitude >= middle_x)
    names = [
        f"{_span(west, east, 'W', 'E')}, {_span(south, north, 'S', 'N')}"
        for south, north in ((middle_y, y[1]), (y[0], middle_y))
        for west, east in ((x[0], middle_x), (middle_x, x[1]))
    ]
    member = _members(number, 4)
    held = np.flatnonzero(member.any(0))
    return member[:, held], tuple(names[k] for k in held)


def _span(low: float, high: float, negative: str, positive: str) -> str:
    """Return a range of degrees as maps have it, such as 126–119.25° W."""
    if negative == "W" and low >= 180:
        low, high = low - 360, high - 360
    if low * high < 0:
        return f"{-low:g}° {negative}–{high:g}° {positive}"
    side = negative if low + high < 0 else positive
    return f"{abs(low):g}–{abs(high):g}° {side}"


def _members(number: npt.NDArray[np.int64], classes: int) -> Floats:
    return np.asarray(number[:, None] == np.arange(classes), float)
