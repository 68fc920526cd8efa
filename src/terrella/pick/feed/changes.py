"""Which windows of a batch are changed, and by how much: a function of seed, epoch and index alone."""

from dataclasses import dataclass, fields
from functools import cache

import torch
from torch import Tensor

from terrella.pick.feed import augment
from terrella.pick.feed.labels import Onsets
from terrella.pick.feed.windows import MISSING

NUMBERS = 17  # random numbers that the changes of a window take

_NOISE = 0.15  # largest standard deviation of added noise over the window's peak: Münchmeyer et al. (2022)
_WEAKEST = 0.1  # smallest peak of a second event over that of the first: likewise
_LOUDEST = 2.0  # largest factor by which a component is scaled, up or down


@dataclass(frozen=True)
class Shares:
    """Shares of the windows that are changed in each way."""

    rotate: float = 0.0
    noise: float = 0.0
    gaps: float = 0.0
    drop: float = 0.0
    superpose: float = 0.0
    amplitude: float = 0.0

    def any(self) -> bool:
        """Return whether there is anything to do."""
        return any(getattr(self, each.name) > 0 for each in fields(self))


UNCHANGED = Shares()


def change(windows: Tensor, onsets: Onsets, shares: Shares, drawn: Tensor) -> Tensor:
    """Return windows scaled, with noise, with gaps and without components; `drawn` is (window, NUMBERS)."""
    scaled, noisy, gapped, dropped, *amounts = drawn.T
    components, samples = windows.shape[1:]
    if shares.amplitude:
        factors = _LOUDEST ** (2 * drawn[:, 4 : 4 + components] - 1)
        windows = augment.scale_components(
            windows, torch.where((scaled < shares.amplitude)[:, None], factors, 1)
        )
    if shares.noise:
        share = torch.where(noisy < shares.noise, _NOISE * amounts[3], 0)
        windows = augment.add_noise(windows, share, amounts[4], _noise(windows.device))
    if shares.gaps:
        first = amounts[5] * samples
        last = torch.where(gapped < shares.gaps, first + amounts[6] * (samples - first), first)
        picks = torch.cat((onsets.p.flatten(1), onsets.s.flatten(1)), 1)
        windows = augment.add_gap(windows, first.long(), last.long(), picks)
    if shares.drop:
        # From none to all but one, those of the smallest numbers.
        number = (amounts[7] * components).long()
        order = drawn[:, 12 : 12 + components].argsort(1).argsort(1)
        kept = (order >= number[:, None]) | (dropped >= shares.drop)[:, None]
        windows = augment.drop_components(windows, kept)
    return windows


def superposed_peak(number: Tensor) -> Tensor:
    """Return the peak of a second event over that of the first, 1/u with u uniform, for a number in [0, 1)."""
    return 1 / (1 + number * (1 / _WEAKEST - 1))


def with_events(onsets: Onsets, rows: Tensor, added: Onsets) -> Onsets:
    """Return the picks of windows with second events in some rows."""

    def joined(first: Tensor, second: Tensor, missing: int | bool) -> Tensor:
        return torch.cat((first, torch.full_like(first, missing).index_copy(0, rows, second)), 1)

    return Onsets(
        joined(onsets.p, added.p, MISSING),
        joined(onsets.s, added.s, MISSING),
        joined(onsets.fixed, added.fixed, False),
    )


def rotated(windows: Tensor, labels: Tensor, share: float, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Return windows and labels shifted around their end by the same number of samples."""
    by = (torch.where(drawn[:, 15] < share, drawn[:, 16], 0) * windows.shape[2]).long()
    return augment.rotate(windows, by), augment.rotate(labels, by)


@cache
def _noise(device: torch.device) -> Tensor:
    return augment.noise_table(device)
