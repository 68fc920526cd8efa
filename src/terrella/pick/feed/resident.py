"""Where the samples of stores lie, and windows cut from those that lie on the device itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from terrella.engine.plan.strategy import Placement
from terrella.pick.feed.windows import Samples, Traces
from terrella.pick.networks.architecture import Architecture
from terrella.pick.store import COMPONENTS, Store

Waves = npt.NDArray[np.float32 | np.float16]


def placed(
    stores: Sequence[Store], device: torch.device, placement: Placement | None = None
) -> tuple[list[Store], tuple[Tensor, ...]]:
    """Return stores whose samples lie where they were planned to, and those samples that lie on the device.

    Streamed samples stay memory-mapped, where they are; preloaded ones are read into RAM once. Without a plan, the
    device takes them where they fill no more than half of a GPU's free memory.
    """
    if placement is None:
        return list(stores), hold(stores, device)
    if placement == "preloaded":
        return [replace(store, samples=_in_ram(store.samples)) for store in stores], ()
    return list(stores), _on_device(stores, device) if placement == "resident" else ()


def hold(stores: Sequence[Store], device: torch.device, share: float = 0.5) -> tuple[Tensor, ...]:
    """Return the samples of all stores on a GPU, or nothing where they take too much of its free memory."""
    if device.type != "cuda":
        return ()
    free, _ = torch.cuda.mem_get_info(device)
    return _on_device(stores, device) if stored_bytes(stores) <= share * free else ()


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


def _on_device(stores: Sequence[Store], device: torch.device) -> tuple[Tensor, ...]:
    # Read-only memory maps must be copied before torch takes them.
    return tuple(torch.tensor(store.samples).to(device) for store in stores)


def _in_ram(samples: Waves) -> Waves:
    return np.array(samples, subok=False) if isinstance(samples, np.memmap) else samples
