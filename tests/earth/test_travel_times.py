"""Travel times of the table against TauP itself and against a straight line."""

import warnings

import numpy as np
import pytest

from terrella.earth.travel_times import KM_PER_DEGREE, travel_time_s
from terrella.errors import InputError

LEGS = {
    "P": ["p", "P", "Pn", "Pg", "Pdiff"], "S": ["s", "S", "Sn", "Sg", "Sdiff"],
    "Pg": ["p", "Pg"], "Sg": ["s", "Sg"],
}  # fmt: skip


@pytest.fixture(scope="module")
def taup():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy.taup import TauPyModel

        return TauPyModel("ak135")


@pytest.mark.parametrize(
    ("phase", "distance_deg", "depth_km"),
    [
        ("P", 0.013, 3.3), ("P", 0.37, 9.1), ("S", 0.37, 9.1), ("S", 1.234, 26.0), ("P", 6.66, 13.3),
        ("P", 19.73, 33.0), ("P", 23.21, 18.0), ("S", 24.68, 47.0), ("P", 61.3, 555.0), ("S", 77.77, 111.0),
        ("Pg", 2.71, 7.7), ("Sg", 3.33, 17.0), ("Pn", 3.777, 21.0), ("Sn", 5.555, 11.0), ("pP", 45.6, 88.0),
        ("PcP", 33.3, 66.0), ("PP", 55.5, 44.0), ("sS", 66.6, 222.0), ("P", 15.05, 640.0),
    ],
)  # fmt: skip
def test_times_are_those_of_taup(taup, phase, distance_deg, depth_km):
    arrivals = taup.get_travel_times(depth_km, distance_deg, LEGS.get(phase, [phase]))
    assert float(travel_time_s(phase, distance_deg, depth_km)) == pytest.approx(
        min(each.time for each in arrivals), abs=0.1 if distance_deg > 12 else 0.03
    )


def test_above_a_source_in_the_upper_crust_times_are_depth_over_velocity():
    depth = np.array([1.0, 4.5, 10.0])
    np.testing.assert_allclose(travel_time_s("P", 0.0, depth), depth / 5.8, atol=2e-3)
    np.testing.assert_allclose(travel_time_s("S", 0.0, depth), depth / 3.46, atol=2e-3)


def test_the_wave_along_the_moho_has_its_slope_and_overtakes():
    near, far = travel_time_s("Pn", np.array([3.0, 6.0]), 10.0)
    assert 3.0 * KM_PER_DEGREE / (far - near) == pytest.approx(8.04 * 6371 / 6336, rel=2e-3)
    assert travel_time_s("Pg", 1.0, 10.0) == travel_time_s("P", 1.0, 10.0)
    assert travel_time_s("Pn", 4.0, 10.0) < travel_time_s("Pg", 4.0, 10.0) - 5


def test_waves_come_in_their_order():
    degrees = np.linspace(0.05, 95, 400)
    p, s = (travel_time_s(name, degrees, 10.0) for name in "PS")
    assert (np.diff(p) > 0).all()
    assert (s > 1.5 * p).all()
    np.testing.assert_array_less(p[300:], travel_time_s("pP", degrees[300:], 10.0))


def test_phases_that_do_not_arrive_are_missing():
    assert np.isnan(travel_time_s("Pn", 0.2, 10.0))  # before the critical distance
    assert np.isnan(travel_time_s("Pn", 5.0, 200.0))  # from below the Moho
    assert np.isnan(travel_time_s("P", 150.0, 10.0))  # beyond the table


def test_an_unknown_phase_is_named():
    with pytest.raises(InputError, match=r"no phase 'Lg'.*P, S"):
        travel_time_s("Lg", 3.0, 10.0)
