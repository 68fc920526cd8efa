"""The report of an explanation: what adds most, whether that can be believed, and the task's own figures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.engine.explain.checks import Curves
from terrella.engine.explain.methods import CITES
from terrella.engine.explain.question import Explanation
from terrella.engine.judge.report import Page, Picture, Section, Table, write_report
from terrella.references import REFERENCES

_SHOWN = 12
_CHECKS = ("sanity checks",)
_NAMES = {
    "integrated": "integrated gradients", "occlusion": "occlusion", "shap": "KernelSHAP", "lime": "LIME",
    "ascent": "gradient ascent", "deeplift": "DeepLift", "lrp": "layer-wise relevance propagation",
}  # fmt: skip


def ranked(found: Explanation) -> list[tuple[str, float, float]]:
    """Return the parts by size: name, what it adds, and its share of the difference."""
    names, adds = list(found.question.names), found.by_part
    if found.question.whole:
        names, adds = [*names, found.question.baseline_means], np.append(adds, found.reference)
    order = np.argsort(-np.abs(adds), kind="stable")
    return [(names[k], float(adds[k]), float(adds[k] / found.span)) for k in order]


def write_page(found: Explanation, said: Sequence[str], shown: Curves | None, output: Path) -> list[Path]:
    """Write the report and its figures beside the output; return all paths."""
    question = found.question
    rows = [(name, (f"{adds:+.4g}", f"{share:+.1%}")) for name, adds, share in ranked(found)[:_SHOWN]]
    what = "changed by" if found.method == "ascent" else f"adds ({question.unit})"
    columns = ("part", what, "of the whole" if question.whole else "of the difference")
    sections = []
    if found.method != "ascent":
        sections.append(Section("What adds most", tables=[Table("Parts, by size", columns, rows, (0, 0))]))
    sections.append(Section("Where it lies", pictures=_named(question.pictures(found), output)))
    sections.append(Section("Whether to believe it", " ".join(f"{line}." for line in said)))
    if shown is not None:
        sections.append(
            Section(
                "Parts taken away and put in", shown.line, pictures=_named([picture_of(found, shown)], output)
            )
        )
    methods = [CITES[found.method]] if found.method in CITES else []
    text = "\n".join(REFERENCES[each] for each in (*methods, *_CHECKS, *question.cites))
    sections.append(Section("References", preformatted=text))
    lead = (
        f"{_NAMES[found.method]}: the answer is {found.output:.4g} {question.unit}, that to "
        f"{question.baseline_means} {found.reference:.4g}."
    )
    if found.method == "ascent":
        lead = f"{_NAMES[found.method]}: {found.said}."
    return write_report(Page(question.title, lead, "", sections), output.with_suffix(".html"), output.parent)


def picture_of(found: Explanation, shown: Curves) -> Picture:
    """Return the figure of both curves beside random orders."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, shown.share, shown.deletion, shown.random_deletion, "share of parts taken away")
    _draw(right, shown.share, shown.insertion, shown.random_insertion, "share of parts put in")
    left.set_ylabel(f"answer ({found.question.unit})")
    right.legend(fontsize=8)
    return Picture(
        "curves", figure,
        "The answer as parts are taken away (left) and put in (right), largest first, beside random orders "
        "(line: mean; band: all of them).",
        "Two curves of the answer beside those of random orders.",
    )  # fmt: skip


def _draw(axes: Axes, share: np.ndarray, own: np.ndarray, random: np.ndarray, label: str) -> None:
    axes.fill_between(share, random.min(0), random.max(0), color="0.85")
    axes.plot(share, random.mean(0), "--", color="0.4", label="random order")
    axes.plot(share, own, color="#0072b2", label="largest first")
    axes.set_xlabel(label)
    axes.grid(alpha=0.3)


def _named(pictures: Sequence[Picture], output: Path) -> list[Picture]:
    """Return pictures whose files are named after the output."""
    return [
        Picture(f"{output.stem}_{each.name}", each.figure, each.caption, each.description)
        for each in pictures
    ]
