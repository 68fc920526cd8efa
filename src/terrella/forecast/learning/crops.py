"""The U-Net's training set: crops of the maps, drawn around activity.

At each issue time the map is divided into tiles, from a random corner. Tiles are drawn as cells are (see
`samples`): with a probability that grows with what ETAS expects in them and where something happened, and with
weights of one over it, so that the likelihood over all cells and issue times stays unbiased. What lies around a
tile is seen, too.
"""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.engine.feed import Source
from terrella.forecast.features.channels import Maps, channel_count, features
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.learning.network import EMPTY
from terrella.forecast.learning.rows import Rows
from terrella.forecast.learning.samples import Samples, density_for
from terrella.forecast.models import Forecaster, swept_maps
from terrella.formats.catalogues.catalogue import Floats

TILE = 16  # cells on a side
MARGIN = 4  # cells around a tile that are seen
SIDE = TILE + 2 * MARGIN
_SQUARE = 0.1  # by how much of their height cells may differ from squares and still be turned by 90°


@dataclass(frozen=True, eq=False)
class Crops:
    """A source of crops, mirrored anew in each epoch, and turned by 90° where cells are nearly square.

    `source` gives tensors (n, layer, latitude, longitude, …).
    """

    source: Source
    seed: int
    turned: bool
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.source)

    def in_epoch(self, epoch: int) -> "Crops":
        """Return the crops as they are turned in an epoch."""
        return replace(self, epoch=epoch)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the crops of an array of indices."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        ways = torch.randint(0, 8 if self.turned else 4, (len(self),), generator=generator)[indices.cpu()]
        return {
            name: _turned(values, ways.to(values.device))
            for name, values in self.source.read(indices).items()
        }


def _turned(values: Tensor, ways: Tensor) -> Tensor:
    """Return maps (n, layer, latitude, longitude, …), each mirrored and turned in one of eight ways."""
    values = values.clone()
    for way, axes in ((1, (2,)), (2, (3,))):
        chosen = (ways & way) > 0
        values[chosen] = values[chosen].flip(axes)
    chosen = (ways & 4) > 0
    values[chosen] = values[chosen].transpose(2, 3)
    return values


@torch.no_grad()
def draw_crops(forecaster: Forecaster, issue_days: Floats, size: int, seed: int) -> Samples:
    """Return about `size` crops of ascending issue times, (crop, layer, latitude, longitude, …) each."""
    sources, models = forecaster.sources, forecaster.models
    days, grid = models.horizons_days, models.grid
    layers, horizons = sources.layers, torch.tensor(days)
    generator = torch.Generator().manual_seed(seed)
    tiling = Tiling(grid)
    within = (sources.days >= issue_days[0]) & (sources.days < issue_days[-1]) & (sources.column >= 0)
    step = float(issue_days[1] - issue_days[0]) if len(issue_days) > 1 else 1.0
    density = density_for(size, tiling.tiles, len(issue_days), round(within.sum() / step))
    seen, numbers, drawn = Rows(torch.float16), Rows(torch.float32), Rows()
    for batch, maps in swept_maps(forecaster, issue_days):
        counts = torch.from_numpy(observed_counts(sources, issue_days[batch], days)).to(maps.log_etas.device)
        corners = torch.randint(0, TILE, (len(counts), 2), generator=generator)
        tile = tiling.tile_of(corners)  # (n, column)
        expected, happened = (
            tiling.summed(values.sum(2).cpu(), tile) for values in (torch.exp(maps.log_etas), counts)
        )
        probability = density.of(torch.log(expected)[:, :, None], happened[:, :, None], horizons)[:, 0]
        draw = torch.rand(probability.shape, generator=generator) < probability
        for issue, number in draw.nonzero().tolist():
            crop = tiling.crop(corners[issue], number)
            weight = crop.inner / probability[issue, number]
            parts = crop_of(maps, counts, issue, crop.column, layers)
            seen.add(parts[0].flatten()[None])
            numbers.add(
                parts[1].flatten()[None],
                parts[2].flatten()[None],
                weight.repeat(layers, 1, 1).flatten()[None],
            )
            drawn.add(torch.tensor([issue + batch.start]), torch.tensor([number]))
    shape, channels = (-1, layers, SIDE, SIDE), channel_count(models.settings, models.smooth)
    cells, many = layers * SIDE**2, len(days)
    table = numbers.table(cells * (2 * many + 1))
    log_etas, counted, weights = table.split([cells * many, cells * many, cells], dim=1)
    place = forecaster.device
    made = Samples(
        features=seen.table(cells * channels).view(*shape, channels),
        log_etas=log_etas.reshape(*shape, many),
        counts=counted.reshape(*shape, many),
        weight=weights.reshape(shape),
        issue=drawn.table(2)[:, 0].int(),
        cell=drawn.table(2)[:, 1].int(),
    )
    return Samples(**{field.name: getattr(made, field.name).to(place) for field in fields(made)})


