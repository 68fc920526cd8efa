"""Scores of the three tasks: known answers, coverage of intervals, pairing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from terrella.pick.judging.histogram import histogram, laplace
from terrella.pick.judging.scores import (
    Answered,
    Thresholds,
    choose_thresholds,
    intervals,
    onset_statistics,
    paired,
    resampled_scores,
)
from terrella.pick.judging.targets import Targets
from terrella.pick.picker import Windows

BOTH = Thresholds(0.0, 0.0)


def windows(n: int) -> Windows:
    at = np.arange(n)
    return Windows(at, np.zeros(n, np.int64), np.full(n, 1000))


def answers(
    draw: np.random.Generator, n: int, apart: float = 2.0, scale: float = 0.1, group: int = 1
) -> Answered:
    truth = np.arange(n) % 2 == 0
    targets = Targets(windows(n), truth, windows(n), truth, np.full(n, 500), np.where(truth, "P", "S"))
    value, other = draw.normal(size=(2, n)) + apart * truth - apart / 2
    return Answered(
        targets, value, np.arange(n) // group, other, draw.laplace(0.05, scale, n), np.arange(n) // group
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(0, 1000))
def test_statistics_are_those_of_repeated_values(values: list[float], seed: int) -> None:
    residual = np.array(values)
    weights = np.random.default_rng(seed).integers(0, 3, (4, len(values))).astype(float)
    weights[:, 0] += 1
    found = onset_statistics(residual, weights)
    for i, counts in enumerate(weights.astype(int)):
        each = np.repeat(residual, counts)
        expected = {
            "mean": each.mean(),
            "median": np.median(each),
            "std": each.std(),
            "rmse": np.sqrt((each**2).mean()),
            "mae": np.abs(each).mean(),
            "beyond_0.45": (np.abs(each) > 0.45).mean(),
            "beyond_1.5": (np.abs(each) > 1.5).mean(),
        }
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name][i] == pytest.approx(value, abs=1e-7), name


def test_laplace_scale_and_shares_are_those_of_theory() -> None:
    scale, n = 0.2, 200_000
    residual = np.random.default_rng(0).laplace(0.1, scale, n)
    assert laplace(residual) == pytest.approx((0.1, scale), abs=2e-3)
    found = onset_statistics(residual - 0.1, np.ones((1, n)))
    assert found["mae"][0] == pytest.approx(scale, rel=0.01)
    assert found["std"][0] == pytest.approx(scale * np.sqrt(2), rel=0.01)
    assert found["beyond_0.45"][0] == pytest.approx(np.exp(-0.45 / scale), rel=0.03)


@pytest.mark.parametrize("rate_hz", [100.0, 20.0, 62.5])
def test_histogram_bins_hold_equally_many_samples(rate_hz: float) -> None:
    lags = np.arange(-1000, 1001) / rate_hz  # each lag once
    found = histogram(lags, rate_hz)
    counts, edges = np.array(found["counts"]), np.array(found["edges_s"])
    assert len(set(counts)) == 1
    assert len(counts) <= 200
    assert edges[-1] >= 1.5
    assert counts.sum() + found["beyond"] == len(lags)
    assert found["laplace"]["location_s"] == pytest.approx(0, abs=1e-9)


def test_scores_are_those_of_two_gaussians() -> None:
    apart = 1.5
    of = answers(np.random.default_rng(1), 100_000, apart)
    found = {name: values[0] for name, values in resampled_scores(of, BOTH, 0).items()}
    expected = norm.cdf(apart / np.sqrt(2))
    assert found["detection_auc"] == pytest.approx(expected, abs=5e-3)
    assert found["phase_auc"] == pytest.approx(expected, abs=5e-3)
    right = norm.cdf(apart / 2)  # said rightly of either kind at the threshold in the middle
    assert found["detection_f1"] == pytest.approx(right, abs=5e-3)
    assert found["phase_mcc"] == pytest.approx(2 * right - 1, abs=8e-3)
    chosen = choose_thresholds(of)
    assert chosen.phase == pytest.approx(0, abs=0.1)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    apart, covered = 1.0, 0
    truth = norm.cdf(apart / np.sqrt(2))
    for seed in range(100):
        of = answers(np.random.default_rng(seed), 200, apart)
        found = intervals(of, BOTH, 200, seed)["phase_auc"]
        covered += found.low <= truth <= found.high
    assert 86 <= covered <= 100  # of 95


def test_windows_of_one_event_are_resampled_together() -> None:
    draw = np.random.default_rng(0)
    one = answers(draw, 60)
    targets = one.targets
    # The same windows five times over tell no more than once, and their intervals say so.
    times = np.tile(np.arange(60), 5)
    again = Answered(
        Targets(windows(300), targets.event[times], windows(300), targets.is_p[times], targets.onset[times],
                targets.label[times]),
        one.detection[times], one.detection_group[times], one.p_over_s[times], one.residual_s[times],
        one.phase_group[times],
    )  # fmt: skip
    a, b = (intervals(each, BOTH, 300, 1) for each in (one, again))
    for name in ("detection_auc", "phase_mcc", "p_mae_s", "s_median_s"):
        assert (a[name].value, a[name].low, a[name].high) == pytest.approx(
            (b[name].value, b[name].low, b[name].high)
        )


def test_pairing_tells_apart_what_two_intervals_do_not() -> None:
    draw = np.random.default_rng(2)
    a = answers(draw, 300)
    b = Answered(a.targets, a.detection, a.detection_group, a.p_over_s, a.residual_s * 1.1, a.phase_group)
    found = paired(a, b, (BOTH, BOTH), 300)
    alone, other = (intervals(each, BOTH, 300) for each in (a, b))
    assert alone["p_mae_s"].high > other["p_mae_s"].low  # the intervals overlap
    assert found["p_mae_s"].high < 0
    assert (found["detection_auc"].value, found["detection_auc"].low, found["detection_auc"].high) == (
        0,
        0,
        0,
    )


def test_pairs_count_only_windows_that_both_answer() -> None:
    a = answers(np.random.default_rng(3), 200)
    wrong = np.where(np.arange(200) < 100, 1e6, a.residual_s)
    silent = np.where(np.arange(200) < 100, np.nan, a.residual_s)
    b, c = (
        Answered(a.targets, a.detection, a.detection_group, a.p_over_s, r, a.phase_group)
        for r in (wrong, silent)
    )
    assert paired(b, c, (BOTH, BOTH), 10)["p_rmse_s"].value == 0


def test_what_is_not_answered_has_no_score() -> None:
    a = answers(np.random.default_rng(4), 50)
    none = np.full(50, np.nan)
    silent = Answered(a.targets, none, a.detection_group, none, np.where(a.targets.is_p, a.residual_s, np.nan),
                      a.phase_group)  # fmt: skip
    assert choose_thresholds(silent) == Thresholds(None, None)
    names = resampled_scores(silent, Thresholds(None, None), 5)
    assert set(names) == {
        f"p_{n}_s" for n in ("mean", "median", "std", "rmse", "mae", "beyond_0.45", "beyond_1.5")
    }
