"""Scores of two classes against theory, plain counting and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm

from terrella.engine.judge.bootstrap import label_blocks, resampled_weights
from terrella.engine.judge.two_classes import area, best_threshold, f1, mcc, roc, thinned, true_rate_at

SEEDS = st.integers(0, 10_000)


def made(seed: int, levels: int = 6, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    truth = np.arange(n) < draw.integers(1, n - 1)
    return draw.integers(0, levels, n).astype(float), draw.permutation(truth)


def test_two_gaussians_have_the_area_and_rates_of_theory() -> None:
    apart, n = 1.5, 200_000
    draw = np.random.default_rng(0)
    truth = np.arange(2 * n) < n
    false, true = roc(draw.normal(size=2 * n) + apart * truth, truth)
    assert area(false, true)[0] == pytest.approx(norm.cdf(apart / np.sqrt(2)), abs=2e-3)
    for rate in (0.01, 0.05):
        assert true_rate_at(false, true, rate)[0] == pytest.approx(norm.sf(norm.isf(rate) - apart), abs=6e-3)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 8))
def test_area_is_mann_and_whitneys_statistic_with_ties(seed: int, levels: int) -> None:
    value, truth = made(seed, levels)
    expected = mannwhitneyu(value[truth], value[~truth]).statistic / (truth.sum() * (~truth).sum())
    assert area(*roc(value, truth))[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_weights_are_repetitions(seed: int) -> None:
    value, truth = made(seed)
    weights = np.random.default_rng(seed + 1).integers(0, 4, (5, len(value))).astype(float)
    weights[:, [truth.argmax(), (~truth).argmax()]] += 1  # both classes in every resample
    said = value >= 3
    areas, rates = area(*roc(value, truth, weights)), true_rate_at(*roc(value, truth, weights), 0.1)
    for i, counts in enumerate(weights.astype(int)):
        v, t, s = (np.repeat(each, counts) for each in (value, truth, said))
        one = np.ones((1, len(t)))
        assert areas[i] == pytest.approx(area(*roc(v, t))[0], abs=1e-12)
        assert rates[i] == pytest.approx(true_rate_at(*roc(v, t), 0.1)[0], abs=1e-12)
        for score in (f1, mcc):
            assert score(said, truth, weights)[i] == pytest.approx(
                score(s, t, one)[0], abs=1e-12, nan_ok=True
            )


def test_counts_give_f1_and_mcc_in_closed_form() -> None:
    truth = np.repeat([True, True, False, False], [40, 10, 5, 45])
    said = np.repeat([True, False, True, False], [40, 10, 5, 45])
    one = np.ones((1, 100))
    assert f1(said, truth, one)[0] == pytest.approx(2 * (40 / 45) * (40 / 50) / (40 / 45 + 40 / 50))
    assert mcc(said, truth, one)[0] == pytest.approx((40 * 45 - 5 * 10) / np.sqrt(45 * 50 * 50 * 55))
    assert mcc(said, truth, one)[0] == pytest.approx(np.corrcoef(said, truth)[0, 1])
    assert [mcc(each, truth, one)[0] for each in (truth, ~truth)] == pytest.approx([1, -1])
    assert mcc(np.ones(100, bool), truth, one)[0] == 0


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_no_threshold_is_better_than_the_best(seed: int) -> None:
    value, truth = made(seed)
    one = np.ones((1, len(truth)))
    for name, score in (("f1", f1), ("mcc", mcc)):
        best = score(value >= best_threshold(value, truth, name), truth, one)[0]
        assert best == pytest.approx(
            max(score(value >= limit, truth, one)[0] for limit in np.unique(value)), abs=1e-12
        )


def test_a_threshold_lies_halfway_between_the_classes() -> None:
    truth = np.array([True, True, False, False])
    for name in ("f1", "mcc"):
        assert best_threshold([9.0, 5.0, 3.0, 1.0], truth, name) == 4.0


def test_a_thinned_curve_keeps_its_ends_and_its_area() -> None:
    draw = np.random.default_rng(3)
    truth = draw.random(20_000) < 0.3
    false, true = (each[0] for each in roc(draw.normal(size=20_000) + 2 * truth, truth))
    few = thinned(false, true, 200)
    assert len(few[0]) <= 200
    assert (few[0][0], few[1][0], few[0][-1], few[1][-1]) == (0, 0, 1, 1)
    assert area(few[0][None], few[1][None])[0] == pytest.approx(area(false[None], true[None])[0], abs=1e-3)
    straight = thinned(*(each[0] for each in roc(np.repeat([1.0, 0.0], 50), np.arange(100) < 50)), 200)
    assert [each.tolist() for each in straight] == [[0, 0, 1], [0, 1, 1]]


def test_resampled_weights_are_the_blocks_draws_whatever_fits_at_once() -> None:
    labels = np.random.default_rng(0).integers(0, 30, 200)
    blocks = label_blocks(labels, 50, 7)
    for numbers in (1, 1000, 10**9):
        found = np.concatenate(list(resampled_weights(labels, 50, 7, numbers)))
        np.testing.assert_array_equal(found, blocks.draws[:, blocks.of_time])
    assert len(np.concatenate(list(resampled_weights(np.zeros(9), 50)))) == 1  # one block cannot vary
