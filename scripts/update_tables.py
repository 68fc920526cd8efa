"""Write the documents' tables from benchmarks/results/*.json, between their markers; `--check` only compares."""

import ast
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "tests" / "public_reports.md"
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "docs" / "results.md",
    ROOT / "docs" / "adding_a_task.md",
    ROOT / "docs" / "live.md",
    REPORTS,
)
EXAMPLE = ROOT / "tests" / "engine" / "example_task.py"
RESULTS = ROOT / "benchmarks" / "results"

MODELS = ("all-zero", "climatology", "persistence", "Reasenberg–Jones", "ETAS", "network")
SCORES = {
    "brier": "Brier score",
    "brier_skill": "skill over climatology",
    "information_gain": "gain over climatology",
}
HORIZONS = ("1d", "7d")
RELEASED = {
    "California, 0.1°": "california",
    "Italy, 0.25°, three depth layers": "italy",
    "the world, 1°, M ≥ 4.5": "world",
}
COLUMNS = "|---|---:|---:|---|---:|---|"


def california() -> str:
    """Return the table of California's daily and weekly scores, and the network's gains over ETAS."""
    rows = _rows("forecast_california")
    if not rows:
        return _missing("forecast_california")
    values = {(r["what"], "network"): r["ours"] for r in rows if r["peer_name"]}
    values |= {(r["what"], r["peer_name"]): r["peer"] for r in rows if r["peer"] is not None}
    columns = [(score, horizon) for horizon in HORIZONS for score in SCORES]
    lines = [
        _line("model", *(f"{SCORES[score]}, {horizon[:-1]} d" for score, horizon in columns)),
        "|---|" + "---:|" * len(columns),
    ]
    for model in MODELS:
        cells = (_score(values.get((f"{score}@{horizon}", model)), score) for score, horizon in columns)
        lines.append(_line(model, *cells))
    gains = [
        f"{r['what'].split('@')[1].split('d')[0]} d {r['ours']:+.3f} {r['what'].split('paired ')[1]}"
        for r in rows
        if r["what"].startswith("information_gain") and "paired" in r["what"] and r["peer_name"] == "ETAS"
    ]
    gains_line = "Gain of the network over ETAS, nats per earthquake, paired: " + "; ".join(gains) + "."
    return "\n".join([*lines, "", gains_line.replace("-", "−")])


def regions() -> str:
    """Return the paired gains over ETAS of the networks released, by horizon, and their expected over observed."""
    rows = {r["what"]: r for r in _rows("forecast_released")}
    if not rows:
        return _missing("forecast_released")
    head = [f"{horizon} d" for horizon in (1, 7, 30)]
    lines = [_line("bundle", *head, "expected/observed", "of ETAS"), "|---" * 6 + "|"]
    for title, name in RELEASED.items():
        if not any(what.startswith(f"{name}, ") for what in rows):
            continue
        gains, ours, theirs = [], [], []
        for horizon in head:
            of = {what.removeprefix(f"{name}, {horizon}: "): r for what, r in rows.items()}
            what, gain = next(each for each in of.items() if each[0].startswith("gain "))
            gains.append(f"{gain['ours']:+.3f} {what.removeprefix('gain ')}".replace("-", "−"))
            ratio = next(r for what, r in of.items() if what.startswith("expected/observed ["))
            ours.append(f"{ratio['ours']:.2f}")
            theirs.append(f"{ratio['peer']:.2f}")
        lines.append(_line(title, *gains, ", ".join(ours), ", ".join(theirs)))
    return "\n".join(lines)


def ablation() -> str:
    """Return the gains over ETAS of the network, of its rivals and of its parts, at one day."""
    lines = [_line("model", "gain over ETAS, 1 d", "95 %"), "|---|---:|---|"]
    for r in _rows("forecast_ablation"):
        if r["what"].startswith("1 d, "):
            name, interval = re.match(r"1 d, (.*?) (\[.*?\])", r["what"]).groups()
            lines.append(_line(name, f"{r['ours']:+.4f}".replace("-", "−"), interval.replace("-", "−")))
    return "\n".join(lines) if len(lines) > 2 else _missing("forecast_ablation")


