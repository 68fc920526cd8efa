"""The simulated planet: its climate, its store, and its solver as a forecast."""

import importlib.util

import numpy as np
import pytest
from fake_fields import quiet

from terrella.errors import InputError
from terrella.weather.data.regrid import area_weights
from terrella.weather.data.store import open_store
from terrella.weather.planet import held_suarez
from terrella.weather.planet.simulate import EVERY, cached_planet, simulate, solver_states

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # of jax, for what dinosaur-dycore 1.2 calls
needs_solver = pytest.mark.skipif(
    importlib.util.find_spec("dinosaur") is None, reason="dinosaur-dycore is not installed: terrella[weather]"
)


@pytest.fixture(scope="module")
def planet(tmp_path_factory):
    """Two members of three days."""
    path = tmp_path_factory.mktemp("planet") / "planet.zarr"
    simulate(path, 3, 2, quiet)
    return open_store(path)


@needs_solver
def test_the_planet_has_the_climate_of_held_and_suarez(planet):
    states = planet.states(np.arange(len(planet.times)))
    rows = states.reshape(len(states), len(planet.latitude), len(planet.longitude), -1).mean((0, 2))
    names = [channel.short for channel in planet.channels]
    wind, heat, weight = (
        rows[:, names.index("U250")],
        rows[:, names.index("T850")],
        rows[:, names.index("SP")],
    )
    for half in (slice(0, 16), slice(16, 32)):  # a jet in each hemisphere, in middle latitudes
        jet = np.abs(planet.latitude[half][wind[half].argmax()])
        assert 30 < jet < 60
        assert 15 < wind[half].max() < 45
    assert heat[14:18].mean() - heat[[0, -1]].mean() > 25
    assert (area_weights(planet.latitude) * weight).mean() == pytest.approx(1e5, rel=0.01)
    assert np.abs(rows[:, names.index("V500")]).max() < 2


@needs_solver
def test_members_are_apart_in_time_and_no_window_joins_them(planet):
    assert len(planet.times) == 2 * 12
    gaps = np.diff(planet.times) != np.timedelta64(6, "h")
    assert np.flatnonzero(gaps).tolist() == [11]
    assert planet.simulated
    assert planet.grid == "64x32"
    first, second = planet.states(np.array([0, 12]))
    assert np.abs(first - second).max() > 100


@needs_solver
def test_the_solver_goes_on_from_its_own_states_as_the_planet_did(planet):
    start = np.array([4, 16])
    states = solver_states(planet, start)
    solver = held_suarez.solver()
    shown = solver.fields(next(iter(solver.frames(states, 1))))
    for number, channel in enumerate(planet.channels):
        values = shown[channel.variable]
        own = values if channel.level is None else values[:, held_suarez.LEVELS.index(channel.level)]
        was = planet.states(start + 1)[..., number]
        np.testing.assert_allclose(own.reshape(2, -1), was, rtol=1e-3, atol=1e-3 * np.abs(was).max())
    with pytest.raises(InputError, match=f"every {EVERY}th state"):
        solver_states(planet, start + 1)


def test_coarser_states_keep_the_large_waves_alone():
    pytest.importorskip("dinosaur")
    states = np.arange(25 * 527, dtype=np.float32).reshape(1, 25, 527)
    coarse = held_suarez.coarser(states, 10)
    assert coarse.shape == (1, 25, 142)  # (10 + 1)² + 21 of the row above, as the solver keeps it
    assert (coarse[0, :, 0] == states[0, :, 0]).all()  # the mean over the globe
    assert np.isin(coarse, states).all()


def test_without_the_solver_one_line_says_how_to_install_it(monkeypatch, tmp_path):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "dinosaur" else found(name))
    with pytest.raises(
        InputError, match=r"needs dinosaur-dycore, which is not installed: pip install 'terrella\[weather\]'"
    ):
        simulate(tmp_path / "x.zarr", 3, 1, quiet)


def test_the_package_that_overwrites_the_solver_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    with pytest.raises(InputError, match="the package dinosaur is installed, whose modules overwrite"):
        held_suarez.check_installed()


def test_a_planet_that_is_kept_is_not_simulated_again(monkeypatch, tmp_path):
    monkeypatch.setenv("TERRELLA_CACHE", str(tmp_path))
    made = []

    def simulated(path, days, members, report):
        made.append((days, members))
        path.mkdir(parents=True)

    monkeypatch.setattr("terrella.weather.planet.simulate.simulate", simulated)
    assert cached_planet(20, 3, quiet) == cached_planet(20, 3, quiet)
    assert made == [(20, 3)]
