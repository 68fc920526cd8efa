"""The negative binomial distribution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from terrella.forecast.counts import dispersion_of, negative_log_likelihood, occurrence_probability


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


def test_dispersion_stays_where_the_distribution_is_defined():
    found = dispersion_of(torch.tensor([0.0, 100.0, -100.0]), 0.5, -0.3, 0.25)
    assert found.tolist() == pytest.approx([np.exp(0.75), np.exp(-7.0), np.exp(7.0)], rel=1e-6)