def comparison(*names: str, only: str = "") -> str:
    """Return the rows of result files whose name holds `only`, ours beside the peer's."""
    lines = []
    for name in names:
        for r in (r for r in _rows(name) if not r["what"].endswith(" part") and only in r["what"]):
            cells = (
                _plain(r["ours"]),
                _plain(r["peer"]),
                r["unit"],
                _plain(r["ratio"]),
                r["peer_name"] or "–",
            )
            lines.append(_line(r["what"], *cells))
    if lines:
        lines = [_line("what", "Terrella", "peer", "unit", "ratio", "the peer is"), COLUMNS, *lines]
    parts = ["\n".join(lines), *(_missing(name) for name in names if not _rows(name))]
    return "\n\n".join(part for part in parts if part)


def pickers() -> str:
    """Return a table for every data set that pickers were judged on: a row a picker, a column a score."""
    known: dict[str, dict[str, dict[str, float | None]]] = {}
    for r in _rows("pick_compare"):
        picker, place, score = re.match(r"(.*) on (.*): (.*?) \[", r["what"]).groups()
        known.setdefault(place, {}).setdefault(picker, {})[score] = r["ours"]
        if r["peer_name"]:
            known[place].setdefault(r["peer_name"], {})[score] = r["peer"]
    scores = ("AUC", "MCC", "P RMSE", "S RMSE")
    parts = []
    for place, by_picker in known.items():
        lines = [_line(f"on {place}", "AUC", "MCC", "P RMSE (s)", "S RMSE (s)"), "|---|---:|---:|---:|---:|"]
        lines += [
            _line(picker, *(_score(found.get(score), score) for score in scores))
            for picker, found in by_picker.items()
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) or _missing("pick_compare")


def planned() -> str:
    """Return how far predictions of memory and time are off: all in all, and for each network at its sizes."""
    rows = _rows("plan_accuracy")
    errors: dict[str, dict[str, list[str]]] = {}
    summary: dict[str, dict[str, float]] = {}
    for r in rows:
        of, _, what = r["what"].partition(": ")
        if r["unit"] == "%":
            summary.setdefault(of, {})[what.removesuffix(" error")] = r["ours"]
        elif r["peer_name"] == "measured":
            error = f"{100 * (r['ours'] / r['peer'] - 1):+.0f}".replace("-", "−")
            network, _, size = of.partition(", ")
            errors.setdefault(network, {"sizes": []}).setdefault(what, []).append(error)
            if what == "memory":
                errors[network]["sizes"].append(size.removeprefix("batch "))
    lines = [_line("error", "median", "worst", "lowest"), "|---|---:|---:|---:|"]
    for of, by in summary.items():
        lines.append(
            _line(
                of,
                *(
                    f"{by[name]:{sign}.1f} %".replace("-", "−")
                    for name, sign in (("median", ""), ("worst", "+"), ("lowest", "+"))
                ),
            )
        )
    lines += [
        "",
        _line("network", "batch", "memory, %", "memory kept, %", "step, %"),
        "|---|---|---|---|---|",
    ]
    for network, by in errors.items():
        shown = (", ".join(by.get(name, [])) for name in ("sizes", "memory", "memory, kept", "step"))
        lines.append(_line(network, *shown))
    return "\n".join(lines) if rows else _missing("plan_accuracy")


def whole_sections() -> str:
    """Return memory, time and error of a training step on a whole section, a row for each way to run it."""
    found: dict[str, dict[str, tuple[float, float | None]]] = {}
    for r in _rows("unet4096"):
        variant, _, of = r["what"].partition(": ")
        found.setdefault(variant, {})[of or r["unit"]] = (r["ours"], r["ratio"])
    lines = [
        _line(
            "training step",
            "peak memory (GiB)",
            "CPU s",
            "beside the fastest plain one",
            "largest error of a gradient",
        ),
        "|---|---:|---:|---:|---:|",
    ]
    for variant, by in found.items():
        (memory, _), (seconds, ratio) = by["GiB"], by["s CPU"]
        error = by.get("of any parameter", (None, None))[0]
        shown = "–" if error is None else f"{100 * error:.2g} %"
        lines.append(_line(variant, f"{memory:.2f}", f"{seconds:.1f}", f"{ratio:.2f}", shown))
    return "\n".join(lines) if found else _missing("unet4096")


