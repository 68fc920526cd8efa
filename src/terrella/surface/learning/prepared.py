"""What a training starts from: blocks, and how large what is missing is beside the roughness."""

from dataclasses import dataclass

import numpy as np
import torch

from terrella.engine.feed import Batch, Held
from terrella.surface.grids.grid import Floats, Grid
from terrella.surface.interpolation.bicubic import block_means
from terrella.surface.interpolation.gaps import power_exponent
from terrella.surface.interpolation.spectral import radial_spectrum
from terrella.surface.learning.blocks import Blocks, learned_windows, make_blocks
from terrella.surface.learning.network import drawn_level
from terrella.surface.learning.windows import Windows, conditions, roughness
from terrella.surface.settings import SurfaceSettings

_FIRST = 512  # windows by which the ratios and the spectrum are known


@dataclass(frozen=True, eq=False)
class Prepared:
    """Blocks of a grid with what was measured where it is learned from.

    Parameters
    ----------
    ratios : array (2,)
        Root mean square of truth less classical surface over the roughness: in gaps, and of block means.
    wavenumber, power : array
        Radial spectrum of windows in units of their roughness, for simulations.
    exponent : float
        Of a power-law variogram.
    """

    grid: Grid
    blocks: Blocks
    ratios: Floats
    wavenumber: Floats
    power: Floats
    exponent: float
    mark: str


def prepare(grid: Grid, settings: SurfaceSettings, mark: str) -> Prepared:
    """Return what a training starts from.

    Raises:
        InputError: where the grid is too small, or too full of gaps.
    """
    data = settings.data
    blocks = make_blocks(np.asarray(grid.whole(), float), data)
    windows = learned_windows(blocks, data, _FIRST, np.random.default_rng((data.seed, 7)))
    rough = roughness(windows)
    missing = ((windows.truth - windows.base) / rough) ** 2
    ratios = np.array([
        np.sqrt(missing[own][windows.unknown[own]].mean()) for own in (~windows.refined, windows.refined)
    ])  # fmt: skip
    wavenumber, power = radial_spectrum(windows.truth[windows.refined])
    power /= (rough[windows.refined] ** 2).mean()
    learned = np.where(blocks.split == 0, blocks.values, np.nan)
    return Prepared(grid, blocks, ratios, wavenumber, power, power_exponent(learned), mark)


def normalised(windows: Windows, ratios: Floats, factor: int) -> tuple[Batch, Floats]:
    """Return what the network takes, with the truth in its units, and those units (window, row, column).

    Where block means are known the unit is one in each block: what has no mean in it keeps none.
    """
    seen, rough = conditions(windows)
    unit = rough * ratios[windows.refined.astype(int)][:, None, None]
    own = windows.refined
    unit[own] = block_means(unit[own], factor).repeat(factor, axis=1).repeat(factor, axis=2)
    truth = (windows.truth - windows.base) / unit
    return {
        "seen": torch.from_numpy(seen), "refined": torch.as_tensor(windows.refined, dtype=torch.float32),
        "truth": torch.as_tensor(truth[:, None], dtype=torch.float32),
    }, unit  # fmt: skip


@dataclass(frozen=True, eq=False)
class DrawnWindows:
    """Windows drawn anew in every epoch."""

    given: Prepared
    settings: SurfaceSettings
    device: torch.device

    def __len__(self) -> int:
        return self.settings.fit.windows

    def read(self, indices: torch.Tensor) -> Batch:
        """Return windows of the first epoch."""
        return self.in_epoch(0).read(indices)

    def in_epoch(self, epoch: int) -> Held:
        """Return the windows of an epoch."""
        draw = np.random.default_rng((self.settings.fit.seed, epoch))
        windows = learned_windows(self.given.blocks, self.settings.data, len(self), draw)
        return noised(windows, self.given.ratios, self.settings.data.factor, draw, self.device)


def noised(
    windows: Windows, ratios: Floats, factor: int, draw: np.random.Generator, device: torch.device
) -> Held:
    """Return windows with the noise of one step of the diffusion."""
    batch, _ = normalised(windows, ratios, factor)
    batch["noise"] = torch.as_tensor(draw.standard_normal(batch["truth"].shape), dtype=torch.float32)
    levels = [drawn_level(normal) for normal in draw.standard_normal(len(windows))]
    return Held({**batch, "level": torch.tensor(levels)}, device)
