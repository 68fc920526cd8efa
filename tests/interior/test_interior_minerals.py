"""The equation of state against published programs' values, and pressures against PREM's."""

import numpy as np
import pytest

from terrella.earth.prem import prem
from terrella.earth.pressure import prem_pressure_gpa, pressure_gpa
from terrella.errors import InputError
from terrella.interior.minerals import species
from terrella.interior.minerals.assemblage import rock
from terrella.interior.minerals.equation_of_state import state


@pytest.mark.parametrize(
    ("mineral", "density", "bulk", "shear", "gibbs", "entropy"),
    [  # at 25 GPa and 1,800 K, by BurnMan 2.1.0's slb3
        (species.FORSTERITE, 3642.568, 208.104547, 91.516675, -1416737.194, 354.837179),
        (species.PERICLASE, 3915.534, 231.663121, 146.713097, -414241.980, 103.752834),
    ],
)
def test_minerals_are_those_of_another_program(mineral, density, bulk, shear, gibbs, entropy):
    found = state(mineral, np.array([25e9]), np.array([1800.0]))
    assert np.isclose(mineral.mass_kg / found.volume, density, rtol=3e-5)
    assert np.isclose(found.bulk / 1e9, bulk, rtol=1e-7)
    assert np.isclose(found.shear / 1e9, shear, rtol=1e-7)
    assert np.isclose(found.gibbs, gibbs, rtol=1e-8)
    assert np.isclose(found.entropy, entropy, rtol=1e-6)


def test_a_mineral_obeys_thermodynamics():
    p, t = np.full(3, 12e9), np.array([1600.0, 1600.5, 1599.5])
    of_t = state(species.MG_WADSLEYITE, p, t)
    assert np.isclose(-(of_t.gibbs[1] - of_t.gibbs[2]), of_t.entropy[0], rtol=1e-4)
    of_p = state(species.MG_WADSLEYITE, p + np.array([0, 1e6, -1e6]), np.full(3, 1600.0))
    assert np.isclose((of_p.gibbs[1] - of_p.gibbs[2]) / 2e6, of_p.volume[0], rtol=1e-5)


def test_a_pressure_beyond_the_equation_is_refused():
    with pytest.raises(InputError, match="stay between"):
        state(species.FORSTERITE, np.array([5e14]), np.array([2000.0]))


def test_olivine_changes_where_the_earth_has_its_discontinuities():
    p = np.arange(1.0, 30, 0.25)
    found = rock(p, np.full(len(p), 1800.0), 0.1)
    changes = p[1:][np.diff(found.stable) != 0]
    assert np.allclose(changes, [13.5, 19.5, 23.75], atol=0.6)
    assert (np.diff(found.density) > 0).all()


def test_iron_makes_rock_heavier_and_slower_and_heat_makes_it_slower():
    p, t = np.full(2, 5.0), np.array([1400.0, 1800.0])
    pure, ferrous = (rock(p, t, iron) for iron in (0.0, 0.2))
    assert (ferrous.density > pure.density).all()
    assert (ferrous.vs < pure.vs).all()
    assert pure.vs[1] < pure.vs[0]


def test_the_pressure_of_prem_is_prems():
    published = {100.0: 3.1, 400.0: 13.35, 670.0: 23.83, 2891.0: 135.75, 5149.5: 328.85, 6371.0: 363.85}
    found = prem_pressure_gpa(list(published))
    assert np.allclose(found, list(published.values()), rtol=4e-3, atol=0.06)


def test_a_profile_has_the_same_pressure_whole_or_in_part():
    z = np.concatenate([np.arange(0.0, 670, 5), np.arange(670.0, 2891, 20)])
    density = prem(z)[0]
    whole = pressure_gpa(z, density)
    part = z > 200
    assert np.allclose(pressure_gpa(z[part], density[part]), whole[part], rtol=5e-3)
    both = pressure_gpa(np.tile(z, 2), np.tile(density, 2), np.repeat([0, 1], len(z)))
    assert np.allclose(both, np.tile(whole, 2), rtol=1e-12)


def test_the_pressure_of_an_even_sphere_is_known():
    z = np.linspace(0, 6371, 200)
    r = 1000 * (6371 - z)
    density, g = 5514.0, 6.6743e-11
    expected = 2 / 3 * np.pi * g * density**2 * (6.371e6**2 - r**2) / 1e9
    assert np.allclose(pressure_gpa(z, np.full(len(z), density)), expected, rtol=1e-6, atol=1e-9)


def test_the_pressure_of_a_published_file_is_within_the_promise(shared_data):
    z, _, p, density = np.loadtxt(shared_data / "interior/prem.txt", usecols=range(4)).T
    density[:2] = 1020  # the file has rock in the ocean's place, and the pressures of a model with an ocean
    below = z > 24000
    off = pressure_gpa(z / 1000, density)[below] / (p[below] / 1e9) - 1
    assert np.abs(off).max() < 4e-3
