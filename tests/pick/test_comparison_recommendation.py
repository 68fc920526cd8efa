"""The recommendation: chosen on the development split alone, the cheaper where the evidence does not separate."""

from typing import Any

import numpy as np
import pytest

from terrella.engine.judge import Interval
from terrella.pick.comparison.matrix import Judged, long_table, matrix, value_of
from terrella.pick.comparison.recommendation import Reason, one_for_all, recommend
from terrella.pick.comparison.words import in_words, resampling_words

NAN = float("nan")


def cell(dev: dict[str, float], test: dict[str, float], threshold: float | None = None) -> dict[str, Any]:
    """Return a cell with scores of both splits; intervals reach 0.01 to either side."""
    found: dict[str, Any] = {"thresholds": {"detection": threshold}}
    for key, scores in (("scores_dev", dev), ("scores", test)):
        found[key] = {
            name: {"value": value, "low": value - 0.01, "high": value + 0.01, "unit": ""}
            for name, value in scores.items()
        }
    return found


def judged(
    method: str,
    dev: dict[str, float],
    test: dict[str, float],
    train: str = "local",
    threshold: float | None = None,
) -> Judged:
    return Judged(
        method,
        train,
        "mine",
        True,
        100.0,
        True,
        cell(dev, test, threshold),
        bundles={"detection": f"runs/{method}"},
    )


def difference_within(spread: float) -> Any:
    def difference(score: str, a: Judged, b: Judged, split: str) -> Interval:
        value = value_of(a, score, split) - value_of(b, score, split)
        return Interval(value, value - spread, value + spread)

    return difference


sharp = difference_within(0.02)


def test_the_choice_never_looks_at_the_test_split() -> None:
    good = judged("A", {"detection_auc": 0.99}, {"detection_auc": 0.6}, threshold=0.3)
    lucky = judged("B", {"detection_auc": 0.7}, {"detection_auc": 0.999})
    (advice,) = recommend([lucky, good], [], {}, sharp)
    assert advice.chosen is good
    assert advice.threshold == 0.3
    assert advice.gains[0].gain.value == pytest.approx(0.6 - 0.999)
    assert "worse than the runner-up, B" in in_words(advice, 2, {})


def test_of_those_that_are_surely_as_good_the_cheapest_is_chosen() -> None:
    dear = judged("A", {"detection_auc": 0.98}, {"detection_auc": 0.98})
    cheap = judged("B", {"detection_auc": 0.975}, {"detection_auc": 0.97})
    far = judged("C", {"detection_auc": 0.5}, {"detection_auc": 0.5}, train="")
    cost = {"A · local": 5.0, "B · local": 1.0, "C": 0.1}
    (advice,) = recommend([dear, cheap, far], ["C"], cost, difference_within(0.01))
    assert (advice.chosen, advice.best, advice.alike) == (cheap, "A · local", ("B · local",))
    assert advice.reason is Reason.CHEAPEST
    assert [gain.over for gain in advice.gains] == ["A · local", "C"]
    words = in_words(advice, 3, cost)
    assert (
        "does not separate it (AUC 0.975) from A · local; it is the cheapest of those that do as well"
        in words
    )
    assert "weights: runs/B" in words
    assert "better than the best classical method, C, by 0.470 (0.460 to 0.480)" in words


def test_where_too_few_windows_tell_the_best_in_all_questions_is_chosen_not_the_cheapest() -> None:
    lucky = judged("A", {"detection_auc": 0.98, "phase_mcc": 0.1}, {"detection_auc": 0.5})
    sound = judged("B", {"detection_auc": 0.97, "phase_mcc": 0.9}, {"detection_auc": 0.97})
    cheap = judged("C", {"detection_auc": 0.95, "phase_mcc": 0.2}, {"detection_auc": 0.6})
    cost = {"A · local": 2.0, "B · local": 5.0, "C · local": 1.0}
    advice = recommend([lucky, sound, cheap], [], cost, difference_within(0.2))[0]
    assert advice.chosen is sound
    assert advice.reason is Reason.OVERALL
    assert "from A · local and C · local; it is the one of them that does best in all" in in_words(
        advice, 3, cost
    )


def test_smaller_residuals_are_better() -> None:
    a = judged("A", {"p_rmse_s": 0.9}, {"p_rmse_s": 0.8})
    b = judged("B", {"p_rmse_s": 0.1}, {"p_rmse_s": 0.2})
    (advice,) = recommend([a, b], ["A · local"], {}, sharp)
    assert advice.chosen is b
    assert advice.gains[0].role == "the runner-up, and the best classical method"
    assert advice.gains[0].gain.value == pytest.approx(0.6)
    assert advice.gains[0].gain.low == pytest.approx(0.58)
    assert np.isnan(advice.threshold)


def test_too_few_windows_do_not_separate() -> None:
    a = judged("A", {"detection_auc": 0.9}, {"detection_auc": 0.9})
    b = judged("B", {"detection_auc": 0.1}, {"detection_auc": 0.1})
    (advice,) = recommend([a, b], [], {"B · local": 1.0}, lambda *_: Interval(0.8, NAN, NAN))
    assert advice.chosen is a
    assert advice.alike == ("B · local",)
    assert advice.reason is Reason.FIRST
    assert "holds too little to compare it" in in_words(advice, 2, {})


def test_one_for_all_has_the_best_mean_rank_of_those_that_answer_everything() -> None:
    whole = {"detection_auc": 0.9, "phase_mcc": 0.8, "p_rmse_s": 0.3, "s_rmse_s": 0.4}
    a = judged("A", whole, whole)
    b = judged("B", {**whole, "p_rmse_s": 0.2}, whole)
    partial = judged("C", {"detection_auc": 1.0}, whole)
    found = one_for_all([a, b, partial])
    assert found is not None
    assert found[0] is b
    assert found[1] == pytest.approx((2 + 1 + 1 + 1) / 4)
    assert one_for_all([partial]) == (partial, 1.0)


def test_tables_hold_every_score_and_matrices_those_at_the_native_rate() -> None:
    whole = {"detection_auc": 0.9, "p_rmse_s": 0.3}
    a = judged("A", whole, whole)
    slow = Judged("A", "local", "mine", True, 20.0, False, cell(whole, {"detection_auc": 0.1}))
    table = long_table([a, slow])
    assert len(table) == 4 + 3
    assert set(table["split"]) == {"dev", "test"}
    assert matrix([a, slow], "detection_auc").loc["A · local", "mine"] == 0.9


def test_what_resampling_gains_is_chosen_on_the_development_split() -> None:
    def at(rate: float, dev: float, test: float) -> Judged:
        scores = {"detection_auc": dev}, {"detection_auc": test}
        return Judged("A", "local", "far", True, rate, rate == 100, cell(*scores))

    (line,) = resampling_words([at(100, 0.6, 0.61), at(50, 0.7, 0.99), at(20, 0.8, 0.81)], "far")
    assert "A · local was best, with data read at 20 Hz as if they were 100 Hz: AUC 0.810" in line
    assert "without that the best was A · local, with 0.610 (0.600 to 0.620)" in line
    (line,) = resampling_words([at(100, 0.9, 0.9), at(20, 0.8, 0.99)], "far")
    assert "gains nothing" in line
