"""`terrella segment train`: from labelled sections to the bundle of a segmenter."""

import math
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from terrella.engine.fit import Report
from terrella.engine.memory import keep_freed_memory
from terrella.engine.run import Run
from terrella.engine.settings import changed_settings, fingerprint, load_settings, save_settings
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.segment.bundle import TASK, save_segmenter
from terrella.segment.card import make_card
from terrella.segment.data import Entry, common_dims, data_mark, of_split, open_sections
from terrella.segment.scorers import network_scorer
from terrella.segment.scores import best_threshold, count_levels
from terrella.segment.settings import JudgeSettings, SegmentSettings
from terrella.segment.training import train_network


def train(folder: Path, settings: SegmentSettings, report: Report) -> None:
    """Train the network of a run and leave its bundle; what an earlier call finished is not done again.

    Raises:
        InputError: where data or settings are at fault, or the run was begun with others.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    run = Run(folder)
    _check_same(run, settings)
    entries = open_sections(settings.data)
    common_dims(entries)
    marked = data_mark(entries)
    mark = fingerprint(_without_places(settings), marked)
    save_settings(settings, run.settings)
    if run.bundle.is_dir() and load_bundle(run.bundle, TASK).values["fingerprint"] == mark:
        report({"kind": "message", "message": f"this training is finished: {run.bundle}"})
        return
    keep_freed_memory()
    network = train_network(entries, settings, run, mark, report)
    loss = _best_loss(run)
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


def _threshold(
    network: nn.Module, settings: SegmentSettings, entries: Sequence[Entry]
) -> tuple[float, float]:
    """Return the probability from which on Dice is best on the dev split, and that Dice."""
    scorer = network_scorer(network, settings.network.scale)
    dev = (entry.load() for entry in of_split(entries, "dev"))
    counts = count_levels((section.group, scorer.score(section), section.mask) for section in dev)
    logit, score = best_threshold(counts)
    return 1 / (1 + math.exp(-logit)), score


def _best_loss(run: Run) -> float:
    epochs = [event for event in run.read_events() if event.get("kind") == "epoch"]
    return float(epochs[-1]["best"])


def _without_places(settings: SegmentSettings) -> SegmentSettings:
    """Return settings without what says where data lie and how they are held, and what is judged afterwards."""
    data = settings.data.model_copy(update={"sections": "", "hold_mb": 1.0})
    fit = settings.fit.model_copy(update={"device": "auto"})
    return settings.model_copy(update={"data": data, "fit": fit, "judge": JudgeSettings()})


def _check_same(run: Run, settings: SegmentSettings) -> None:
    if not run.settings.is_file():
        return
    changed = changed_settings(
        _without_places(load_settings(SegmentSettings, run.settings)), _without_places(settings)
    )
    if changed:
        raise InputError(
            f"{run.folder} was begun with other settings ({'; '.join(changed)}); give them as they were, or "
            "another --run"
        )
