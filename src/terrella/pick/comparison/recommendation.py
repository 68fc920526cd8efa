"""Which picker for this data, in words: chosen on the development split, with its evidence on the test split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from terrella.engine.judge import Interval
from terrella.pick.comparison.matrix import SCORES, Judged, Score, interval_of, threshold_of, value_of

# Paired difference of two pickers, a − b, in a score: difference(score, a, b, split).
Difference = Callable[[str, Judged, Judged, str], Interval]

# What each question is decided by; spread beside bias, so RMSE for onsets.
_QUESTIONS = {
    "detection_auc": "To detect events",
    "phase_mcc": "To tell P from S",
    "p_rmse_s": "To pick P onsets",
    "s_rmse_s": "To pick S onsets",
}
_THRESHOLDS = {"detection_auc": "detection", "phase_mcc": "phase"}
_ALIKE_IN_COST = 1.25  # CPU seconds that differ by less are no reason to prefer one
# Differences within which two pickers are as good as each other; for residuals, as a share of the better one's.
_EQUAL, _EQUAL_SHARE = 0.02, 0.1


class Reason(Enum):
    """Why a picker was chosen."""

    BEST = "the development split separates it from all others"
    CHEAPEST = "the cheapest of those that are as good as each other"
    OVERALL = "the best in all questions together of those that are not separated"
    FIRST = "the best score of those that are not separated"


@dataclass(frozen=True)
class Gain:
    """How much better the chosen picker is than another on the test split; positive where it is better."""

    over: str
    role: str  # the runner-up, the best classical method
    gain: Interval


@dataclass(frozen=True)
class Advice:
    """The answer to one question on one test set, and what it rests on."""

    test_set: str
    question: str  # To detect events
    score: Score
    chosen: Judged
    best: str  # the picker that scored best on the development split
    reason: Reason
    alike: tuple[str, ...]  # pickers that the development split does not separate from the best one
    weights: str  # where they lie; blank where there are none
    threshold: float  # NaN where the question needs none
    dev: Interval
    test: Interval
    gains: tuple[Gain, ...]


def recommend(
    judged: Sequence[Judged],
    classical: Sequence[str],
    cost: Mapping[str, float],
    difference: Difference,
) -> list[Advice]:
    """Return advice for each question that the pickers of one test set answer.

    Candidates are compared on the development split alone: the best one, and those whose paired difference to it
    may be zero. Where all differences are surely small, the cheapest is chosen, `cost` being CPU seconds by picker;
    where there are too few windows to say so, the one with the best mean rank in all questions, or the cheapest of
    those that surely equal it. The test split only tells how good the choice is. `classical` names the pickers
    that are no networks.
    """
    scores = {score.name: score for score in SCORES}
    ranks = dict(zip((each.picker for each in judged), mean_ranks(judged), strict=True))
    advice = []
    for name, question in _QUESTIONS.items():
        known = [each for each in judged if np.isfinite(value_of(each, name, "dev"))]
        if known:
            advice.append(_advise(known, scores[name], question, classical, cost, ranks, difference))
    return advice


def one_for_all(judged: Sequence[Judged]) -> tuple[Judged, float] | None:
    """Return the picker with the best mean rank in all questions on the development split, and that rank.

    None where no picker answers all questions that any answers.
    """
    asked = [name for name in _QUESTIONS if any(np.isfinite(value_of(each, name, "dev")) for each in judged)]
    ranks = mean_ranks(judged)
    whole = [
        i for i, each in enumerate(judged) if all(np.isfinite(value_of(each, name, "dev")) for name in asked)
    ]
    if not whole or not asked:
        return None
    first = min(whole, key=lambda i: ranks[i])
    return judged[first], ranks[first]


def mean_ranks(judged: Sequence[Judged]) -> list[float]:
    """Return the mean rank of each picker in all questions on the development split; no answer ranks last."""
    more = {score.name: score.more_is_better for score in SCORES}
    ranks = []
    for name in _QUESTIONS:
        values = np.array([value_of(each, name, "dev") for each in judged])
        if np.isfinite(values).any():
            values = np.where(np.isfinite(values), values if more[name] else -values, -np.inf)
            ranks.append(1 + (values[None, :] > values[:, None]).sum(1))
    return [float(rank) for rank in np.mean(ranks, axis=0)] if ranks else [np.nan] * len(judged)


def _advise(
    known: Sequence[Judged],
    score: Score,
    question: str,
    classical: Sequence[str],
    cost: Mapping[str, float],
    ranks: Mapping[str, float],
    difference: Difference,
) -> Advice:
    sign = 1 if score.more_is_better else -1
    ranked = sorted(known, key=lambda each: -sign * value_of(each, score.name, "dev"))
    best = ranked[0]
    alike = [each for each in ranked[1:] if not _separated(difference(score.name, best, each, "dev"))]
    chosen, reason = _choose(best, alike, score, cost, ranks, difference)
    others = [each for each in ranked if each is not chosen]
    rivals = [(each, "the runner-up") for each in others[:1]]
    rivals += [(each, "the best classical method") for each in others if each.picker in classical][:1]
    if len(rivals) == 2 and rivals[0][0] is rivals[1][0]:
        rivals = [(rivals[0][0], "the runner-up, and the best classical method")]
    gains = []
    for rival, role in rivals:
        found = difference(score.name, chosen, rival, "test")
        gains.append(Gain(rival.picker, role, found if sign > 0 else _negative(found)))
    return Advice(
        test_set=chosen.test_set,
        question=question,
        score=score,
        chosen=chosen,
        best=best.picker,
        reason=reason,
        alike=tuple(each.picker for each in alike),
        weights=chosen.bundles.get(score.name.split("_")[0], ""),
        threshold=threshold_of(chosen, _THRESHOLDS[score.name]) if score.name in _THRESHOLDS else np.nan,
        dev=interval_of(chosen, score.name, "dev"),
        test=interval_of(chosen, score.name, "test"),
        gains=tuple(gains),
    )


def _choose(
    best: Judged,
    alike: Sequence[Judged],
    score: Score,
    cost: Mapping[str, float],
    ranks: Mapping[str, float],
    difference: Difference,
) -> tuple[Judged, Reason]:
    """Return the choice among the best picker and those that are not separated from it, and why."""
    if not alike:
        return best, Reason.BEST

    def equal(one: Judged, other: Judged) -> bool:
        margin = _EQUAL if score.more_is_better else _EQUAL_SHARE * value_of(one, score.name, "dev")
        found = difference(score.name, one, other, "dev")
        return bool(found.low >= -margin and found.high <= margin)

    candidates = [best, *alike]
    resolved = all(equal(best, each) for each in alike)
    top = best if resolved else min(candidates, key=lambda each: ranks[each.picker])
    chosen = _cheapest([top, *(each for each in candidates if each is not top and equal(top, each))], cost)
    if chosen is not top:
        return chosen, Reason.CHEAPEST
    return chosen, Reason.FIRST if chosen is best else Reason.OVERALL


def _cheapest(ranked: Sequence[Judged], cost: Mapping[str, float]) -> Judged:
    """Return the first that costs no more, but for little, than the cheapest."""
    spent = [cost.get(each.picker, np.inf) for each in ranked]
    limit = _ALIKE_IN_COST * min(spent)
    return next(each for each, own in zip(ranked, spent, strict=True) if own <= limit)


def _separated(found: Interval) -> bool:
    return found.low > 0 or found.high < 0


def _negative(found: Interval) -> Interval:
    return Interval(-found.value, -found.high, -found.low)
