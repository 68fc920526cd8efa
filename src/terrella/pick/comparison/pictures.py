"""The pictures of a comparison's report: what is drawn of which results, and in which panels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.engine.judge.report import Picture
from terrella.pick.comparison import figures
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.matrix import SCORES, Score, matrix, value_of
from terrella.pick.judging import cells
from terrella.pick.judging import figures as of_one

SHORT = {
    "detection_auc": "AUC",
    "phase_mcc": "MCC",
    "p_rmse_s": "P RMSE (s)",
    "p_std_s": "P std (s)",
    "s_rmse_s": "S RMSE (s)",
    "s_std_s": "S std (s)",
}
_MOST_HISTOGRAMS = 12
_FIELDS = {"detection_recall": "share of events detected", "p_mae_s": "P: mean absolute residual (s)"}


def matrix_picture(found: Findings) -> Picture:
    """Return the cross-domain matrices of all scores."""
    rows, columns = len(found.pickers), len(found.tests)
    figure = Figure(figsize=(min(4.4 + 1.7 * columns, 13), 3 * (1.1 + 0.3 * rows)), layout="constrained")
    for axes, score in zip(figure.subplots(3, 2, sharey=True).flat, SCORES, strict=True):
        values = matrix(found.judged, score.name)
        figures.draw_matrix(axes, values, score, *_shade_limits(values.to_numpy(float), score))
    return Picture(
        "matrices",
        figure,
        "Scores on the test split of each set; a dash where the picker or the set does not serve the task.",
        "Heat maps of pickers by test sets, with numbers: AUC, Matthews correlation, and P and S residuals.",
    )


def _shade_limits(values: np.ndarray, score: Score) -> tuple[float, float]:
    """Return the values that are drawn darkest and lightest: chance and perfection, or the residuals' range."""
    if score.name == "detection_auc":
        return 0.5, 1.0
    if score.name == "phase_mcc":
        return 0.0, 1.0
    finite = values[np.isfinite(values)]
    return (float(finite.max()), 0.0) if len(finite) else (1.0, 0.0)


def roc_pictures(found: Findings) -> list[Picture]:
    """Return the ROC of every picker, a panel per test set."""
    look = of_one.styles(found.pickers, found.classical)
    panels = {
        test: {each.picker: curve for each in found.on(test) if (curve := cells.roc(each.cell))}
        for test in found.tests
    }
    panels = {test: curves for test, curves in panels.items() if curves}
    if not panels:
        return []
    figure, flat = _panels(len(panels), width=4.4, height=3.9)
    for axes, (test, curves) in zip(flat, panels.items(), strict=False):
        of_one.draw_roc(axes, curves, look).set_title(test, fontsize=9)
    _common_legend(figure, flat)
    return [
        Picture(
            "roc",
            figure,
            "Receiver operating characteristics of detection, from a false positive rate of 0.001.",
            "A panel per test set: true against false positive rates of every picker.",
        )
    ]


def residual_pictures(found: Findings) -> list[Picture]:
    """Return the histograms of residuals on the user's own test sets."""
    pictures = []
    targets = list(dict.fromkeys(each.test_set for each in found.judged if each.target))
    for number, test in enumerate(targets, 1):
        for phase in ("p", "s"):
            known = {each.picker: cells.residuals(each.cell, phase) for each in found.on(test)}
            own = [(name, drawn) for name, drawn in known.items() if drawn is not None][:_MOST_HISTOGRAMS]
            if not own:
                continue
            figure, flat = _panels(len(own), width=2.6, height=1.9, columns=4)
            for axes, (name, drawn) in zip(flat, own, strict=False):
                of_one.draw_residuals(axes, *drawn, name)
            figure.supxlabel(f"{phase.upper()} residual, picked − labelled (s)", fontsize=9)
            figure.supylabel("picks", fontsize=9)
            pictures.append(
                Picture(
                    f"residuals_{phase}_{number}",
                    figure,
                    f"Residuals of {phase.upper()} onsets on {test} (bars), and their Laplace fit (dashed).",
                    "A histogram of residuals for each picker.",
                )
            )
    return pictures


