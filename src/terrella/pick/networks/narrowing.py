"""PhaseNet with half the filters: those whose weights are largest (Li et al. 2017)."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from terrella.pick.networks.phasenet import PhaseNet


@torch.no_grad()
def narrowed(network: PhaseNet, narrow: int) -> PhaseNet:
    """Return a PhaseNet with the largest of the network's filters, their number divided by `narrow`."""
    full, made = cast(Any, network), cast(Any, PhaseNet(narrow))  # torch knows no types of layers in lists
    kept = _filtered(full.entry, full.entry_norm, made.entry, made.entry_norm, torch.arange(3))
    skips = []
    for level, small in zip(full.down, made.down, strict=True):
        kept = _filtered(level.smooth.conv, level.smooth.norm, small.smooth.conv, small.smooth.norm, kept)
        skips.append((kept, level.smooth.conv.out_channels))
        kept = _filtered(level.conv, level.norm, small.conv, small.norm, kept)
    bottom, small = full.bottom, made.bottom
    kept = _filtered(bottom.conv, bottom.norm, small.conv, small.norm, kept)
    for level, small, (skip, number) in zip(full.up, made.up, skips[::-1], strict=True):
        kept = _filtered(level.conv, level.norm, small.conv, small.norm, kept)
        beside = torch.cat((skip, kept + number))
        kept = _filtered(level.smooth.conv, level.smooth.norm, small.smooth.conv, small.smooth.norm, beside)
    made.out.weight.copy_(full.out.weight[:, kept])
    made.out.bias.copy_(full.out.bias)
    return cast(PhaseNet, made)


def _filtered(
    conv: Any, norm: nn.BatchNorm1d, small: Any, small_norm: nn.BatchNorm1d, inputs: Tensor
) -> Tensor:
    """Copy the filters of a convolution that are largest with their norm; return which they are."""
    turned = isinstance(conv, nn.ConvTranspose1d)
    weight = conv.weight.transpose(0, 1) if turned else conv.weight  # (output, input, tap)
    assert norm.running_var is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    size = weight.abs().sum((1, 2)) * gain.abs()
    kept = size.topk(small_norm.num_features).indices.sort().values
    some = weight[kept][:, inputs]
    small.weight.copy_(some.transpose(0, 1) if turned else some)
    if conv.bias is not None:
        small.bias.copy_(conv.bias[kept])
    for name, values in norm.state_dict().items():
        small_norm.state_dict()[name].copy_(values[kept] if values.ndim else values)
    return kept
