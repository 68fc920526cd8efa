"""Held-out surfaces by the network and by classical methods."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from terrella.surface.grids.grid import Floats
from terrella.surface.interpolation.bicubic import bicubic, bicubic_with_means, block_means
from terrella.surface.interpolation.spectral import synthesise
from terrella.surface.learning.blocks import HeldOut
from terrella.surface.learning.network import Condition, SurfaceNetwork
from terrella.surface.learning.prepared import Prepared, normalised
from terrella.surface.learning.windows import FILL, REFINE, Windows, fill_square, roughness
from terrella.surface.settings import SurfaceSettings

NETWORK, SIMULATED = "network", "conditional simulation"
MEANS, BICUBIC = "bicubic, block means", "bicubic"
PLATE, KRIGING = "thin plate", "kriging"
CLASSICAL = {REFINE: MEANS, FILL: PLATE}
_AT_ONCE = 1 << 18  # pixels that pass the network together


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Estimates of held-out windows by model, (window, row, column), and samples (member, window, row, column)."""

    held: HeldOut
    estimates: Mapping[str, Floats]
    samples: Mapping[str, Floats]


def network_surfaces(
    network: SurfaceNetwork, windows: Windows, ratios: Floats, steps: int, noise: Floats
) -> tuple[Floats, Floats]:
    """Return the mean surface (window, row, column), and samples from noise (member, window, row, column)."""
    batch, unit = normalised(windows, ratios, network.factor)
    at_once = max(1, _AT_ONCE // windows.base[0].size)
    mean, samples = np.empty_like(windows.base), np.empty(noise.shape)
    network.eval()
    for first in range(0, len(windows), at_once):
        part = slice(first, first + at_once)
        given = Condition(batch["seen"][part], batch["refined"][part])
        with torch.inference_mode():
            found = network.mean(given)
            mean[part] = found[:, 0].numpy()
            for member, own in enumerate(noise):
                drawn = torch.as_tensor(own[part][:, None], dtype=torch.float32)
                samples[member, part] = network.samples(given, found, steps, drawn)[:, 0].numpy()
    return windows.base + unit * mean, windows.base + unit * samples


def surfaces(
    network: SurfaceNetwork,
    given: Prepared,
    settings: SurfaceSettings,
    held: HeldOut,
    members: int,
    seed: int = 0,
) -> Surfaces:
    """Return held-out surfaces by all models; with no members, estimates alone."""
    windows, data = held.windows, settings.data
    draw = np.random.default_rng(seed)
    noise = draw.standard_normal((members, *windows.base.shape))
    mean, samples = network_surfaces(network, windows, given.ratios, settings.network.steps, noise)
    if windows.refined.all():
        others = {MEANS: windows.base, BICUBIC: bicubic(block_means(windows.truth, data.factor), data.factor)}
    else:
        others = {PLATE: windows.base, KRIGING: _kriged(held, data.gap_pixels, given.exponent)}
    simulated = _simulated(held, given, data.factor, data.gap_pixels, members, draw)
    return Surfaces(held, {NETWORK: mean, **others}, {NETWORK: samples, SIMULATED: simulated})


def _kriged(held: HeldOut, size: int, exponent: float) -> Floats:
    filled = held.windows.base.copy()
    for k, (row, column) in enumerate(held.gaps):
        part = slice(row, row + size), slice(column, column + size)
        filled[k][part] = fill_square(held.windows.truth[k], size, int(row), int(column), exponent)
    return filled


def _simulated(
    held: HeldOut, given: Prepared, factor: int, size: int, members: int, draw: np.random.Generator
) -> Floats:
    """Return the classical surface plus what it misses of random fields of the learned spectrum (Journel 1974)."""
    windows = held.windows
    rough = roughness(windows)
    made = np.empty((members, *windows.base.shape))
    for member in range(members):
        fields = rough * synthesise(given.wavenumber, given.power, windows.base.shape[1:], len(windows), draw)
        if windows.refined.all():
            missed = fields - bicubic_with_means(block_means(fields, factor), factor)
        else:
            missed = np.zeros(fields.shape)
            for k, (row, column) in enumerate(held.gaps):
                part = slice(row, row + size), slice(column, column + size)
                missed[k][part] = fields[k][part] - fill_square(fields[k], size, int(row), int(column))
        made[member] = windows.base + missed
    return made
