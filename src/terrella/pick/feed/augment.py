"""Changes to windows that leave their labels true, for a whole batch at once, on the device that holds it.

Each is done to some of the windows, with random numbers given from outside. Amplitudes are relative to the
largest sample of the window, so that data in counts and in metres per second are treated alike.
"""

import torch
from torch import Tensor

_TABLE = 2**20


def largest(windows: Tensor) -> Tensor:
    """Return the largest sample of each window, all components without their means, (window, 1, 1)."""
    return (windows - windows.mean(2, keepdim=True)).abs().amax((1, 2), keepdim=True)


def superpose(windows: Tensor, others: Tensor, share: Tensor) -> Tensor:
    """Add other windows, scaled to a share (window,) of the largest sample of the first."""
    others = others - others.mean(2, keepdim=True)
    peak = others.abs().amax((1, 2), keepdim=True)
    factor = (
        share.to(windows.dtype)[:, None, None]
        * largest(windows)
        / peak.clamp(min=torch.finfo(peak.dtype).tiny)
    )
    return windows + others * torch.where(peak > 0, factor, 0.0)


def add_noise(windows: Tensor, share: Tensor, place: Tensor, table: Tensor) -> Tensor:
    """Add white noise with a standard deviation of a share (window,) of the largest sample.

    The noise is a stretch of `noise_table` at `place` (window,) in [0, 1): a number per window instead of one per
    sample. Components that are flat stay so.
    """
    components, samples = windows.shape[1:]
    first = (place * (len(table) - components * samples)).long()
    offset = torch.arange(components * samples, device=windows.device).view(components, samples)
    noise = table[first[:, None, None] + offset]
    alive = windows.amax(2, keepdim=True) > windows.amin(2, keepdim=True)
    return windows + noise * alive * share.to(windows.dtype)[:, None, None] * largest(windows)


def noise_table(device: torch.device) -> Tensor:
    """Return the standard normal numbers from which `add_noise` takes its noise."""
    return torch.randn(_TABLE, generator=torch.Generator().manual_seed(0)).to(device)


def add_gap(windows: Tensor, first: Tensor, last: Tensor, picks: Tensor) -> Tensor:
    """Set samples [first, last) of each window to zero, unless one of its picks (window, pick) lies there."""
    at = torch.arange(windows.shape[2], device=windows.device)
    hides = ((picks >= first[:, None]) & (picks < last[:, None])).any(1)
    gap = (at >= first[:, None]) & (at < last[:, None]) & ~hides[:, None]
    return windows.masked_fill(gap[:, None], 0.0)


def drop_components(windows: Tensor, kept: Tensor) -> Tensor:
    """Set the components that are not kept (window, component) to zero, unless nothing would be left."""
    alive = windows.amax(2) > windows.amin(2)
    kept = kept | ~(alive & kept).any(1, keepdim=True)
    return windows * kept[:, :, None]


def scale_components(windows: Tensor, factors: Tensor) -> Tensor:
    """Multiply components by factors (window, component)."""
    return windows * factors.to(windows.dtype)[:, :, None]


def rotate(values: Tensor, by: Tensor) -> Tensor:
    """Shift windows or labels (window, row, sample) to the right by samples (window,), around their end."""
    samples = values.shape[2]
    at = (torch.arange(samples, device=values.device) - by[:, None]) % samples
    return values.gather(2, at[:, None].expand_as(values))
