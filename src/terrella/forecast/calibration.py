"""The recalibration of a model's expected counts: only as far as it helps in sequences that it was not fitted to.

A straight line through the logarithms, log μ = a + b log μ₀, the same at all horizons. One large sequence can
bend such a line for years, so it is fitted to all spans of the dev window but one, and judged on the one, in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from terrella.forecast.counts import dispersion_of, negative_log_likelihood
from terrella.formats.catalogues.catalogue import Floats

SPANS = 6  # of the dev window, each left out in turn
_FEWEST = 20  # events that a line can be fitted to
_SHARES = (0.25, 0.5, 0.75, 1.0)  # of the way from the model as it is to the line of largest likelihood
_STEPS = 12  # of Fisher's scoring
_IDENTITY = np.array([0.0, 1.0])  # intercept and slope
_NARROW = (0.01, 0.02)  # of log means and log spreads: empty cells within are taken as one


@dataclass(frozen=True)
class Calibration:
    """What recalibration learned of a model's expected counts μ₀.

    log μ = intercept + slope · log μ₀, and log α = log_dispersion + dispersion_slope · log μ: a quiet cell's
    counts vary because they come in clusters (α ∝ 1/μ), an active one's because productivity does (α constant).
    """

    intercept: float = 0.0
    slope: float = 1.0
    log_dispersion: float = -7.0
    dispersion_slope: float = 0.0

    def log_mean(self, log_mean: Tensor) -> Tensor:
        """Return the recalibrated logarithm of the expected count."""
        return self.intercept + self.slope * log_mean

    def dispersion(self, log_mean: Tensor, log_spread: Tensor | float = 0.0) -> Tensor:
        """Return α for recalibrated logarithms of the expected count; `log_spread` adds to its logarithm."""
        return dispersion_of(log_mean, self.log_dispersion, self.dispersion_slope, log_spread)


@dataclass(frozen=True, eq=False)
class Cells:
    """Forecasts of one horizon and what happened, (cell,) each."""

    log_mean: Tensor
    counts: Tensor
    weight: Tensor  # how many cells each stands for
    log_spread: Tensor  # the model's own change of the log dispersion
    span: Tensor  # index of the span of time, below `SPANS`

    @property
    def events(self) -> float:
        """How many events there are, each cell counted as often as it stands for others."""
        return float((self.weight * self.counts).double().sum())


def spans_of(days: Floats) -> Tensor:
    """Return the span of each ascending issue time, (time,): `SPANS` of equal length."""
    length = max(float(days[-1] - days[0]), 1e-9)
    return torch.as_tensor(np.minimum((days - days[0]) / length * SPANS, SPANS - 1).astype(np.int64))


def calibrate(horizons: Sequence[Cells]) -> tuple[Calibration, ...]:
    """Return a model's calibration at each horizon: one line for all, and a dispersion for each.

    Of shifts and lines, whole or a part of the way from the identity, the one that gains most on the spans left out
    is taken; the identity stays where none gains. A slope above 1, which makes large forecasts larger, must gain
    more than twice its standard error over the best one that is not. Fewer than 20 events carry no line, and a
    constant dispersion alone.
    """
    horizons = [_joined(cells) for cells in horizons]
    plain = [_dispersion(cells, cells.log_mean) for cells in horizons]
    intercept, slope = _line(horizons, plain)
    if (intercept, slope) == (0.0, 1.0):
        fitted = plain
    else:
        fitted = [_dispersion(cells, intercept + slope * cells.log_mean) for cells in horizons]
    return tuple(Calibration(intercept, slope, *each) for each in fitted)


def _joined(cells: Cells) -> Cells:
    """Return the cells in double precision; those without events, nearly all, are joined where they are alike."""
    empty = cells.counts == 0
    values = [each.double() for each in (cells.log_mean, cells.log_spread)]
    key = cells.span[empty]
    for each, width in zip(values, _NARROW, strict=True):
        place = torch.floor(each[empty] / width).long()
        first, last = (int(place.min()), int(place.max())) if len(place) else (0, 0)
        key = key * (last - first + 1) + place - first
    alike, group = torch.unique(key, return_inverse=True)

    def summed(each: Tensor) -> Tensor:
        return torch.zeros(len(alike), dtype=torch.float64).index_add_(0, group, each)

    weight = cells.weight[empty].double()
    weights = summed(weight)
    means = [summed(weight * each[empty]) / weights for each in values]
    span = torch.zeros(len(alike), dtype=torch.long).index_copy_(0, group, cells.span[empty])
    log_mean, log_spread = (torch.cat([each[~empty], mean]) for each, mean in zip(values, means, strict=True))
    return Cells(
        log_mean,
        torch.cat([cells.counts[~empty].double(), torch.zeros(len(alike), dtype=torch.float64)]),
        torch.cat([cells.weight[~empty].double(), weights]),
        log_spread,
        torch.cat([cells.span[~empty], span]),
    )


def _line(horizons: Sequence[Cells], dispersions: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return intercept and slope, chosen on spans left out, fitted on all."""
    if min(cells.events for cells in horizons) < _FEWEST:
        return 0.0, 1.0
    tables = [_Table(cells, found) for cells, found in zip(horizons, dispersions, strict=True)]
    here = np.unique(torch.cat([cells.span for cells in horizons]).numpy())
    if len(here) < 2:
        return 0.0, 1.0
    identity = _losses(tables, _IDENTITY)
    chosen, leads = _IDENTITY, np.zeros(len(here))
    for free in ([0], [0, 1]):
        whole = _fit(tables, here, free) - _IDENTITY
        without = [_fit(tables, here[here != span], free) - _IDENTITY for span in here]
        for share in _SHARES:
            gains = np.array(
                [
                    (identity - _losses(tables, _IDENTITY + share * each))[span]
                    for span, each in zip(here, without, strict=True)
                ]
            )
            lead = gains - leads
            asked = 2 * lead.std(ddof=1) * np.sqrt(len(here)) if whole[1] > 0 else 0.0
            if lead.sum() > asked:
                chosen, leads = _IDENTITY + share * whole, gains
    return float(chosen[0]), float(chosen[1])


