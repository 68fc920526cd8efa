"""What a catalogue holds, as numbers and as one figure: where, when, how large and how complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.earth import magnitude as mag
from terrella.earth.region import meridians_around
from terrella.engine.terminal import printable
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DAYS_PER_YEAR = 365.25
_INK, _GREY, _PALE, _RED = "#1a1a1a", "#7f7f7f", "#c4c4c4", "#b2182b"


def summary(catalogue: Catalogue) -> dict[str, Any]:
    """Return what `terrella forecast show` prints, as plain numbers and texts.

    `by_maximum_curvature`, `by_b_stability` and `by_b_positive` hold completeness, b, b_error, a and n_events (see
    `earth.magnitude`), or None where the events do not allow an estimate.

    Raises:
        InputError: for a catalogue without events.
    """
    _refuse_empty(catalogue)
    years = float(catalogue.days_since(catalogue.time_utc[0])[-1]) / _DAYS_PER_YEAR
    known = catalogue.depth_km[~np.isnan(catalogue.depth_km)]
    codes, counts = np.unique(catalogue.magnitude_type, return_counts=True)
    types = [*catalogue.magnitude_types, "unknown"]  # code −1
    largest = int(np.argmax(catalogue.magnitude))
    return {
        "name": catalogue.name,
        "events": len(catalogue),
        "first_utc": str(catalogue.time_utc[0].astype("datetime64[s]")),
        "last_utc": str(catalogue.time_utc[-1].astype("datetime64[s]")),
        "years": years,
        "events_per_year": len(catalogue) / years if years > 0 else None,
        "bounds": _bounds(catalogue),
        "depth_km": [float(x) for x in np.percentile(known, [0, 50, 100])] if len(known) else None,
        "events_without_depth": len(catalogue) - len(known),
        "magnitude": [float(catalogue.magnitude.min()), float(catalogue.magnitude.max())],
        "magnitude_types": {types[code]: int(n) for code, n in zip(codes, counts, strict=True)},
        "largest": {
            "time_utc": str(catalogue.time_utc[largest].astype("datetime64[s]")),
            "longitude": float(catalogue.longitude[largest]),
            "latitude": float(catalogue.latitude[largest]),
            "magnitude": float(catalogue.magnitude[largest]),
        },
        "by_maximum_curvature": _law(catalogue, mag.completeness_by_maximum_curvature),
        "by_b_stability": _law(catalogue, mag.completeness_by_b_stability),
        "by_b_positive": _law_or_none(lambda: mag.b_positive(catalogue.magnitude)),
        "magnitude_bin": mag.reported(catalogue.magnitude).counted,
    }


def draw(catalogue: Catalogue, path: Path) -> None:
    """Write a figure (PNG, or what the suffix names) of epicentres, rate, magnitudes and b by cut-off.

    Raises:
        InputError: for a catalogue without events or an unknown suffix.
        TerrellaError: where the place cannot be written.
    """
    from matplotlib.figure import Figure

    facts = summary(catalogue)
    figure = Figure(figsize=(10.5, 8.2), layout="constrained")
    low, high = (f"{m:.1f}".replace("-", "−") for m in facts["magnitude"])
    period = f"{facts['first_utc'][:10]} to {facts['last_utc'][:10]}"
    title = f"{printable(catalogue.name)}: {len(catalogue):,} events, M {low} to {high}, {period}"
    figure.suptitle(title, fontsize=12, parse_math=False)
    axes = figure.subplots(2, 2)
    draw_map(catalogue, axes[0, 0])
    draw_rate(catalogue, _best_law(facts), axes[0, 1])
    draw_magnitudes(catalogue, _best_law(facts), axes[1, 0])
    draw_b_by_cut_off(catalogue, facts, axes[1, 1])
    kind = Path(path).suffix.lstrip(".").lower() or "png"
    if kind not in figure.canvas.get_supported_filetypes():
        raise InputError(f"{path}: matplotlib cannot write .{kind}; use .png, .pdf or .svg")
    replace_file(Path(path), lambda temporary: figure.savefig(temporary, dpi=200, format=kind))


def draw_map(catalogue: Catalogue, ax: Axes) -> Axes:
    """Draw all epicentres as dots on land and sea, and the largest events (a hundred at most) as circles."""
    from terrella.forecast.maps import draw_base, make_view

    view = make_view(_with_margin(_bounds(catalogue)))
    draw_base(ax, view)
    x, y = view.project(catalogue.longitude, catalogue.latitude)
    shade = float(np.clip(3000 / len(catalogue), 0.08, 0.8))
    ax.plot(x, y, ".", color=_INK, alpha=shade, markersize=1.6, markeredgewidth=0, rasterized=True, zorder=3)
    large = np.argsort(catalogue.magnitude)[-min(100, max(1, len(catalogue) // 50)) :]
    magnitude = catalogue.magnitude[large]
    smallest = float(magnitude.min())
    circles: dict[str, Any] = {"facecolor": "none", "edgecolor": _RED, "linewidth": 0.9, "zorder": 7}
    ax.scatter(x[large], y[large], s=_size(magnitude, smallest), **circles)
    for shown in np.unique(np.round(np.linspace(smallest, magnitude.max(), 3), 1)):
        ax.scatter(
            [], [], s=float(_size(shown, smallest)), label=f"M {shown:.1f}".replace("-", "−"), **circles
        )
    # Beside a tall map, below a wide one.
    where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    if view.globe:
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02), "ncols": 3}
    ax.legend(fontsize=8, frameon=False, labelspacing=0.9, **where)
    ax.set_title("Epicentres")
    return ax


def draw_rate(catalogue: Catalogue, law: dict[str, Any] | None, ax: Axes) -> Axes:
    """Draw events per month (per day or year for short or long catalogues) and their cumulative share."""
    from matplotlib import dates as untyped_dates

    dates: Any = untyped_dates
    unit, name = _time_step(catalogue)
    complete = catalogue.above(law["completeness"]) if law else catalogue
    curves = [(catalogue, _PALE if law else _INK, "all")]
    if law:
        curves.append((complete, _INK, f"M ≥ {law['completeness']:g}"))
    for events, colour, label in curves:
        edges, counts = _counts_in_time(events, catalogue, unit)
        drawn = np.where(counts > 0, counts, np.nan)
        ax.stairs(drawn, dates.date2num(edges), baseline=None, color=colour, linewidth=0.9, label=label)
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.12)  # room for the legend
    ax.set(xlabel="time (UTC)", ylabel=f"events per {name}", title=f"Rate per {name} and cumulative share")
    growing = ax.twinx()
    cumulative = 100 * np.arange(1, len(complete) + 1) / max(1, len(complete))
    growing.plot(
        dates.date2num(complete.time_utc), cumulative, color=_RED, linewidth=1.6, label="cumulative (right)"
    )
    growing.set_ylabel(f"cumulative share of {len(complete):,} events (%)", color=_RED)
    growing.tick_params(axis="y", colors=_RED)
    growing.set_ylim(0, 112)
    growing.set_yticks(range(0, 101, 20))
    locator = dates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    handles = [*ax.get_legend_handles_labels()[0], *growing.get_legend_handles_labels()[0]]
    growing.legend(handles=handles, loc="upper left", ncols=3, fontsize=8, frameon=False)
    return ax


def draw_magnitudes(catalogue: Catalogue, law: dict[str, Any] | None, ax: Axes) -> Axes:
    """Draw the numbers of events by magnitude, single and cumulative, and the fitted Gutenberg–Richter law."""
    starts, counts = mag.frequencies(catalogue.magnitude)
    width = mag.reported(catalogue.magnitude).counted
    at_least = np.cumsum(counts[::-1])[::-1]
    filled = counts > 0
    ax.plot(
        starts[filled],
        counts[filled],
        "s",
        color=_GREY,
        markersize=3.2,
        fillstyle="none",
        label=f"per {width:g} bin",
    )
    ax.plot(starts, at_least, "o", color=_INK, markersize=3.2, label="M and above")
    if law:
        line = np.array([law["completeness"], starts[-1]])
        ax.plot(line, law["n_events"] * 10 ** (-law["b"] * (line - line[0])), color=_RED, linewidth=1.8,
                label=f"b = {law['b']:.3f} ± {law['b_error']:.3f}")  # fmt: skip
        ax.axvline(law["completeness"], color=_RED, linewidth=1, linestyle="--",
                   label=f"complete from {law['completeness']:g}")  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(0.7, 2.0 * at_least[0])
    ax.set(xlabel="magnitude", ylabel="number of events", title="Magnitudes")
    ax.legend(loc="upper right", fontsize=8, framealpha=0.85, edgecolor="none")
    return ax


def draw_b_by_cut_off(catalogue: Catalogue, facts: dict[str, Any], ax: Axes) -> Axes:
    """Draw b and its error against the cut-off magnitude, and the two estimates of completeness."""
    cut_off, b, error = mag.b_by_cut_off(catalogue.magnitude)
    ax.set(xlabel="cut-off magnitude", ylabel="b-value", title="b-value by cut-off (band: standard error)")
    if len(cut_off) == 0:
        ax.text(0.5, 0.5, "fewer than 50 events", transform=ax.transAxes, ha="center")
        return ax
    ax.fill_between(cut_off, b - error, b + error, color=_PALE, linewidth=0)
    ax.plot(cut_off, b, color=_INK, marker="o", markersize=3, linewidth=1)
    for key, label, style in (
        ("by_b_stability", "b-value stability", "--"),
        ("by_maximum_curvature", "maximum curvature + 0.2", ":"),
    ):
        if facts[key]:
            completeness = facts[key]["completeness"]
            ax.axvline(
                completeness, color=_RED, linewidth=1.3, linestyle=style, label=f"{label}: {completeness:g}"
            )
    ax.set_ylim(max(0.0, float((b - error).min()) - 0.05), min(3.0, float((b + error).max()) + 0.05))
    ax.grid(color=_PALE, linewidth=0.4)
    ax.legend(loc="best", fontsize=8, framealpha=0.85, edgecolor="none")
    return ax


def _law(catalogue: Catalogue, completeness: Any) -> dict[str, Any] | None:
    threshold = completeness(catalogue.magnitude)
    if np.isnan(threshold):
        return None
    return _law_or_none(lambda: mag.b_value(catalogue.magnitude, threshold))


def _law_or_none(estimate: Callable[[], mag.BValue]) -> dict[str, Any] | None:
    try:
        return asdict(estimate())
    except InputError:
        return None


def _best_law(facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return the fit above the more cautious completeness: b must be level before it means anything."""
    law: dict[str, Any] | None = facts["by_b_stability"] or facts["by_maximum_curvature"]
    return law


