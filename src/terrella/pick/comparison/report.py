"""What a comparison leaves for people: the report page with its figures, and the tables in the terminal."""

import numpy as np

from terrella.engine.judge.report import Page, Section, Table, write_report
from terrella.engine.run import Report, Run
from terrella.engine.settings import settings_text
from terrella.pick.comparison import pictures
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.matrix import SCORES, interval_of, matrix
from terrella.pick.comparison.words import in_words


def write_comparison(run: Run, found: Findings) -> None:
    """Write report.html and its figures."""
    sections = [
        Section("Across domains", _ABOUT_MATRICES, [], [pictures.matrix_picture(found)]),
        Section("Scores", _ABOUT_SCORES, [_scores_table(found, test) for test in found.tests]),
        Section("Detection", "", [], pictures.roc_pictures(found)),
        Section("Onsets", _ABOUT_RESIDUALS, [], pictures.residual_pictures(found)),
        Section("Signal-to-noise ratio and distance", "", [], pictures.dependence_pictures(found)),
        Section(
            "Resampling", _ABOUT_RESAMPLING, _resampling_tables(found), pictures.resampling_pictures(found)
        ),
        Section("Time and memory", _ABOUT_COST, [_cost_table(found)], pictures.cost_pictures(found)),
        Section("What failed", "\n\n".join(found.failures)),
        Section("Settings", "", [], [], settings_text(found.settings)),
        Section("Recommendation", "\n\n".join(_recommendation(found))),
    ]
    shown = [
        s for s in sections if s.tables or s.pictures or s.preformatted or (s.text and s.title in _ALONE)
    ]
    lead = " ".join(found.overall) or "No picker could be judged."
    write_report(Page("Which picker fits this data?", lead, sections=shown), run.report, run.figures)


def show_comparison(found: Findings, report: Report) -> None:
    """Show the matrices and the recommendation."""
    for score in SCORES:
        values = matrix(found.judged, score.name)
        if values.isna().all(axis=None) or score.name.endswith("std_s"):
            continue
        rows = [
            [str(picker), *("–" if np.isnan(v) else f"{v:.{score.digits}f}" for v in row)]
            for picker, row in values.iterrows()
        ]
        title = f"{score.title}{f' ({score.unit})' if score.unit else ''}"
        report(
            {
                "kind": "table",
                "title": title,
                "columns": ["picker · trained on", *values.columns],
                "rows": rows,
            }
        )
    for line in _recommendation(found):
        report({"kind": "result", "message": line})


_ALONE = ("What failed", "Recommendation")
_ABOUT_MATRICES = (
    "Each row is a picker with the data it was trained on, each column a test set; lighter is better. A network "
    "far from its own domain often does worse than a classical method. Onset scores count wrong picks too."
)
_ABOUT_SCORES = (
    "Thresholds were chosen on the development split of each test set; ranges are 95 % bootstrap intervals. "
    "Detection: windows of 30 s, with a first arrival or of noise. P or S, and onsets: 10 s with one phase."
)
_ABOUT_RESIDUALS = (
    "Picked minus labelled time, with the Laplace distribution of the same median and mean deviation."
)
_ABOUT_RESAMPLING = (
    "The data are read at a lower rate and fed as if they were 100 Hz, so that distant, slow arrivals look to a "
    "picker like the local ones that it knows. Residuals are in true seconds."
)
_ABOUT_COST = (
    "CPU seconds are those of all threads of a process; inference is per 1,000 evaluation windows, over all test "
    "sets. The peak memory of a process includes its libraries and the data that it had open."
)


def _recommendation(found: Findings) -> list[str]:
    cost = {name: each.inference_cpu_seconds for name, each in found.costs.items()}
    lines = [in_words(each, len(found.on(each.test_set)), cost) for each in found.advice]
    return [*lines, *found.resampling, *found.overall]


def _scores_table(found: Findings, test: str) -> Table:
    own = found.on(test)
    rows = [(each.picker, [interval_of(each, score.name, "test") for score in SCORES]) for each in own]
    chosen = next((each.chosen.picker for each in found.advice if each.test_set == test), "")
    return Table(
        f"{test}: test split", [*pictures.SHORT.values()], rows, [score.digits for score in SCORES], chosen
    )


def _resampling_tables(found: Findings) -> list[Table]:
    """Return each score of each resampled test set, pickers by rates."""
    tables = []
    for test in dict.fromkeys(each.test_set for each in found.judged if not each.native):
        own = [each for each in found.judged if each.test_set == test]
        rates = sorted({each.rate_hz for each in own}, reverse=True)
        at = {(each.picker, each.rate_hz): each for each in own}
        pickers = list(dict.fromkeys(each.picker for each in own if not each.native))
        for score in (score for score in SCORES if not score.name.endswith("std_s")):
            rows = [
                (name, [interval_of(at[name, rate], score.name) for rate in rates if (name, rate) in at])
                for name in pickers
            ]
            rows = [row for row in rows if len(row[1]) == len(rates)]
            columns = [f"{rate:g} Hz" for rate in rates]
            tables.append(
                Table(f"{test}: {pictures.SHORT[score.name]}", columns, rows, [score.digits] * len(rates))
            )
    return tables


def _cost_table(found: Findings) -> Table:
    names = ["training (CPU s)", "training peak (MiB)", "inference (CPU s per 1,000)", "inference peak (MiB)"]
    rows = []
    for name, cost in found.costs.items():
        values = (
            cost.training_cpu_seconds, cost.training_peak_mib, cost.inference_cpu_seconds, cost.inference_peak_mib,
        )  # fmt: skip
        texts = ["–" if np.isnan(v) else f"{v:,.{d}f}" for v, d in zip(values, (1, 0, 2, 0), strict=True)]
        rows.append((name, texts))
    return Table("Cost of each picker", names, rows, [1, 0, 2, 0])
