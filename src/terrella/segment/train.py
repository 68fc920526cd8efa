"""`terrella segment train`: from labelled sections to the bundle of a segmenter."""

import math
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from terrella.engine.fit import Report, by_the_first, first_process_first, joined_processes
from terrella.engine.fit.processes import rank
from terrella.engine.memory import keep_freed_memory
from terrella.engine.plan.follow import explained, make_plan, planned_placement
from terrella.engine.plan.plan import Plan
from terrella.engine.plan.strategy import Placement
from terrella.engine.run import Run
from terrella.engine.settings import fingerprint, refuse_other_settings, save_settings
from terrella.engine.use.bundle import load_bundle
from terrella.segment.bundle import TASK, save_segmenter
from terrella.segment.card import make_card
from terrella.segment.data.sections import Entry, common_dims, data_mark, of_split, open_sections
from terrella.segment.judging.piecewise import labelled_scores
from terrella.segment.judging.scores import best_threshold, count_levels
from terrella.segment.learning.training import train_network
from terrella.segment.plan import needs
from terrella.segment.settings import DataSettings, JudgeSettings, SegmentSettings


def train(folder: Path, settings: SegmentSettings, report: Report, planned: bool = False) -> None:
    """Train the network of a run and leave its bundle; what an earlier call finished is not done again.

    Started by torchrun or srun, the processes share the training. When `planned`, memory and time are planned first
    (`engine.plan`), and measured beside.

    Raises:
        InputError: where data or settings are at fault, or the run was begun with others.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    with joined_processes():
        _train(folder, settings, by_the_first(report), planned)


def _train(folder: Path, settings: SegmentSettings, report: Report, planned: bool) -> None:
    run = Run(folder)
    refuse_other_settings(run.settings, settings, _without_places)
    entries = open_sections(settings.data)
    common_dims(entries)
    marked = data_mark(entries)
    mark = fingerprint(_without_places(settings), marked)
    if rank() == 0:
        save_settings(settings, run.settings, TASK)
    if run.bundle.is_dir() and load_bundle(run.bundle, TASK).values["fingerprint"] == mark:
        report({"kind": "message", "message": f"this training is finished: {run.bundle}"})
        return
    keep_freed_memory()
    made = _plan(folder, settings, report) if planned else None
    entries = placed(entries, settings.data, planned_placement(made, "unet"))
    with explained(made):
        network = train_network(entries, settings, run, mark, report, made)
    if rank() > 0:
        return
    loss = run.best_loss()
    threshold, score = _threshold(network, settings, entries)
    values = {
        "fingerprint": mark,
        "data_mark": marked,
        "dims": common_dims(entries),
        "threshold": threshold,
        "dev_loss": loss,
        "dev_dice": score,
    }
    save_segmenter(run.bundle, network, settings, values, make_card(settings, entries, values))
    report(
        {
            "kind": "message",
            "message": f"loss on dev {loss:.4f}, Dice {score:.3f} from the probability {threshold:.3g} on; the "
            f"bundle is {run.bundle}",
        }
    )


def _plan(folder: Path, settings: SegmentSettings, report: Report) -> Plan:
    return first_process_first(lambda: make_plan(TASK, lambda: needs(settings), folder, report))


def placed(entries: list[Entry], settings: DataSettings, placement: Placement | None) -> list[Entry]:
    """Return the sections as they were planned: held in memory, or read (or made) as they are asked for."""
    if placement is None:
        return entries
    limit = {"hold_mb": math.inf if placement == "preloaded" else 0.0}
    return open_sections(settings.model_copy(update=limit))


def _threshold(
    network: nn.Module, settings: SegmentSettings, entries: Sequence[Entry]
) -> tuple[float, float]:
    """Return the probability from which on Dice is best on the dev split, and that Dice."""
    scale = settings.network.scale
    dev = of_split(entries, "dev")
    logit, score = best_threshold(
        count_levels(part for entry in dev for part in labelled_scores(network, scale, entry))
    )
    return 1 / (1 + math.exp(-logit)), score


def _without_places(settings: SegmentSettings) -> SegmentSettings:
    """Return settings without what says where data lie and how they are held, and what is judged afterwards."""
    data = settings.data.model_copy(update={"sections": "", "hold_mb": 1.0})
    fit = settings.fit.model_copy(update={"device": "auto", "sharded": False})
    return settings.model_copy(update={"data": data, "fit": fit, "judge": JudgeSettings()})
