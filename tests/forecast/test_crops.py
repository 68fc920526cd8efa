"""Crops for the U-Net: unbiased over all cells, symmetric, and the same answers as on the whole map."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from terrella.earth.grid import make_grid
from terrella.earth.region import Region, box
from terrella.engine.feed import Changing, Feed, Held
from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.features.channels import channel_count, feature_names, own_count
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.features.sweep import make_sources
from terrella.forecast.learning import crops
from terrella.forecast.learning.crops import MARGIN, SIDE, TILE, Crops, draw_crops, nearly_square
from terrella.forecast.learning.network import ForecastNetwork, count_loss
from terrella.forecast.learning.samples import Fetched, Samples
from terrella.forecast.models import Forecaster, learned, swept_maps
from terrella.forecast.settings import ForecastSettings, NetworkSettings

EPOCH = np.datetime64("2000-01-01", "us")
SETTINGS = ForecastSettings(
    horizons_days=(1.0, 7.0),
    network=NetworkSettings(
        kind="unet", widths=(4, 6), hidden=(8,), memory_days=(1.0, 10.0, 100.0), band_steps=(0.0, 1.0),
        kernels_km=(20.0, 50.0),
    ),
)  # fmt: skip
L_SHAPE = Region(((0, 0), (5, 0), (5, 2), (2, 2), (2, 3), (0, 3)))


def forecaster_of(catalogue, grid, etas, network=None) -> Forecaster:
    n_columns, layers = int(grid.mask.sum()), grid.shape[0]
    shares = np.full((layers, n_columns), 1 / layers)
    background, no_folds = np.full((1, n_columns), 1e-4), np.array([0.0, 1.0])
    known = SETTINGS.network
    rates = make_cell_rates(
        etas, background, no_folds, shares, SETTINGS.horizons_days, known.memory_days, 0.0
    )
    sources = make_sources(catalogue, EPOCH, grid, etas, known.memory_days, known.band_steps)
    models = SimpleNamespace(
        grid=grid, settings=SETTINGS, smooth=True, network=network, horizons_days=SETTINGS.horizons_days
    )
    return Forecaster(models, catalogue, sources, rates, torch.device("cpu"))


def random_network(layers: int = 1) -> ForecastNetwork:
    torch.manual_seed(0)
    network = ForecastNetwork(channel_count(SETTINGS, True), 2, SETTINGS.network, layers=layers)
    torch.nn.init.normal_(network.head.weight, std=0.3)
    network.feature_mean = torch.randn(network.feature_mean.shape) * 0.1
    return network.eval()


@pytest.mark.parametrize("where", ["region", "globe"])
def test_weights_make_sums_over_all_cells_unbiased(catalogue, etas, where):
    if where == "region":
        grid = make_grid(L_SHAPE, 0.1)
    else:
        grid = make_grid(box(-180, 180, -90, 90), 10)
        spread = {"longitude": catalogue.longitude * 180 - 180, "latitude": catalogue.latitude * 100 - 80}
        catalogue = replace(catalogue, **spread)
    forecaster = forecaster_of(catalogue, grid, etas)
    issue = np.arange(390.0, 420.0, 6.0)
    counts = torch.from_numpy(observed_counts(forecaster.sources, issue, SETTINGS.horizons_days))
    expected = torch.cat([torch.exp(maps.log_etas) for _, maps in swept_maps(forecaster, issue)])
    sums, sizes = [], []
    for seed in range(12):
        drawn = draw_crops(forecaster, issue, 12, seed)
        weight = drawn.weight[..., None]
        sums.append([*(drawn.counts * weight).flatten(0, -2).sum(0).tolist(),
                     *(torch.exp(drawn.log_etas) * weight).flatten(0, -2).sum(0).tolist()])  # fmt: skip
        sizes.append(len(drawn))
    error = np.std(sums, axis=0) / np.sqrt(len(sums))
    wanted = [*counts.sum((0, 2, 3)).tolist(), *expected.sum((0, 2, 3)).tolist()]
    assert np.all(np.abs(np.mean(sums, axis=0) - wanted) < 5 * error + 1e-3 * np.array(wanted))
    assert np.all(error < 0.4 * np.array(wanted))
    assert 3 < np.mean(sizes) < 40


@pytest.mark.parametrize("layers", [(0.0, 1000.0), (0.0, 10.0, 1000.0)], ids=["flat", "two layers"])
def test_a_crop_with_margin_enough_answers_as_the_whole_map(catalogue, etas, layers, monkeypatch):
    grid = make_grid(box(0, 4, 0, 3), 0.1, layers)
    network = random_network(len(layers) - 1)
    assert network.context is not None
    monkeypatch.setattr(crops, "MARGIN", network.context.reach)
    monkeypatch.setattr(crops, "SIDE", TILE + 2 * network.context.reach)
    forecaster = forecaster_of(catalogue, grid, etas, network)
    ((_, maps),) = swept_maps(forecaster, np.array([402.0]))
    at = torch.meshgrid(
        torch.tensor([0]), torch.arange(len(layers) - 1), torch.arange(int(grid.mask.sum())), indexing="ij"
    )
    whole = learned(forecaster, maps, tuple(each.flatten() for each in at))[0].view(len(layers) - 1, -1, 2)
    tiling = crops.Tiling(grid)
    # A level's cells lie in pairs, which a corner at an odd place would divide.
    for number, corner in ((0, (0, 0)), (1, (4, 2)), (2, (6, 8)), (3, (2, 10))):
        crop = tiling.crop(torch.tensor(corner), number)
        values, log_etas, _ = crops.crop_of(maps, maps.log_etas, 0, crop.column, len(layers) - 1)
        with torch.no_grad():
            answer = network(values[None], log_etas[None])[0][0]
        own = crop.inner > 0
        assert own.sum() > 20
        wanted = whole[:, crop.column[own]]
        assert (wanted - maps.log_etas[0].movedim(0, -1)[:, crop.column[own]]).std() > 0.05
        torch.testing.assert_close(answer[:, own], wanted, rtol=1e-4, atol=1e-4)


def test_around_the_globe_the_map_has_no_edge(catalogue, etas):
    """A turned Earth, by an even number of cells, has turned forecasts."""
    grid, network = make_grid(box(-180, 180, -60, 60), 10), random_network()
    spread = replace(
        catalogue, longitude=catalogue.longitude * 180 - 180, latitude=catalogue.latitude * 60 - 50
    )
    turned = replace(spread, longitude=(spread.longitude + 60 + 180) % 360 - 180)
    found = []
    for each in (spread, turned):
        forecaster = forecaster_of(each, grid, etas, network)
        ((_, maps),) = swept_maps(forecaster, np.array([402.0]))
        cells = torch.arange(int(grid.mask.sum()))
        found.append(learned(forecaster, maps, (cells * 0, cells * 0, cells))[0][:, 0].view(12, 36))
    torch.testing.assert_close(found[1], found[0].roll(6, 1), rtol=1e-3, atol=1e-3)
    assert found[0].std() > 0.1


def test_crops_are_mirrored_and_turned_anew_in_each_epoch_as_a_whole():
    draw = torch.Generator().manual_seed(0)
    where = torch.arange(SIDE * SIDE).view(1, 1, SIDE, SIDE).repeat(30, 1, 1, 1)
    samples = Samples(
        features=where[..., None].half(),
        log_etas=where[..., None].float(),
        counts=where[..., None].int(),
        weight=torch.rand(30, 1, SIDE, SIDE, generator=draw),
        issue=torch.arange(30),
        cell=torch.arange(30),
    )
    for turned, ways in ((False, 4), (True, 8)):
        source = Crops(Fetched(samples, torch.device("cpu")), 3, turned)
        assert isinstance(source, Changing)
        read = [source.in_epoch(epoch).read(torch.arange(30)) for epoch in (0, 0, 1)]
        torch.testing.assert_close(read[0], read[1], rtol=0, atol=0)
        assert not torch.equal(read[0]["log_etas"], read[2]["log_etas"])
        for batch in read:
            assert torch.equal(batch["log_etas"], batch["counts"])
            assert torch.equal(batch["log_etas"].flatten(1).sort().values, where.flatten(1).float())
        corners = read[2]["log_etas"][:, 0, :2, :2, 0].flatten(1)
        assert len(corners.unique(dim=0)) == ways
        few = source.in_epoch(1).read(torch.tensor([4, 9]))
        torch.testing.assert_close(few["weight"], read[2]["weight"][[4, 9]], rtol=0, atol=0)


def test_a_training_that_goes_on_meets_the_same_crops():
    draw = torch.Generator().manual_seed(0)
    maps = {name: torch.rand(20, 1, 4, 4, 2, generator=draw) for name in ("features", "log_etas")}
    whole, resumed = (
        list(Feed(Crops(Held(maps, torch.device("cpu")), 1, True), 6).epoch(2, at)) for at in (0, 2)
    )
    torch.testing.assert_close(whole[2:], resumed, rtol=0, atol=0)


def test_only_nearly_square_cells_are_turned():
    assert nearly_square(make_grid(box(0, 4, -4, 4), 0.1))
    assert not nearly_square(make_grid(box(0, 4, 34, 38), 0.1))


def test_the_cells_own_channels_come_before_those_of_its_surroundings():
    names = feature_names(SETTINGS)
    own = own_count(len(SETTINGS.horizons_days), SETTINGS.network)
    assert not any(" km" in name for name in names[:own])
    assert all(" km" in name for name in names[own:])


def test_a_unet_sees_around_a_cell_its_neighbours_own_channels_alone():
    network = random_network()
    own, size = own_count(2, SETTINGS.network), channel_count(SETTINGS, True)
    features, log_etas = torch.randn(1, 1, SIDE, SIDE, size), torch.zeros(1, 1, SIDE, SIDE, 2).cumsum(-1)
    log_etas[..., 1] = 1.0
    answer = network(features, log_etas)[0]
    middle, beside = (0, 0, SIDE // 2, SIDE // 2), (0, 0, SIDE // 2, SIDE // 2 + 1)
    for channel, seen in ((0, True), (own - 1, True), (own, False), (size - 1, False)):
        changed = features.clone()
        changed[(*beside, channel)] += 3.0
        moved = (network(changed, log_etas)[0] - answer).abs()
        assert (moved[middle].max() > 1e-5) == seen
        assert moved[beside].max() > 1e-5


def test_an_untrained_unet_is_etas_and_learns():
    settings = SETTINGS.network
    torch.manual_seed(0)
    own = own_count(2, settings)
    network = ForecastNetwork(own, 2, settings)
    features = torch.zeros(3, 1, SIDE, SIDE, own)
    features[..., 0] = torch.randn(3, 1, SIDE, SIDE)
    features[:, :, :3] = torch.nan
    log_etas = torch.tensor([0.0, 1.0]).expand(3, 1, SIDE, SIDE, 2)
    log_mean, _, _ = network(features, log_etas)
    torch.testing.assert_close(log_mean, log_etas)
    # More happens where the neighbour to the east has a large feature.
    target = torch.exp(log_etas + features[..., :1].nan_to_num().roll(-1, 3))
    batch = {
        "features": features,
        "log_etas": log_etas,
        "counts": target,
        "weight": torch.ones(3, 1, SIDE, SIDE),
    }
    batch["weight"][:, :, :MARGIN] = 0
    optimiser, losses = torch.optim.AdamW(network.parameters(), 1e-2), []
    for _ in range(150):
        loss = count_loss(network, batch, torch.ones(2))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.02
    answer = (network(features, log_etas)[0] - log_etas)[:, 0, 6:18, 6:18, 0]
    east = features[:, 0, 6:18, 7:19, 0]
    assert torch.corrcoef(torch.stack([answer.flatten(), east.flatten()]))[0, 1] > 0.6
