"""The negative binomial distribution and its calibration."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from terrella.forecast.counts import (
    Calibration,
    calibrate,
    dispersion_of,
    negative_log_likelihood,
    occurrence_probability,
)


@given(count=st.integers(0, 400), log_mean=st.floats(-12, 5), dispersion=st.floats(1e-3, 50))
@settings(max_examples=200, deadline=None)
def test_likelihood_is_that_of_scipy(count, log_mean, dispersion):
    found = negative_log_likelihood(
        torch.tensor([float(count)], dtype=torch.float64),
        torch.tensor([log_mean], dtype=torch.float64),
        torch.tensor([dispersion], dtype=torch.float64),
    )
    size = 1 / dispersion
    expected = -stats.nbinom.logpmf(count, size, size / (size + np.exp(log_mean)))
    assert float(found[0]) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@given(mean=st.floats(1e-6, 20), dispersion=st.floats(1e-3, 20))
def test_occurrence_is_one_minus_the_probability_of_none(mean, dispersion):
    mean_, alpha = torch.tensor([mean], dtype=torch.float64), torch.tensor([dispersion], dtype=torch.float64)
    none = torch.exp(-negative_log_likelihood(torch.zeros(1, dtype=torch.float64), torch.log(mean_), alpha))
    assert float(occurrence_probability(mean_, alpha)) == pytest.approx(1 - float(none), rel=1e-6, abs=1e-12)


def test_small_dispersion_is_poisson():
    count, mean = torch.tensor([0.0, 1.0, 5.0]), torch.tensor(2.5)
    found = negative_log_likelihood(count, torch.log(mean), torch.tensor(1e-5))
    assert found.numpy() == pytest.approx(-stats.poisson.logpmf(count.numpy(), 2.5), rel=1e-3)


def test_calibration_finds_what_was_distorted():
    draw = np.random.default_rng(3)
    log_mean = draw.normal(-3, 1.5, 300_000)
    mean = np.exp(0.4 + 0.8 * log_mean)
    dispersion = 0.7 * mean**-0.4
    counts = draw.poisson(mean * draw.gamma(1 / dispersion, dispersion, len(mean)))
    found = calibrate(torch.tensor(log_mean), torch.tensor(counts, dtype=torch.float64))
    assert found.intercept == pytest.approx(0.4, abs=0.04)
    assert found.slope == pytest.approx(0.8, abs=0.02)
    assert found.log_dispersion == pytest.approx(np.log(0.7), abs=0.1)
    assert found.dispersion_slope == pytest.approx(-0.4, abs=0.06)


def test_calibration_without_events_changes_no_mean():
    found = calibrate(torch.full((50,), -4.0), torch.zeros(50))
    assert (found.intercept, found.slope) == (0.0, 1.0)


def drawn(n: int, spread: np.ndarray | float = 0.0, rate: float = -1.0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(8)
    log_mean = draw.normal(rate, 1.0, n)
    mean = np.exp(0.3 + 0.9 * log_mean)
    dispersion = 0.5 * mean**-0.2 * np.exp(spread)
    counts = draw.poisson(mean * draw.gamma(1 / dispersion, dispersion, n))
    return torch.tensor(log_mean), torch.tensor(counts, dtype=torch.float64)


def numbers(found: Calibration) -> list[float]:
    return [found.intercept, found.slope, found.log_dispersion, found.dispersion_slope]


def test_a_weight_stands_for_so_many_cells():
    log_mean, counts = drawn(2000)
    weight = torch.tensor([1.0, 3.0]).repeat(1000)
    repeats = weight.long()
    repeated = calibrate(log_mean.repeat_interleave(repeats), counts.repeat_interleave(repeats))
    assert numbers(calibrate(log_mean, counts, weight)) == pytest.approx(numbers(repeated), abs=1e-3)
    assert numbers(calibrate(log_mean, counts)) != pytest.approx(numbers(repeated), abs=1e-3)


def test_a_model_s_own_spread_is_allowed_for():
    spread = np.where(np.arange(200_000) % 2, 1.5, -0.5)
    log_mean, counts = drawn(200_000, spread)
    found = calibrate(log_mean, counts, log_spread=torch.tensor(spread))
    assert numbers(found) == pytest.approx([0.3, 0.9, np.log(0.5), -0.2], abs=0.08)
    here, other = (found.dispersion(torch.tensor(-1.0), s) for s in (0.0, 1.5))
    assert float(other / here) == pytest.approx(np.exp(1.5))


@pytest.mark.parametrize(("events", "carry"), [(19, False), (20, True)])
def test_twenty_events_carry_a_calibration_and_fewer_a_dispersion(events: int, carry: bool):
    log_mean = torch.full((400,), -3.0, dtype=torch.float64)
    log_mean[:200] = -2.0
    counts = torch.zeros(400, dtype=torch.float64)
    counts[:3] = torch.tensor([10.0, 5.0, events - 15.0])
    found = calibrate(log_mean, counts)
    assert ((found.intercept, found.slope) == (0.0, 1.0)) is not carry
    if carry:
        return
    assert found.dispersion_slope == 0
    losses = [
        float(
            negative_log_likelihood(counts, log_mean, torch.tensor(np.exp(found.log_dispersion + step))).sum()
        )
        for step in (-0.1, 0.0, 0.1)
    ]
    assert losses[1] == min(losses)


def test_dispersion_stays_where_the_distribution_is_defined():
    found = dispersion_of(torch.tensor([0.0, 100.0, -100.0]), 0.5, -0.3, 0.25)
    assert found.tolist() == pytest.approx([np.exp(0.75), np.exp(-7.0), np.exp(7.0)], rel=1e-6)
