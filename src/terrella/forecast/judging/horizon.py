"""All models at one horizon: what they expected, what happened, their scores, and a closer look at both."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from terrella.engine.judge import Blocks, make_blocks
from terrella.forecast.calibration import Calibration, Cells, calibrate, spans_of
from terrella.forecast.counts import negative_log_likelihood, occurrence_probability
from terrella.forecast.judging.after_shocks import AfterShocks, after_shocks, large_targets
from terrella.forecast.judging.breakdown import Context, break_down
from terrella.forecast.judging.csep_tests import csep_input, has_csep, run_csep_tests
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.molchan import Molchan, molchan
from terrella.forecast.judging.outcomes import Outcomes, cell_centres, find_targets
from terrella.forecast.judging.scores import Forecast, judge
from terrella.forecast.judging.sequences import follow_sequences
from terrella.forecast.models import (
    ALL_ZERO,
    CLIMATOLOGY,
    ETAS_,
    FITTED,
    NETWORK,
    Expectation,
    Forecaster,
    expectations,
    observed_counts,
)
from terrella.forecast.preparation import Cut
from terrella.forecast.settings import JudgeSettings
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogues.catalogue import Floats

# A known process, where the catalogue was simulated: its name, and its log expected counts (n, cell).
LogTruth = Callable[[Forecaster, Floats, float], Tensor]
Ceiling = tuple[str, LogTruth]

LIMITS = {
    "train": ("train_start", "validation_start"),
    "dev": ("validation_start", "test_start"),
    "test": ("test_start", "test_end"),
}


def make_outcomes(
    forecaster: Forecaster,
    windows: Windows,
    horizon: int,
    ceiling: Ceiling | None = None,
    split: str = "test",
) -> Outcomes:
    """Return all models' forecasts of one horizon, and what happened.

    The horizons of successive issue times touch but do not overlap.
    """
    models = forecaster.models
    days = models.horizons_days[horizon]
    start, end = (getattr(windows, name) for name in LIMITS[split])
    issue = issue_days(start, end, days, days)
    (expected,) = expectations(forecaster, issue, (horizon,))
    expected = {name: expected[name] for name in [*FITTED, *expected] if name in expected}
    calibrations = {name: models.calibrations[name][horizon] for name in expected}
    if ceiling is not None:
        name, log_truth = ceiling
        expected[name] = Expectation(log_truth(forecaster, issue, days), torch.zeros(()))
        calibrations[name] = _calibrated_truth(log_truth, forecaster, windows, horizon)
    longitude, latitude = cell_centres(models.grid)
    return Outcomes(
        horizon_days=days,
        min_magnitude=models.min_magnitude,
        issue_days=issue,
        counts=observed_counts(forecaster, issue, horizon),
        expected=expected,
        calibrations=calibrations,
        targets=find_targets(forecaster.catalogue, models.grid, models.epoch, issue, days),
        longitude=longitude,
        latitude=latitude,
    )


def judge_horizon(
    outcomes: Outcomes, case: Cut, context: Context, settings: JudgeSettings, ceiling: Ceiling | None = None
) -> Judged:
    """Score all models at one horizon."""
    counts, issue = outcomes.counts, outcomes.issue_days
    nothing = np.zeros(counts.shape, np.float32)
    forecasts = {ALL_ZERO: Forecast(nothing, nothing.sum(1, dtype=float), None)}
    forecasts |= {name: _forecast(outcomes, name) for name in outcomes.names}
    blocks = make_blocks(issue, settings.block_days, settings.resamples)
    compared = tuple(
        name for name in (ETAS_, NETWORK, *(ceiling[:1] if ceiling else ())) if name in forecasts
    )
    scores = judge(forecasts, counts.numpy(), blocks, CLIMATOLOGY, compared)
    losses = {name: each.loss for name, each in forecasts.items() if each.loss is not None}
    del forecasts
    return Judged(
        horizon_days=outcomes.horizon_days,
        issue_days=issue,
        events=counts.sum(1).double().numpy(),
        losses=losses,
        scores=scores,
        blocks=blocks,
        molchan=_molchan(outcomes, blocks),
        breakdown=break_down(outcomes, case.grid, context, CLIMATOLOGY, settings.block_days),
    )


def look_closer(outcomes: Outcomes, case: Cut, context: Context) -> Closer:
    """Return single sequences and CSEP's tests."""
    windows, catalogue = case.windows, case.catalogue
    training = catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    given = csep_input(outcomes, case.grid, catalogue, training, context.b) if has_csep() else None
    return Closer(
        horizon_days=outcomes.horizon_days,
        sequences=tuple(follow_sequences(outcomes, catalogue, windows.epoch)),
        csep=run_csep_tests(given, ETAS_) if given else None,
    )


def look_after_shocks(
    forecaster: Forecaster, case: Cut, context: Context, split: str = "test"
) -> AfterShocks | None:
    """Return forecasts issued within a day of a window's large shocks, or none where it has no such shock."""
    start, end = (getattr(case.windows, name) for name in LIMITS[split])
    shocks = large_targets(forecaster, start, end)
    return after_shocks(forecaster, shocks, end, clusters=context.clusters) if len(shocks) else None


def _molchan(outcomes: Outcomes, blocks: Blocks) -> dict[str, Molchan]:
    """Return each model's diagram: alarms by its ratio to climatology, which measures space and time."""
    counts, reference = outcomes.counts.numpy(), outcomes.log_means(CLIMATOLOGY)
    measure = np.exp(reference)
    return {
        name: molchan(outcomes.log_means(name) - reference, measure, counts, blocks)
        for name in outcomes.names
        if name != CLIMATOLOGY
    }


def _forecast(outcomes: Outcomes, name: str) -> Forecast:
    log_mean, dispersion = outcomes.forecast(name, slice(0, len(outcomes.issue_days)))
    mean = torch.exp(log_mean)
    probability = occurrence_probability(mean, dispersion)
    loss = negative_log_likelihood(outcomes.counts, log_mean, dispersion).sum(1)
    return Forecast(probability.float().numpy(), mean.double().sum(1).numpy(), loss.double().numpy())


def _calibrated_truth(
    log_truth: LogTruth, forecaster: Forecaster, windows: Windows, horizon: int
) -> Calibration:
    """Return the calibration of the true process, fitted on validation like everyone's.

    The process knows its expected counts, not their distribution over the cells of a grid. Every third issue
    time tells enough of that.
    """
    days = forecaster.models.horizons_days[horizon]
    issue = issue_days(windows.validation_start, windows.test_start, 3 * days, days)
    log_mean, counts = log_truth(forecaster, issue, days), observed_counts(forecaster, issue, horizon)
    span = spans_of(issue)[:, None].expand_as(counts)
    cells = [
        each.flatten() for each in (log_mean, counts, torch.ones_like(counts), torch.zeros_like(counts), span)
    ]
    return calibrate([Cells(*cells)])[0]
