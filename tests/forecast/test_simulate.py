"""The simulator against the laws it draws from."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.simulation.process import KM_PER_DEGREE, Process, demo_process, drawn_process
from terrella.forecast.simulation.simulate import (
    sample_magnitudes,
    sample_offsets,
    sample_times,
    simulate,
    simulate_families,
)
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue


@pytest.fixture(scope="module")
def process() -> Process:
    return demo_process()


def uniform_process(process: Process, branching: float, background_per_day: float) -> Process:
    """The demo's laws, productivity and background the same everywhere, all triggering soon over."""
    lattice = make_grid(box(0, 4, 0, 4), 1.0)
    plain = replace(
        process,
        lattice=lattice,
        background_per_day=np.full((4, 4), background_per_day / 16),
        strike_deg=np.full((4, 4), 35.0),
        productivity_factor=np.ones((4, 4)),
        etas=replace(process.etas, tau_days=5.0, a=process.etas.a - 1.0),
    )
    k0 = plain.etas.k0 * branching / plain.branching_ratio()
    return replace(plain, etas=replace(plain.etas, k0=k0))


def test_branching_ratio_is_the_mean_number_of_direct_aftershocks(process: Process) -> None:
    magnitude = sample_magnitudes(process, 2_000_000, np.random.default_rng(0))
    drawn = process.etas.productivity(magnitude)
    error = drawn.std() / np.sqrt(len(drawn))
    assert process.branching_ratio() == pytest.approx(drawn.mean(), abs=5 * error)
    assert error < 0.02


def test_total_number_is_background_over_one_minus_branching(process: Process) -> None:
    plain = uniform_process(process, 0.5, 3.0)
    totals = np.array([len(simulate(plain, "2000-01-01", "2005-01-01", seed)) for seed in range(20)])
    expected = 3.0 * 1827 / (1 - 0.5)
    # Aftershocks of the last days are cut off: some τ of five years.
    assert totals.mean() == pytest.approx(expected, abs=4 * totals.std() / np.sqrt(20) + 0.005 * expected)
    assert totals.std() < 0.1 * expected


def test_times_follow_the_tapered_omori_law(process: Process) -> None:
    time = sample_times(process, 20_000, np.random.default_rng(1))
    assert len(time) == 20_000
    assert kstest(time, process.etas.time_cdf).pvalue > 0.01


def test_distances_follow_the_power_law_in_an_ellipse_along_strike(process: Process) -> None:
    zone, strike = np.full(20_000, 9.0), np.full(20_000, 40.0)
    east, north = sample_offsets(process, zone, strike, np.random.default_rng(2))
    s, c = np.sin(np.radians(40.0)), np.cos(np.radians(40.0))
    along, across = east * s + north * c, north * s - east * c
    radius = np.hypot(along / np.sqrt(process.aspect), across * np.sqrt(process.aspect))
    assert kstest(radius, lambda r: 1 - (1 + r**2 / 9.0) ** -process.etas.rho).pvalue > 0.01
    quartiles = np.percentile(np.abs(along), 50) / np.percentile(np.abs(across), 50)
    assert quartiles == pytest.approx(process.aspect, rel=0.05)


def test_magnitudes_follow_gutenberg_richter(process: Process) -> None:
    magnitude = sample_magnitudes(process, 100_000, np.random.default_rng(3))
    assert magnitude.min() >= process.etas.min_magnitude
    assert magnitude.max() <= process.max_magnitude
    # Far below the largest magnitude, Aki's (1965) estimate on events under a cut is that of an open law.
    beta = process.etas.beta
    span = process.max_magnitude - process.etas.min_magnitude
    mean = 1 / beta - span * np.exp(-beta * span) / -np.expm1(-beta * span)
    assert magnitude.mean() - process.etas.min_magnitude == pytest.approx(mean, abs=5 / beta / np.sqrt(1e5))


