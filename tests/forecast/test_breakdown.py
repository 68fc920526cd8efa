"""Break-downs: their sums are the whole, classes hold what their names say, and whole sequences are drawn."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from terrella.earth.grid import Grid
from terrella.engine.judge import make_blocks
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.judging.breakdown import (
    ACTIVITY,
    MAGNITUDE,
    REGION,
    SINCE,
    Breakdown,
    Context,
    Shocks,
    break_down,
    large_shocks,
)
from terrella.forecast.judging.clusters import find_clusters
from terrella.forecast.judging.outcomes import Outcomes
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


def context(catalogue: Catalogue, shocks: Shocks | None = None) -> Context:
    nothing = Shocks(5.5, np.zeros(0), np.zeros(0), np.zeros(0))
    return Context(shocks or nothing, find_clusters(catalogue, EPOCH, 3.5), 1.0)


@pytest.fixture(scope="module")
def broken(outcomes: Outcomes, catalogue: Catalogue, grid: Grid) -> Breakdown:
    return break_down(outcomes, grid, context(catalogue), "climatology", 30.0)


def losses(outcomes: Outcomes, name: str) -> np.ndarray:
    log_mean, dispersion = outcomes.forecast(name, slice(0, len(outcomes.issue_days)))
    return negative_log_likelihood(outcomes.counts, log_mean, dispersion).double().numpy()


@pytest.mark.parametrize("kind", [SINCE, ACTIVITY, REGION])
def test_classes_add_up_to_the_whole(outcomes: Outcomes, broken: Breakdown, kind: str) -> None:
    assert sum(broken.counts(kind)) == outcomes.counts.sum()
    for name in outcomes.names:
        np.testing.assert_allclose(broken.losses[name][kind].sum(1), losses(outcomes, name).sum(1), rtol=1e-5)


def test_gains_of_classes_add_up_to_the_gain_of_all(outcomes: Outcomes, broken: Breakdown) -> None:
    blocks = make_blocks(outcomes.issue_days, 30, 20)
    gains = [each.value for each in broken.gains(REGION, "network", "ETAS", blocks)]
    total = (losses(outcomes, "ETAS") - losses(outcomes, "network")).sum() / float(outcomes.counts.sum())
    assert np.average(gains, weights=broken.counts(REGION)) == pytest.approx(total, rel=1e-5)
    assert broken.gains(MAGNITUDE, "network", "ETAS", blocks)[0].value == pytest.approx(total, rel=1e-5)
    assert broken.gain_by_sequence("network", "ETAS", 20).value == pytest.approx(total, rel=1e-5)


def test_larger_targets_are_the_thinned_counts(outcomes: Outcomes, broken: Breakdown) -> None:
    assert broken.classes[MAGNITUDE][:3] == ("M ≥ 2.5", "M ≥ 3", "M ≥ 3.5")
    large = outcomes.targets.magnitude >= 3.5
    assert broken.counts(MAGNITUDE)[2] == large.sum()
    n, cells = outcomes.counts.shape
    log_mean, dispersion = outcomes.forecast("network", slice(0, n))
    counts = outcomes.targets.counts(slice(0, n), cells, large)
    expected = negative_log_likelihood(counts, log_mean - np.log(10), dispersion)  # b = 1 and one magnitude
    np.testing.assert_allclose(
        broken.losses["network"][MAGNITUDE][:, 2], expected.double().sum(1).numpy(), rtol=1e-5
    )


def test_a_thinned_negative_binomial_count_keeps_its_dispersion() -> None:
    mean, alpha, share, n = 3.0, 0.7, 0.2, torch.arange(400.0)
    whole = torch.exp(-negative_log_likelihood(n, torch.tensor(np.log(mean)), torch.tensor(alpha))).double()
    k = torch.arange(12.0, dtype=torch.float64)[:, None]
    log_choose = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma((n - k).clamp(min=0) + 1)
    binomial = torch.exp(log_choose + k * np.log(share) + (n - k) * np.log(1 - share)) * (n >= k)
    thinned = -negative_log_likelihood(
        torch.arange(12.0), torch.tensor(np.log(mean * share)), torch.tensor(alpha)
    )
    np.testing.assert_allclose((binomial * whole).sum(1).numpy(), torch.exp(thinned).numpy(), rtol=2e-4)


def test_activity_puts_a_quarter_of_the_expected_events_in_each_group(
    outcomes: Outcomes, grid: Grid, catalogue: Catalogue
) -> None:
    rate = torch.arange(1.0, outcomes.counts.shape[1] + 1).expand_as(outcomes.counts)
    changed = replace(
        outcomes,
        expected={"climatology": replace(outcomes.expected["climatology"], log_mean=torch.log(rate))},
    )
    cells = [
        int(name.split("(")[1].split()[0])
        for name in break_down(changed, grid, context(catalogue), "climatology", 30).classes[ACTIVITY]
    ]
    # Rates grow evenly with the cell, so the cells up to a share of the whole grow with its root.
    share = np.sqrt(np.array([0, 0.25, 0.5, 0.75, 1]))
    np.testing.assert_allclose(cells, 80 * np.diff(share), atol=1.01)
    assert sum(cells) == 80


def test_regions_are_quarters_named_by_their_bounds(outcomes: Outcomes, broken: Breakdown) -> None:
    assert broken.classes[REGION] == (
        "0–1° E, 0.8–1.6° N",
        "1–2° E, 0.8–1.6° N",
        "0–1° E, 0–0.8° N",
        "1–2° E, 0–0.8° N",
    )
    east = outcomes.longitude > 1
    north = outcomes.latitude > 0.8
    expected = [int(outcomes.counts[:, m].sum()) for m in (~east & north, east & north, ~east & ~north)]
    assert broken.counts(REGION)[:3] == expected


def test_time_is_counted_from_the_last_shock_nearby(
    outcomes: Outcomes, catalogue: Catalogue, grid: Grid
) -> None:
    shocks = Shocks(
        5.5, np.array([380.5, 390.5, 500.0]), np.array([1.0, 1.0, 40.0]), np.array([0.8, 0.8, 0.0])
    )
    found = break_down(outcomes, grid, context(catalogue, shocks), "climatology", 30.0).events[SINCE]
    per_day = outcomes.counts.sum(1).numpy()
    # All cells lie within 100 km of the middle of the grid, none near the third shock: before the first shock
    # none is near, then one to two days pass, and the second shock starts the clock again.
    assert np.array_equal(found[:16, 4], per_day[:16])
    assert np.array_equal(found[16, :], per_day[16] * np.array([1, 0, 0, 0, 0]))  # issued half a day after
    assert found[17:23, 1].sum() == per_day[17:23].sum()
    assert found[23:26, 2].sum() == per_day[23:26].sum()
    assert found[26, 0] == per_day[26]
    assert found[136, 3] == per_day[136]


def test_sequences_are_drawn_as_wholes(outcomes: Outcomes, catalogue: Catalogue, grid: Grid) -> None:
    found = break_down(outcomes, grid, context(catalogue), "climatology", 30.0)
    assert found.sequence_events.sum() == outcomes.counts.sum()
    assert found.sequences > 0
    none = replace(context(catalogue), clusters=find_clusters(catalogue, EPOCH, 9.0))
    months = break_down(outcomes, grid, none, "climatology", 30.0)
    assert months.sequences == 0
    blocks = make_blocks(outcomes.issue_days, 30.0, 50)
    by_time = blocks.gain(
        (losses(outcomes, "ETAS") - losses(outcomes, "network")).sum(1), outcomes.counts.sum(1).numpy()
    )
    # Without sequences the labels are the 30-day blocks themselves.
    assert months.gain_by_sequence("network", "ETAS", 50).low == pytest.approx(by_time.low, rel=1e-4)
    assert months.gain_by_sequence("network", "ETAS", 50).high == pytest.approx(by_time.high, rel=1e-4)


def test_large_shocks_are_the_largest_thousandth_where_that_is_lower() -> None:
    magnitude = np.concatenate([np.full(1998, 2.0), [3.9, 4.5]])
    time = EPOCH + np.arange(2000).astype("timedelta64[D]")
    catalogue = make_catalogue(time, np.zeros(2000), np.zeros(2000), magnitude)
    found = large_shocks(catalogue, catalogue, EPOCH)
    assert 2.0 < found.min_magnitude < 4.5
    assert found.day[-1] == 1999
    strong = make_catalogue(time, np.zeros(2000), np.zeros(2000), magnitude + 4)
    assert large_shocks(strong, strong, EPOCH).min_magnitude == 5.5
