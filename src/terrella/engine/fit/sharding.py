"""Networks whose weights are spread over the processes of a training (FSDP2; Zhao et al. 2023)."""

import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import Tensor, distributed, nn

if TYPE_CHECKING:
    from torch.distributed.fsdp import FSDPModule


def shard(network: nn.Module) -> None:
    """Spread a network's parameters over all processes, each of its parts gathered only while it computes."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # Losses change no output in place, against which torch warns at each first step.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor", UserWarning)
    for weight in network.parameters():
        weight.data = weight.data.contiguous()  # as FSDP2 wants them, whatever layout is fastest
    device = next(network.parameters()).device.type
    mesh = init_device_mesh(device, (distributed.get_world_size(),))
    for part in sharded_parts(network):
        fully_shard(part, mesh=mesh)
    fully_shard(network, mesh=mesh)


def sharded_parts(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the parts of a network whose weights are gathered one part after the other."""
    for part in network.children():
        if isinstance(part, nn.ModuleList | nn.ModuleDict):  # they have no forward pass of their own
            yield from sharded_parts(part)
        elif next(part.parameters(), None) is not None:
            yield part


def is_sharded(model: nn.Module) -> "TypeGuard[FSDPModule]":
    """Return whether a network's weights are spread over the processes."""
    if not _spread():
        return False
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def hold_back(model: nn.Module, wait: bool) -> None:
    """Keep a sharded network from exchanging gradients until the last part of a batch."""
    if is_sharded(model):
        model.set_requires_gradient_sync(not wait)


def whole(value: Tensor) -> Tensor:
    """Return a tensor with all of its parts; every process must ask for it."""
    if not _spread():
        return value
    from torch.distributed.tensor import DTensor

    return value.full_tensor() if isinstance(value, DTensor) else value


def spread_like(value: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor spread over the processes as another one is."""
    if not _spread():
        return value
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(like, DTensor):
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def load_whole(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load whole tensors into a network, sharded or not."""
    held = network.state_dict()
    network.load_state_dict(
        {name: spread_like(value, held[name]) if name in held else value for name, value in tensors.items()}
    )


def unsharded(network: nn.Module, like: nn.Module) -> nn.Module:
    """Return the weights of a sharded network in a plain one."""
    with torch.no_grad():
        like.load_state_dict({name: whole(value) for name, value in network.state_dict().items()})
    return like


def _spread() -> bool:
    """Return whether any tensor can be spread: what knows of it takes a second to import."""
    return "torch.distributed.tensor" in sys.modules
