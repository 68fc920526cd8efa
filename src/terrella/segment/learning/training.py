"""The training of a U-Net on patches of labelled sections, for the plan and for the fit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch
from terrella.engine.fit.processes import world
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.task import Fed, StageSpec, stage_of
from terrella.errors import InputError
from terrella.nets.unet import UNet
from terrella.segment.bundle import make_network
from terrella.segment.data.sections import SYNTHETIC, Entry, of_split, open_sections
from terrella.segment.learning.loss import make_loss
from terrella.segment.learning.source import PatchSource, fixed_source, patch_shape, patch_source
from terrella.segment.settings import DataSettings, SegmentSettings

_WARMUP_STEPS = 50
_BYTES = 5  # of a sample in float32 and its label


@dataclass(eq=False)
class Sections:
    """Labelled sections; laid where they are planned to, they replace those opened before, which are let go."""

    entries: list[Entry]
    mark: str  # fingerprint of them all


def stages(settings: SegmentSettings, sections: Sections | None, samples: int | None) -> list[StageSpec]:
    """Return the only stage of a training; `samples` replaces the number of patches in an epoch.

    Raises:
        InputError: where the table or a file's header is at fault, or several processes train in strips.
    """
    if settings.fit.strips and world() > 1:
        raise InputError("fit.strips trains in one process; leave it at 0, or leave --processes out")
    entries = open_sections(settings.data) if sections is None else sections.entries
    need = _need(settings, entries, samples)

    def fed(placement: Placement | None) -> Fed:
        assert sections is not None  # a plan feeds nothing
        sections.entries = placed(sections.entries, settings.data, placement)
        learned, checked = sources(sections.entries, settings, choose_device(settings.fit.device))
        return Fed(learned, checked, checked_at_once=-(-settings.fit.batch // settings.fit.accumulation))

    # It begins slowly for a tenth of its steps, or 50.
    steps = settings.fit.epochs * -(-need.samples // settings.fit.batch)
    stage = stage_of(settings.fit, need.name, warmup_steps=min(_WARMUP_STEPS, steps // 10))
    return [StageSpec(need, stage, fed)]


def fast_layout(network: UNet) -> UNet:
    """Lay weights out as is fastest, and return the network: steps on sections take three quarters of the time."""
    if network.dims == 2:
        for weight in network.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def placed(entries: list[Entry], settings: DataSettings, placement: Placement | None) -> list[Entry]:
    """Return the sections as they were planned: held in memory, or read (or made) as they are asked for."""
    if placement is None:
        return entries
    limit = {"hold_mb": math.inf if placement == "preloaded" else 0.0}
    return open_sections(settings.model_copy(update=limit))


def sources(
    entries: Sequence[Entry], settings: SegmentSettings, device: torch.device
) -> tuple[PatchSource, PatchSource]:
    """Return the patches to train on and those to validate with."""
    scale, seed = settings.network.scale, settings.fit.seed
    learned = patch_source(of_split(entries, "train"), settings.patch, scale, seed, device)
    dev = of_split(entries, "dev")
    return learned, fixed_source(dev, settings.patch, scale, seed + 1, device, learned.shape)


def _need(settings: SegmentSettings, entries: Sequence[Entry], samples: int | None) -> Need:
    learned, fit = of_split(entries, "train"), settings.fit
    shape = patch_shape(settings.patch, learned)
    patches = samples or settings.patch.per_section * len(learned)
    stored = _BYTES * sum(math.prod(entry.shape) for entry in entries)
    made = settings.data.sections == SYNTHETIC

    def make_batch(size: int) -> Batch:
        return {"x": torch.randn(size, 1, *shape), "y": torch.zeros(size, *shape, dtype=torch.uint8)}

    def network() -> UNet:
        return fast_layout(make_network(settings, len(shape)))

    loss, batch = make_loss(settings.loss, fit.strips), min(fit.batch, patches)
    step = Step(network, make_batch, loss, batch, fit.accumulation, fit.precision)
    return Need(
        name="unet",
        step=step,
        samples=patches,
        epochs=fit.epochs,
        sharded=fit.sharded,
        data_bytes=stored,
        stored_bytes=0 if made else stored,
        placements=("preloaded", "streamed") if stored <= 1e6 * settings.data.hold_mb else ("streamed",),
        place=None if made else Path(settings.data.sections).resolve().parent,
        precisions=(fit.precision,),
    )
