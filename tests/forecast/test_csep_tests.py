"""What goes into CSEP's tests, and what pyCSEP makes of it where it is installed."""

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.forecast.judging.csep_tests import (
    CsepInput,
    csep_catalogue,
    csep_forecast,
    csep_input,
    magnitude_edges,
    magnitude_shares,
    run_csep_tests,
    yearly_variance_ratio,
)
from terrella.forecast.judging.outcomes import Outcomes, cell_centres, find_targets
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


@pytest.fixture(scope="module")
def given(outcomes: Outcomes, grid: Grid, catalogue: Catalogue) -> CsepInput:
    return csep_input(outcomes, grid, catalogue, catalogue, 1.0)


@pytest.fixture
def csep() -> Iterator[None]:
    """PyCSEP, or a skip; what it and its own dependencies warn of is theirs."""
    with warnings.catch_warnings(action="ignore"):
        pytest.importorskip("csep", reason="pyCSEP is not installed (pip install 'terrella[csep]')")
        yield


def test_bins_start_at_the_smallest_magnitude_and_shares_are_those_of_the_law() -> None:
    edges = magnitude_edges(2.5)
    np.testing.assert_allclose(edges[[0, 1, -1]], [2.5, 2.6, 7.9])
    shares = magnitude_shares(edges, 1.0)
    assert shares.sum() == pytest.approx(1)
    assert shares[10:].sum() == pytest.approx(0.1)  # one magnitude higher, a tenth
    assert shares[-1] == pytest.approx(10**-5.4)  # the last bin is open
    assert magnitude_edges(8.5).tolist() == [8.5]


def test_rates_are_the_expected_counts_of_the_test_window(given: CsepInput, outcomes: Outcomes) -> None:
    n, cells = outcomes.counts.shape
    assert given.origins.shape == (cells, 2)
    for name in outcomes.names:
        assert given.rates[name].shape == (cells, len(given.magnitudes))
        expected = np.exp(outcomes.forecast(name, slice(0, n))[0].double().numpy()).sum(0)
        np.testing.assert_allclose(given.rates[name].sum(1), expected, rtol=1e-5)


def test_rate_at_an_event_is_that_of_its_horizon_cell_and_bin(given: CsepInput, outcomes: Outcomes) -> None:
    targets = outcomes.targets
    assert len(given.magnitude) == len(targets.row) == outcomes.counts.sum()
    k = int(np.argmax(targets.magnitude))
    row = int(targets.row[k])
    mean = np.exp(float(outcomes.forecast("network", slice(row, row + 1))[0][0, targets.cell[k]]))
    low = round(float(targets.magnitude[k]), 1)
    share = 10 ** -(low - 2.5) - 10 ** -(low - 2.4)
    assert given.event_rates["network"][k] == pytest.approx(mean * share, rel=1e-4)
    np.testing.assert_allclose(given.longitude[k], outcomes.longitude[targets.cell[k]])


def test_layers_of_a_column_are_added_up(outcomes: Outcomes, catalogue: Catalogue) -> None:
    # The same 80 cells, as two layers of 40 columns.
    grid = make_grid(box(0, 1, 0, 1.6), 0.2, (0, 15, 100))
    longitude, latitude = cell_centres(grid)
    targets = find_targets(catalogue, grid, EPOCH, outcomes.issue_days, 1.0)
    given = csep_input(
        replace(outcomes, longitude=longitude, latitude=latitude, targets=targets),
        grid,
        catalogue,
        catalogue,
        1.0,
    )
    assert given.origins.shape == (40, 2)
    n = len(outcomes.issue_days)
    mean = np.exp(outcomes.forecast("ETAS", slice(0, n))[0].double().numpy())
    both = mean[:, :40] + mean[:, 40:]
    np.testing.assert_allclose(given.rates["ETAS"].sum(1), both.sum(0), rtol=1e-5)
    bin_of = np.searchsorted(given.magnitudes, targets.magnitude + 1e-6, "right") - 1
    np.testing.assert_allclose(
        given.event_rates["ETAS"], both[targets.row, targets.cell % 40] * given.shares[bin_of], rtol=1e-5
    )


