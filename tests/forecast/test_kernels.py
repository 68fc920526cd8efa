"""Kernels of some km: equal to direct sums anywhere on the sphere, and no square is left around an earthquake."""

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import Region, box
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.forecast.features import surroundings
from terrella.forecast.features.cell_rates import make_cell_rates
from terrella.forecast.features.channels import features, make_maps
from terrella.forecast.features.kernels import make_kernel
from terrella.forecast.features.surroundings import KernelsAround, boxes_around, kernels_around
from terrella.forecast.features.sweep import make_sources, sweep
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.settings import ForecastSettings
from terrella.formats.catalogues.catalogue import make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
SETTINGS = ForecastSettings()
GRIDS = {
    "globe": (make_grid(box(-180, 180, -90, 90), 10), 800.0),
    "date line": (make_grid(box(177, 183, 50, 56), 0.25), 60.0),
    "pole": (make_grid(box(-180, 180, 60, 90), 6), 300.0),
    "region at a pole": (make_grid(box(0, 4, 80, 90), 0.5), 30.0),
    "half the globe": (make_grid(box(-10, 200, -20, 20), 5), 2000.0),
    "polygon": (make_grid(Region(((0, 0), (6, 0), (6, 3), (2, 6), (0, 6))), 0.25), 50.0),
}


def direct(grid: Grid, width_km: float, values: torch.Tensor) -> torch.Tensor:
    """Return the sums around all columns, pair by pair."""
    row, column = np.nonzero(grid.mask)
    lat, lon = np.radians(grid.latitudes[row]), np.radians(grid.longitudes[column])
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half = half + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    distance_km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return values.double() @ torch.from_numpy(np.exp(-0.5 * (distance_km / width_km) ** 2))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("few", [True, False], ids=["place by place", "whole maps"])
def test_kernels_are_direct_sums(name, few, monkeypatch):
    grid, width = GRIDS[name]
    draw = torch.Generator().manual_seed(0)
    values = torch.rand(2, 5, int(grid.mask.sum()), generator=draw)
    values[1, :, 1:] = 0  # a single cell: what lies far from it is not lost in what lies near
    issue, column = torch.arange(60) % 2, torch.arange(60) * 7 % values.shape[2]
    monkeypatch.setattr(surroundings, "_FEW", 1e9 if few else 1e-9)
    (found,) = kernels_around(grid, (width,)).at(values, issue, column)
    wanted = direct(grid, width, values)[issue, :, column]
    torch.testing.assert_close(found.double(), wanted, rtol=3e-5, atol=1e-5)
    nothing = kernels_around(grid, (width,)).at(values, issue[:0], column[:0])
    assert nothing[0].shape == (0, 5)


def test_single_precision_gives_double_precisions_sums_and_meets_no_number_below_the_normal_ones():
    grid = make_grid(box(0, 12, 30, 42), 0.25)
    kernel = make_kernel(grid, 20.0)
    single = kernel.single
    matrices = [single.into, single.back, *(part.matrix for part in single.parts)]
    assert all(((each == 0) | (each.abs() > 1e-20)).all() for each in matrices)
    # From a trillionth of an event on, as the sweep leaves them.
    values = 10 ** torch.from_numpy(np.random.default_rng(0).uniform(-12, 2, (48, 48, 3)))
    found, wanted = kernel.smoothed(values.float()), kernel.smoothed(values)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-4)


def test_sums_are_the_same_at_any_cell_size():
    draw = np.random.default_rng(0)
    longitude, latitude = draw.uniform(1, 5, 300), draw.uniform(41, 45, 300)
    points = np.stack([draw.uniform(42, 44, 50), draw.uniform(2, 4, 50)], axis=1)
    found = []
    for size in (0.1, 0.2):
        grid = make_grid(box(0, 6, 40, 46), size)
        counts = np.bincount(grid.cell_of(longitude, latitude), minlength=grid.mask.size)
        around = kernels_around(grid, (60.0, 120.0)).everywhere(
            torch.as_tensor(counts).float().expand(1, 3, -1)
        )
        maps = torch.stack(around)[:, 0, 0].view(2, *grid.mask.shape).numpy()
        axes = (grid.latitudes, grid.longitudes)
        found.append([RegularGridInterpolator(axes, each)(points) for each in maps])
    np.testing.assert_allclose(found[0], found[1], rtol=0.04)


