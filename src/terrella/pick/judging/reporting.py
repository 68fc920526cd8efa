"""What judging leaves for people: the sections of the report, and the scores of the terminal's table."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from terrella.engine.judge.figures import Look, panel_row
from terrella.engine.judge.report import Picture, Section, Table, filled, score_tables
from terrella.engine.task import Judging
from terrella.pick.judging import cells, figures
from terrella.pick.judging.cell import Judged

# Columns of the tables: score, words, decimals, factor.
_DETECTION = (
    ("detection_auc", "AUC", 3, 1.0),
    ("detection_f1", "F1", 3, 1.0),
    ("detection_tpr_at_fpr_0.01", "true positives at 1 % false", 3, 1.0),
    ("detection_tpr_at_fpr_0.05", "at 5 % false", 3, 1.0),
)
_PHASE = (("phase_auc", "AUC", 3, 1.0), ("phase_mcc", "MCC", 3, 1.0))
_ONSET = {
    "mean_s": "mean (s)",
    "median_s": "median (s)",
    "std_s": "std (s)",
    "rmse_s": "RMSE (s)",
    "mae_s": "MAE (s)",
    "beyond_0.45_s": "beyond 0.45 s",
    "beyond_1.5_s": "beyond 1.5 s",
}
_FIELDS = {
    "detection_recall": "share of events detected",
    "p_mae_s": "P: mean absolute residual (s)",
    "s_mae_s": "S: mean absolute residual (s)",
}
_SHOWN = (
    *_DETECTION[:2],
    ("phase_mcc", "MCC P/S", 3, 1.0),
    ("p_rmse_s", "P RMSE (s)", 3, 1.0),
    ("p_mae_s", "P MAE (s)", 3, 1.0),
    ("s_rmse_s", "S RMSE (s)", 3, 1.0),
    ("s_mae_s", "S MAE (s)", 3, 1.0),
)


def judging(judged: Sequence[Judged], document: Mapping[str, Any]) -> Judging:
    """Return what is left for people and programs; the first picker is the one that the page is about."""
    models = document["models"]
    first, counts = judged[0].cell, judged[0].cell["windows"]["test"]
    lead = (
        f"{first['picker']} beside classical methods: {counts['events']:,} windows with an event, "
        f"{counts['noise']:,} of noise, {counts['p']:,} with an onset of P and {counts['s']:,} of S."
    )
    sections = [
        Section("Detection", _ABOUT_DETECTION, score_tables("Detection", models, _DETECTION), _roc(judged)),
        Section("P or S", _ABOUT_PHASE, score_tables("P or S", models, _PHASE)),
        Section("Onsets", _ABOUT_ONSET, _onset_tables(models), _residuals(judged)),
        Section("Signal-to-noise ratio and distance", "", [], _dependence(judged)),
        Section("Thresholds and cost", "", [_cost_table(judged)]),
    ]
    return Judging(document, f"{first['picker']} on {first['tested_on']}", lead, filled(sections), _SHOWN)


def _onset_tables(models: Mapping[str, Any]) -> list[Table]:
    tables = []
    for phase in ("p", "s"):
        columns = [(f"{phase}_{name}", head, 3, 1.0) for name, head in _ONSET.items()]
        tables += score_tables(f"Onsets of {phase.upper()}", models, columns)
    return tables


def _cost_table(judged: Sequence[Judged]) -> Table:
    rows = []
    for each in judged:
        chosen, cost = each.cell["thresholds"], each.cell["cost"]
        limits = ["–" if chosen[name] is None else f"{chosen[name]:.4g}" for name in ("detection", "phase")]
        rows.append((each.cell["picker"], [*limits, f"{1000 * (cost['cpu_s_per_window'] or 0):.2f}"]))
    heads = ["detection threshold", "threshold of ln P/S", "CPU ms per window"]
    return Table("Chosen on the development split, and measured", heads, rows, [0, 0, 0])


def _look(judged: Sequence[Judged]) -> Look:
    names = [each.cell["picker"] for each in judged]
    return figures.styles(names, names[1:])


def _roc(judged: Sequence[Judged]) -> list[Picture]:
    curves = {each.cell["picker"]: curve for each in judged if (curve := cells.roc(each.cell))}
    if not curves:
        return []
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    figures.draw_roc(figure.subplots(), curves, _look(judged)).legend(fontsize=8, loc="lower right")
    description = "True against false positive rates of every picker, the latter on a logarithmic axis."
    return [Picture("roc", figure, "Receiver operating characteristics of detection.", description)]


def _residuals(judged: Sequence[Judged]) -> list[Picture]:
    pictures = []
    for phase in ("p", "s"):
        known = {each.cell["picker"]: cells.residuals(each.cell, phase) for each in judged}
        own = {name: drawn for name, drawn in known.items() if drawn is not None}
        if not own:
            continue
        figure, panels = panel_row(len(own), 3.4, 2.8)
        for axes, (name, drawn) in zip(panels, own.items(), strict=True):
            figures.draw_residuals(axes, *drawn, name)
            axes.set_xlabel(f"{phase.upper()} residual, picked − labelled (s)", fontsize=8)
        figure.supylabel("picks", fontsize=9)
        caption = f"Residuals of {phase.upper()} onsets within 1.5 s (bars), and their Laplace fit (dashed)."
        pictures.append(Picture(f"residuals_{phase}", figure, caption, "A histogram for each picker."))
    return pictures


def _dependence(judged: Sequence[Judged]) -> list[Picture]:
    look, pictures = _look(judged), []
    for by, xlabel in (("snr_db", "signal-to-noise ratio (dB)"), ("distance_km", "distance (km)")):
        known = {field: own for field in _FIELDS if (own := _classes(judged, field, by))}
        if not known:
            continue
        figure, panels = panel_row(len(known), 4.3, 3.4)
        for axes, (field, own) in zip(panels, known.items(), strict=True):
            labels = next(iter(own.values())).labels
            values = {name: classes.value for name, classes in own.items()}
            figures.draw_dependence(axes, labels, values, look, xlabel, _FIELDS[field]).legend(fontsize=7)
        words = xlabel.split(" (")[0]
        caption = f"Scores by {words}; classes of fewer than five windows are left out."
        pictures.append(Picture(by, figure, caption, f"Scores of every picker in classes of {words}."))
    return pictures


def _classes(judged: Sequence[Judged], field: str, by: str) -> dict[str, cells.Classes]:
    found = {each.cell["picker"]: cells.dependence(each.cell, field, by) for each in judged}
    return {name: classes for name, classes in found.items() if classes}


_ABOUT_DETECTION = (
    "Windows of 30 s hold the first arrival of an event, or noise. F1 is at the threshold that is best on the "
    "development split. Ranges here and below are 95 % intervals, with source events resampled."
)
_ABOUT_PHASE = (
    "Windows of 10 s hold exactly one onset: is it P or S? Matthews' correlation coefficient (MCC) is at the "
    "threshold that is best on the development split."
)
_ABOUT_ONSET = (
    "In the same windows, where is the onset? Residuals are picked minus labelled times; those of a picker "
    "that took another phase for the one that is asked for count as well."
)
