"""Clusters by Gardner & Knopoff's windows: their table, and who belongs to whom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.forecast.judging.clusters import find_clusters, last_days, reach_km
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


def made(days: np.ndarray, longitude: np.ndarray, magnitude: np.ndarray) -> Catalogue:
    time = EPOCH + (np.asarray(days) * 86_400e6).astype("timedelta64[us]")
    return make_catalogue(time, longitude, np.zeros(len(time)), magnitude)


@pytest.mark.parametrize(
    ("magnitude", "km", "days"),
    [(2.5, 19.5, 6), (4.0, 30, 42), (5.5, 47, 290), (7.0, 70, 915), (8.0, 94, 985)],
)
def test_windows_are_those_of_the_table(magnitude: float, km: float, days: float) -> None:
    assert reach_km(magnitude) == pytest.approx(km)
    assert last_days(magnitude) == pytest.approx(days)


def test_windows_lie_near_the_formulas_that_others_use() -> None:
    # van Stiphout, Zhuang & Marsan (2012), Seismicity declustering, CORSSA, eqs. for Gardner & Knopoff (1974).
    magnitude = np.arange(3.0, 7.6, 0.25)
    np.testing.assert_allclose(reach_km(magnitude), 10 ** (0.1238 * magnitude + 0.983), rtol=0.08)
    duration = np.where(
        magnitude >= 6.5, 10 ** (0.032 * magnitude + 2.7389), 10 ** (0.5409 * magnitude - 0.547)
    )
    np.testing.assert_allclose(last_days(magnitude), duration, rtol=0.15)


def test_mainshock_claims_aftershocks_and_foreshocks_and_no_one_else() -> None:
    days = [100.0, 100.5, 101.0, 101.5, 700.0, 101.6, 99.0]
    # foreshock, mainshock, aftershock, too far, too late, aftershock, foreshock
    longitude = [0.1, 0.0, 0.2, 3.0, 0.0, -0.2, 0.0]
    magnitude = [5.5, 6.0, 3.0, 3.0, 4.9, 3.0, 2.5]
    catalogue = made(np.array(days), np.array(longitude), np.array(magnitude))
    found = find_clusters(catalogue, EPOCH, 5.0, fewest_events=2)
    assert len(found) == 1
    assert found.events.tolist() == [5]
    assert catalogue.magnitude[found.main].tolist() == [6.0]
    assert found.start_day.tolist() == [
        99.0
    ]  # within six days of its own window, the small one is a foreshock
    assert found.end_day.tolist() == pytest.approx([610.5])


def test_a_large_sequence_comes_last_and_small_ones_are_left_out() -> None:
    days = np.concatenate([[10.0], 10 + np.arange(1, 15) * 0.1, [50.0], 50 + np.arange(1, 31) * 0.1, [200.0]])
    longitude = np.concatenate([np.zeros(15), np.full(31, 10.0), [20.0]])
    magnitude = np.concatenate([[5.0], np.full(14, 3.0), [6.0], np.full(30, 3.0), [7.0]])
    found = find_clusters(made(days, longitude, magnitude), EPOCH, 4.0)
    assert found.magnitude.tolist() == [5.0, 6.0]
    assert found.events.tolist() == [15, 31]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 200))
def test_no_event_is_in_two_clusters(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    catalogue = made(draw.uniform(0, 400, n), draw.uniform(0, 1, n), 2.5 + draw.exponential(0.6, n))
    found = find_clusters(catalogue, EPOCH, 2.5, fewest_events=1)
    assert found.events.sum() == n  # each event is claimed once where every event may be a mainshock
    assert np.all(np.diff(found.magnitude) >= 0)
    assert np.all(found.start_day <= found.end_day)
