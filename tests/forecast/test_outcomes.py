"""Target events: each in its own horizon and cell, as the network's counts have them."""

from dataclasses import replace

import numpy as np
import torch

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast.judging.outcomes import Outcomes, cell_centres, cells_of, find_targets
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")


def test_an_event_at_an_issue_time_belongs_to_the_horizon_that_begins() -> None:
    grid = make_grid(box(0, 1, 0, 1), 0.5, (0, 10, 100))
    days = np.array([0.9, 1.0, 3.999, 4.0, 8.0])
    catalogue = make_catalogue(
        EPOCH + (days * 86_400e6).astype("timedelta64[us]"),
        [0.1, 0.1, 0.6, 0.6, 5.0],
        [0.1, 0.1, 0.6, 0.6, 0.1],
        [3.0, 4.0, 5.0, 6.0, 7.0],
        [5.0, 5.0, 50.0, 5.0, 5.0],
    )
    found = find_targets(catalogue, grid, EPOCH, np.array([1.0, 4.0]), 3.0)
    assert found.row.tolist() == [0, 0, 1]
    assert found.cell.tolist() == [0, 7, 3]  # the second layer comes after the first one's four columns
    assert found.magnitude.tolist() == [4.0, 5.0, 6.0]
    assert found.index.tolist() == [1, 2, 3]
    lon, lat = cell_centres(grid)
    np.testing.assert_allclose(lon[found.cell], [0.25, 0.75, 0.75])
    np.testing.assert_allclose(lat[found.cell], [0.25, 0.75, 0.75])
    assert cells_of(catalogue, grid)[-1] == -1


def test_gaps_between_horizons_hold_no_target(catalogue: Catalogue) -> None:
    grid = make_grid(box(0, 2, 0, 1.6), 0.2)
    issue = np.arange(0.0, 700.0, 10.0)
    found = find_targets(catalogue, grid, EPOCH, issue, 2.0)
    assert 0 < len(found.row) < len(catalogue)
    assert (found.day - issue[found.row]).max() < 2.0


def test_counts_of_chosen_targets_are_those_of_the_whole(outcomes: Outcomes) -> None:
    n, cells = outcomes.counts.shape
    everything = np.ones(len(outcomes.targets.row), bool)
    parts = [outcomes.targets.counts(rows, cells, everything) for rows in (slice(0, 100), slice(100, n))]
    torch.testing.assert_close(torch.cat(parts), outcomes.counts)
    large = outcomes.targets.magnitude >= 3.5
    assert outcomes.targets.counts(slice(0, n), cells, large).sum() == large.sum() > 0


def test_forecasts_of_some_rows_are_rows_of_all(outcomes: Outcomes) -> None:
    spread = torch.rand(outcomes.counts.shape)
    changed = replace(
        outcomes, expected={"network": replace(outcomes.expected["network"], log_spread=spread)}
    )
    mean, dispersion = changed.forecast("network", slice(0, len(outcomes.issue_days)))
    some_mean, some_dispersion = changed.forecast("network", slice(7, 9))
    torch.testing.assert_close(some_mean, mean[7:9])
    torch.testing.assert_close(some_dispersion, dispersion[7:9])
    np.testing.assert_allclose(changed.log_means("network"), mean.numpy(), rtol=1e-6)