def test_variance_of_yearly_counts() -> None:
    per_year = np.array([10, 30, 20, 40, 25, 35])
    time = np.concatenate([np.linspace(y * 365.25 + 1, y * 365.25 + 360, n) for y, n in enumerate(per_year)])
    time = np.concatenate([[0.0], time, [6 * 365.25 + 0.5]])
    when = EPOCH + (time * 86_400e6).astype("timedelta64[us]")
    catalogue = make_catalogue(when, time * 0, time * 0, time * 0 + 3)
    counts = per_year + np.array([1, 0, 0, 0, 0, 0])
    assert yearly_variance_ratio(catalogue) == pytest.approx(counts.var(ddof=1) / counts.mean())
    assert yearly_variance_ratio(catalogue[:40]) == 1.0  # too few years to tell


@pytest.mark.usefixtures("csep")
def test_pycsep_counts_the_same_events_in_the_same_cells_and_bins(
    given: CsepInput, outcomes: Outcomes
) -> None:
    forecast, observed = csep_forecast(given, "network"), csep_catalogue(given)
    assert forecast.event_count == pytest.approx(given.rates["network"].sum())
    np.testing.assert_array_equal(observed.spatial_counts(), outcomes.counts.sum(0).numpy())
    bins = np.histogram(given.magnitude + 1e-6, np.append(given.magnitudes, 99))[0]
    np.testing.assert_array_equal(observed.magnitude_counts(mag_bins=forecast.magnitudes), bins)
    # Cell for cell, the rate that pyCSEP finds at an event's place is that of the event's own cell.
    rates, _ = forecast.target_event_rates(observed)
    column = outcomes.targets.cell
    bin_of = np.searchsorted(given.magnitudes, given.magnitude + 1e-6, "right") - 1
    np.testing.assert_allclose(rates, given.rates["network"][column, bin_of])


@pytest.mark.usefixtures("csep")
def test_pycsep_agrees_with_the_formulas(given: CsepInput) -> None:
    found = run_csep_tests(given, "ETAS")
    n = found.observed
    for name, each in found.consistency.items():
        mean = given.rates[name].sum()
        law = stats.poisson(mean)
        assert each.number == pytest.approx((law.sf(n - 1), law.cdf(n)), abs=1e-9)
        variance = mean * given.variance_ratio
        if given.variance_ratio > 1:
            clustered = stats.nbinom(mean**2 / (variance - mean), mean / variance)
            assert each.number_clustered == pytest.approx((clustered.sf(n - 1), clustered.cdf(n)), abs=1e-6)
        for quantile in (each.magnitude, each.spatial, each.conditional_likelihood):
            assert 0 <= quantile <= 1
    assert [each.model for each in found.comparisons] == ["climatology", "network", "gradient boosting"]
    for each in found.comparisons:
        x = np.log(given.event_rates[each.model]) - np.log(given.event_rates["ETAS"])
        excess = (given.rates[each.model].sum() - given.rates["ETAS"].sum()) / n
        t = stats.ttest_1samp(x, excess)
        assert each.gain == pytest.approx(x.mean() - excess)
        assert (each.low, each.high) == pytest.approx(tuple(t.confidence_interval() - excess))
        assert each.t_statistic == pytest.approx(t.statistic)
        w = stats.wilcoxon(x - excess, method="asymptotic", correction=False)
        assert each.w_probability == pytest.approx(w.pvalue, rel=1e-6, abs=1e-12)


@pytest.mark.usefixtures("csep")
def test_events_drawn_from_a_forecast_pass_its_tests(given: CsepInput) -> None:
    draw = np.random.default_rng(5)
    rate = given.rates["network"] * 3
    counts = draw.poisson(rate)
    column, bin_of = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0).T
    middle = given.cell_deg / 2
    drawn = replace(
        given,
        rates={"network": rate, "ETAS": rate[::-1].copy()},
        event_rates={"network": rate[column, bin_of], "ETAS": rate[::-1][column, bin_of]},
        longitude=given.origins[column, 0] + middle,
        latitude=given.origins[column, 1] + middle,
        magnitude=given.magnitudes[bin_of] + 0.05,
        time_ms=np.zeros(len(column), np.int64),
    )
    found = run_csep_tests(drawn, "ETAS")
    good, wrong = found.consistency["network"], found.consistency["ETAS"]
    assert min(*good.number, good.magnitude, good.spatial, good.conditional_likelihood) > 0.01
    assert wrong.spatial < 0.01  # the map upside down
    assert found.comparisons[0].low > 0