def dependence_pictures(found: Findings) -> list[Picture]:
    """Return detected events and P residuals by signal-to-noise ratio and by distance."""
    look = of_one.styles(found.pickers, found.classical)
    pictures = []
    for by, xlabel in (("snr_db", "signal-to-noise ratio (dB)"), ("distance_km", "distance (km)")):
        for field, ylabel in _FIELDS.items():
            panels = {}
            for test in found.tests:
                own = {each.picker: cells.dependence(each.cell, field, by) for each in found.on(test)}
                if known := {name: classes for name, classes in own.items() if classes}:
                    panels[test] = known
            if not panels:
                continue
            figure, flat = _panels(len(panels), width=4.6, height=3.2)
            for axes, (test, known) in zip(flat, panels.items(), strict=False):
                labels = next(iter(known.values())).labels
                values = {name: classes.value for name, classes in known.items()}
                of_one.draw_dependence(axes, labels, values, look, xlabel, ylabel)
                axes.set_title(test, fontsize=9)
            _common_legend(figure, flat)
            pictures.append(
                Picture(
                    f"{by}_{field}",
                    figure,
                    f"{ylabel[0].upper()}{ylabel[1:]}, by {xlabel.split(' (')[0]}.",
                    "A panel per test set: every picker in classes.",
                )
            )
    return pictures


def resampling_pictures(found: Findings) -> list[Picture]:
    """Return scores against the rate of reading, for the test sets of the resampling study."""
    look = of_one.styles(found.pickers, found.classical)
    tests = [t for t in found.tests if any(e.test_set == t and not e.native for e in found.judged)]
    pictures = []
    for number, test in enumerate(tests, 1):
        figure, flat = _panels(4, width=4.4, height=3.2)
        for axes, score in zip(flat, [s for s in SCORES if not s.name.endswith("std_s")], strict=False):
            curves = {}
            for picker in found.pickers:
                own = {
                    each.rate_hz: value_of(each, score.name)
                    for each in found.judged
                    if (each.picker, each.test_set) == (picker, test)
                }
                known = sorted((rate, value) for rate, value in own.items() if np.isfinite(value))
                if len(known) > 1:
                    rates, values = np.array(known).T
                    curves[picker] = (rates, values)
            figures.draw_resampling(axes, curves, look, SHORT[score.name])
        _common_legend(figure, flat)
        pictures.append(
            Picture(
                f"resampling_{number}",
                figure,
                f"{test}: scores at each rate of reading; 100 Hz is the data as they are.",
                "Four panels: AUC, Matthews correlation, P and S RMSE against the rate, a line per picker.",
            )
        )
    return pictures


def cost_pictures(found: Findings) -> list[Picture]:
    """Return accuracy against CPU seconds on the first of the user's own test sets."""
    look = of_one.styles(found.pickers, found.classical)
    targets = list(dict.fromkeys(each.test_set for each in found.judged if each.target))
    if not targets:
        return []
    figure, flat = _panels(2, width=4.8, height=3.4)
    for axes, score in zip(flat, (SCORES[0], SCORES[2]), strict=False):
        points = {
            each.picker: (found.costs[each.picker].inference_cpu_seconds, value_of(each, score.name))
            for each in found.on(targets[0])
        }
        figures.draw_cost(axes, points, look, "CPU seconds per 1,000 windows", SHORT[score.name])
    _common_legend(figure, flat)
    return [
        Picture(
            "cost",
            figure,
            f"Accuracy against CPU time of the answers, on {targets[0]}.",
            "Two panels, a point per picker: AUC and P RMSE against CPU seconds.",
        )
    ]


def _panels(n: int, width: float, height: float, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """Return a figure of n panels, row by row."""
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    figure = Figure(figsize=(width * columns, height * rows + 0.3), layout="constrained")
    flat = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in flat[n:]:
        axes.set_visible(False)
    return figure, flat[:n]


def _common_legend(figure: Figure, flat: Sequence[Axes]) -> None:
    """Put one legend of all panels below them."""
    entries: dict[Any, Any] = {}
    for axes in flat:
        handles, labels = axes.get_legend_handles_labels()
        entries.update(zip(labels, handles, strict=True))
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside lower center",
        ncols=3,
        fontsize=7.5,
        frameon=False,
    )
