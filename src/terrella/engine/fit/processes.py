"""What the processes of one training tell each other; with a single process, nothing."""

import torch
from torch import Tensor, distributed, nn


def rank() -> int:
    """Return this process's number, 0 where there is one alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """Return the number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def shared_mean(values: list[float]) -> list[float]:
    """Return the mean of each value over all processes, the same on each of them."""
    if world() == 1:
        return values
    shared = torch.tensor(values, dtype=torch.float64, device=_device())
    distributed.all_reduce(shared)
    return list((shared / world()).tolist())


def share_buffers(network: nn.Module) -> None:
    """Give all processes the first one's buffers, such as the statistics of batch normalisation."""
    if world() == 1:
        return
    for buffer in network.buffers():
        shared = buffer.to(_device())
        distributed.broadcast(shared, src=0)
        buffer.copy_(shared)


def gathered(values: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the tensors of every process, in the order of their ranks; shapes must be the same in all."""
    if world() == 1:
        return [values]
    found: list[dict[str, Tensor]] = [{} for _ in range(world())]
    for name, value in values.items():
        of_each = [torch.empty_like(value, device=_device()) for _ in found]
        distributed.all_gather(of_each, value.to(_device()))
        for tensors, of_one in zip(found, of_each, strict=True):
            tensors[name] = of_one.cpu()
    return found


def _device() -> torch.device:
    return torch.device("cuda" if "nccl" in distributed.get_backend() else "cpu")
