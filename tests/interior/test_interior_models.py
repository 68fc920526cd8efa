"""Distributions, their calibration and scores; the inversion and regressions on rocks of known temperature."""

import numpy as np
import pytest
from interior_cases import write_perplex

from terrella.errors import InputError
from terrella.interior.learning.samples import drawn, noise_of, prepare
from terrella.interior.models.distribution import (
    calibrated,
    calibration,
    crps,
    cumulated,
    edges_of,
    quantiles,
    share_below,
)
from terrella.interior.models.inversion import invert
from terrella.interior.models.regression import LINEAR, fit_regression, fit_regressions
from terrella.interior.opening import simulated
from terrella.interior.settings import DataSettings
from terrella.interior.tables.grid import Observed, adiabat, values_at
from terrella.interior.tables.read import joined, read_table


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "rock.tab"
    write_perplex(path)
    return read_table(path)


@pytest.fixture(scope="module")
def given(grid):
    return prepare(grid, DataSettings(draws=2000, repeats=30), "")


def test_splits_share_no_pressure_and_no_temperature(given):
    learned = set(given.grid.pressure_gpa)
    held = [set(given.parts[name].seen.pressure_gpa) for name in ("dev", "test")]
    assert not learned & (held[0] | held[1])
    assert not held[0] & held[1]
    assert not set(given.grid.temperature_k) & set(given.parts["test"].temperature_k)


def test_the_crps_of_an_even_density_is_known():
    edges = np.array([0.0, 1.0, 2.0])
    even = cumulated(np.ones((3, 2)))
    y = np.array([0.0, 0.7, 2.0])
    expected = (y**3 + (2 - y) ** 3) / 12
    assert np.allclose(crps(even, edges, y), expected)
    assert np.allclose(quantiles(even, edges, np.array([0.25, 0.9]))[0], [0.5, 1.8])
    assert np.allclose(share_below(even, edges, y), y / 2)


def test_calibration_widens_what_is_too_narrow():
    draw = np.random.default_rng(0)
    edges = np.linspace(-6, 6, 121)
    middle = (edges[1:] + edges[:-1]) / 2
    shift = draw.normal(size=2000) * 0.3
    narrow = cumulated(np.exp(-0.5 * ((middle - shift[:, None]) / 0.5) ** 2))
    truth = shift + draw.normal(size=2000)
    stated = calibration(share_below(narrow[:1000], edges, truth[:1000]))
    after = share_below(calibrated(narrow[1000:], stated), edges, truth[1000:])
    assert abs((np.abs(2 * after - 1) < 0.9).mean() - 0.9) < 0.03
    before = share_below(narrow[1000:], edges, truth[1000:])
    assert (np.abs(2 * before - 1) < 0.9).mean() < 0.7


def test_the_inversion_is_calibrated_on_rocks_of_its_table_and_beats_a_line(given):
    noise = noise_of(DataSettings())
    rocks = drawn(given.grid, 3000, noise, np.random.default_rng(1))
    edges = edges_of(given.grid, 40)
    found = invert(given.grid, edges, noise, rocks.seen)
    t = quantiles(cumulated(found.steps.astype(float)), edges, np.array([0.05, 0.95]))
    assert abs(((rocks.temperature_k > t[:, 0]) & (rocks.temperature_k < t[:, 1])).mean() - 0.9) < 0.04
    line = fit_regression(LINEAR, rocks.seen, rocks.temperature_k)
    scores = (
        crps(each, edges, rocks.temperature_k).mean()
        for each in (cumulated(found.steps.astype(float)), line.cumulative(rocks.seen, edges))
    )
    assert next(scores) < 0.8 * next(scores)


def test_the_inversion_of_a_rock_without_error_finds_it(grid):
    p, t = np.array([5.0, 9.0]), np.array([1500.0, 1800.0])
    seen = Observed(p, values_at(grid, p, t, np.zeros(2, int)))
    edges = edges_of(grid, 60)
    found = invert(grid, edges, np.full(3, 3e-4), seen)
    middle = quantiles(cumulated(found.steps.astype(float)), edges, np.array([0.5]))[:, 0]
    assert np.allclose(middle, t, atol=60)  # the pressure is known to half a step of 0.5 GPa
    assert (found.misfit < 1).all()
    off = Observed(p, seen.ln + np.array([0.1, -0.1, 0]))
    assert (invert(grid, edges, np.full(3, 0.005), off).misfit > 100).all()


def test_a_composition_is_told_from_density(tmp_path):
    grid = simulated((0.0, 0.2))
    rocks = drawn(grid, 500, np.full(3, 1e-3), np.random.default_rng(0))
    found = invert(grid, edges_of(grid, 20), np.full(3, 3e-3), rocks.seen)
    assert (found.compositions.argmax(1) == rocks.composition).mean() > 0.95


def test_regressions_recover_what_is_linear(grid):
    draw = np.random.default_rng(0)
    ln = np.log([9000, 5000, 3600]) + 0.05 * draw.normal(size=(200, 3))
    seen = Observed(draw.uniform(1, 10, 200), ln)
    target = 1500 + 20 * seen.pressure_gpa + ln @ [100, -300, 50]
    fit = fit_regression(LINEAR, seen, target)
    assert np.allclose(fit(seen), target)
    edges = np.linspace(1000, 1000.1, 5)
    far = fit.cumulative(seen, edges)  # all mass lies beyond the edges
    assert np.isfinite(far).all()
    assert (np.diff(far, axis=1) >= 0).all()


def test_adiabats_keep_entropy_and_warm_with_depth(grid):
    path = adiabat(grid, 1600.0, 0)
    entropy = [np.interp(t, grid.temperature_k, grid.entropy[0, :, p]) for p, t in enumerate(path)]
    inside = path < grid.temperature_k[-1]
    assert np.ptp(np.array(entropy)[inside]) < 0.01 * entropy[0]
    assert path[8] > path[0]
    names = [
        each.name
        for each in fit_regressions(
            grid, drawn(grid, 200, np.full(3, 0.01), np.random.default_rng(0)).seen, np.ones(200)
        )
    ]
    assert names == ["linear", "quadratic", "adiabat + linear"]


def test_tables_of_several_compositions_need_one_grid(grid, tmp_path):
    write_perplex(tmp_path / "other.tab", 0.2, pressures=(1.0, 0.4, 30))
    with pytest.raises(InputError, match="other pressures"):
        joined([grid, read_table(tmp_path / "other.tab")])
    write_perplex(tmp_path / "iron.tab", 0.2)
    assert joined([grid, read_table(tmp_path / "iron.tab")]).names == ("rock", "iron")
