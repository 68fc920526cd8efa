"""Scores of the three tasks with their resamples: detection, phase, onset (Münchmeyer et al. 2022, section 3.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Interval, interval, resampled_weights
from terrella.engine.judge.two_classes import area, best_threshold, f1, mcc, roc, true_rate_at
from terrella.pick.judging.targets import Targets
from terrella.pick.picker import Answers, Samples
from terrella.pick.store import Store

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FALSE_RATES = (0.01, 0.05)
BEYOND_S = (0.45, 1.5)
_INFINITE = 1e100  # in place of infinite ratios, which cannot be compared

_DETECTION = ("detection_auc", "detection_f1", *(f"detection_tpr_at_fpr_{rate}" for rate in FALSE_RATES))
_PHASE = ("phase_auc", "phase_mcc")
_ONSET = ("mean", "median", "std", "rmse", "mae", *(f"beyond_{limit}" for limit in BEYOND_S))
UNITS = dict.fromkeys((*_DETECTION, *_PHASE), "") | {
    f"{phase}_{name}_s": "" if name.startswith("beyond") else "s" for phase in "ps" for name in _ONSET
}
# Of mean and median, the nearer to zero is better.
SMALLER_IS_BETTER = frozenset(
    f"{phase}_{name}_s" for phase in "ps" for name in _ONSET if name not in ("mean", "median")
)


@dataclass(frozen=True, eq=False)
class Answered:
    """Targets with one picker's answers; windows of one event are resampled together."""

    targets: Targets
    detection: Floats  # (detection window,)
    detection_group: Samples  # (detection window,) number of its source event
    p_over_s: Floats  # (phase window,)
    residual_s: Floats  # (phase window,) of the onset of the phase that is there: answered minus true
    phase_group: Samples


@dataclass(frozen=True)
class Thresholds:
    """From where on a window is called an event, and its phase P; None where there is nothing to choose it by."""

    detection: float | None
    phase: float | None


def answered(targets: Targets, detection: Answers, phase: Answers, store: Store) -> Answered:
    """Return targets with a picker's answers to their detection and phase windows."""
    group = event_groups(store)
    onset = np.where(targets.is_p, phase.p_sample, phase.s_sample).astype(float)
    return Answered(
        targets,
        detection.detection.astype(float),
        group[targets.detection.trace],
        np.nan_to_num(phase.p_over_s.astype(float), nan=np.nan, posinf=_INFINITE, neginf=-_INFINITE),
        (onset - targets.onset) / store.rate_hz,
        group[targets.phase.trace],
    )


def event_groups(store: Store) -> Samples:
    """Return the number of each trace's source event; a trace without one stands alone."""
    name = next((name for name in ("source_id", "source_origin_time") if name in store.table), None)
    number = np.arange(len(store), dtype=np.int64)
    if name is None:
        return number
    source = store.table[name]
    _, code = np.unique(source.astype(str).to_numpy("U"), return_inverse=True)
    return np.where(source.notna().to_numpy(), len(store) + code, number)


def choose_thresholds(dev: Answered) -> Thresholds:
    """Return the thresholds with the best F1 of detection, and the best MCC of phases."""
    return Thresholds(
        _threshold(dev.detection, dev.targets.event, "f1"), _threshold(dev.p_over_s, dev.targets.is_p, "mcc")
    )


def intervals(of: Answered, thresholds: Thresholds, resamples: int, seed: int = 0) -> dict[str, Interval]:
    """Return all scores by name with 95 % intervals; those of questions that were not answered are absent."""
    return {
        name: interval(values) for name, values in resampled_scores(of, thresholds, resamples, seed).items()
    }


def paired(
    a: Answered, b: Answered, thresholds: tuple[Thresholds, Thresholds], resamples: int, seed: int = 0
) -> dict[str, Interval]:
    """Return the differences a − b of all scores on the windows that both answer, resampled together.

    Both are answers to the same targets.
    """
    a, b = _both(a, b)
    one, other = (resampled_scores(x, t, resamples, seed) for x, t in zip((a, b), thresholds, strict=True))
    return {name: interval(one[name] - other[name]) for name in one if name in other}


