"""Volumes: a source like any other, and against the event list cell by cell."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from source_conformance import SourceConformance

from terrella.engine.feed import preloaded
from terrella.forecast.cell_rates import make_cell_rates
from terrella.forecast.past import make_past
from terrella.forecast.volumes import Volumes, _boxed

EPOCH = np.datetime64("2000-01-01", "us")
HORIZONS = (1.0, 30.0)
MEMORY_DAYS = (1.0, 100.0)
BANDS = (0.0, 1.0)


def make_volumes(catalogue, grid, etas) -> Volumes:
    past = make_past(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    n_columns = int(grid.mask.sum())
    background = np.linspace(1e-4, 2e-4, n_columns)[None]
    # Shares of layers must not see the catalogue here, or cutting it would change them.
    shares = np.full((grid.shape[0], n_columns), 1 / grid.shape[0])
    rates = make_cell_rates(
        etas, background, np.array([0.0, 1.0]), shares, HORIZONS, MEMORY_DAYS, start_day=0.0
    )
    issue_days = torch.arange(100.0, 700.0, 75.0, dtype=torch.float64)
    return Volumes(past, rates, issue_days, torch.tensor(HORIZONS, dtype=torch.float64), grid.mask.shape)


@pytest.fixture(scope="module")
def catalogue(catalogue):
    """A third of the events, for speed."""
    return catalogue[::3]


@pytest.fixture(scope="module")
def volumes(catalogue, grid, etas) -> Volumes:
    return make_volumes(catalogue, grid, etas)


class TestVolumes(SourceConformance):
    @pytest.fixture
    def source(self, volumes):
        return volumes


class TestPreloadedVolumes(SourceConformance):
    @pytest.fixture
    def source(self, volumes):
        return preloaded(volumes)


def test_shapes_are_channels_layers_and_the_map(volumes, grid):
    sample = volumes.read(torch.arange(4))
    # ETAS and its background, memories of every band and of the moment, observed over expected in three boxes.
    channels = len(HORIZONS) + 1 + (len(BANDS) + 1) * len(MEMORY_DAYS) + 3 * len(MEMORY_DAYS)
    assert sample["features"].shape == (4, channels, *grid.shape)
    assert sample["log_etas"].shape == sample["counts"].shape == (4, len(HORIZONS), *grid.shape)
    assert {name: values.dtype for name, values in sample.items()} == dict.fromkeys(sample, torch.float32)
    assert all(values.isfinite().all() for values in sample.values())
    torch.testing.assert_close(sample["features"][:, : len(HORIZONS)], sample["log_etas"])
    torch.testing.assert_close(volumes.log_etas(volumes.issue_days[:4]), sample["log_etas"])


def test_counts_are_those_of_the_catalogue(volumes, catalogue, grid):
    counts = volumes.read(torch.arange(len(volumes)))["counts"].numpy()
    days = catalogue.days_since(EPOCH)
    cell = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    for sample, issue in enumerate(volumes.issue_days.tolist()):
        for h, horizon in enumerate(HORIZONS):
            inside = (days >= issue) & (days < issue + horizon) & (cell >= 0)
            expected = np.bincount(cell[inside], minlength=grid.mask.size).reshape(grid.shape)
            np.testing.assert_array_equal(counts[sample, h], expected)
    assert counts.sum() > 20


def test_what_is_to_come_does_not_reach_the_inputs(volumes, catalogue, grid, etas):
    issue = 400.0
    known = catalogue.days_since(EPOCH) < issue
    past_only = make_volumes(catalogue[known], grid, etas)
    at = torch.tensor([100.0, 333.3, issue], dtype=torch.float64)
    for whole, cut in zip(volumes.inputs(at), past_only.inputs(at), strict=True):
        torch.testing.assert_close(whole, cut, rtol=1e-4, atol=1e-5)


def test_an_event_raises_the_forecast_of_its_own_cell_most(volumes, catalogue):
    days = catalogue.days_since(EPOCH)
    largest = int(np.argmax(np.where((days > 100) & (days < 700), catalogue.magnitude, 0)))
    at = torch.tensor([days[largest], days[largest] + 1e-3], dtype=torch.float64)
    before, after = volumes.log_etas(at).exp()[:, 0, 0]
    rise = (after - before).numpy()
    # Cells of 0.2 degrees from the origin.
    expected = int(catalogue.latitude[largest] / 0.2), int(catalogue.longitude[largest] / 0.2)
    assert np.unravel_index(rise.argmax(), rise.shape) == expected


def test_nothing_lies_outside_the_region(catalogue, grid, etas):
    mask = torch.ones(grid.mask.shape, dtype=torch.bool)
    mask[2:5, 3:6] = False
    volumes = make_volumes(catalogue, replace(grid, mask=mask.numpy()), etas)
    sample = volumes.read(torch.arange(3))
    assert (sample["counts"][..., ~mask] == 0).all()
    assert (sample["log_etas"][..., ~mask] == 0).all()
    assert (sample["log_etas"][..., mask] != 0).all()


@pytest.mark.parametrize("box", [1, 3, 5])
def test_boxed_sums_equal_sums_over_the_cells_around(box):
    values = torch.rand(2, 3, 4, 6, 7, generator=torch.Generator().manual_seed(0))
    found = _boxed(values, box)
    around = box // 2
    for row in range(6):
        for column in range(7):
            part = values[
                ..., max(row - around, 0) : row + around + 1, max(column - around, 0) : column + around + 1
            ]
            torch.testing.assert_close(found[..., row, column], part.sum((-1, -2)))
