"""The task `segment`, as a table of contents: from labelled sections to the probability of every sample."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report, Run
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.formats.sections.open import open_section
from terrella.segment import demo as demonstration
from terrella.segment.bundle import TASK, make_network
from terrella.segment.card import make_card
from terrella.segment.citing import cited
from terrella.segment.compressing import compression
from terrella.segment.data.sections import common_dims, data_mark, of_split, open_sections
from terrella.segment.explaining import question
from terrella.segment.judging.command import judge_asked
from terrella.segment.judging.piecewise import labelled_scores
from terrella.segment.judging.scores import best_threshold, count_levels
from terrella.segment.learning.training import Sections, fast_layout, stages
from terrella.segment.settings import SegmentSettings
from terrella.segment.use.predict import memory_in_bytes, predict_section
from terrella.segment.use.real import show_real_sections
from terrella.segment.use.show import figure_of_prediction, open_like, picture_kind


def _predict(
    given: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    *,
    memory: str = "2GB",
    figure: Path | None = None,
    **options: Any,
) -> list[str]:
    """Write the probability of every sample of a section of any size; return lines on what was done."""
    source = Path(given)
    if figure is not None:
        picture_kind(figure)  # refused before anything is predicted
    said = predict_section(source, bundle, output, report, memory_in_bytes(memory), **options)
    if figure is not None:
        seen = open_section(source, options.get("interval"), options.get("unit"), options.get("lines"))
        figure_of_prediction(figure, seen, open_like(output, seen, options.get("lines")))
        said.append(f"written: {figure}")
    return said


def demo(run: Path, report: Report, seed: int = 0, noise: Path | None = None) -> None:
    """Train on modelled sections, judge, and mark real sections in a run's folder; it goes on where it was stopped.

    With a folder of DAS records, cuts of these are the noise of every second section, of those judged on too.
    """
    train(run, demonstration.demo_settings(seed, noise), report)
    judge(run, report=report)
    show_real_sections(Run(run), report)
    if noise is None and (harder := demonstration.harder(run)):
        report({"kind": "result", "message": harder})


def _open(settings: SegmentSettings, report: Report) -> Opened[Sections]:
    entries = open_sections(settings.data, report)
    common_dims(entries)
    mark = data_mark(entries)
    return Opened(Sections(entries, mark), (mark,))


def _network(settings: SegmentSettings, sections: Sections, fed: Sequence[Fed]) -> nn.Module:
    return fast_layout(make_network(settings, common_dims(sections.entries)))


def _finish(trained: Trained[SegmentSettings, Sections], report: Report) -> Made:
    settings, sections = trained.settings, trained.data
    logit, dice = best_threshold(
        count_levels(
            part
            for entry in of_split(sections.entries, "dev")
            for part in labelled_scores(trained.network, settings.network.scale, entry)
        )
    )
    values = {
        "data_mark": sections.mark,
        "dims": common_dims(sections.entries),
        "threshold": 1 / (1 + math.exp(-logit)),
        "dev_loss": trained.loss,
        "dev_dice": dice,
    }
    said = (
        f"loss on dev {trained.loss:.4f}, Dice {dice:.3f} from the probability {values['threshold']:.3g} on"
    )
    card = make_card(settings, sections.entries, {**values, "fingerprint": trained.mark})
    return Made(trained.network.state_dict(), values, card, [said])


task = Task(
    name=TASK,
    settings=SegmentSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=_finish,
    judge=judge_asked,
    predict=_predict,
    demo=demo,
    cites=cited,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
