"""A large grid refined, a tile at a time."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from terrella.surface.interpolation.bicubic import bicubic_with_means
from terrella.surface.learning.held_out import NETWORK, network_surfaces
from terrella.surface.learning.windows import REFINE, Windows
from terrella.surface.model import SurfaceModel
from terrella.surface.use.tiles import Tile, noise_at

TILE = 128  # of the coarse grid
_SEEN = 32  # pixels beside the network's own that its inputs' smoothing sees


def margin_of(model: SurfaceModel) -> int:
    """Return the coarse pixels around a tile that it depends on."""
    factor, multiple = model.settings.data.factor, multiple_of(model)
    return -(-(model.network.regression.radius + _SEEN) // factor // multiple) * multiple


def multiple_of(model: SurfaceModel) -> int:
    """Return the coarse pixels whose multiples the network's levels begin at."""
    factor = model.settings.data.factor
    return int(np.lcm(factor, model.network.regression.multiple)) // factor


def refine_tile(
    values: npt.NDArray[np.float32], tile: Tile, model: SurfaceModel, members: int
) -> npt.NDArray[np.float32]:
    """Return the layers of a refined tile, (1 + member, row, column); gaps stay gaps."""
    factor, gap = model.settings.data.factor, np.isnan(values)
    core = tuple(slice(factor * s.start, factor * s.stop) for s in tile.inner)
    if gap.all():
        return np.full((1 + members, *(s.stop - s.start for s in core)), np.nan, np.float32)
    if gap.any():
        nearest = ndimage.distance_transform_edt(gap, return_distances=False, return_indices=True)
        values = values[tuple(nearest)]
    base = bicubic_with_means(values.astype(float), factor)
    layers = base[None]
    if model.trusted[REFINE] == NETWORK or members:
        windows = Windows(base[None], np.ones((1, *base.shape), bool), base[None], np.ones(1, bool))
        at = factor * tile.read_rows.start, factor * tile.read_columns.start
        shape = (int(base.shape[0]), int(base.shape[1]))
        noise = np.array([noise_at(*at, shape, member) for member in range(members)]).reshape(
            members, 1, *shape
        )
        mean, samples = network_surfaces(
            model.network, windows, model.ratios, model.settings.network.steps, noise
        )
        estimate = mean if model.trusted[REFINE] == NETWORK else base[None]
        layers = np.concatenate([estimate, samples[:, 0]])
    found = layers[:, core[0], core[1]].astype(np.float32)
    if gap.any():
        fine = np.repeat(np.repeat(gap[tile.inner], factor, 0), factor, 1)
        found[:, fine] = np.nan
    return found