class _Table:
    """Cells of one horizon with the dispersions of the model as it is: a regression of counts on log μ₀."""

    def __init__(self, cells: Cells, dispersion: tuple[float, float]) -> None:
        self.x, self.n = cells.log_mean, cells.counts
        self.weight = cells.weight / cells.events
        self.alpha = dispersion_of(self.x, *dispersion, cells.log_spread)
        self.span = cells.span
        self.hit = cells.counts.nonzero(as_tuple=True)

    def by_span(self, values: Tensor) -> Floats:
        """Return weighted sums over the cells of each span."""
        return np.asarray(np.bincount(self.span.numpy(), (self.weight * values).numpy(), SPANS), float)

    def losses(self, line: Floats) -> Floats:
        """Return the negative log-likelihood of each span, without what no line changes."""
        log_mean = line[0] + line[1] * self.x
        growth = torch.log1p(self.alpha * torch.exp(log_mean))
        loss = growth / self.alpha
        loss[self.hit] += self.n[self.hit] * (growth[self.hit] - log_mean[self.hit])
        return self.by_span(loss)

    def scores(self, line: Floats) -> tuple[Floats, Floats]:
        """Return gradient (span, 2) and information (span, 2, 2) of the likelihood at a line."""
        mean = torch.exp(line[0] + line[1] * self.x)
        kept = 1 / (1 + self.alpha * mean)
        first, second = (self.n - mean) * kept, mean * kept
        gradient = [self.by_span(first), self.by_span(first * self.x)]
        a, ab, b = (self.by_span(second * self.x**power) for power in range(3))
        return np.stack(gradient, 1), np.stack([np.stack([a, ab], 1), np.stack([ab, b], 1)], 1)


def _losses(tables: Sequence[_Table], line: Floats) -> Floats:
    return np.sum([table.losses(line) for table in tables], axis=0)


def _fit(tables: Sequence[_Table], spans: Floats, free: Sequence[int]) -> Floats:
    """Return the line of largest likelihood in some spans, by Fisher's scoring of its free numbers."""
    line = _IDENTITY.copy()
    for _ in range(_STEPS):
        gradient, information = (
            np.sum([each[spans].sum(0) for each in parts], axis=0)
            for parts in zip(*(table.scores(line) for table in tables), strict=True)
        )
        step = np.linalg.lstsq(information[np.ix_(free, free)], gradient[list(free)], rcond=None)[0]
        line[list(free)] += np.clip(step, -1, 1)
        line[1] = np.clip(line[1], 0.1, 3.0)
        if np.abs(step).max() < 1e-6:
            break
    return line


@torch.enable_grad()
def _dispersion(cells: Cells, log_mean: Tensor) -> tuple[float, float]:
    """Return log dispersion and its slope of largest likelihood for expected counts as they are.

    A slope of at most 0 lets no probability fall where the expected count rises.
    """
    from scipy.optimize import minimize  # a forecast, which needs no fit, does not wait for its import

    if cells.events == 0:  # as wide as can be would be likeliest, and leave no probability of anything
        return Calibration.log_dispersion, 0.0
    n, w, x, spread, total = cells.counts, cells.weight, log_mean, cells.log_spread, cells.events
    centre = float((x * n * w).sum() / total)
    enough = total >= _FEWEST

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        level, slope = parameters
        dispersion = dispersion_of(x - centre, level, slope if enough else 0.0, spread)
        loss = (w * negative_log_likelihood(n, x, dispersion)).sum() / total
        loss.backward()
        assert parameters.grad is not None
        return float(loss.detach()), parameters.grad.numpy()

    start = np.array([0.0, -0.3 if enough else 0.0])
    bounds = [(-7.0, 7.0), (-1.2, 0.0)]
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-10})
    level, slope = found.x if enough else (found.x[0], 0.0)
    return float(level - slope * centre), float(slope)
