"""Scores of samples: hand-made masks, relations that always hold, and a peer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrella.engine.judge.bootstrap import label_blocks
from terrella.segment.judging import scores as scoring
from terrella.segment.judging.scores import (
    average_precision,
    best_threshold,
    count_levels,
    dice,
    iou,
    overlap_counts,
)

NUMBERS = st.floats(width=32, allow_nan=False)


@given(hnp.arrays(np.float32, 20, elements=NUMBERS))
def test_levels_keep_the_order(values):
    levels = scoring.level_of(values).astype(int)
    order = np.argsort(values, kind="stable")
    assert (np.diff(levels[order]) >= 0).all()


@given(hnp.arrays(np.float32, 20, elements=NUMBERS), NUMBERS)
def test_a_level_begins_at_its_value(values, other):
    """To be at a level or above is to be at its value or above."""
    level = int(scoring.level_of(other))
    assert ((scoring.level_of(values) >= level) == (values >= np.float32(scoring.value_of(level)))).all()
    assert scoring.value_of(level) <= other


def test_what_is_no_number_has_the_lowest_level():
    assert scoring.level_of(np.nan) == 0
    assert scoring.level_of(-np.inf) > 0
    assert scoring.value_of(0) == -np.inf


def test_the_scores_of_a_hand_made_mask():
    mask = np.array([[1, 1, 0, 0], [1, 255, 255, 0]], np.uint8)
    scores = np.array([[5, 1, 5, 1], [5, 5, 1, 1]], np.float32)
    counts = overlap_counts(scores, mask, 3.0)
    assert counts.tolist() == [2, 1, 1]
    assert iou(*counts) == pytest.approx(2 / 4)
    assert dice(*counts) == pytest.approx(4 / 6)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_dice_follows_from_iou(true, false, missed):
    """D = 2 J / (1 + J), so that D ≥ J."""
    counts = [np.array(float(each)) for each in (true, false, missed)]
    if true + false + missed:
        j, d = float(iou(*counts)), float(dice(*counts))
        assert d == pytest.approx(2 * j / (1 + j))
        assert 0 <= j <= d <= 1
    else:
        assert np.isnan([iou(*counts), dice(*counts)]).all()


SECTIONS = st.integers(0, 10_000).map(
    lambda seed: (
        np.random.default_rng(seed).standard_normal((3, 40)).astype(np.float32).round(1),
        np.random.default_rng([seed, 1]).choice([0, 1, 255], (3, 40), p=[0.6, 0.3, 0.1]).astype(np.uint8),
    )
)


@given(SECTIONS)
def test_recall_grows_as_the_threshold_falls(section):
    true, false = count_levels([("one", *section)]).at_or_above()
    _, recall = scoring.precision_recall(true[0], false[0])
    assert all((np.diff(each) >= 0).all() for each in (true, false, recall))
    assert recall[-1] == 1


@given(SECTIONS)
def test_the_best_threshold_is_best(section):
    scores, mask = section
    threshold, best = best_threshold(count_levels([("one", scores, mask)]))
    assert float(dice(*overlap_counts(scores, mask, threshold))) == pytest.approx(best)
    for other in np.unique(scores):
        assert float(dice(*overlap_counts(scores, mask, float(other)))) <= best + 1e-12


@given(SECTIONS)
def test_average_precision_is_its_definition(section):
    scores, mask = section
    value, truth = scores[mask != 255], mask[mask != 255] == 1
    expected, before = 0.0, 0.0
    levels = scoring.level_of(value)
    for level in np.unique(levels)[::-1]:
        said = levels >= level
        recall = (said & truth).sum() / truth.sum()
        expected += (recall - before) * (said & truth).sum() / said.sum()
        before = recall
    found = average_precision(*count_levels([("one", scores, mask)]).at_or_above())
    assert float(found[0]) == pytest.approx(expected)


def test_average_precision_of_chance_is_the_share_of_labels():
    draw = np.random.default_rng(0)
    mask = (draw.random((100, 1000)) < 0.07).astype(np.uint8)
    scores = draw.standard_normal(mask.shape).astype(np.float32)
    found = average_precision(*count_levels([("one", scores, mask)]).at_or_above())
    assert float(found[0]) == pytest.approx(0.07, abs=0.005)


def test_resampled_groups_are_those_counted_so_often():
    draw = np.random.default_rng(1)
    parts = [
        (
            f"group {k}",
            draw.standard_normal((2, 30)).astype(np.float32),
            draw.integers(0, 2, (2, 30)).astype(np.uint8),
        )
        for k in (2, 0, 1)
    ]
    blocks = label_blocks([group for group, _, _ in parts], 20)
    found = average_precision(*count_levels(parts).at_or_above(blocks.draws))
    names = ["group 0", "group 1", "group 2"]
    by_name = {group: (group, scores, mask) for group, scores, mask in parts}
    for draws, value in zip(blocks.draws, found, strict=True):
        drawn = [by_name[name] for name, times in zip(names, draws, strict=True) for _ in range(int(times))]
        expected = average_precision(*count_levels(drawn).at_or_above())
        assert value == pytest.approx(float(expected[0]))
