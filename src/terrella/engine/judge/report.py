"""One self-contained page: sections of text, tables and figures, without a single link to elsewhere."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from terrella import __version__
from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.document import Shown, gain_of, interval_of
from terrella.files import replace_file, write_text


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows; cells are text or values with intervals."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str | Interval]]]
    digits: Sequence[int]  # decimals of each column's values
    emphasised: str = ""  # the row that is best, or recommended


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with what it shows, in words: the caption, and a description for those who cannot see it."""

    name: str
    figure: Figure
    caption: str
    description: str


@dataclass(frozen=True, eq=False)
class Section:
    """A part of the page."""

    title: str
    text: str = ""
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    preformatted: str = ""


@dataclass(frozen=True, eq=False)
class Page:
    """A report."""

    title: str
    lead: str
    mark: str = ""  # what was judged, in short: stands on every table and figure
    sections: Sequence[Section] = field(default_factory=tuple)


def score_tables(
    caption: str, models: Mapping[str, Mapping[str, Any]], columns: Shown, best: str = ""
) -> list[Table]:
    """Return a table of a document's models, of those that have any of the scores; no table where none has.

    Of the score `best`, the row with the largest value is emphasised, unless another is as good.
    """
    rows = [
        (model, [interval_of(own.get(name), times) for name, _, _, times in columns])
        for model, own in models.items()
        if any(name in own for name, *_ in columns)
    ]
    if not rows:
        return []
    known = sorted((own[best]["value"], model) for model, own in models.items() if _is_known(own, best))
    tied = len(known) > 1 and known[-1][0] == known[-2][0]
    heads, digits = [head for _, head, _, _ in columns], [digits for _, _, digits, _ in columns]
    return [Table(caption, heads, rows, digits, known[-1][1] if known and not tied else "")]


def gain_tables(caption: str, pairs: Sequence[Mapping[str, Any]], columns: Shown) -> list[Table]:
    """Return a table of what a document's first model gains over each other one; no table where none is known."""
    known = [each for each in columns if any(pair["score"] == each[0] for pair in pairs)]
    if not known:
        return []
    found = {(pair["over"], pair["score"]): pair for pair in pairs}
    rows = [
        (
            f"over {other}",
            [gain_of(found.get((other, name), {}), times) for name, _, _, times in known],
        )
        for other in dict.fromkeys(pair["over"] for pair in pairs)
    ]
    return [Table(caption, [head for _, head, _, _ in known], rows, [digits for _, _, digits, _ in known])]


def filled(sections: Sequence[Section]) -> list[Section]:
    """Return the sections that show something."""
    return [each for each in sections if each.tables or each.pictures or each.preformatted]


def _is_known(scores: Mapping[str, Any], name: str) -> bool:
    return name in scores and scores[name]["value"] is not None


def write_report(page: Page, path: Path, figures: Path) -> list[Path]:
    """Write a page, and its pictures as PNG files of their own; return all paths."""
    images, written = {}, [path]
    for section in page.sections:
        for picture in section.pictures:
            target = figures / f"{picture.name}.png"
            data = _png(picture.figure, page.mark)
            replace_file(target, partial(_write_bytes, data=data))
            images[picture.name] = base64.b64encode(data).decode()
            written.append(target)
    loader = PackageLoader("terrella.engine.judge", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["number"] = _number
    template = environment.get_template("report.html.jinja")
    write_text(path, template.render(page=page, images=images, version=__version__, Interval=Interval))
    return written


def _png(figure: Figure, mark: str) -> bytes:
    style: dict[str, Any] = {"ha": "right", "fontsize": 5.5, "color": "#777777"}
    if mark and figure.get_supxlabel():  # a figure has one such label: the mark must not take its place
        figure.text(0.998, 0.002, mark, va="bottom", **style)
    elif mark:
        figure.supxlabel(mark, x=0.998, **style)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def _write_bytes(path: Path, *, data: bytes) -> None:
    path.write_bytes(data)


def _number(value: float, digits: int) -> str:
    """Return a number with a proper minus sign, a dash where there is none."""
    if value != value:
        return "–"
    return f"{round(value, digits) or 0.0:.{digits}f}".replace("-", "−")  # no sign before a zero
