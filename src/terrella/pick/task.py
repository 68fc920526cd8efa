"""Picking as a task: labelled waveforms in, a network that finds P and S, judged beside classical pickers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from terrella.engine import workflow
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.engine.task import Fed, Made, Opened, StageSpec, Task, Trained, stage_of
from terrella.errors import InputError
from terrella.pick.bundle import TASK, card, load_picker_network, picker_values
from terrella.pick.cites import cites
from terrella.pick.compressing import compression
from terrella.pick.continuous.command import run as pick_records
from terrella.pick.data.open import open_store
from terrella.pick.explaining import question
from terrella.pick.feed.chunks import MIXED_CHUNKS
from terrella.pick.feed.recipes import recipe
from terrella.pick.feed.resident import stored_bytes
from terrella.pick.judging.command import judge_run
from terrella.pick.networks import Architecture, architecture
from terrella.pick.settings import PickSettings
from terrella.pick.store import Store
from terrella.pick.training import even_batch, network_step, sources

_TRACES = 50_000  # where nobody says how many there are
_TRACE_SECONDS = 60.0  # of a trace in a store, about


@dataclass(frozen=True, eq=False)
class PickData:
    """Labelled traces, and the network that learns from them as it is at first."""

    stores: Sequence[Store]
    network: nn.Module
    trained: Architecture


def open_data(settings: PickSettings, report: Report) -> Opened[PickData]:
    """Open all stores, and make the network that the training starts from, or load it.

    Raises:
        InputError: where data or weights are at fault.
    """
    recipe(settings.network)
    if not settings.data.sets:
        raise InputError("no data: give --data.sets FOLDER, or synthetic:local for generated seismograms")
    stores = [open_store(where, settings.data.rate_hz, report) for where in settings.data.sets]
    network, trained = _start(settings)
    weights = fingerprint(*(value.cpu().numpy().tobytes() for value in network.state_dict().values()))
    return Opened(PickData(stores, network, trained), (weights, *map(_store_mark, stores)))


def stages(settings: PickSettings, data: PickData | None, samples: int | None) -> list[StageSpec]:
    """Return the one stage of a training, on a number of traces or on the data at hand.

    Raises:
        InputError: where there is no such network.
    """
    fit = settings.fit
    taken = architecture(settings.network) if data is None else data.trained
    need = _need(settings, taken, samples, None if data is None else data.stores)

    def fed(placement: Placement | None) -> Fed:
        assert data is not None
        learned, checked = sources(taken, data.stores, settings, placement)
        batch = even_batch(len(learned), fit.batch)
        return Fed(learned, checked, batch=batch, checked_at_once=fit.batch, mixed_chunks=MIXED_CHUNKS)

    stage = stage_of(fit, taken.name, warmup_steps=0, schedule=fit.schedule)
    return [StageSpec(need, stage, fed)]


def finish(trained: Trained[PickSettings, PickData], report: Report) -> Made:
    """Return the content of the bundle."""
    settings, data, loss = trained.settings, trained.data, trained.loss
    values = {"rate_hz": settings.data.rate_hz, "validation_loss": loss, **picker_values(data.trained)}
    text = card(data.trained, settings, data.stores, loss, trained.mark)
    return Made(trained.network.state_dict(), values, text, [f"validation loss {loss:.4f}"])


def demo(folder: Path, seed: int, report: Report) -> None:
    """Compare two networks on seismograms that are made on the way."""
    from terrella.pick.demo import demo as compare_two  # which trains with this task

    compare_two(folder, seed, report)


def _start(settings: PickSettings) -> tuple[nn.Module, Architecture]:
    """Return the network to train: fresh, or with the weights of another training."""
    if settings.start_from is None:
        torch.manual_seed(settings.fit.seed)
        made = architecture(settings.network)
        return made.make(), made
    network, trained, _ = load_picker_network(settings.start_from)
    if trained.name != settings.network:
        raise InputError(
            f"{settings.start_from} holds {trained.title}, but network is {settings.network!r}; "
            f"set it to {trained.name!r}"
        )
    return network.train(), trained


def _store_mark(store: Store) -> str:
    """Return a fingerprint of a store's traces and picks, and of some of its samples."""
    samples: npt.NDArray[Any] = store.samples
    if isinstance(samples, np.memmap) and samples.filename is not None:
        # A map of its own, since the pages of one stay with the process for as long as it does.
        samples = np.memmap(samples.filename, samples.dtype, "r", samples.offset, samples.shape)
    some = np.array(samples[:: max(1, len(samples) // 100_000)])
    parts = (store.offset, store.length, store.picks, store.split.astype("U5"), some)
    return fingerprint(
        store.rate_hz, list(store.phases), *(np.ascontiguousarray(part).tobytes() for part in parts)
    )


def _need(
    settings: PickSettings, taken: Architecture, samples: int | None, stores: Sequence[Store] | None
) -> Need:
    fit = settings.fit
    traces = samples or (_TRACES if stores is None else sum(map(len, stores)))
    length = max(round(_TRACE_SECONDS * settings.data.rate_hz), taken.window)
    stored = traces * length * len(taken.components) * 4 if stores is None else stored_bytes(stores)
    given = "" if samples else " (no number given: --samples)"
    windows = traces * fit.windows_per_trace
    return Need(
        name=taken.name,
        step=network_step(taken, min(fit.batch, windows), fit.accumulation, fit.precision),
        samples=windows,
        epochs=fit.epochs,
        precisions=fit.precisions,
        sharded=fit.sharded,
        data_bytes=stored,
        stored_bytes=stored,
        placements=("resident", "preloaded", "streamed"),
        place=_place(settings, stores),
        assumed=f"{traces:,} traces{given} of {_TRACE_SECONDS:.0f} s each" if stores is None else "",
    )


def _place(settings: PickSettings, stores: Sequence[Store] | None) -> Path | None:
    """Return a file of the samples, or the folder of a data set."""
    for store in stores or ():
        if isinstance(store.samples, np.memmap) and store.samples.filename is not None:
            return Path(store.samples.filename)
    return next((Path(each) for each in settings.data.sets if Path(each).is_dir()), None)


task = Task(
    name=TASK,
    settings=PickSettings,
    open=open_data,
    stages=stages,
    network=lambda settings, data, fed: data.network,
    finish=finish,
    judge=judge_run,
    predict=lambda given, *asked, **options: pick_records(str(given), *asked, **options),
    demo=demo,
    cites=cites,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
