"""What a picker's training needs, from its settings alone."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need
from terrella.pick.feed.recipes import recipe
from terrella.pick.loss import make_loss
from terrella.pick.networks import Architecture, architecture
from terrella.pick.settings import PickSettings

if TYPE_CHECKING:
    from terrella.pick.store import Store

_TRACES = 50_000  # where nobody says how many there are
# What training loads, compiled loops and tables, where a plan alone has not.
_LIBRARIES = 125 << 20
_TRACE_SECONDS = 60.0  # of a trace in a store, about


def needs(
    settings: PickSettings, samples: int | None = None, stores: "Sequence[Store] | None" = None
) -> list[Need]:
    """Return the stages of `terrella pick train` on a number of traces, or on the stores that are at hand.

    Raises:
        InputError: where there is no such network.
    """
    taken = architecture(settings.network)
    traces = samples or (_TRACES if stores is None else sum(map(len, stores)))
    length = max(round(_TRACE_SECONDS * settings.data.rate_hz), taken.window)
    stored = (
        traces * length * len(taken.components) * 4
        if stores is None
        else sum(each.samples.nbytes for each in stores)
    )
    given = "" if samples else " (no number given: --samples)"
    windows = traces * settings.fit.windows_per_trace
    return [
        Need(
            name=taken.name,
            step=network_step(taken, min(settings.fit.batch, windows)),
            samples=windows,
            epochs=settings.fit.epochs,
            precisions=("float32", "bfloat16"),
            sharded=settings.fit.sharded,
            data_bytes=stored,
            stored_bytes=stored,
            placements=("resident", "preloaded", "streamed"),
            held_by_others=0 if "numba" in sys.modules else _LIBRARIES,
            place=_place(settings, stores),
            assumed=f"{traces:,} traces{given} of {_TRACE_SECONDS:.0f} s each" if stores is None else "",
        )
    ]


def _place(settings: PickSettings, stores: "Sequence[Store] | None") -> Path | None:
    """Return a file of the samples, or the folder of a data set."""
    for store in stores or ():
        if isinstance(store.samples, np.memmap) and store.samples.filename is not None:
            return Path(store.samples.filename)
    return next((Path(each) for each in settings.data.sets if Path(each).is_dir()), None)


def network_step(taken: Architecture, batch: int) -> Step:
    """Return the training step of a network."""
    answer = (len(taken.outputs), taken.frames) if taken.frames else (len(taken.outputs),)

    def make_batch(size: int) -> Batch:
        return {"x": torch.randn(size, len(taken.components), taken.window), "y": torch.rand(size, *answer)}

    return Step(
        make_network=taken.make, make_batch=make_batch, loss=make_loss(taken, recipe(taken.name)), batch=batch
    )
