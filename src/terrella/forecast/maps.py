"""Maps of forecasts and catalogues, with coastlines that need no download."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke

from terrella.earth.land import land_rings
from terrella.earth.projection import Projection, equal_earth, local_equal_area
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue, Floats
from terrella.formats.catalogues.forecast_grid import ForecastGrid

PAST_DAYS = 30.0

_LAND, _COAST = "#e9e6df", "#3b3b3b"
_PAST: dict[str, Any] = {"marker": "o", "facecolors": "#3a86c8", "edgecolors": "white", "linewidths": 0.5}
_FOLLOWING: dict[str, Any] = {"marker": "D", "facecolors": "none", "edgecolors": "#00c79f", "linewidths": 0.9}
# Lightness falls evenly with the logarithm; without the darkest end, which would hide the coast.
_COLOURS = ListedColormap(matplotlib.colormaps["magma_r"](np.linspace(0, 0.9, 256)))
_DECADES = 4
_WIDE_DEG = 120.0  # regions wider than this are drawn as the globe


@dataclass(frozen=True, eq=False)
class MapView:
    """A projection and the part of the world to show: west, east, south, north in degrees."""

    project: Projection
    bounds: tuple[float, float, float, float]
    globe: bool


def make_view(bounds: tuple[float, float, float, float]) -> MapView:
    """Return Equal Earth for the globe, and an equal-area projection around its centre for a region."""
    west, east, south, north = bounds
    middle = (west + east) / 2
    if east - west > _WIDE_DEG:
        return MapView(equal_earth(middle), (middle - 180, middle + 180, -90.0, 90.0), True)
    return MapView(local_equal_area(middle, (south + north) / 2), bounds, False)


def draw_base(axes: Axes, view: MapView) -> Axes:
    """Draw land, graticule and frame of a view on empty axes."""
    frame = _frame(view)
    _add(axes, view, PathPatch(_coasts(view), fc=_LAND, ec=_COAST, lw=0.5, zorder=1))
    _graticule(axes, view)
    axes.add_patch(PathPatch(frame, fc="none", ec="#444444", lw=0.8, zorder=6, clip_on=False))
    (left, low), (right, high) = frame.vertices.min(0), frame.vertices.max(0)  # type: ignore[union-attr]
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    axes.set_axis_off()
    return axes


def draw_cells(
    axes: Axes,
    view: MapView,
    values: Floats,
    longitude_edges: Floats,
    latitude_edges: Floats,
    **style: object,
) -> QuadMesh:
    """Draw the cells (latitude, longitude) with finite values, coloured by them."""
    corners = np.stack(view.project(*np.meshgrid(longitude_edges, latitude_edges)), 2)
    # Without smoothed edges no hairlines show between neighbours.
    cells = QuadMesh(corners, array=np.ma.masked_invalid(values), antialiased=False, zorder=2, **style)  # type: ignore[arg-type]
    axes.add_collection(cells, autolim=False)
    _clip(cells, axes, view)
    return cells


def draw_coast(axes: Axes, view: MapView) -> None:
    """Draw the coast on top of cells, dark with a pale border, so that it shows on any colour."""
    border = [withStroke(linewidth=1.6, foreground="white", alpha=0.6)]
    _add(axes, view, PathPatch(_coasts(view), fc="none", ec=_COAST, lw=0.6, zorder=3, path_effects=border))


def draw_events(
    axes: Axes, view: MapView, catalogue: Catalogue, smallest: float, **style: object
) -> PathCollection:
    """Draw epicentres, larger for larger magnitudes, those of magnitude `smallest` as dots."""
    order = np.argsort(-catalogue.magnitude, kind="stable")  # small ones stay visible on top of large ones
    x, y = view.project(catalogue.longitude[order], catalogue.latitude[order])
    drawn = axes.scatter(x, y, s=_area(catalogue.magnitude[order], smallest), zorder=5, **style)  # type: ignore[arg-type]
    _clip(drawn, axes, view)
    return drawn


def draw_forecast(forecast: ForecastGrid, etas: ForecastGrid, catalogue: Catalogue, path: Path) -> None:
    """Write a figure: a row per horizon, the chosen model beside ETAS, with past and following events."""
    path = path if path.suffix else path.with_suffix(".png")
    figure = forecast_figure(forecast, etas, catalogue)
    replace_file(path, lambda temporary: figure.savefig(temporary, dpi=150))


def forecast_figure(
    forecast: ForecastGrid, etas: ForecastGrid, catalogue: Catalogue, horizons: tuple[int, ...] | None = None
) -> Figure:
    """Return the figure of a forecast; depth layers are joined to the probability of any event in a column."""
    grid = forecast.grid
    bounds = tuple(
        float(edges[end]) for edges in (grid.longitude_edges, grid.latitude_edges) for end in (0, -1)
    )
    view = make_view(bounds)  # type: ignore[arg-type]
    chosen = range(len(forecast.horizons_days)) if horizons is None else horizons
    width, height = np.ptp(_frame(view).vertices, axis=0)
    row_inches = 4.7 * float(height / width) + 0.55
    alone = [forecast.model_at(horizon) == etas.model_at(horizon) for horizon in chosen]
    columns = 1 if all(alone) else 2
    figure = Figure(figsize=(5.75 * columns + 0.25, len(chosen) * row_inches + 0.9), layout="constrained")
    panels = figure.subplots(len(chosen), columns, squeeze=False)
    shown = []
    for row, horizon, single in zip(panels, chosen, alone, strict=True):
        days = forecast.horizons_days[horizon]
        maps = [each.column_probability[horizon] for each in (forecast, etas)]
        style = {"cmap": _COLOURS, "norm": _scale(maps)}
        past, following = _around(catalogue, forecast.issue_time_utc, days, forecast.min_magnitude)
        shown += [past, following]
        for axes in row[1:] if single else ():
            axes.set_axis_off()
        for axes, each, values in zip(row[:1] if single else row, (forecast, etas), maps, strict=False):
            draw_base(axes, view)
            cells = draw_cells(axes, view, values, grid.longitude_edges, grid.latitude_edges, **style)
            draw_coast(axes, view)
            draw_events(axes, view, past, forecast.min_magnitude, alpha=0.9, **_PAST)
            draw_events(axes, view, following, forecast.min_magnitude, **_FOLLOWING)
            axes.set_title(f"{each.model_at(horizon)}: next {_named(days)}", fontsize=11, y=1.0)
        step = float(np.diff(grid.longitude_edges)[0])
        label = f"probability of one or more M ≥ {forecast.min_magnitude:g}\n"
        label += f"earthquakes in {_counted(days)}, per {step:g}° cell"
        bar = figure.colorbar(cells, ax=list(row), shrink=0.85, pad=0.02, extend="min")
        bar.set_label(label, fontsize=9)
        bar.minorticks_off()  # measuring and drawing them takes a third of the figure's time
    _legend(figure, shown, forecast.min_magnitude)
    figure.suptitle(f"Forecast issued {str(forecast.issue_time_utc)[:16].replace('T', ' ')} UTC", fontsize=13)
    return figure


def _scale(maps: list[Floats]) -> LogNorm:
    """Return a few decades up to the power of ten that holds the highest probability."""
    highest = max(float(np.nanmax(values)) for values in maps)
    top = float(np.ceil(np.log10(highest))) if highest > 0 else 0.0
    return LogNorm(10 ** (top - _DECADES), 10**top, clip=True)


def _around(
    catalogue: Catalogue, issue_time: np.datetime64, days: float, smallest: float
) -> tuple[Catalogue, Catalogue]:
    microseconds = np.array([PAST_DAYS, days]) * 86_400_000_000
    before, after = np.round(microseconds).astype("timedelta64[us]")
    large = catalogue.above(smallest)
    return large.between(issue_time - before, issue_time), large.between(issue_time, issue_time + after)


def _legend(figure: Figure, shown: list[Catalogue], smallest: float) -> None:
    """Explain markers and sizes, of the magnitudes that the map shows."""
    magnitudes = np.concatenate([events.magnitude for events in shown])
    if len(magnitudes) == 0:
        return
    handles = [
        _key(_PAST, 36, f"past {PAST_DAYS:g} days"),
        _key(_FOLLOWING, 30, "following, within the horizon"),
    ]
    whole = np.arange(np.ceil(smallest), np.floor(magnitudes.max()) + 1)
    grey: dict[str, Any] = {"marker": "o", "facecolors": "none", "edgecolors": "#666666", "linewidths": 0.8}
    handles += [_key(grey, float(_area(m, smallest)), f"M {m:g}") for m in whole[-4:]]
    text: dict[str, Any] = {"frameon": False, "fontsize": 9, "handlelength": 2.4}
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), **text)


def _key(style: dict[str, Any], area: float, label: str) -> Line2D:
    return Line2D(
        [], [], ls="", marker=style["marker"], ms=area**0.5, mfc=style["facecolors"], mec=style["edgecolors"],
        mew=style["linewidths"], label=label,
    )  # fmt: skip


def _area(magnitude: Floats | float, smallest: float) -> Floats:
    """Return markers' areas in square points."""
    return np.asarray(np.minimum(6 * 2.4 ** (np.asarray(magnitude) - smallest), 700))


