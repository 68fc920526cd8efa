"""The renewal equation against its closed form, brute force, and limits."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.forecast.etas.model import ETAS
from terrella.forecast.etas.progeny import background_weight, horizon_weight, progeny_table


def exponential(rate: float, t: np.ndarray) -> np.ndarray:
    return -np.expm1(-rate * t)


@pytest.mark.parametrize("branching", [0.2, 0.8, 1.3])
def test_exponential_births_have_a_closed_form(branching: float) -> None:
    """With g = λ e^(−λt), M(u) = n/(1−n) (1 − e^(−(1−n) λ u))."""
    rate, horizon = 2.0, 3.0
    growth = (1 - branching) * rate
    law = partial(exponential, rate)
    u, m = progeny_table(law, branching, horizon)
    assert u[0] == 0
    assert u[-1] == horizon
    np.testing.assert_allclose(m[1:], branching * rate / growth * exponential(growth, u[1:]), rtol=5e-4)
    # A parent of age A: its own births are e^(−λA) of those of a newborn, and so are all that follow.
    age = np.array([[0.0, 0.1], [1.0, 3.0]])
    expected = rate / growth * exponential(growth, np.array(horizon)) * np.exp(-rate * age)
    np.testing.assert_allclose(horizon_weight(law, branching, horizon, age), expected, rtol=5e-4)
    integral = branching * rate / growth * (horizon - exponential(growth, np.array(horizon)) / growth)
    assert background_weight(law, branching, horizon) == pytest.approx(horizon + integral, rel=5e-4)


def test_omori_births_agree_with_brute_force(etas: ETAS) -> None:
    """M solved by plain forward differences on a fine uniform grid."""
    horizon, branching, steps = 0.5, 0.7, 20_000
    births = np.diff(etas.time_cdf(np.linspace(0, horizon, steps + 1)))
    m = np.zeros(steps + 1)
    for k in range(1, steps + 1):
        m[k] = branching * (births[:k] * (1 + (m[k:0:-1] + m[k - 1 :: -1]) / 2)).sum()
    u, table = progeny_table(etas.time_cdf, branching, horizon)
    check = np.linspace(0.05, horizon, 20)
    brute = np.interp(check, np.linspace(0, horizon, steps + 1), m)
    np.testing.assert_allclose(np.interp(check, u, table), brute, rtol=2e-4)


def test_without_descendants_only_direct_births_remain(etas: ETAS) -> None:
    age = np.geomspace(1e-5, 1e5, 60)
    direct = etas.time_cdf(age + 7) - etas.time_cdf(age)
    np.testing.assert_allclose(horizon_weight(etas.time_cdf, 0.0, 7.0, age), direct, rtol=1e-6, atol=1e-15)
    assert background_weight(etas.time_cdf, 0.0, 7.0) == 7


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 1.2), st.floats(0.01, 60), st.floats(1, 1e4))
def test_progeny_grows_and_follows_from_a_newborns_weight(
    branching: float, horizon: float, rate: float
) -> None:
    law = partial(exponential, rate / horizon / 100)
    u, m = progeny_table(law, branching, horizon)
    assert np.all(np.diff(u) > 0)
    assert np.all(np.diff(m) >= -1e-12)
    # A newborn parent's weight is what M is made of: M(h) = n W(0).
    newborn = horizon_weight(law, branching, horizon, np.zeros(1))[0]
    assert m[-1] == pytest.approx(branching * newborn, rel=2e-3)


@pytest.mark.parametrize(("branching", "horizon"), [(-0.1, 1.0), (0.5, 0.0), (np.nan, 1.0)])
def test_impossible_arguments_are_named(branching: float, horizon: float, etas: ETAS) -> None:
    with pytest.raises(InputError, match="branching ratio of 0 or more"):
        progeny_table(etas.time_cdf, branching, horizon)