def log_ratio(grid: Grid, place: tuple[float, float], around: KernelsAround, etas) -> np.ndarray:
    """Return log(network/ETAS) of the next day half a day after an M 7, by a network with random weights."""
    horizons, network = SETTINGS.horizons_days, SETTINGS.network
    shock = make_catalogue([EPOCH + np.timedelta64(100, "D")], [place[0]], [place[1]], [7.0], [10.0])
    sources = make_sources(shock, EPOCH, grid, etas, network.memory_days, network.band_steps)
    area = grid.area_km2[grid.mask]
    uniform = 1e-6 * area[None], np.array([0.0, 1.0]), np.ones((1, len(area)))
    rates = make_cell_rates(etas, *uniform, horizons, network.memory_days, 0.0)
    (swept,) = sweep(sources, [100.5])
    days, memories = (
        torch.tensor([100.5]),
        (torch.from_numpy(swept.triggering), torch.from_numpy(swept.local)),
    )
    maps = make_maps(rates, days, *memories, rates.background_at(days), around)
    column = torch.arange(len(area))
    seen = features(maps, torch.zeros_like(column), torch.zeros_like(column), column)
    torch.manual_seed(0)
    learned = ForecastNetwork(seen.shape[1], len(horizons), network)
    torch.nn.init.normal_(learned.head.weight, std=0.3)
    learned.feature_mean, learned.feature_scale = seen.mean(0), torch.full((seen.shape[1],), 2.0)
    log_etas = maps.log_etas[0, :, 0].T
    with torch.no_grad():
        return (learned(seen, log_etas)[0] - log_etas)[:, 0].view(grid.mask.shape).numpy()


def on_circle(grid: Grid, values: np.ndarray, place: tuple[float, float], radius_km: float) -> np.ndarray:
    """Return a map's values at 24 azimuths."""
    lon, lat = np.radians(place)
    azimuth, d = np.linspace(0, 2 * np.pi, 24, endpoint=False), radius_km / EARTH_RADIUS_KM
    north = np.arcsin(np.sin(lat) * np.cos(d) + np.cos(lat) * np.sin(d) * np.cos(azimuth))
    east = np.arctan2(np.sin(azimuth) * np.sin(d) * np.cos(lat), np.cos(d) - np.sin(lat) * np.sin(north))
    at = RegularGridInterpolator((grid.latitudes, grid.longitudes), values)
    return at(np.degrees(np.stack([north, lon + east], axis=1)))


@pytest.mark.parametrize(
    ("grid", "place"),
    [
        (make_grid(box(-119.5, -114.5, 34, 38.2), 0.1), (-117.05, 36.05)),
        (make_grid(box(-119.5, -114.5, 34, 38.2), 0.25), (-117.125, 36.125)),
        (make_grid(box(177, 183, 49.5, 52.7), 0.25), (179.875, 51.125)),
    ],
    ids=["0.1°", "0.25°", "date line"],
)
def test_no_square_is_left_around_an_earthquake(grid, place, etas):
    def roughness(around) -> tuple[float, float]:
        """Return how far circles vary, and the largest change between one pair of neighbours and the next."""
        found = log_ratio(grid, place, around, etas)
        assert np.ptp(found) > 0.2
        circles = [on_circle(grid, found, place, radius) for radius in (50, 70, 90, 110, 150)]
        row = int(np.searchsorted(grid.latitude_edges, place[1])) - 1
        column = int(np.searchsorted(grid.longitude_edges, place[0])) - 1
        east = found[row, column + 2 :]
        return max(np.ptp(each) for each in circles), float(np.abs(np.diff(east, 2)).max())

    varies, step = roughness(kernels_around(grid, SETTINGS.network.kernels_km))
    assert varies < 0.05
    assert step < 0.1
    varies, step = roughness(boxes_around(grid))
    assert varies > 0.1
    assert step > 0.1