def _counted(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def _named(days: float) -> str:
    return "day" if days == 1 else _counted(days)


@lru_cache(maxsize=8)
def _frame(view: MapView) -> Outline:
    """Return a view's edge: one object for all that is cut there, which the renderer prepares once."""
    west, east, south, north = view.bounds
    if view.globe:  # the two sides of the globe's edge are the same meridian
        west, east = west + 1e-6, east - 1e-6
    there, back = np.linspace(0, 1, 100), np.linspace(1, 0, 100)
    lon = west + (east - west) * np.concatenate([there, np.ones(100), back, np.zeros(100)])
    lat = south + (north - south) * np.concatenate([np.zeros(100), there, np.ones(100), back])
    return Outline(np.stack(view.project(lon, lat), 1), closed=True)


@lru_cache(maxsize=8)
def _coasts(view: MapView) -> Outline:
    """Return the outlines of land in and around a view as one, cut a little outside of it."""
    return Outline.make_compound_path(*_cut_coasts(view))


def _cut_coasts(view: MapView) -> Iterator[Outline]:
    west, east, south, north = view.bounds
    margin = 0 if view.globe else 5
    west, east = (west + 1e-6, east - 1e-6) if view.globe else (west - margin, east + margin)
    south, north = max(south - margin, -90), min(north + margin, 90)
    for ring in land_rings("110m" if view.globe else "50m"):
        for turn in (-360, 0, 360):
            lon, lat = ring[:, 0] + turn, ring[:, 1]
            if lon.max() > west and lon.min() < east and lat.max() > south and lat.min() < north:
                cut = np.clip(lon, west, east), np.clip(lat, south, north)
                yield Outline(np.stack(view.project(*cut), 1))


def _add(axes: Axes, view: MapView, patch: PathPatch) -> None:
    axes.add_artist(patch)  # not as a patch, whose outline would be searched for limits that are known
    _clip(patch, axes, view)


def _clip(artist: Artist, axes: Axes, view: MapView) -> None:
    """Cut what is drawn at the frame, which the layout knows without it."""
    artist.set_clip_path(_frame(view), axes.transData)
    artist.set_in_layout(False)


def _graticule(axes: Axes, view: MapView) -> None:
    west, east, south, north = view.bounds
    along = np.linspace(0, 1, 60)
    style = {"color": "#808080", "lw": 0.4, "alpha": 0.5, "zorder": 2.5}
    text = {"textcoords": "offset points", "fontsize": 7, "annotation_clip": False}
    for lon in _ticks(west, east):
        x, y = view.project(np.full(60, lon), south + (north - south) * along)
        axes.plot(x, y, **style)  # type: ignore[arg-type]
        if not view.globe:  # where meridians meet at the poles
            axes.annotate(_longitude(lon), (x[0], y[0]), (0, -3), ha="center", va="top", **text)  # type: ignore[arg-type]
    for lat in _ticks(south, north):
        # Not to the very edge of the globe, which is the same meridian on both sides.
        x, y = view.project(west + 1e-6 + (east - west - 2e-6) * along, np.full(60, lat))
        axes.plot(x, y, **style)  # type: ignore[arg-type]
        if abs(lat) < 90:
            axes.annotate(_latitude(lat), (x[0], y[0]), (-3, 0), ha="right", va="center", **text)  # type: ignore[arg-type]


def _ticks(low: float, high: float) -> Floats:
    """Return a few round values from low to high."""
    steps = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60)
    step = next((s for s in steps if (high - low) / s <= 6.5), 60)
    return np.round(np.arange(np.ceil(low / step - 1e-9), high / step + 1e-9) * step, 6)


def _longitude(value: float) -> str:
    turned = (value + 180) % 360 - 180
    side = "" if turned in (0, -180) else "E" if turned > 0 else "W"
    return f"{abs(round(turned, 6)):g}°{side}"


def _latitude(value: float) -> str:
    return f"{abs(value):g}°{'N' if value > 0 else 'S' if value < 0 else ''}"
