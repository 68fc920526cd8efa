"""What compressing leaves beside the bundle: the table, the report and the lines on the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.engine.compress.forms import FORMS
from terrella.engine.compress.judged import FULL, Judged, own_scores
from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, style
from terrella.engine.judge.report import Page, Picture, Section, Table, write_report
from terrella.engine.run import Event, Run
from terrella.engine.task import Compression, Judging
from terrella.files import write_json

_MEANT = {FULL: "the network itself, by torch", **FORMS}
_HEADING = "## Compressed"
_DIGITS = 4  # of scores
_SHORT_MS = 0.01  # times below are told in microseconds


def shown_table(judged: Sequence[Judged], ways: Compression, without: Mapping[str, str]) -> Event:
    """Return the table of all forms as an event that a terminal shows."""
    rows = [
        [each.name, *_costs(each), *(_value(each.scores.get(name)) for name in ways.scores)]
        for each in judged
    ]
    rows += [[name, *["–"] * (3 + len(ways.scores))] for name in without]
    columns = ["form", "KiB", "CPU ms", "MiB", *ways.scores]
    return {"kind": "table", "title": "forms on the dev split", "columns": columns, "rows": rows}


def card_of(card: str, judged: Sequence[Judged], kept: Judged, ways: Compression, processor: str) -> str:
    """Return a bundle's card with what it was made into, on which processor, before its last part."""
    faster = judged[0].cost.cpu_ms / kept.cost.cpu_ms
    lines = [
        _HEADING, "",
        f"Form {kept.name}: {_MEANT[kept.name]}; {faster:.2g} times as fast as by torch on this processor: "
        f"{processor}. On another one another form may be the fastest: compress the run again there.", "",
        "| form | KiB | CPU ms a sample | MiB | " + " | ".join(ways.scores) + " |",
        "|---" * (4 + len(ways.scores)) + "|",
    ]  # fmt: skip
    for each in judged:
        cells = [each.name, *_costs(each), *(_ranged(each.scores.get(name)) for name in ways.scores)]
        lines.append("| " + " | ".join(cells) + " |")
    text = "\n".join([*lines, "", "Scores are those of the dev split, with 95 % intervals.", ""])
    begin = card.rfind("\n## ") + 1 or len(card)
    return card[:begin] + text + "\n" + card[begin:]


def leave_report(
    into: Run, task: str, judged: Sequence[Judged], without: Mapping[str, str], kept: Judged,
    last: Mapping[str, Judging], ways: Compression, processor: str,
) -> None:  # fmt: skip
    """Write compress.json and the report: what each form costs and scores, and the kept one beside baselines."""
    document = {
        "task": task,
        "kept": kept.name,
        "processor": processor,
        "forms": {each.name: _plain(each, ways) for each in judged},
        "left_out": dict(without),
        "test": {name: _scores_of(found, ways) for name, found in last.items()},
    }
    write_json(into.folder / "compress.json", document)
    columns = ["KiB", "CPU ms a sample", "MiB", *ways.scores]
    digits = [0, 3, 0, *[_DIGITS] * len(ways.scores)]
    rows: list[tuple[str, list[str | Interval]]] = [
        (each.name, [*_costs(each), *(interval_of(each.scores.get(n)) for n in ways.scores)])
        for each in judged
    ]
    tables = [Table("Forms on the dev split, by which one is chosen", columns, rows, digits, kept.name)]
    tested = [
        (name, [interval_of(own.get(each)) for each in ways.scores]) for name, own in _models(last).items()
    ]
    tables.append(Table("The test split", list(ways.scores), tested, digits[3:]))
    said = "".join(f" {name} is left out: {why}." for name, why in without.items())
    text = "; ".join(f"{each.name}: {_MEANT[each.name]}" for each in judged)
    look = Picture(
        "cost", _figure(judged, kept, ways), "Time and scores of the forms on the dev split.",
        "Each form's CPU time against its score, with 95 % intervals; the kept one is marked.",
    )  # fmt: skip
    page = Page(
        f"{task}, compressed", f"Kept: {kept.name}. Measured on {processor}.", f"{task}; {kept.name}",
        [Section("Forms", f"{text}.{said}", tables, [look])],
    )  # fmt: skip
    write_report(page, into.report, into.figures)


def draw_costs(axes: Axes, judged: Sequence[Judged], kept: Judged, score: str) -> Axes:
    """Draw a score of each form over its CPU time, with 95 % intervals."""
    slowest = max(each.cost.cpu_ms for each in judged)
    times, unit = (1e3, "µs") if slowest < _SHORT_MS else (1.0, "ms")
    for number, each in enumerate(judged):
        value = interval_of(each.scores.get(score))
        spread = [[value.value - value.low], [value.high - value.value]]
        label = f"{each.name} (kept)" if each is kept else each.name
        place = [times * each.cost.cpu_ms], [value.value]
        axes.errorbar(*place, spread, capsize=2.5, ms=6, label=label, **style(number))
    axes.set_xlim(0, 1.08 * times * slowest)
    of = judged[0].scores[score].get("unit", "")
    axes.set(
        xlabel=f"CPU time ({unit} a sample)", ylabel=score.replace("_", " ") + (f" ({of})" if of else "")
    )
    return axes


def _figure(judged: Sequence[Judged], kept: Judged, ways: Compression) -> Figure:
    known = [name for name in ways.scores if name in judged[0].scores]
    figure = Figure(figsize=(max(2.6 * len(known), 5.2), 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(known), squeeze=False)[0], known, strict=True):
        draw_costs(axes, judged, kept, name)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, **LEGEND)
    return figure


def _models(last: Mapping[str, Judging]) -> dict[str, Mapping[str, Any]]:
    """Return the network itself and the kept form by their names, and the baselines beside them by theirs."""
    rows: dict[str, Mapping[str, Any]] = {}
    for name, found in last.items():
        own = rows[name] = own_scores(found)
        others = {model: each for model, each in found.scores["models"].items() if each is not own}
    return rows | others


def _scores_of(found: Judging, ways: Compression) -> dict[str, Any]:
    models: Mapping[str, Mapping[str, Any]] = found.scores["models"]
    return {model: {name: own[name] for name in ways.scores if name in own} for model, own in models.items()}


def _plain(form: Judged, ways: Compression) -> dict[str, Any]:
    scores = {name: form.scores[name] for name in ways.scores if name in form.scores}
    cost = {"cpu_ms": form.cost.cpu_ms, "memory_mib": form.cost.memory_mib, "bytes": form.cost.size}
    return {**cost, "scores": scores}


def _costs(form: Judged) -> list[str]:
    memory = "–" if form.cost.memory_mib is None else f"{form.cost.memory_mib:.0f}"
    return [f"{form.cost.size / 1024:,.0f}", f"{form.cost.cpu_ms:.3g}", memory]


def _value(score: Mapping[str, Any] | None) -> str:
    value = interval_of(score).value
    return "–" if value != value else f"{value:.{_DIGITS}f}"


def _ranged(score: Mapping[str, Any] | None) -> str:
    found: Interval = interval_of(score)
    if found.value != found.value:
        return "–"
    return f"{found.value:.{_DIGITS}f} [{found.low:.{_DIGITS}f}, {found.high:.{_DIGITS}f}]"
