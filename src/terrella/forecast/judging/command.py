"""`terrella forecast judge`: all models on the test window, issue time by issue time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from terrella.engine.fit import Report
from terrella.engine.judge import (
    Blocks,
    Forecast,
    Molchan,
    judge,
    make_blocks,
    molchan,
    scores_document,
    scores_rows,
)
from terrella.engine.run import existing_run
from terrella.engine.settings import load_settings
from terrella.engine.use.bundle import load_bundle
from terrella.files import write_json
from terrella.forecast.counts import Calibration, calibrate, negative_log_likelihood, occurrence_probability
from terrella.forecast.judging.breakdown import Context, break_down, make_context
from terrella.forecast.judging.csep_tests import csep_input, has_csep, run_csep_tests
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.outcomes import Outcomes, cell_centres, find_targets
from terrella.forecast.judging.reporting import About, write_run_report
from terrella.forecast.judging.score_files import bundle_mark, further_scores, write_csv
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
    make_forecaster,
    observed_counts,
)
from terrella.forecast.preparation import Cut, cut
from terrella.forecast.settings import ForecastSettings, JudgeSettings
from terrella.forecast.storage import TASK, from_bundle
from terrella.forecast.train import catalogue_mark, read_run_catalogue
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogues.catalogue import Floats

# A known process, where the catalogue was simulated: its name, and its log expected counts (n, cell).
LogTruth = Callable[[Forecaster, Floats, float], Tensor]
Ceiling = tuple[str, LogTruth]


def judge_run(
    folder: Path, catalogue: Path | None, report: Report, ceiling: Ceiling | None = None
) -> list[Judged]:
    """Score a run's models on its test window; leave scores.json, scores.csv, report.html and figures.

    Raises:
        InputError: where the run, its bundle or its catalogue are at fault.
    """
    run = existing_run(folder)
    settings = load_settings(ForecastSettings, run.settings)
    bundle = load_bundle(run.bundle, TASK)
    models = from_bundle(bundle)
    task = cut(read_run_catalogue(settings, report, catalogue), settings)
    forecaster = make_forecaster(models, task.catalogue)
    context = make_context(task, settings.data.magnitude_bin)
    shortest = int(np.argmin(models.horizons_days))
    judged = []
    for horizon, days in enumerate(models.horizons_days):
        report({"kind": "message", "message": f"judging {days:g}-day forecasts"})
        outcomes = make_outcomes(forecaster, task.windows, horizon, ceiling)
        judged.append(judge_horizon(outcomes, task, context, models.settings.judge, ceiling))
        if horizon == shortest:
            closer = look_closer(outcomes, task, context)
        del outcomes  # large: the next horizon's take its place
    windows = task.windows
    split = f"test, {str(windows.date('test_start'))[:10]} to {str(windows.date('test_end'))[:10]}"
    data = f"{task.catalogue.name}, {len(task.catalogue):,} events M ≥ {task.min_magnitude:g}, "
    data += f"fingerprint {catalogue_mark(task.catalogue)}"
    marks = {"model_mark": bundle_mark(bundle)[:8], "catalogue_mark": catalogue_mark(task.catalogue)[:8]}
    more = marks | further_scores(judged, closer, models.settings.judge.resamples)
    document = scores_document(data, split, {each.label: each.scores for each in judged}, more)
    write_json(run.scores, document)
    write_csv(folder / "scores.csv", scores_rows(document))
    about = About(data, split, marks["model_mark"], marks["catalogue_mark"], ceiling[0] if ceiling else None)
    write_run_report(run, forecaster, task, judged, closer, context, about)
    made = ["report.html", "scores.json", "scores.csv", "metrics.csv", "model/", "figures/"]
    present = [name for name in ["catalogue.parquet", *made] if (folder / name).exists()]
    print(f"In {folder}: {', '.join(present)}")
    return judged


def make_outcomes(
    forecaster: Forecaster, windows: Windows, horizon: int, ceiling: Ceiling | None = None
) -> Outcomes:
    """Return all models' forecasts of one horizon, and what happened.

    The horizons of successive issue times touch but do not overlap.
    """
    models = forecaster.models
    days = models.horizons_days[horizon]
    issue = issue_days(windows.test_start, windows.test_end, days, days)
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
    outcomes: Outcomes, task: Cut, context: Context, settings: JudgeSettings, ceiling: Ceiling | None = None
) -> Judged:
    """Score all models at one horizon."""
    counts, issue = outcomes.counts, outcomes.issue_days
    forecasts = {ALL_ZERO: Forecast(np.zeros(counts.shape, np.float32), None)}
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
        breakdown=break_down(outcomes, task.grid, context, CLIMATOLOGY, settings.block_days),
    )


def look_closer(outcomes: Outcomes, task: Cut, context: Context) -> Closer:
    """Return single sequences and CSEP's tests."""
    windows, catalogue = task.windows, task.catalogue
    training = catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    given = csep_input(outcomes, task.grid, catalogue, training, context.b) if has_csep() else None
    return Closer(
        horizon_days=outcomes.horizon_days,
        sequences=tuple(follow_sequences(outcomes, catalogue, windows.epoch)),
        csep=run_csep_tests(given, ETAS_) if given else None,
    )


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
    probability = occurrence_probability(torch.exp(log_mean), dispersion)
    loss = negative_log_likelihood(outcomes.counts, log_mean, dispersion).sum(1)
    return Forecast(probability.float().numpy(), loss.double().numpy())


def _calibrated_truth(
    log_truth: LogTruth, forecaster: Forecaster, windows: Windows, horizon: int
) -> Calibration:
    """Return the calibration of the true process, fitted on validation like everyone's.

    The process knows its expected counts, not their distribution over the cells of a grid. Every third issue
    time tells enough of that.
    """
    days = forecaster.models.horizons_days[horizon]
    issue = issue_days(windows.validation_start, windows.test_start, 3 * days, days)
    return calibrate(log_truth(forecaster, issue, days), observed_counts(forecaster, issue, horizon))
