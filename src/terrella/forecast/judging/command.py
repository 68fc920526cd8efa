"""`terrella forecast judge`: all models on one window of time, issue time by issue time."""

from dataclasses import replace

import numpy as np

from terrella.engine.run import Report
from terrella.engine.settings import load_settings
from terrella.engine.task import Asked, Judging
from terrella.forecast.judging.breakdown import make_context
from terrella.forecast.judging.horizon import (
    LIMITS,
    Ceiling,
    judge_horizon,
    look_after_shocks,
    look_closer,
    make_outcomes,
)
from terrella.forecast.judging.reporting import gains_over_etas, lead, sections, shown
from terrella.forecast.judging.score_files import bundle_mark, document_of, further_scores
from terrella.forecast.models import make_forecaster
from terrella.forecast.preparation import catalogue_mark, cut, read_run_catalogue
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle

# What the report says of a window that the models have seen.
FITTED_ON = {
    "train": "All models were fitted on this window: their scores there are no test.",
    "dev": "All models were recalibrated, and the network's training was stopped, on this window: no test.",
}


def judge_models(asked: Asked, report: Report, ceiling: Ceiling | None = None) -> Judging:
    """Score all models on a window of the run's settings, horizon by horizon.

    Raises:
        InputError: where the catalogue or the settings are at fault.
    """
    models = from_bundle(asked.bundle)
    # Of the run where there is one: where the catalogue lies may have changed since the bundle was made.
    begun = asked.run.settings
    settings = load_settings(ForecastSettings, begun, task=TASK) if begun.is_file() else models.settings
    chosen = settings.judge.model_copy(update=dict(asked.judge))
    models = replace(models, settings=settings.model_copy(update={"judge": chosen}))
    case = cut(read_run_catalogue(settings, report, asked.data), settings)
    forecaster = make_forecaster(models, case.catalogue)
    context = make_context(case, *LIMITS[asked.split])
    shortest = int(np.argmin(models.horizons_days))
    judged = []
    for horizon, days in enumerate(models.horizons_days):
        report({"kind": "message", "message": f"judging {days:g}-day forecasts"})
        outcomes = make_outcomes(forecaster, case.windows, horizon, ceiling, asked.split)
        judged.append(judge_horizon(outcomes, case, context, chosen, ceiling))
        if horizon == shortest:
            closer = look_closer(outcomes, case, context)
        del outcomes  # large: the next horizon's take its place
    report({"kind": "message", "message": "judging forecasts issued after large shocks"})
    closer = replace(closer, hours=look_after_shocks(forecaster, case, context, asked.split))
    start, end = (str(case.windows.date(name))[:10] for name in LIMITS[asked.split])
    split = f"{asked.split}, {start} to {end}"
    mark = catalogue_mark(case.catalogue)
    data = f"{case.catalogue.name}, {len(case.catalogue):,} events M ≥ {case.min_magnitude:g}, fingerprint {mark}"
    marks = {"model_mark": bundle_mark(asked.bundle)[:8], "catalogue_mark": mark[:8]}
    truth = ceiling[0] if ceiling else None
    seen = FITTED_ON.get(asked.split, "")
    more = marks | further_scores(judged, closer, chosen.resamples)
    for line in gains_over_etas(judged, truth):
        report({"kind": "result", "message": line})
    document = document_of(data, split, {each.label: each.scores for each in judged}, more)
    return Judging(
        scores=document,
        title=f"Earthquake forecasts: {case.catalogue.name}",
        lead=lead(judged, truth),
        sections=sections(document, forecaster, judged, closer, context, seen),
        shown=shown(judged),
        mark=f"model {marks['model_mark']} · catalogue {marks['catalogue_mark']}",
    )
