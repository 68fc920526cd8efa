"""Learning rates of a stage: a warm-up, then a half cosine or nothing."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrella.engine.fit import Stage


def rates(stage: Stage, steps: int) -> list[float]:
    return [stage.rate(step, steps) for step in range(steps)]


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_without_a_warm_up_the_rate_is_torchs_cosine(steps):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    expected = []
    for _ in range(steps):
        expected.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    assert rates(Stage("network", 1, 0.3, warmup_steps=0), steps) == pytest.approx(expected)


def test_the_warm_up_is_linear_and_reaches_its_peak_at_its_last_step():
    found = rates(Stage("network", 1, 0.8, warmup_steps=4, schedule="constant"), 10)
    assert found == pytest.approx([0.2, 0.4, 0.6] + [0.8] * 7)


def test_a_warm_up_longer_than_the_stage_never_reaches_the_peak():
    assert max(rates(Stage("network", 1, 1.0, warmup_steps=50), 20)) < 20 / 50


@given(
    st.floats(1e-6, 1.0), st.integers(0, 100), st.integers(1, 500), st.sampled_from(["cosine", "constant"])
)
def test_rates_lie_above_zero_and_at_or_below_the_peak(peak, warmup, steps, schedule):
    found = rates(Stage("network", 1, peak, warmup, schedule=schedule), steps)
    assert all(0 < rate <= peak for rate in found)
    after = found[warmup:]
    assert after == sorted(after, reverse=True)


@given(st.integers(2, 1000))
def test_the_cosine_is_half_way_down_in_the_middle_and_at_zero_from_its_end_on(half):
    stage = Stage("network", 1, 2.0, warmup_steps=0)
    assert stage.rate(half, 2 * half) == pytest.approx(1.0)
    assert stage.rate(2 * half, 2 * half) == pytest.approx(0, abs=1e-15)
    assert stage.rate(3 * half, 2 * half) == pytest.approx(0, abs=1e-15)


def test_a_resumed_stage_goes_on_with_the_same_rates():
    # The rate is a function of the step alone: no state to save.
    stage = Stage("network", 3, 0.01)
    assert [stage.rate(step, 90) for step in range(40, 90)] == rates(stage, 90)[40:]
    assert stage.rate(49, 90) == pytest.approx(0.01 * 0.5 * (1 + math.cos(math.pi * 49 / 90)))
