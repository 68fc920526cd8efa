"""Where the samples of stores lie, and windows cut from those that lie on the device itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from terrella.engine.fit.processes import world
from terrella.engine.plan.plan import available_memory
from terrella.engine.plan.strategy import Placement
from terrella.formats.waveforms.components import COMPONENTS
from terrella.pick.feed.windows import Samples, Traces
from terrella.pick.networks.architecture import Architecture
from terrella.pick.store import Store


def placement_of(stores: Sequence[Store], device: torch.device) -> Placement:
    """Return where samples lie without a plan: on a GPU or in RAM where they fill no more than half of it."""
    size = stored_bytes(stores)
    if device.type == "cuda" and size <= torch.cuda.mem_get_info(device)[0] / 2:
        return "resident"
    on_disk = stored_bytes([store for store in stores if isinstance(store.samples, np.memmap)])
    return "preloaded" if on_disk <= available_memory() / 2 / world() else "streamed"


def in_ram(stores: Sequence[Store]) -> list[Store]:
    """Return stores with memory-mapped samples read into RAM."""
    return [
        replace(store, samples=np.array(store.samples, subok=False))
        if isinstance(store.samples, np.memmap)
        else store
        for store in stores
    ]


def on_device(stores: Sequence[Store], device: torch.device) -> tuple[Tensor, ...]:
    """Return the samples of all stores on a device."""
    # Read-only memory maps must be copied before torch takes them.
    return tuple(torch.tensor(store.samples).to(device) for store in stores)


def stored_bytes(stores: Sequence[Store]) -> int:
    """Return the bytes of the samples of all stores."""
    return sum(store.samples.nbytes for store in stores)


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
