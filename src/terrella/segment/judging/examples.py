"""Figures of single sections: samples, label, and what every model makes of them, side by side."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from terrella.engine.judge.report import Picture
from terrella.segment.data.labelled import LabelledSection
from terrella.segment.data.sections import Entry
from terrella.segment.judging import figures
from terrella.segment.judging.events import Ints, detect, earlier
from terrella.segment.judging.judged import Judged
from terrella.segment.judging.scorers import Scorer
from terrella.segment.settings import JudgeSettings

_RANKS = (0.9, 0.5, 0.15)  # of the median signal-to-noise ratio among the sections shown


def example_figures(
    scorers: Sequence[Scorer], judged: Sequence[Judged], test: Sequence[Entry], settings: JudgeSettings
) -> list[Picture]:
    """Return a picture of a clear, a typical and a weak section each, of different groups where there are."""
    snr, pictures = judged[0].snr, []
    known = np.flatnonzero(np.isfinite(snr))
    chosen = _distinct(known[np.argsort(-snr[known])], judged[0].groups) if len(known) else [0]
    for number, at in enumerate(chosen, 1):
        section = test[at].load()
        figure = draw_example(scorers, judged, section, settings)
        about = f", median signal-to-noise ratio {snr[at]:.1f}" if np.isfinite(snr[at]) else ""
        caption = f"{test[at].name} ({section.group}){about}."
        pictures.append(
            Picture(f"example_{number}", figure, caption, "A section, its label and all models' scores.")
        )
    return pictures


def draw_example(
    scorers: Sequence[Scorer], judged: Sequence[Judged], section: LabelledSection, settings: JudgeSettings
) -> Figure:
    """Return a figure with a panel for the section, its label and every model; of a volume the middle inline."""
    shown, whole = _flat(section), section
    figure = Figure(figsize=(2.2 * (2 + len(scorers)), 3.6), layout="constrained")
    axes = figure.subplots(1, 2 + len(scorers), sharex=True, sharey=True)
    figures.draw_section(axes[0], shown).set_title("section", fontsize=9)
    figures.draw_label(axes[1], shown).set_title("label", fontsize=9)
    for panel, scorer, each in zip(axes[2:], scorers, judged, strict=True):
        scores, level = _inline(scorer.score(whole)), each.chosen.level
        threshold, found = each.chosen.threshold, None
        if each.events is not None:
            threshold = float(each.chosen.levels[level])
            made = detect(scores, threshold, settings.traces, settings.tolerance)
            found = earlier(made, float(each.chosen.shifts[level]))
        figures.draw_scores(panel, shown, scores, threshold, found).set_title(each.name, fontsize=9)
    axes[0].set_ylabel("time or depth" if section.arrivals is None else "time (s)")
    figure.supxlabel("crossline" if whole.samples.ndim == 3 else "trace", fontsize=9)
    return figure


def _flat(section: LabelledSection) -> LabelledSection:
    """Return a section, or the middle inline of a volume."""
    return replace(section, samples=_inline(section.samples), mask=_inline(section.mask))


def _inline(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values if values.ndim == 2 else values[len(values) // 2]


def _distinct(ranked: Ints, groups: Sequence[str]) -> list[int]:
    """Return sections at the wanted ranks, each of a group that is not shown yet, if there is one near."""
    shown: list[int] = []
    for rank in _RANKS:
        start = min(int((1 - rank) * len(ranked)), len(ranked) - 1)
        order = sorted(range(len(ranked)), key=lambda k: abs(k - start))
        new = [k for k in order if groups[ranked[k]] not in {groups[at] for at in shown}]
        at = int(ranked[(new or order)[0]])
        if at not in shown:
            shown.append(at)
    return shown
