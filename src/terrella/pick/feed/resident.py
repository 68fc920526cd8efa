"""Windows cut from samples that lie on the device itself."""

from collections.abc import Sequence

import torch
from torch import Tensor

from terrella.pick.feed.windows import Samples, Traces
from terrella.pick.networks.architecture import Architecture
from terrella.pick.store import COMPONENTS, Store


def hold(stores: Sequence[Store], device: torch.device, share: float = 0.5) -> tuple[Tensor, ...]:
    """Return the samples of all stores on a GPU, or nothing where they take too much of its free memory."""
    if device.type != "cuda":
        return ()
    free, _ = torch.cuda.mem_get_info(device)
    if sum(store.samples.nbytes for store in stores) > share * free:
        return ()
    # Read-only memory maps must be copied before torch takes them.
    return tuple(torch.tensor(store.samples).to(device) for store in stores)


def cut_resident(
    held: Sequence[Tensor], traces: Traces, indices: Samples, starts: Samples, architecture: Architecture
) -> Tensor:
    """Do what `windows.cut` does, on the device that holds the samples."""
    device = held[0].device
    wanted = torch.tensor([COMPONENTS.index(each) for each in architecture.components], device=device)
    at = torch.arange(architecture.window, device=device)
    store, offset, length, start = (
        torch.from_numpy(each).to(device)
        for each in (traces.store[indices], traces.offset[indices], traces.length[indices], starts)
    )
    inside = (start[:, None] + at >= 0) & (start[:, None] + at < length[:, None])
    place = (offset[:, None] + wanted * length[:, None] + start[:, None])[:, :, None] + at
    out = torch.zeros(place.shape, device=device)
    for number, samples in enumerate(held):
        own = inside & (store == number)[:, None]
        found = samples[torch.where(own[:, None], place, 0)].float()
        out = torch.where(own[:, None], found, out)
    return out
