"""One picker judged on one data set: a cell of the comparison's matrix, ready for JSON.

`judge_picker` returns it with the answers: a dictionary with these fields; a score that there is none of (a picker
that names no phases, a set without noise) is absent from `scores`, and a number that does not exist is None:

    picker       its name
    tested_on    the store's name
    rate_hz      the store's sampling rate
    windows      {"dev" | "test": {"events", "noise", "p", "s": counts of targets,
                                   "p_answered", "s_answered": those with an onset}}
    scores       {name: {"value", "low", "high", "unit"}} on the test targets, 95 % intervals over source events;
                 names: detection_auc, detection_f1, detection_tpr_at_fpr_0.01, detection_tpr_at_fpr_0.05,
                 phase_auc, phase_mcc, and for P and for S alike p_mean_s, p_median_s, p_std_s, p_rmse_s, p_mae_s,
                 p_beyond_0.45_s, p_beyond_1.5_s
    scores_dev   the same on the development targets: for selection only, since thresholds are chosen there
    thresholds   {"detection", "phase"}, chosen on the development targets: at or above it is an event, or P
    curves       {"roc": {"fpr", "tpr"}, "residual_p" | "residual_s": {"edges_s", "counts", "beyond",
                 "laplace": {"location_s", "scale_s"}}} of the test targets, at most 200 points
    breakdown    [{"by": "snr_db" | "distance_km", "low", "high", "n", "detection_recall", "p_mae_s", "s_mae_s",
                 "p_n", "s_n"}] of the test targets, low ≤ value < high, n the windows with an event
    cost         {"windows", "cpu_s", "cpu_s_per_window", "peak_mib"} of the answers to all targets

`answer_targets` gives the answers themselves, `paired` the difference of two pickers' scores from these.
"""

import resource
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrella.engine.judge.document import plain
from terrella.engine.judge.two_classes import roc, thinned
from terrella.pick.judging.breakdown import breakdown
from terrella.pick.judging.histogram import histogram
from terrella.pick.judging.scores import (
    UNITS,
    Answered,
    Thresholds,
    answered,
    choose_thresholds,
    intervals,
    paired,
)
from terrella.pick.judging.targets import Targets
from terrella.pick.picker import Picker
from terrella.pick.store import Store

_POINTS = 200  # of a curve

__all__ = ["Judged", "answer_targets", "judge_answers", "judge_picker", "paired"]


@dataclass(frozen=True, eq=False)
class Judged:
    """A cell with the answers that it tells of."""

    cell: dict[str, Any]
    thresholds: Thresholds
    test: Answered


def judge_picker(
    picker: Picker,
    store: Store,
    targets_dev: Targets,
    targets_test: Targets,
    seed: int = 0,
    resamples: int = 1000,
) -> Judged:
    """Return the cell of a picker on a store with its answers."""
    windows = sum(len(each.detection) + len(each.phase) for each in (targets_dev, targets_test))
    began = time.process_time()
    dev, test = (answer_targets(picker, store, targets) for targets in (targets_dev, targets_test))
    seconds = time.process_time() - began
    cell = judge_answers(picker.name, store, dev, test, seed, resamples)
    cell["cost"] = {
        "windows": windows,
        "cpu_s": seconds,
        "cpu_s_per_window": seconds / windows if windows else None,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    return Judged(cell, choose_thresholds(dev), test)


def answer_targets(picker: Picker, store: Store, targets: Targets) -> Answered:
    """Return targets with a picker's answers to them."""
    return answered(
        targets, picker.answer(store, targets.detection), picker.answer(store, targets.phase), store
    )


def judge_answers(
    name: str, store: Store, dev: Answered, test: Answered, seed: int = 0, resamples: int = 1000
) -> dict[str, Any]:
    """Return the cell of answers that are there already: all but its cost."""
    thresholds = choose_thresholds(dev)
    scores, scores_dev = (
        {
            score: {**plain(value), "unit": UNITS[score]}
            for score, value in intervals(of, thresholds, resamples, seed).items()
        }
        for of in (test, dev)
    )
    return {
        "picker": name,
        "tested_on": store.name,
        "rate_hz": store.rate_hz,
        "windows": {"dev": _counts(dev), "test": _counts(test)},
        "scores": scores,
        "scores_dev": scores_dev,
        "thresholds": {"detection": thresholds.detection, "phase": thresholds.phase},
        "curves": _curves(test, store.rate_hz),
        "breakdown": [
            {key: _json(value) for key, value in row.items()} for row in breakdown(test, thresholds, store)
        ],
    }


def _counts(of: Answered) -> dict[str, int]:
    targets, there = of.targets, ~np.isnan(of.residual_s)
    return {
        "events": int(targets.event.sum()),
        "noise": int((~targets.event).sum()),
        "p": int(targets.is_p.sum()),
        "s": int((~targets.is_p).sum()),
        "p_answered": int((targets.is_p & there).sum()),
        "s_answered": int((~targets.is_p & there).sum()),
    }


def _curves(of: Answered, rate_hz: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = ~np.isnan(of.detection)
    event = of.targets.event[known]
    if event.any() and not event.all():
        false, true = roc(of.detection[known], event)
        fpr, tpr = thinned(false[0], true[0], _POINTS)
        found["roc"] = {"fpr": fpr.round(6).tolist(), "tpr": tpr.round(6).tolist()}
    for phase, own in (("p", of.targets.is_p), ("s", ~of.targets.is_p)):
        residual = of.residual_s[own & ~np.isnan(of.residual_s)]
        if len(residual):
            made = histogram(residual, rate_hz)
            made["laplace"] = {key: _json(value) for key, value in made["laplace"].items()}
            found[f"residual_{phase}"] = made
    return found


def _json(value: Any) -> Any:
    """Return None for what JSON does not know."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
