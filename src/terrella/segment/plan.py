"""What a segmenter's training needs, from its settings and the shapes of the sections alone."""

import math
from pathlib import Path

import torch
from torch import nn

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need
from terrella.segment.bundle import make_network
from terrella.segment.data.sections import SYNTHETIC, of_split, open_sections
from terrella.segment.learning.loss import make_loss
from terrella.segment.learning.source import patch_shape
from terrella.segment.learning.training import fast_layout
from terrella.segment.settings import SegmentSettings

_BYTES = 5  # of a sample in float32 and its label


def needs(settings: SegmentSettings, samples: int | None = None) -> list[Need]:
    """Return the stages of `terrella segment train`; `samples` replaces the number of patches in an epoch.

    Raises:
        InputError: where the table of sections or a file's header is at fault.
    """
    entries = open_sections(settings.data)
    learned = of_split(entries, "train")
    shape = patch_shape(settings.patch, learned)
    patches = samples or settings.patch.per_section * len(learned)
    stored = _BYTES * sum(math.prod(entry.shape) for entry in entries)
    made = settings.data.sections == SYNTHETIC
    held = stored <= 1e6 * settings.data.hold_mb
    return [
        Need(
            name="unet",
            step=network_step(settings, shape, min(settings.fit.batch, patches)),
            samples=patches,
            epochs=settings.fit.epochs,
            sharded=settings.fit.sharded,
            data_bytes=stored,
            stored_bytes=0 if made else stored,
            placements=("preloaded", "streamed") if held else ("streamed",),
            place=None if made else Path(settings.data.sections).resolve().parent,
            precisions=(settings.fit.precision,),
        )
    ]


def network_step(settings: SegmentSettings, shape: tuple[int, ...], batch: int) -> Step:
    """Return the training step on patches of a shape."""

    def network() -> nn.Module:
        return fast_layout(make_network(settings, len(shape)))

    def make_batch(size: int) -> Batch:
        return {"x": torch.randn(size, 1, *shape), "y": torch.zeros(size, *shape, dtype=torch.uint8)}

    return Step(
        make_network=network,
        make_batch=make_batch,
        loss=make_loss(settings.loss, settings.fit.strips),
        batch=batch,
        accumulation=settings.fit.accumulation,
        precision=settings.fit.precision,
    )
