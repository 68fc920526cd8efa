"""Recalibration finds what was distorted, and leaves alone what one sequence alone speaks for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from terrella.forecast.calibration import SPANS, Calibration, Cells, calibrate, spans_of
from terrella.forecast.counts import occurrence_probability


def drawn(log_mean, mean, dispersion=0.7, seed=3, span=None) -> Cells:
    """Return cells whose counts are negative binomial with the given means."""
    draw = np.random.default_rng(seed)
    counts = draw.poisson(mean * draw.gamma(1 / dispersion, dispersion, len(mean)))
    span = np.arange(len(mean)) % SPANS if span is None else span
    values = (log_mean, counts, np.ones(len(mean)), np.zeros(len(mean)))
    return Cells(*(torch.as_tensor(each, dtype=torch.float32) for each in values), torch.as_tensor(span))


def log_means(number=200_000, seed=1):
    return np.random.default_rng(seed).normal(-3, 1.5, number)


@pytest.mark.parametrize(("shift", "slope"), [(0.4, 0.8), (-0.5, 1.0), (0.3, 1.25)])
def test_a_line_that_holds_everywhere_is_found_at_all_horizons(shift, slope):
    x = log_means()
    dispersions = (0.7, 0.2)
    horizons = [
        drawn(x + step, np.exp(shift + slope * (x + step)), dispersion, seed=step)
        for step, dispersion in enumerate(dispersions)
    ]
    found = calibrate(horizons)
    for each, dispersion in zip(found, dispersions, strict=True):
        assert each.intercept == pytest.approx(shift, abs=0.05)
        assert each.slope == pytest.approx(slope, abs=0.02)
        assert each.log_dispersion == pytest.approx(np.log(dispersion), abs=0.1)
        assert each.dispersion_slope == pytest.approx(0, abs=0.05)
    assert (found[0].intercept, found[0].slope) == (found[1].intercept, found[1].slope)


def test_a_dispersion_that_falls_with_the_mean_is_found():
    x = log_means(300_000)
    (found,) = calibrate([drawn(x, np.exp(x), 0.7 * np.exp(x) ** -0.4)])
    assert (found.intercept, found.slope) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))
    assert found.log_dispersion == pytest.approx(np.log(0.7), abs=0.1)
    assert found.dispersion_slope == pytest.approx(-0.4, abs=0.06)


def test_one_large_sequence_bends_no_line():
    x = log_means(60_000)
    mean = np.exp(x)
    span = np.sort(np.arange(len(x)) % SPANS)
    # A calibrated model, but in one span its largest cells hold five times as many events.
    mean[(span == 2) & (x > -0.5)] *= 5
    cells = drawn(x, mean, span=span)
    assert float(cells.counts.sum()) > 1.2 * np.exp(x).sum()
    (found,) = calibrate([cells])
    # The likelihood alone would raise everything by a seventh, and large forecasts by twice that.
    assert abs(found.intercept) < 0.05
    assert found.slope == 1.0


@pytest.mark.parametrize("events", [0, 12])
def test_few_events_change_no_mean(events):
    counts = np.zeros(600)
    counts[:events] = 1
    cells = Cells(
        torch.full((600,), -4.0), torch.as_tensor(counts, dtype=torch.float32), torch.ones(600),
        torch.zeros(600), torch.arange(600) % SPANS,
    )  # fmt: skip
    (found,) = calibrate([cells])
    assert (found.intercept, found.slope, found.dispersion_slope) == (0.0, 1.0, 0.0)
    assert events or found == Calibration()


def test_the_dispersion_is_that_of_scipys_likelihood():
    x = log_means(4_000)
    cells = drawn(x, np.exp(x + 1), 1.5)
    (found,) = calibrate(
        [Cells(cells.log_mean + 1, *(cells.counts, cells.weight, cells.log_spread, cells.span))]
    )

    def loss(level, slope):
        mean = np.exp(found.intercept + found.slope * (x + 1))
        size = 1 / np.exp(level + slope * np.log(mean))
        return -stats.nbinom.logpmf(cells.counts.numpy(), size, size / (size + mean)).sum()

    best = loss(found.log_dispersion, found.dispersion_slope)
    for level, slope in ((0.05, 0), (-0.05, 0), (0, -0.03)):
        assert best < loss(found.log_dispersion + level, found.dispersion_slope + slope)


def test_spans_are_of_equal_length():
    assert spans_of(np.arange(12.0)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert spans_of(np.array([3.0])).tolist() == [0]


@given(
    log_mean=st.floats(-14, 6), growth=st.floats(0, 3),
    level=st.floats(-6, 6), slope=st.floats(-1.2, 0),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_probability_falls_where_the_expected_count_rises(log_mean, growth, level, slope):
    calibration = Calibration(0.0, 1.0, level, slope)
    x = torch.tensor([log_mean, log_mean + growth], dtype=torch.float64)
    less, more = occurrence_probability(torch.exp(x), calibration.dispersion(x))
    assert more >= less * (1 - 1e-9)


def numbers(found: Calibration) -> list[float]:
    return [found.intercept, found.slope, found.log_dispersion, found.dispersion_slope]


def test_a_weight_stands_for_so_many_cells():
    x = log_means(2_000) + 1
    cells = drawn(x, np.exp(0.4 + 0.9 * x))
    weight = torch.tensor([1.0, 3.0]).repeat(1_000)
    values = (cells.log_mean, cells.counts, weight, cells.log_spread, cells.span)
    repeated = [each.repeat_interleave(weight.long()) for each in values]
    repeated[2] = torch.ones(len(repeated[0]))
    (weighted,), (written_out,) = calibrate([Cells(*values)]), calibrate([Cells(*repeated)])
    assert numbers(weighted) == pytest.approx(numbers(written_out), abs=2e-3)
    (alike,) = calibrate([cells])
    assert numbers(alike) != pytest.approx(numbers(written_out), abs=2e-3)


def test_a_model_s_own_spread_is_allowed_for():
    x = log_means(200_000)
    spread = np.where(np.arange(len(x)) // SPANS % 2, 1.5, -0.5)
    cells = drawn(x, np.exp(x), 0.5 * np.exp(spread))
    (found,) = calibrate([replace(cells, log_spread=torch.as_tensor(spread, dtype=torch.float32))])
    assert numbers(found) == pytest.approx([0, 1, np.log(0.5), 0], abs=0.08)
    here, other = (found.dispersion(torch.tensor(-1.0), each) for each in (0.0, 1.5))
    assert float(other / here) == pytest.approx(np.exp(1.5))
