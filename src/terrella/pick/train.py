"""`terrella pick train`: from labelled waveforms to the bundle of a picker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from terrella.engine.fit import Report, by_the_first, first_process_first, joined_processes
from terrella.engine.fit.processes import rank
from terrella.engine.memory import keep_freed_memory
from terrella.engine.plan.follow import explained, make_plan
from terrella.engine.plan.plan import Plan
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint, refuse_other_settings, save_settings
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.pick.bundle import TASK, load_picker_network, save_picker_network
from terrella.pick.data.open import open_store
from terrella.pick.feed.recipes import recipe
from terrella.pick.networks import Architecture, architecture
from terrella.pick.plan import needs
from terrella.pick.settings import PickSettings
from terrella.pick.store import Store
from terrella.pick.training import train_network


def train(folder: Path, settings: PickSettings, report: Report, planned: bool = False) -> None:
    """Train the network of a run and leave its bundle; what an earlier call finished is not done again.

    Started by torchrun or srun, the processes share the training; the first one makes or fetches the data. When
    `planned`, memory and time are planned first (`engine.plan`), and measured beside.

    Raises:
        InputError: where data or settings are at fault, or the run was begun with others.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    with joined_processes():
        _train(folder, settings, by_the_first(report), planned)


def _train(folder: Path, settings: PickSettings, report: Report, planned: bool) -> None:
    recipe(settings.network)
    if not settings.data.sets:
        raise InputError("no data: give --data.sets FOLDER, or synthetic:local for generated seismograms")
    run = Run(folder)
    refuse_other_settings(run.settings, settings, _without_places)
    stores = first_process_first(
        lambda: [open_store(where, settings.data.rate_hz, report) for where in settings.data.sets]
    )
    network, trained = _start(settings)
    mark = fingerprint(_without_places(settings), _weights_mark(network), *map(store_mark, stores))
    if rank() == 0:
        save_settings(settings, run.settings, TASK)
    if _finished(run.bundle, mark):
        report({"kind": "message", "message": f"this training is finished: {run.bundle}"})
        return
    keep_freed_memory()
    made = _plan(folder, settings, stores, report) if planned else None
    with explained(made):
        network = train_network(network, trained, stores, settings, run, mark, report, made)
    if rank() > 0:
        return
    best = run.best_loss()
    values = {"fingerprint": mark, "rate_hz": settings.data.rate_hz, "validation_loss": best}
    save_picker_network(
        run.bundle, network, trained, settings, values, _card(trained, settings, stores, best, mark)
    )
    report({"kind": "message", "message": f"validation loss {best:.4f}; the bundle is {run.bundle}"})


def _plan(folder: Path, settings: PickSettings, stores: Sequence[Store], report: Report) -> Plan:
    return first_process_first(
        lambda: make_plan(TASK, lambda: needs(settings, stores=stores), folder, report)
    )


def store_mark(store: Store) -> str:
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


def _weights_mark(network: nn.Module) -> str:
    return fingerprint(*(value.cpu().numpy().tobytes() for value in network.state_dict().values()))


def _finished(folder: Path, mark: str) -> bool:
    return folder.is_dir() and load_bundle(folder, TASK).values["fingerprint"] == mark


def _without_places(settings: PickSettings) -> PickSettings:
    """Return settings without what says where data and weights lie, and what they are run on."""
    data = settings.data.model_copy(update={"sets": ()})
    fit = settings.fit.model_copy(update={"device": "auto", "sharded": False})
    return settings.model_copy(update={"data": data, "fit": fit, "start_from": None})


def _card(
    trained: Architecture, settings: PickSettings, stores: Sequence[Store], loss: float, mark: str
) -> str:
    lines = [
        f"# {trained.title}, trained on {', '.join(store.name for store in stores)}",
        "",
        f"- task: pick; outputs {', '.join(trained.outputs)}; components {', '.join(trained.components)}",
        f"- takes windows of {trained.window} samples at {settings.data.rate_hz:g} Hz",
        f"- began from {settings.start_from or 'random weights'}",
        f"- smallest loss on the dev split: {loss:.4f}; fingerprint {mark}",
        "",
        "## Data",
        "",
    ]
    for store in stores:
        counts = ", ".join(f"{(store.split == split).sum():,} {split}" for split in ("train", "dev", "test"))
        picks = {
            name: int((column >= 0).sum()) for name, column in zip(store.phases, store.picks.T, strict=True)
        }
        told = ", ".join(f"{count:,} {name}" for name, count in picks.items() if count)
        lines.append(
            f"- {store.name}: {counts} traces; picks: {told or 'none'}; {store.noise.sum():,} of noise"
        )
    lines += [
        "",
        "## Limits",
        "",
        "A picker is sure only of waveforms like those it has seen: distances, magnitudes, instruments and noise",
        "of the data above. `terrella pick compare` tells how it does on others, beside classical pickers.",
    ]
    return "\n".join(lines) + "\n"
