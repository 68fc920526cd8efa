"""Single sequences: which are followed, from when and where, and what they hold."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import nbinom

from terrella.earth.grid import Grid
from terrella.earth.sphere import distance_km
from terrella.forecast.judging.clusters import reach_km
from terrella.forecast.judging.outcomes import Outcomes, find_targets
from terrella.forecast.judging.sequences import KNOWN, Followed, follow_sequences
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


@pytest.fixture(scope="module")
def followed(outcomes: Outcomes, catalogue: Catalogue) -> list[Followed]:
    return follow_sequences(outcomes, catalogue, EPOCH)


def test_the_largest_shocks_are_followed_in_order_of_time(
    followed: list[Followed], outcomes: Outcomes, catalogue: Catalogue
) -> None:
    assert 1 <= len(followed) <= 5
    assert [each.time_utc for each in followed] == sorted(each.time_utc for each in followed)
    assert max(each.magnitude for each in followed) == outcomes.targets.magnitude.max()


def test_counts_are_those_of_the_zone_from_the_first_forecast_after_the_shock(
    followed: list[Followed], catalogue: Catalogue
) -> None:
    for each in followed:
        day = (each.time_utc - EPOCH) / np.timedelta64(1, "D")
        first = np.floor(day) + 1  # forecasts are issued at midnight
        np.testing.assert_allclose(each.days, first + 1 - day + np.arange(len(each.days)))
        assert each.reach_km == pytest.approx(reach_km(each.magnitude))
        # Cells are 22 km wide: events well inside the zone count, those well outside do not.
        when = catalogue.days_since(EPOCH)
        span = (when >= first) & (when < first + len(each.days))
        far = distance_km(catalogue.longitude, catalogue.latitude, each.longitude, each.latitude)
        assert np.sum(span & (far < each.reach_km - 16)) <= each.observed.sum()
        assert np.sum(span & (far < each.reach_km + 16)) >= each.observed.sum()
        assert each.observed[each.within(30)].sum() >= 10


def test_expected_counts_and_bands_are_those_of_the_cells(followed: list[Followed]) -> None:
    for each in followed:
        for name, mean in each.expected.items():
            assert np.all(each.variance[name] > mean)
            low, high = each.band(name)
            assert np.all((low <= mean + 1) & (mean <= high + 1e-9))
    one = replace(
        followed[0],
        expected={"ETAS": np.full(3, 4.0)},
        variance={"ETAS": np.full(3, 4 + 0.5 * 16)},
    )
    low, high = one.band("ETAS")
    assert (low[0], high[0]) == (nbinom.ppf(0.025, 2, 2 / 6), nbinom.ppf(0.975, 2, 2 / 6))


def test_gain_is_that_of_the_losses_in_the_span(followed: list[Followed]) -> None:
    each = followed[0]
    gain = each.gain("network", "ETAS", 30, 50)
    rows = slice(0, 30)
    better = (each.losses["ETAS"] - each.losses["network"])[rows].sum() / each.observed[rows].sum()
    assert gain.value == pytest.approx(better)
    assert gain.low < gain.value < gain.high
    assert each.gain("network", "network", 30, 50).value == 0


def test_ridgecrest_is_found_by_time_and_place_and_its_neighbours_are_not_followed(
    outcomes: Outcomes, grid: Grid
) -> None:
    ridgecrest = next(each for each in KNOWN if each.name == "Ridgecrest 2019")
    start = np.datetime64(ridgecrest.time_utc, "us")
    minutes = np.array([-2100, 0.3, 60, *np.arange(1, 60) * 500, 200_000])
    n = len(minutes)
    magnitude = np.full(n, 3.0)
    magnitude[:3] = 6.4, 7.1, 5.5  # the foreshock of the day before and a large aftershock
    magnitude[-1] = 4.9
    time = start + (minutes * 60e6).astype("timedelta64[us]")
    lon, lat = np.full(n, ridgecrest.longitude + 0.05), np.full(n, ridgecrest.latitude)
    here = replace(
        grid,
        longitude_edges=grid.longitude_edges + ridgecrest.longitude - 1,
        latitude_edges=grid.latitude_edges + ridgecrest.latitude - 0.8,
    )
    catalogue = make_catalogue(time, lon, lat, magnitude)
    epoch = np.datetime64("2019-01-01", "us")
    issue = np.arange(365.0)
    targets = find_targets(catalogue, here, epoch, issue, 1.0)
    counts = torch.zeros(365, outcomes.counts.shape[1])
    counts.index_put_((torch.as_tensor(targets.row), torch.as_tensor(targets.cell)), torch.ones(n), True)
    shifted = replace(
        outcomes,
        issue_days=issue,
        counts=counts,
        targets=targets,
        longitude=outcomes.longitude + ridgecrest.longitude - 1,
        latitude=outcomes.latitude + ridgecrest.latitude - 0.8,
    )
    found = follow_sequences(shifted, catalogue, epoch)
    assert [(each.name, each.magnitude) for each in found] == [("Ridgecrest 2019", 7.1)]
    assert found[0].observed.sum() == np.sum((minutes > 1240) & (minutes < 130_000))  # issued at midnight
