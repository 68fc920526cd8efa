"""Networks with fewer filters: those whose weights are largest (Li et al. 2017)."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from terrella.errors import InputError
from terrella.nets.unet import UNet


@torch.no_grad()
def largest_filters(conv: Any, norm: Any, small: Any, small_norm: Any, inputs: Tensor) -> Tensor:
    """Copy a convolution's largest filters, and their norm's values, into a smaller one; return which they are.

    `inputs` are the channels that are left of those that the convolution takes. A norm may be None.
    """
    weight = conv.weight.transpose(0, 1) if conv.transposed else conv.weight  # (output, input, …)
    size = weight.abs().flatten(1).sum(1)
    if norm is not None and norm.weight is not None:
        size = size * norm.weight.abs()
        if getattr(norm, "running_var", None) is not None:
            size = size / torch.sqrt(norm.running_var + norm.eps)
    kept = size.topk(small.out_channels).indices.sort().values
    some = weight[kept][:, inputs]
    small.weight.copy_(some.transpose(0, 1) if conv.transposed else some)
    if conv.bias is not None:
        small.bias.copy_(conv.bias[kept])
    if norm is not None:
        for name, values in small_norm.state_dict().items():
            old = norm.state_dict()[name]
            values.copy_(old[kept] if old.ndim else old)
    return cast(Tensor, kept)


@torch.no_grad()
def narrowed_perceptron(layers: nn.Sequential, narrow: int) -> nn.Sequential:
    """Return a perceptron with the largest hidden units of another, their number divided by `narrow`.

    Raises:
        InputError: where there are too few of them.
    """
    linear = [each for each in layers if isinstance(each, nn.Linear)]
    kept, made = torch.arange(linear[0].in_features), []
    for layer in layers:
        small: nn.Module = copy.deepcopy(layer)
        if isinstance(layer, nn.Linear):
            rows = torch.arange(layer.out_features)
            if layer is not linear[-1]:
                rows = largest_units(layer.weight, narrow)
            small = nn.Linear(len(kept), len(rows))
            small.weight.copy_(layer.weight[rows][:, kept])
            small.bias.copy_(layer.bias[rows])
            kept = rows
        made.append(small)
    return nn.Sequential(*made)


def largest_units(weight: Tensor, narrow: int) -> Tensor:
    """Return the rows of a matrix (unit, input) with the largest weights, their number divided by `narrow`.

    Raises:
        InputError: where there are too few of them.
    """
    if len(weight) < narrow:
        raise InputError(f"it has {len(weight)} hidden units, too few to leave some out")
    return cast(Tensor, weight.abs().sum(1).topk(len(weight) // narrow).indices.sort().values)


@torch.no_grad()
def narrowed_unet(network: UNet, narrow: int) -> UNet:
    """Return a U-Net with the largest filters of another, their number divided by `narrow`.

    Raises:
        InputError: where there are too few of them.
    """
    if network.widths[0] < narrow:
        raise InputError(f"its first level has {network.widths[0]} filters, too few to leave some out")
    widths = [width // narrow for width in network.widths]
    made = UNet(network.channels, network.outputs, widths, network.dims, network.normalisation)
    kept, skips = torch.arange(network.channels), []
    for block, small in zip(network.down, made.down, strict=True):
        kept = _block(block, small, kept)
        skips.append(kept)
    for level in range(network.levels - 2, -1, -1):
        up = largest_filters(network.up[level], None, made.up[level], None, kept)
        beside = torch.cat((up, skips[level] + network.widths[level]))
        kept = _block(network.merge[level], made.merge[level], beside)
    head, small_head = cast(Any, network.head), cast(Any, made.head)
    small_head.weight.copy_(head.weight[:, kept])
    small_head.bias.copy_(head.bias)
    return made


def _block(block: nn.Module, small: nn.Module, inputs: Tensor) -> Tensor:
    """Copy the largest filters of a level's convolutions, each perhaps with a norm after it."""
    layers, fewer = list(block.children()), list(small.children())
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            norm = layers[place + 1] if not isinstance(layers[place + 1], nn.ReLU) else None
            inputs = largest_filters(layer, norm, fewer[place], norm and fewer[place + 1], inputs)
    return inputs