def _bounds(catalogue: Catalogue) -> list[float]:
    """Return west, east, south, north; east is beyond 180 across the date line."""
    south, north = float(catalogue.latitude.min()), float(catalogue.latitude.max())
    return [*meridians_around(catalogue.longitude), south, north]


def _with_margin(bounds: list[float]) -> tuple[float, float, float, float]:
    west, east, south, north = bounds
    margin = max(0.3, 0.03 * max(east - west, north - south))
    west, east = west - margin, east + margin
    if east - west > 360:
        west, east = -180.0, 180.0
    return west, east, max(-90.0, south - margin), min(90.0, north + margin)


def _time_step(catalogue: Catalogue) -> tuple[str, str]:
    days = float(catalogue.days_since(catalogue.time_utc[0])[-1])
    if days < 2 * _DAYS_PER_YEAR:
        return "D", "day"
    return ("M", "month") if days < 80 * _DAYS_PER_YEAR else ("Y", "year")


def _counts_in_time(
    events: Catalogue, whole: Catalogue, unit: str
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.int64]]:
    """Return edges and counts in whole steps; the steps cut by the catalogue's own ends are left out."""
    first, last = whole.time_utc[[0, -1]].astype(f"datetime64[{unit}]")
    n = int((last - first).astype(int)) + 1
    counts = np.bincount((events.time_utc.astype(first.dtype) - first).astype(int), minlength=n)
    cut = 1 if n > 6 else 0
    edges = np.arange(first, last + 2)[cut : n + 1 - cut]
    return edges.astype("datetime64[D]"), counts[cut : n - cut].astype(np.int64)


def _size(magnitude: npt.ArrayLike, threshold: float) -> npt.NDArray[np.float64]:
    return np.asarray(14 * 2.6 ** (np.asarray(magnitude, float) - threshold))


def _refuse_empty(catalogue: Catalogue) -> None:
    if len(catalogue) == 0:
        raise InputError(f"{catalogue.name}: a catalogue without events has nothing to show")
