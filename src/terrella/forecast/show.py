"""`terrella forecast show`: a catalogue in numbers and one figure, or the scores of a run."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table

from terrella.engine.run import existing_run
from terrella.engine.terminal import console, say
from terrella.errors import InputError
from terrella.forecast.catalogue_report import draw, summary
from terrella.formats.catalogues.read import read_catalogue


def show(path: Path, output: Path | None) -> None:
    """Print what a catalogue file or a run's folder holds; of a catalogue also draw a figure.

    Raises:
        InputError: where the path is neither.
    """
    if path.is_dir():
        _show_run(path)
        return
    catalogue, findings = read_catalogue(path)
    for line in findings.lines():
        say(line)
    table = Table(show_header=False, box=None)
    for name, line in _lines(summary(catalogue)):
        table.add_row(name, line)
    console().print(table)
    output = output or path.with_name(f"{path.name.split('.')[0]}.png")
    draw(catalogue, output)
    say(f"figure written to {output}")


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a catalogue's summary in words."""
    west, east, south, north = found["bounds"]
    depth, large = found["depth_km"], found["largest"]
    types = ", ".join(f"{name} {count:,}" for name, count in found["magnitude_types"].items())
    lines = [
        ("events", f"{found['events']:,} in {found['years']:.1f} years, {found['events_per_year']:.0f} a year"),
        ("time", f"{found['first_utc']} to {found['last_utc']} UTC"),
        ("region", f"{west:g} to {east:g}° E, {south:g} to {north:g}° N"),
        ("depth", f"{depth[0]:g} to {depth[-1]:g} km" if depth else "unknown"),
        ("magnitude", f"{found['magnitude'][0]:g} to {found['magnitude'][1]:g} ({types})"),
        ("largest", f"M {large['magnitude']:g} on {large['time_utc']} at {large['longitude']:g}° E, "
         f"{large['latitude']:g}° N"),
    ]  # fmt: skip
    for name, method in (
        ("maximum curvature + 0.2", "maximum_curvature"),
        ("b-value stability", "b_stability"),
    ):
        estimate = found.get(f"by_{method}")
        if estimate:
            lines.append(
                (
                    "completeness",
                    f"M {estimate['completeness']:g} by {name}; b = {estimate['b']:.3f} ± "
                    f"{estimate['b_error']:.3f} from {estimate['n_events']:,} events",
                )
            )
    return lines


def _show_run(folder: Path) -> None:
    run = existing_run(folder)
    if not run.scores.is_file():
        raise InputError(f"{folder} was not judged yet; run terrella forecast judge --run {folder}")
    document = json.loads(run.scores.read_text(encoding="utf-8"))
    say(f"{document['data']}; {document['split']}")
    names = list(next(iter(document["models"].values())))
    table = Table("score", *document["models"])
    for name in names:
        row = [scores[name]["value"] for scores in document["models"].values()]
        table.add_row(name, *("–" if value is None else f"{value:.5g}" for value in row))
    console().print(table)
    say(f"report: {run.report}")
