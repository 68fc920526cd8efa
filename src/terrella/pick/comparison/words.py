"""The recommendation in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from terrella.engine.judge import Interval
from terrella.pick.comparison.matrix import SCORES, Judged, Score, interval_of, value_of
from terrella.pick.comparison.recommendation import Advice, Gain, Reason

# Which targets a question is judged by, as a cell counts them.
_COUNTED = {
    "detection_auc": ("events", "noise"),
    "phase_mcc": ("p", "s"),
    "p_rmse_s": ("p",),
    "s_rmse_s": ("s",),
}


def in_words(advice: Advice, pickers: int, cost: Mapping[str, float]) -> str:
    """Return advice as a paragraph."""
    chosen, score = advice.chosen, advice.score
    weights = f" (weights: {advice.weights})" if advice.weights else ""
    threshold = f", with a threshold of {advice.threshold:.3g}" if np.isfinite(advice.threshold) else ""
    parts = [f"{advice.question} on {advice.test_set}: {chosen.picker}{weights}{threshold}."]
    words, dev = _unit_words(score), _number(advice.dev.value, score)
    if not advice.alike:
        parts.append(f"Of {pickers} pickers it was best on the development split ({words} {dev}).")
    else:
        alike = [name for name in (advice.best, *advice.alike) if name != chosen.picker]
        parts.append(
            f"The development split does not separate it ({words} {dev}) from "
            f"{_listed(alike)}; {_why(advice, alike, cost)}."
        )
    parts.append(f"On the test split its {words} is {_range(advice.test, score)}{_windows(advice)}.")
    parts += [_gain_words(gain, score) for gain in advice.gains]
    return " ".join(parts)


def resampling_words(judged: Sequence[Judged], test_set: str) -> list[str]:
    """Return what it gains to read a test set at another rate, for detection and for P onsets.

    Picker and rate are chosen on the development split, and so is the best picker at the common rate.
    """
    own = [each for each in judged if each.test_set == test_set]
    names = {each.picker for each in own if not each.native}
    scores = {score.name: score for score in SCORES}
    lines = []
    for name, what in (("detection_auc", "detection"), ("p_rmse_s", "P onsets")):
        score = scores[name]
        sign = 1 if score.more_is_better else -1
        known = [each for each in own if each.picker in names and np.isfinite(value_of(each, name, "dev"))]
        if not any(each.native for each in known):
            continue
        first = max(known, key=lambda each: sign * value_of(each, name, "dev"))
        usual = max((e for e in known if e.native), key=lambda each: sign * value_of(each, name, "dev"))
        reached = f"{_unit_words(score)} {_range(interval_of(first, name), score)} on the test split"
        if first.native:
            lines.append(
                f"Resampling {test_set} gains nothing for {what}: on the development split no network at a lower "
                f"rate did better than {first.picker} at {first.rate_hz:g} Hz ({reached})."
            )
            continue
        lines.append(
            f"Resampling {test_set} for {what}: on the development split {first.picker} was best, with data read "
            f"at {first.rate_hz:g} Hz as if they were {usual.rate_hz:g} Hz: {reached}; without that the best was "
            f"{usual.picker}, with {_range(interval_of(usual, name), score)}."
        )
    return lines


def _gain_words(gain: Gain, score: Score) -> str:
    value = _range(gain.gain, score)
    if gain.gain.low > 0:
        return f"There it is better than {gain.role}, {gain.over}, by {value}."
    if gain.gain.high < 0:
        return f"There it is worse than {gain.role}, {gain.over}: by {value}."
    if np.isfinite(gain.gain.low):
        return f"The test split does not separate it from {gain.role}, {gain.over} (gain {value})."
    return f"The test split holds too little to compare it to {gain.role}, {gain.over}."


def _unit_words(score: Score) -> str:
    return {"detection_auc": "AUC", "phase_mcc": "MCC"}.get(score.name, "RMSE")


def _number(value: float, score: Score) -> str:
    unit = f" {score.unit}" if score.unit else ""
    return f"{value:.{score.digits}f}{unit}".replace("-", "−")


def _range(found: Interval, score: Score) -> str:
    if not np.isfinite(found.low):
        return _number(found.value, score)
    low, high = (f"{value:.{score.digits}f}".replace("-", "−") for value in (found.low, found.high))
    return f"{_number(found.value, score)} ({low} to {high})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _why(advice: Advice, others: Sequence[str], cost: Mapping[str, float]) -> str:
    """Return why the chosen one was preferred to those that the development split does not separate from it."""
    if advice.reason is Reason.OVERALL:
        return "it is the one of them that does best in all questions together"
    own, known = cost.get(advice.chosen.picker, np.nan), [cost[name] for name in others if name in cost]
    if advice.reason is Reason.CHEAPEST and np.isfinite(own) and known:
        spent = f"{own:.2g} against up to {max(known):.2g} CPU seconds per 1,000 windows"
        return f"it is the cheapest of those that do as well, at {spent}"
    return "it scored best of them"


def _windows(advice: Advice) -> str:
    """Return on how many windows of both splits the evidence rests."""
    counts = advice.chosen.cell.get("windows", {})
    if not counts:
        return ""
    dev, test = (
        sum(counts[split][name] for name in _COUNTED[advice.score.name]) for split in ("dev", "test")
    )
    return f", on {test:,} windows, chosen on {dev:,}"
