"""Features: what each channel of a cell says, against sums over the events themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.features.channels import Maps, feature_names, features, make_maps
from terrella.forecast.features.surroundings import BOXES, boxes_around, kernels_around
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.forecast.settings import ForecastSettings, NetworkSettings

EPOCH = np.datetime64("2000-01-01", "us")
HORIZONS = (1.0, 30.0)
MEMORY_DAYS = (1.0, 10.0, 100.0)
BANDS = (0.0, 1.0, 2.0)
SETTINGS = ForecastSettings(
    horizons_days=HORIZONS, network=NetworkSettings(memory_days=MEMORY_DAYS, band_steps=BANDS)
)
ISSUE = np.array([100.0, 333.3, 402.0, 650.0])


def maps_of(catalogue, grid, etas, issue=ISSUE, smooth=True) -> Maps:
    sources = make_sources(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    n_columns = int(grid.mask.sum())
    shares = np.full((grid.shape[0], n_columns), 1 / grid.shape[0])
    rates = make_cell_rates(
        etas,
        np.linspace(1e-4, 2e-4, n_columns)[None],
        np.array([0.0, 1.0]),
        shares,
        HORIZONS,
        MEMORY_DAYS,
        0.0,
    )
    (swept,) = sweep(sources, issue, batch=len(issue))
    triggering, local = torch.from_numpy(swept.triggering), torch.from_numpy(swept.local)
    days = torch.as_tensor(issue)
    background = rates.background_at(days)
    around = kernels_around(grid, SETTINGS.network.kernels_km) if smooth else boxes_around(grid)
    return make_maps(rates, days, triggering, local, background, around)


def everywhere(maps: Maps) -> torch.Tensor:
    """Return the features of all cells (n, layer, column, channel)."""
    n, _, layers, columns = maps.log_etas.shape
    at = torch.meshgrid(*(torch.arange(size) for size in (n, layers, columns)), indexing="ij")
    return features(maps, *(each.flatten() for each in at)).view(n, layers, columns, -1)


@pytest.mark.parametrize("smooth", [True, False])
def test_every_channel_has_its_name(catalogue, grid, etas, smooth):
    found = everywhere(maps_of(catalogue, grid, etas, smooth=smooth))
    names = feature_names(SETTINGS, smooth)
    assert found.shape[-1] == len(names) == len(set(names))
    assert found.isfinite().all()


@pytest.mark.parametrize("box", BOXES)
def test_boxes_count_the_events_around_a_cell(catalogue, grid, etas, box):
    found = everywhere(maps_of(catalogue, grid, etas, smooth=False))
    names = feature_names(SETTINGS, smooth=False)
    days = catalogue.days_since(EPOCH)
    large = catalogue.magnitude >= etas.min_magnitude + 1 - 1e-9
    row, column = np.divmod(grid.cell_of(catalogue.longitude, catalogue.latitude), grid.mask.shape[1])
    for name, chosen in (
        (f"observed {box}×{box} 10 d", days > -1),
        (f"observed band 1 {box}×{box} 10 d", large),
    ):
        seen = torch.expm1(found[..., names.index(name)])[:, 0].view(len(ISSUE), *grid.mask.shape)
        for n, issue in enumerate(ISSUE):
            near = (abs(row - 3) <= box // 2) & (abs(column - 4) <= box // 2) & (days < issue) & chosen
            expected = np.exp(-(issue - days[near]) / 10).sum()
            assert float(seen[n, 3, 4]) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_what_is_to_come_does_not_reach_the_features(catalogue, grid, etas):
    draw = np.random.default_rng(1)
    future = catalogue.days_since(EPOCH) >= 402.0
    scrambled = replace(
        catalogue,
        **{
            name: np.where(future, draw.permutation(getattr(catalogue, name)), getattr(catalogue, name))
            for name in ("longitude", "latitude", "magnitude")
        },
    )
    issue = ISSUE[:3]
    whole, blind = (everywhere(maps_of(each, grid, etas, issue)) for each in (catalogue, scrambled))
    torch.testing.assert_close(whole, blind, rtol=0, atol=0)


def test_layers_differ_in_their_own_past_and_share_their_surroundings(catalogue, grid, etas):
    layered = replace(grid, depth_edges_km=np.array([0.0, 10.0, 40.0]))
    found = everywhere(maps_of(catalogue, layered, etas))
    flat = everywhere(maps_of(catalogue, grid, etas))
    names = feature_names(SETTINGS)
    own, around = names.index("observed 100 d"), names.index("observed 25 km 100 d")
    counts = torch.expm1(found[..., own])
    torch.testing.assert_close(counts.sum(1), torch.expm1(flat[..., own])[:, 0], rtol=1e-3, atol=1e-4)
    assert (counts[:, 0] - counts[:, 1]).abs().max() > 0.5
    torch.testing.assert_close(found[:, 0, :, around], found[:, 1, :, around])
    torch.testing.assert_close(found[:, 0, :, around], flat[:, 0, :, around], rtol=1e-4, atol=1e-5)