def nearly_square(grid: Grid) -> bool:
    """Return whether all cells are nearly as wide as they are high in km."""
    narrowest = float(torch.cos(torch.deg2rad(torch.as_tensor(abs(grid.latitudes).max()))))
    return narrowest > 1 - _SQUARE


def crop_of(
    maps: Maps, counts: Tensor, issue: int, column: Tensor, layers: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, log ETAS and counts (layer, latitude, longitude, …) of columns, where −1 is no cell."""
    inside = (column >= 0).expand(layers, *column.shape)
    layer = torch.arange(layers)[:, None, None].expand_as(inside)[inside]
    columns = column.expand(layers, *column.shape)[inside]
    at = torch.full_like(layer, issue), layer, columns
    parts = features(maps, *at), maps.log_etas[issue, :, layer, columns].T, counts[issue, :, layer, columns].T
    # Features that are not there are unknown, and become the mean.
    empty = (torch.nan, EMPTY, 0.0)
    found = []
    for values, value in zip(parts, empty, strict=True):
        whole = torch.full((*inside.shape, values.shape[1]), value)
        whole[inside] = values.cpu()
        found.append(whole)
    return found[0], found[1], found[2]


@dataclass(frozen=True)
class Crop:
    """Where a crop's cells lie, and which of them are its tile's."""

    column: Tensor  # (latitude, longitude) index among the columns of the mask, or −1
    inner: Tensor  # (latitude, longitude): 1 in the tile, 0 around it and outside the mask


class Tiling:
    """The tiles of a grid; their first corner lies up to a tile beyond the grid's."""

    def __init__(self, grid: Grid) -> None:
        self.n_lat, self.n_lon = grid.mask.shape
        self.wraps = grid.wraps
        mask = torch.from_numpy(grid.mask)
        self.row, self.place = mask.nonzero(as_tuple=True)
        self.column_of = torch.full(mask.shape, -1)
        self.column_of[mask] = torch.arange(len(self.row))
        self.down = -(-(self.n_lat + TILE - 1) // TILE)
        self.along = -(-(self.n_lon + (0 if self.wraps else TILE - 1)) // TILE)

    @property
    def tiles(self) -> int:
        """Their number."""
        return self.down * self.along

    def tile_of(self, corners: Tensor) -> Tensor:
        """Return the tile of each column (n, column) for corners (n, 2)."""
        south, west = corners[:, :1], corners[:, 1:]
        along = (self.place + west) % self.n_lon if self.wraps else self.place + west
        return (self.row + south) // TILE * self.along + along // TILE

    def summed(self, values: Tensor, tile: Tensor) -> Tensor:
        """Return sums (n, horizon, tile) of values (n, horizon, column)."""
        sums = values.new_zeros(*values.shape[:2], self.tiles)
        return sums.scatter_add_(2, tile[:, None].expand_as(values), values)

    def crop(self, corner: Tensor, number: int) -> Crop:
        """Return the crop around a tile."""
        down, along = divmod(number, self.along)
        step = torch.arange(-MARGIN, TILE + MARGIN)
        rows, places = down * TILE + step - corner[0], along * TILE + step - corner[1]
        here = (rows >= 0) & (rows < self.n_lat)
        there = torch.ones_like(here) if self.wraps else (places >= 0) & (places < self.n_lon)
        column = self.column_of[rows.clamp(0, self.n_lat - 1)[:, None], places % self.n_lon]
        column = torch.where(here[:, None] & there, column, -1)
        own = (step >= 0) & (step < TILE)
        # Around the globe the last tile ends where the first begins.
        last = own & (along * TILE + step < self.n_lon) if self.wraps else own
        return Crop(column, (own[:, None] & last & (column >= 0)).float())
