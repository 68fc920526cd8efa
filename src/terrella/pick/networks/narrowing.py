"""PhaseNet with fewer filters."""

from typing import Any, cast

import torch

from terrella.nets.narrowing import largest_filters
from terrella.pick.networks.phasenet import PhaseNet


@torch.no_grad()
def narrowed(network: PhaseNet, narrow: int) -> PhaseNet:
    """Return a PhaseNet with the largest of the network's filters, their number divided by `narrow`."""
    full, made = cast(Any, network), cast(Any, PhaseNet(narrow))  # torch knows no types of layers in lists
    kept = largest_filters(full.entry, full.entry_norm, made.entry, made.entry_norm, torch.arange(3))
    skips = []
    for level, small in zip(full.down, made.down, strict=True):
        kept = _smoothed(level.smooth, small.smooth, kept)
        skips.append((kept, level.smooth.conv.out_channels))
        kept = largest_filters(level.conv, level.norm, small.conv, small.norm, kept)
    kept = _smoothed(full.bottom, made.bottom, kept)
    for level, small, (skip, number) in zip(full.up, made.up, skips[::-1], strict=True):
        kept = largest_filters(level.conv, level.norm, small.conv, small.norm, kept)
        kept = _smoothed(level.smooth, small.smooth, torch.cat((skip, kept + number)))
    made.out.weight.copy_(full.out.weight[:, kept])
    made.out.bias.copy_(full.out.bias)
    return cast(PhaseNet, made)


def _smoothed(block: Any, small: Any, inputs: torch.Tensor) -> torch.Tensor:
    return largest_filters(block.conv, block.norm, small.conv, small.norm, inputs)
