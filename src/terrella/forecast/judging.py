"""`terrella forecast judge`: all models on the test window, issue time by issue time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from terrella.engine.fit import Report
from terrella.engine.judge import Forecast, judge, make_blocks, scores_document
from terrella.engine.run import existing_run
from terrella.engine.settings import load_settings
from terrella.engine.use.bundle import load_bundle
from terrella.files import write_json
from terrella.forecast.counts import Calibration, calibrate, occurrence_probability
from terrella.forecast.judged import Judged
from terrella.forecast.models import (
    ALL_ZERO,
    CLIMATOLOGY,
    ETAS_,
    FITTED,
    NETWORK,
    Forecaster,
    log_means,
    make_forecaster,
    observed_counts,
)
from terrella.forecast.preparation import cut
from terrella.forecast.reporting import write_run_report
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle
from terrella.forecast.train import catalogue_mark, read_run_catalogue
from terrella.forecast.training import per_issue_loss
from terrella.forecast.windows import Windows, issue_days
from terrella.formats.catalogue import Floats

# A known process, where the catalogue was simulated: its name, and its log expected counts (n, cell).
LogTruth = Callable[[Forecaster, Floats, float], Tensor]
Ceiling = tuple[str, LogTruth]


def judge_run(
    folder: Path, catalogue: Path | None, report: Report, ceiling: Ceiling | None = None
) -> list[Judged]:
    """Score a run's models on its test window; leave scores.json, report.html and figures.

    Raises:
        InputError: where the run, its bundle or its catalogue are at fault.
    """
    run = existing_run(folder)
    settings = load_settings(ForecastSettings, run.settings)
    models = from_bundle(load_bundle(run.bundle, TASK))
    task = cut(read_run_catalogue(settings, report, catalogue), settings)
    forecaster = make_forecaster(models, task.catalogue)
    judged = []
    for horizon, days in enumerate(models.horizons_days):
        report({"kind": "message", "message": f"judging {days:g}-day forecasts"})
        judged.append(judge_horizon(forecaster, task.windows, horizon, ceiling))
    windows = task.windows
    split = f"test, {str(windows.date('test_start'))[:10]} to {str(windows.date('test_end'))[:10]}"
    data = f"{task.catalogue.name}, {len(task.catalogue):,} events M ≥ {task.min_magnitude:g}, "
    data += f"fingerprint {catalogue_mark(task.catalogue)}"
    write_json(run.scores, scores_document(data, split, {each.label: each.scores for each in judged}))
    write_run_report(run, forecaster, task, judged, data, split, ceiling[0] if ceiling else None)
    made = ["report.html", "scores.json", "metrics.csv", "model/", "figures/"]
    present = [name for name in ["catalogue.parquet", *made] if (folder / name).exists()]
    print(f"In {folder}: {', '.join(present)}")
    return judged


def judge_horizon(
    forecaster: Forecaster, windows: Windows, horizon: int, ceiling: Ceiling | None = None
) -> Judged:
    """Score all models at one horizon; the horizons of successive issue times touch but do not overlap."""
    models = forecaster.models
    days, judge_settings = models.horizons_days[horizon], models.settings.judge
    issue = issue_days(windows.test_start, windows.test_end, days, days)
    log_mean = log_means(forecaster, issue, horizon)
    counts = observed_counts(forecaster, issue, horizon)
    calibrations = {name: models.calibrations[name][horizon] for name in log_mean}
    if ceiling is not None:
        name, log_truth = ceiling
        log_mean[name] = log_truth(forecaster, issue, days)
        calibrations[name] = _calibrated_truth(log_truth, forecaster, windows, horizon)
    forecasts = {ALL_ZERO: Forecast(np.zeros(counts.shape, np.float32), None)}
    for name in [*FITTED, *(set(log_mean) - set(FITTED))]:
        if name in log_mean:
            forecasts[name] = _forecast(log_mean[name], counts, calibrations[name])
    blocks = make_blocks(issue, judge_settings.block_days, judge_settings.resamples)
    compared = tuple(
        name for name in (ETAS_, NETWORK, *(ceiling[:1] if ceiling else ())) if name in forecasts
    )
    scores = judge(forecasts, counts.numpy(), blocks, CLIMATOLOGY, compared)
    losses = {name: each.loss for name, each in forecasts.items() if each.loss is not None}
    return Judged(days, issue, counts.sum(1).double().numpy(), losses, scores)


def _forecast(log_mean: Tensor, counts: Tensor, calibration: Calibration) -> Forecast:
    calibrated = calibration.log_mean(log_mean)
    probability = occurrence_probability(torch.exp(calibrated), calibration.dispersion(calibrated))
    return Forecast(probability.numpy(), per_issue_loss(log_mean, counts, calibration).double().numpy())


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
