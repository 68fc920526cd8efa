"""Intervals by block bootstrap: against theory, and against drawing the raw data again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrella.engine.judge import interval, label_blocks, make_blocks, ratio
from terrella.engine.judge.bootstrap import limits


def test_blocks_hold_neighbouring_times_and_the_first_row_is_the_data() -> None:
    days = np.array([100.0, 101.0, 129.9, 130.0, 159.0, 220.0])
    blocks = make_blocks(days, 30.0, 50)
    assert blocks.of_time.tolist() == [0, 0, 0, 1, 1, 2]  # the empty block from day 160 on does not count
    assert blocks.draws.shape == (51, 3)
    assert blocks.draws[0].tolist() == [1, 1, 1]
    assert (blocks.draws.sum(1) == 3).all()


@settings(deadline=None)
@given(values=arrays(float, (40, 3), elements=st.floats(-1e3, 1e3)), seed=st.integers(0, 1000))
def test_sums_equal_those_of_the_raw_data_drawn_again(values: np.ndarray, seed: int) -> None:
    blocks = make_blocks(np.arange(40) * 7.0, 30.0, 5, seed)
    sums = blocks.sums(values)
    np.testing.assert_allclose(sums[0], values.sum(0), atol=1e-9)
    for draw, total in zip(blocks.draws, sums, strict=True):
        again = np.concatenate(
            [np.tile(values[blocks.of_time == block], (int(times), 1)) for block, times in enumerate(draw)]
        )
        np.testing.assert_allclose(total, again.sum(0), atol=1e-8)


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 900)
    blocks = make_blocks(np.arange(900.0), 1.0, 4000)
    found = interval(ratio(blocks.sums(values), blocks.sums(np.ones(900))))
    half = 1.96 * values.std() / 30
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_blocks_widen_the_interval_where_neighbours_agree() -> None:
    monthly = np.repeat(np.random.default_rng(2).normal(size=60), 30)  # the 30 days of a block are one number
    days = np.arange(1800.0)

    def width(block_days: float) -> float:
        found = interval(make_blocks(days, block_days, 2000).sums(monthly))
        return found.high - found.low

    assert width(30.0) == pytest.approx(np.sqrt(30) * width(1.0), rel=0.1)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for trial in range(300):
        events = random.poisson(4.0, 100)
        gain = random.normal(0.2 * events, 2.0)
        blocks = make_blocks(np.arange(100.0), 1.0, 300, trial)
        found = interval(ratio(blocks.sums(gain), blocks.sums(events)))
        covered += found.low <= 0.2 <= found.high
    assert 0.90 <= covered / 300 <= 0.98


def test_same_seed_same_draws() -> None:
    days = np.arange(100.0)
    np.testing.assert_array_equal(make_blocks(days, 5.0, 20, 7).draws, make_blocks(days, 5.0, 20, 7).draws)
    assert (make_blocks(days, 5.0, 20, 7).draws != make_blocks(days, 5.0, 20, 8).draws).any()


def test_one_block_gives_a_value_without_an_interval() -> None:
    found = interval(make_blocks(np.arange(10.0), 30.0, 100).sums(np.ones(10)))
    assert found.value == 10
    assert np.isnan([found.low, found.high]).all()


def test_resamples_in_which_nothing_happened_are_left_out() -> None:
    resampled = np.array([[1.0, 5.0], [2.0, np.nan], [4.0, np.nan], [np.nan, np.nan]])
    low, high = limits(resampled)
    np.testing.assert_allclose(low, [2.05, np.nan])
    np.testing.assert_allclose(high, [3.95, np.nan])
    assert limits(np.ones((4, 0)))[0].shape == (0,)
    assert np.isnan(ratio(np.ones(1), np.zeros(1))).all()


def test_labels_of_blocks_reproduce_the_blocks() -> None:
    days = np.random.default_rng(3).uniform(0, 365, 200)
    blocks = make_blocks(days, 30.0, 40, seed=5)
    for labels in (blocks.of_time, blocks.of_time * 10 - 3):
        again = label_blocks(labels, 40, seed=5)
        np.testing.assert_array_equal(again.of_time, blocks.of_time)
        np.testing.assert_array_equal(again.draws, blocks.draws)


def test_one_label_counts_once_however_many_values_it_has() -> None:
    labels = np.r_[np.zeros(1000), np.arange(1, 10)]
    blocks = label_blocks(labels, 300)
    drawn = blocks.sums(labels == 0) / 1000
    np.testing.assert_array_equal(drawn, blocks.draws[:, :1].ravel())
    assert drawn.max() >= 3
    assert label_blocks(np.zeros(5), 300).draws.shape == (1, 1)