def test_aftershocks_of_a_large_event_lie_along_the_fault(process: Process) -> None:
    """The principal axis of a simulated sequence, on the map, is the strike where its mainshock was."""
    silent = replace(process, background_per_day=np.zeros_like(process.background_per_day))
    main = make_catalogue(["2000-01-01"], [2.0], [1.5], [6.8])
    sequence = simulate(silent, "2000-01-01T00:01", "2001-01-01", 4, past=main)
    east = (sequence.longitude - 2.0) * KM_PER_DEGREE
    north = (sequence.latitude - 1.5) * KM_PER_DEGREE
    near = np.hypot(east, north) < 60
    assert near.sum() > 50
    axis = np.linalg.eigh(np.cov(east[near], north[near]))[1][:, 1]
    bearing = np.degrees(np.arctan2(axis[0], axis[1])) % 180
    strike = float(process.at(process.strike_deg, 2.0, 1.5))
    assert abs((bearing - strike + 90) % 180 - 90) < 15


def test_offspring_of_the_past_alone_when_there_is_no_background(process: Process) -> None:
    silent = replace(process, background_per_day=np.zeros_like(process.background_per_day))
    assert len(simulate(silent, "2000-01-01", "2010-01-01", 0)) == 0


def test_same_seed_same_catalogue(process: Process) -> None:
    def arrays(catalogue: Catalogue) -> np.ndarray:
        return np.stack([catalogue.days_since("2000-01-01"), catalogue.longitude, catalogue.magnitude])

    first, again, other = (simulate(process, "2000-01-01", "2001-01-01", seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(arrays(first), arrays(again))
    assert arrays(first).shape != arrays(other).shape or not np.array_equal(arrays(first), arrays(other))
    assert np.all(np.diff(first.time_utc.astype(int)) >= 0)
    assert first.time_utc[0] >= np.datetime64("2000-01-01")
    assert first.time_utc[-1] < np.datetime64("2001-01-01")


def test_the_demos_fields_are_what_they_say(process: Process) -> None:
    share = process.background_per_day / process.background_per_day.sum()
    assert (process.productivity_factor * share).sum() == pytest.approx(1)
    assert process.productivity_factor.min() > 0
    # Nowhere explosive: a region's descendants stay near it.
    assert process.branching_ratio() * process.productivity_factor.max() < 1
    assert np.all((process.strike_deg >= 0) & (process.strike_deg < 180))


def test_an_explosive_process_and_reversed_times_are_named(process: Process) -> None:
    explosive = replace(process, etas=replace(process.etas, k0=6 * process.etas.k0))
    with pytest.raises(InputError, match="explodes"):
        simulate(explosive, "2000-01-01", "2100-01-01", 0)
    with pytest.raises(InputError, match="after it starts"):
        simulate(process, "2001-01-01", "2000-01-01", 0)


def test_parents_come_before_their_aftershocks_and_the_catalogue_is_the_same():
    catalogue, parent = simulate_families(demo_process(), "2000-01-01", "2004-01-01", 2)
    same = simulate(demo_process(), "2000-01-01", "2004-01-01", 2)
    assert np.array_equal(catalogue.time_utc, same.time_utc)
    born = np.flatnonzero(parent >= 0)
    assert (catalogue.time_utc[parent[born]] < catalogue.time_utc[born]).all()
    assert 0.3 < len(born) / len(catalogue) < 0.9
    places = np.stack([catalogue.longitude, catalogue.latitude])

    def apart(parents):
        return np.median(np.hypot(*(places[:, born] - places[:, parents])))

    assert apart(parent[born]) < 0.2 * apart(np.random.default_rng(0).permutation(parent[born]))


def test_drawn_processes_differ_and_none_of_their_sequences_goes_on_for_ever():
    one, same, other = (drawn_process(seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.strike_deg, same.strike_deg)
    assert np.abs(one.strike_deg - other.strike_deg).max() > 1
    for process in map(drawn_process, range(8)):
        assert process.branching_ratio() * process.productivity_factor.max() <= 1 + 1e-9
        assert process.background_per_day.min() > 0
        assert 3 <= process.aspect <= 10
    assert len(simulate(one, "2000-01-01", "2002-01-01", 1)) > 100