def resampled_scores(
    of: Answered, thresholds: Thresholds, resamples: int, seed: int = 0
) -> dict[str, Floats]:
    """Return all scores of the data (first) and the resamples (the rest), (1 + resample,) each, by name."""
    event, is_p = of.targets.event, of.targets.is_p
    return (
        _resampled(
            lambda value, truth, weights: _detection(value, truth, thresholds.detection, weights),
            of.detection, event, of.detection_group, resamples, seed,
        )
        | _resampled(
            lambda value, truth, weights: _phase(value, truth, thresholds.phase, weights),
            of.p_over_s, is_p, of.phase_group, resamples, seed,
        )
        | _onset_scores(of, "p", is_p, resamples, seed)
        | _onset_scores(of, "s", ~is_p, resamples, seed)
    )  # fmt: skip


def onset_statistics(residual_s: Floats, weights: Floats) -> dict[str, Floats]:
    """Return statistics of residuals (window,) for each resample, (resample,), with weights (resample, window)."""
    total = weights.sum(1)
    moments = np.stack([residual_s, residual_s**2, np.abs(residual_s)], axis=1)
    mean, square, absolute = (weights @ moments / total[:, None]).T
    # The variance about the data's own mean loses no digits to a large common offset.
    shift = residual_s.mean()
    about = weights @ (residual_s - shift) ** 2 / total - (mean - shift) ** 2
    found = {
        "mean": mean,
        "median": _median(residual_s, weights),
        "std": np.sqrt(np.maximum(about, 0)),
        "rmse": np.sqrt(square),
        "mae": absolute,
    }
    for limit in BEYOND_S:
        found[f"beyond_{limit}"] = weights @ (np.abs(residual_s) > limit).astype(float) / total
    return found


def _threshold(value: Floats, truth: Bools, score: Literal["f1", "mcc"]) -> float | None:
    value, truth = value[~np.isnan(value)], truth[~np.isnan(value)]
    return best_threshold(value, truth, score) if truth.any() and not truth.all() else None


def _onset_scores(of: Answered, phase: str, chosen: Bools, resamples: int, seed: int) -> dict[str, Floats]:
    residual = of.residual_s[chosen]
    found = _resampled(
        lambda value, _, weights: onset_statistics(value, weights),
        residual, np.ones(len(residual), bool), of.phase_group[chosen], resamples, seed, one_class=True,
    )  # fmt: skip
    return {f"{phase}_{name}_s": values for name, values in found.items()}


_Score = Callable[[Floats, Bools, Floats], Mapping[str, Floats]]


def _resampled(
    score: _Score,
    value: Floats,
    truth: Bools,
    group: Samples,
    resamples: int,
    seed: int,
    one_class: bool = False,
) -> dict[str, Floats]:
    """Return scores of the data and their resamples, nothing where the windows answered hold only one class."""
    known = ~np.isnan(value)
    value, truth, group = value[known], truth[known], group[known]
    if not len(value) or not (one_class or (truth.any() and not truth.all())):
        return {}
    parts = [score(value, truth, weights) for weights in resampled_weights(group, resamples, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _detection(value: Floats, truth: Bools, threshold: float | None, weights: Floats) -> dict[str, Floats]:
    false, true = roc(value, truth, weights)
    found = {"detection_auc": area(false, true)}
    if threshold is not None:
        found["detection_f1"] = f1(value >= threshold, truth, weights)
    for rate in FALSE_RATES:
        found[f"detection_tpr_at_fpr_{rate}"] = true_rate_at(false, true, rate)
    return found


def _phase(value: Floats, truth: Bools, threshold: float | None, weights: Floats) -> dict[str, Floats]:
    found = {"phase_auc": area(*roc(value, truth, weights))}
    if threshold is not None:
        found["phase_mcc"] = mcc(value >= threshold, truth, weights)
    return found


def _median(value: Floats, weights: Floats) -> Floats:
    """Return the median of each resample: the mean of the two middle ones where their number is even."""
    order = np.argsort(value, kind="stable")
    passed, value = np.cumsum(weights[:, order], axis=1), value[order]
    half = passed[:, -1:] / 2
    lower, upper = (passed >= half).argmax(1), (passed > half).argmax(1)
    return np.asarray((value[lower] + value[upper]) / 2)


def _both(a: Answered, b: Answered) -> tuple[Answered, Answered]:
    """Return both with NaN where either has it."""

    def among(x: Floats, y: Floats) -> Floats:
        return np.where(np.isnan(y), np.nan, x)

    one, other = (
        replace(
            x,
            detection=among(x.detection, y.detection),
            p_over_s=among(x.p_over_s, y.p_over_s),
            residual_s=among(x.residual_s, y.residual_s),
        )
        for x, y in ((a, b), (b, a))
    )
    return one, other