def verbs() -> str:
    """Return which verbs each task has, from the registry of the command line."""
    from terrella.cli.task_commands import COMMON, VERBS
    from terrella.cli.tasks import TASKS, own_commands

    lines = [_line("`terrella …`", *[""] * (len(VERBS) + 2), "and"), "|---" * (len(VERBS) + 4) + "|"]
    for name, door in TASKS.items():
        own = own_commands(door).__all__
        cells = (verb if verb in own or verb in COMMON else "–" for verb in VERBS)
        more = "explain" if door.asked else "–", "compress"
        lines.append(_line(name, *cells, *more, ", ".join(f"*{verb}*" for verb in own if verb not in VERBS)))
    return "\n".join(lines)


def example() -> str:
    """Return the source of the smallest task."""
    return f"```python\n{EXAMPLE.read_text(encoding='utf-8').rstrip()}\n```"


def reports() -> str:
    """Return the table of the public reports that tests name, each with the test and its own words."""
    lines = ["| report | test | what it holds |", "|---|---|---|"]
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
            names = re.findall(r"[\w-]+/[\w-]+#\d+", said or "")
            if isinstance(node, ast.FunctionDef) and names:
                words = " ".join((said or "").split()).replace("|", r"\|")
                test = f"`{path.relative_to(ROOT / 'tests')}::{node.name}`"
                found.append((names[0].lower(), _line(", ".join(names), test, words)))
    return "\n".join([*lines, *(line for _, line in sorted(found))])


TABLES: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "reports": reports,
    "example": example,
    "california": california,
    "regions": regions,
    "intensity": lambda: comparison("intensity_npp"),
    "ablation": ablation,
    "simulation": lambda: comparison("simulation", only="time"),
    "founding": lambda: comparison("founding_claim"),
    "etas": lambda: comparison("etas_fit", "etas_npp"),
    "catalogue": lambda: comparison("catalogue_load"),
    "pick_training": lambda: comparison("pick_training"),
    "pick_stream": lambda: comparison("pick_stream"),
    "pick_gpd": lambda: comparison("pick_gpd"),
    "pick_phase": lambda: comparison("pick_phase"),
    "pick_continuous": lambda: comparison("pick_continuous"),
    "pick_compare": pickers,
    "plan_accuracy": planned,
    "unet4096": whole_sections,
    "scaling": lambda: comparison("scaling"),
    "compress": lambda: comparison("compress"),
    "explain": lambda: comparison("explain"),
    "pick_edge": lambda: comparison("pick_edge"),
    "fast_use": lambda: comparison("pick_bfloat16", "segment_predict", "forecast_predict"),
    "ridgecrest": lambda: comparison("live_ridgecrest"),
    "live": lambda: comparison("live_replay", "live_kills", "live_month", "live_world", "watch_latency"),
}


def updated(text: str) -> str:
    """Return a document's text with fresh tables."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
        if begin in text:
            before, rest = text.split(begin)
            text = before + begin + "\n" + table() + "\n\n" + end + rest.split(end, 1)[1]
    return text


def _rows(name: str) -> list[dict]:
    """Return the rows of a result file; none where it is absent, or of a quick version."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return []
    result = json.loads(path.read_text(encoding="utf-8"))
    return [] if result.get("quick") else result["rows"]


def _missing(name: str) -> str:
    return f"No result yet: `python benchmarks/{name}.py` makes it."


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _score(value: float | None, score: str) -> str:
    return "–" if value is None else f"{value:.{6 if score == 'brier' else 3}f}".replace("-", "−")


def _plain(value: float | str | None) -> str:
    return (
        "–" if value is None else f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)
    )


if __name__ == "__main__":
    for document in DOCUMENTS:
        current = document.read_text(encoding="utf-8")
        fresh = updated(current)
        if "--check" in sys.argv and fresh != current:
            sys.exit(f"{document.name} is older than the results: run python scripts/update_tables.py")
        document.write_text(fresh, encoding="utf-8")
