"""Molchan's diagram: perfect, unskilled and reversed forecasts, and the area under the curve that is drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.engine.judge import label_blocks, make_blocks
from terrella.forecast.judging.molchan import Molchan, molchan

TIMES, CELLS = 120, 50


def drawn(seed: int, rate: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Return a measure that differs between cells, and counts that follow it."""
    random = np.random.default_rng(seed)
    measure = np.tile(random.lognormal(0, 1, CELLS), (TIMES, 1)) * rate
    return measure.astype(np.float32), random.poisson(measure).astype(np.float32)


def made(alarm: np.ndarray, measure: np.ndarray, counts: np.ndarray) -> Molchan:
    return molchan(alarm.astype(np.float32), measure, counts, make_blocks(np.arange(TIMES), 10, 100))


def test_perfect_forecast_misses_nothing_and_occupies_only_the_cells_of_events() -> None:
    measure, counts = drawn(0)
    found = made(counts > 0, measure, counts)
    share = float(measure[counts > 0].sum() / measure.sum())
    assert found.area_skill.value == pytest.approx(1 - share / 2, abs=1e-6)
    assert np.interp(share, found.occupied, found.missed) == pytest.approx(0, abs=1e-6)
    assert np.interp(share / 2, found.occupied, found.missed) == pytest.approx(0.5, abs=1e-6)


def test_constant_alarm_is_the_diagonal() -> None:
    measure, counts = drawn(1)
    found = made(np.zeros_like(measure), measure, counts)
    assert found.area_skill.value == pytest.approx(0.5)
    np.testing.assert_allclose(found.occupied + found.missed, 1, atol=1e-12)


def test_unskilled_forecasts_have_the_mean_and_variance_of_theory() -> None:
    random = np.random.default_rng(2)
    skills, errors = [], []
    for seed in range(200):
        measure, counts = drawn(seed, 0.01)
        found = made(random.random(measure.shape), measure, counts)
        skills.append(found.area_skill.value)
        errors.append(found.unskilled_error)
    assert np.mean(skills) == pytest.approx(0.5, abs=4 * np.mean(errors) / np.sqrt(200))
    assert np.std(skills) == pytest.approx(np.mean(errors), rel=0.2)


def test_reversed_alarm_has_the_skill_that_is_missing_to_one() -> None:
    measure, counts = drawn(3)
    alarm = np.random.default_rng(4).integers(0, 20, measure.shape) + counts
    forward, backward = made(alarm, measure, counts), made(-alarm, measure, counts)
    assert forward.area_skill.value + backward.area_skill.value == pytest.approx(1, abs=1e-6)
    assert forward.area_skill.value > 0.5


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), levels=st.integers(1, 400))
def test_skill_is_the_area_above_the_curve(seed: int, levels: int) -> None:
    measure, counts = drawn(seed)
    if counts.sum() == 0:
        return
    found = made(np.random.default_rng(seed).integers(0, levels, measure.shape), measure, counts)
    assert np.all(np.diff(found.occupied) >= 0)
    assert np.all(np.diff(found.missed) <= 1e-12)
    area = 1 - np.trapezoid(found.missed, found.occupied)
    assert area == pytest.approx(found.area_skill.value, abs=1e-6)


def test_no_event_leaves_no_skill_to_tell() -> None:
    measure, counts = drawn(5)
    found = made(measure, measure, np.zeros_like(counts))
    assert np.isnan(found.area_skill.value)
    assert found.missed.tolist() == [1, 1]


def test_interval_is_that_of_the_blocks_and_the_value_is_not() -> None:
    measure, counts = drawn(6)
    alarm = np.random.default_rng(7).random(measure.shape).astype(np.float32)
    groups = np.r_[np.zeros(TIMES // 2), np.arange(1, TIMES // 2 + 1)]
    fine = molchan(alarm, measure, counts, make_blocks(np.arange(TIMES), 1, 500)).area_skill
    coarse = molchan(alarm, measure, counts, label_blocks(groups, 500)).area_skill
    assert fine.value == pytest.approx(coarse.value)
    assert coarse.high - coarse.low != pytest.approx(fine.high - fine.low, rel=1e-3)
