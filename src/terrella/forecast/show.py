"""`terrella forecast show`: a catalogue in numbers and one figure, a forecast, or the scores of a run."""

import json
from pathlib import Path
from typing import Any

from terrella.engine.run import Report, existing_run
from terrella.errors import InputError
from terrella.files import must_exist
from terrella.forecast.catalogue_report import draw, summary
from terrella.formats.catalogues.read import read_catalogue


def show(path: Path, output: Path | None, report: Report, interactive: bool = False) -> None:
    """Report what a catalogue file, a forecast or a run's folder holds; draw a figure of the first two.

    Raises:
        InputError: where the path is none of them, or something else than a forecast shall be `interactive`.
    """
    if path.suffix == ".nc" and not path.is_dir():
        must_exist(path, "a forecast (.nc)")
        from terrella.forecast.show_forecast import show_forecast

        show_forecast(path, output, report, interactive)
        return
    if interactive:
        raise InputError(
            f"{path}: --interactive is for a forecast (.nc), as terrella forecast predict writes it"
        )
    if path.is_dir():
        _show_run(path, report)
        return
    catalogue, findings = read_catalogue(path)
    output = output or path.with_name(f"{path.name.split('.')[0]}.png")
    draw(catalogue, output)
    rows = [f"{name:13} {line}" for name, line in _lines(summary(catalogue))]
    for line in [*findings.lines(), *rows, f"figure written to {output}"]:
        report({"kind": "result", "message": line})


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a catalogue's summary in words."""
    west, east, south, north = found["bounds"]
    depth, large = found["depth_km"], found["largest"]
    types = ", ".join(f"{name} {count:,}" for name, count in found["magnitude_types"].items())
    rate = "" if found["events_per_year"] is None else f", {found['events_per_year']:.0f} a year"
    across = f" (across the date line, to {360 - east:g}° W)" if east > 180 else ""
    lines = [
        ("events", f"{found['events']:,} in {found['years']:.1f} years{rate}"),
        ("time", f"{found['first_utc']} to {found['last_utc']} UTC"),
        ("region", f"{west:g} to {east:g}° E{across}, {south:g} to {north:g}° N"),
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
    if steps := found.get("by_b_positive"):
        lines.append(
            (
                "b-positive",
                f"b = {steps['b']:.3f} ± {steps['b_error']:.3f} from {steps['n_events']:,} steps up between "
                "events; what large events hide does not enter",
            )
        )
    return lines


def _show_run(folder: Path, report: Report) -> None:
    run = existing_run(folder, "forecast")
    if not run.scores.is_file():
        raise InputError(f"{folder} was not judged yet; run terrella forecast judge --run {folder}")
    document = json.loads(run.scores.read_text(encoding="utf-8"))
    models = document["models"]
    rows = [
        [name, *("–" if (v := own[name]["value"]) is None else f"{v:.5g}" for own in models.values())]
        for name in next(iter(models.values()))
    ]
    title = f"{document['data']}; {document['split']}"
    report({"kind": "table", "title": title, "columns": ["score", *models], "rows": rows})
    report({"kind": "result", "message": f"report: {run.report}"})
