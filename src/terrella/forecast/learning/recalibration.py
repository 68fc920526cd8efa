"""The recalibration of all models on the dev window, and what the network gained there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from terrella.engine.judge import interval, make_blocks, ratio
from terrella.forecast.calibration import Calibration, Cells, calibrate, spans_of
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.learning.rows import Rows
from terrella.forecast.learning.samples import density_for
from terrella.forecast.models import (
    ETAS_,
    NETWORK,
    Expectation,
    Forecaster,
    Gain,
    Models,
    classical,
    learned,
    make_forecaster,
    observed_counts,
    swept_maps,
)
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_CALIBRATED = 400_000  # cells that a recalibration is fitted to: enough for four parameters


def calibrate_all(models: Models, catalogue: Catalogue, windows: Windows) -> Models:
    """Return the models recalibrated on the dev window, all alike, with the network's gain there."""
    forecaster = make_forecaster(models, catalogue)
    issues = [issue_days(windows.validation_start, windows.test_start, d, d) for d in models.horizons_days]
    drawn = [draw_cells(forecaster, issue, horizon) for horizon, issue in enumerate(issues)]
    fixed = {
        name: calibrate([each.cells(name, issue) for each, issue in zip(drawn, issues, strict=True)])
        for name in drawn[0].expected
    }
    gains = []
    for horizon, (each, issue) in enumerate(zip(drawn, issues, strict=True)):
        if NETWORK in each.expected:
            losses = {
                name: each.weight * cell_loss(each.expected[name], each.counts, fixed[name][horizon])
                for name in (ETAS_, NETWORK)
            }
            gains.append(_gain(losses, each, issue, models))
    return replace(models, calibrations=fixed, gains=tuple(gains))


def cell_loss(expected: Expectation, counts: Tensor, calibration: Calibration) -> Tensor:
    """Return the negative log-likelihood of each cell's count, in nats."""
    log_mean = calibration.log_mean(expected.log_mean)
    return negative_log_likelihood(counts, log_mean, calibration.dispersion(log_mean, expected.log_spread))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Cells drawn from many issue times, flat, with every model's expectation."""

    issue: Tensor  # index of each cell's issue time
    cell: Tensor  # layer × column
    counts: Tensor
    weight: Tensor
    expected: dict[str, Expectation]

    def cells(self, name: str, issue_days: Floats) -> Cells:
        """Return a model's forecasts, for its calibration."""
        expected, span = self.expected[name], spans_of(issue_days)[self.issue]
        return Cells(expected.log_mean, self.counts, self.weight, expected.log_spread, span)


@torch.no_grad()
def draw_cells(
    forecaster: Forecaster, issue: Floats, horizon: int, size: int = _CALIBRATED, baselines: bool = True
) -> Drawn:
    """Return about `size` cells, with all events and a weighted share of the empty ones.

    Of each the expectations of ETAS, of the network where there is one, and of the baselines.
    """
    models, sources = forecaster.models, forecaster.sources
    days = models.horizons_days[horizon]
    within = (sources.days >= issue[0]) & (sources.days < issue[-1] + days) & (sources.column >= 0)
    density = density_for(size, forecaster.cells, len(issue), int(within.sum()))
    # A horizon of some days divides both by them (see `Density`): all cells with events are taken.
    density = replace(density, hit=max(days, 1.0), per_event=density.per_event * days)
    generator = torch.Generator().manual_seed(horizon)
    rows, names = Rows(torch.float32), [ETAS_]
    places = Rows()
    for batch, maps in swept_maps(forecaster, issue):
        counts = observed_counts(forecaster, issue[batch], horizon)
        expected = maps.log_etas[:, horizon].flatten(1).cpu()
        probability = density.of(expected[:, None, None], counts[:, None, None], torch.tensor([days]))[:, 0]
        drawn, cell = (torch.rand(counts.shape, generator=generator) < probability).nonzero(as_tuple=True)
        others = classical(forecaster, issue[batch], horizon) if baselines else {}
        means = {name: each.log_mean for name, each in others.items()}
        means[ETAS_], names = expected, [*means, ETAS_]
        chosen = [values[drawn, cell] for values in (counts, 1 / probability, *means.values())]
        if models.network is not None:
            at = drawn, cell // sources.n_columns, cell % sources.n_columns
            chosen += [each[:, horizon] for each in learned(forecaster, maps, at)]
        rows.add(*chosen)
        places.add(drawn + batch.start, cell)
    width = 2 + len(names) + (2 if models.network is not None else 0)
    counted, weight, *answers = rows.table(width).T
    found = {
        name: Expectation(values, torch.zeros(len(values)))
        for name, values in zip(names, answers, strict=False)
    }
    if models.network is not None:
        found[NETWORK] = Expectation(*answers[-2:])
    issues, cells = places.table(2).long().T
    return Drawn(issues, cells, counted, weight, found)


def _gain(losses: Mapping[str, Tensor], drawn: Drawn, issue: np.ndarray, models: Models) -> Gain:
    judge = models.settings.judge
    blocks = make_blocks(issue, judge.block_days, judge.resamples)

    def per_issue(values: Tensor) -> Floats:
        return np.asarray(
            np.bincount(drawn.issue.numpy(), values.double().numpy(), minlength=len(issue)), float
        )

    better = blocks.sums(per_issue(losses[ETAS_] - losses[NETWORK]))
    found = interval(ratio(better, blocks.sums(per_issue(drawn.counts * drawn.weight))))
    return Gain(found.value, found.low, found.high)
