"""The figures of forecasts and of fields: one function each, of data and axes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, TwoSlopeNorm

from terrella.earth.land import land_rings
from terrella.engine.judge.figures import GUIDE, LEGEND, Look, line
from terrella.field.harmonics.schmidt import Floats

_DIVERGING, _LAND = "PuOr", "#777777"


def draw_world(axes: Axes) -> Axes:
    """Draw coastlines on longitudes −180 to 180."""
    rings = [ring + np.array([shift, 0.0]) for ring in land_rings("110m") for shift in (-360, 0, 360)]
    axes.add_collection(LineCollection(rings, colors=_LAND, linewidths=0.5, zorder=2))
    axes.set(xlim=(-180, 180), ylim=(-90, 90), xticks=range(-180, 181, 60), yticks=range(-90, 91, 30))
    axes.set_xlabel("longitude (°)", fontsize=7)
    axes.set_ylabel("latitude (°)", fontsize=7)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=7)
    return axes


def draw_gain_map(axes: Axes, longitude: Floats, latitude: Floats, gain: Floats, label: str) -> Axes:
    """Draw by how much the network's RMS is smaller at each place: circles where it is, triangles where not."""
    draw_world(axes)
    reach = float(np.quantile(np.abs(gain), 0.95)) if len(gain) else 1.0
    norm = TwoSlopeNorm(0, -reach, reach)
    longitude = (longitude + 180) % 360 - 180
    for better, marker in ((True, "o"), (False, "v")):
        own = (gain > 0) == better
        shown = axes.scatter(longitude[own], latitude[own], c=gain[own], norm=norm, cmap=_DIVERGING, s=26,
                             marker=marker,
                             edgecolors="#333333", linewidths=0.4, zorder=3)  # fmt: skip
    axes.figure.colorbar(shown, ax=axes, shrink=0.7, extend="both", label=label)
    return axes


def draw_by_year(axes: Axes, years: Floats, rms: Mapping[str, Floats], look: Look) -> Axes:
    """Draw each model's RMS by issue year."""
    for name, values in rms.items():
        axes.plot(years, values, ms=4.5, lw=1.2, label=name, **look[name])
    axes.set(xlabel="issue year (annual mean)", ylabel="RMS error (nT)", ylim=(0, None))
    axes.legend(**LEGEND)
    return axes


def draw_coverage(axes: Axes, nominal: Floats, actual: Mapping[str, Floats], look: Look) -> Axes:
    """Draw how often the truth lay in intervals of a nominal probability."""
    axes.plot([0, 1], [0, 1], **GUIDE)
    for name, values in actual.items():
        axes.plot(nominal, values, lw=1.4, label=name, **line(look, name))
    axes.set(
        xlabel="probability of the central interval",
        ylabel="share of outcomes in it",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.legend(**LEGEND)
    return axes


def draw_example(
    axes: Axes, years: Floats, means: Floats, issued: Sequence[tuple[float, ...]], look: Look,
    others: Mapping[str, Sequence[tuple[float, float, float]]], title: str,
) -> Axes:  # fmt: skip
    """Draw annual means and forecasts: (issue year, its mean, target year, forecast, half of 90 %)."""
    axes.plot(years, means, "o-", color="#333333", ms=3, lw=0.8, label="annual means")
    for k, (begin, now, target, value, half) in enumerate(issued):
        label = "network, 90 %" if k == 0 else None
        axes.plot([begin, target], [now, value], lw=1.0, **line(look, "network"))
        axes.errorbar([target], [value], [half], capsize=3, ms=4, lw=1.2, label=label, **look["network"])
    for name, every in others.items():
        for k, (begin, now, target) in enumerate(every):
            style = {**line(look, name), "lw": 1.0}
            axes.plot(
                [begin, begin + (issued[k][2] - issued[k][0])],
                [now, target],
                label=name if k == 0 else None,
                **style,
            )
    axes.set_title(title, fontsize=9)
    axes.tick_params(labelsize=7)
    return axes


def draw_map(
    axes: Axes, longitude: Floats, latitude: Floats, values: Floats, label: str, middle: float | None
) -> Axes:
    """Draw a field on a grid (latitude, longitude); colours diverge from `middle` where there is one."""
    reach = float(np.abs(values - (middle or 0)).max())
    norm = (
        Normalize(values.min(), values.max())
        if middle is None
        else TwoSlopeNorm(middle, middle - reach, middle + reach)
    )
    shown = axes.pcolormesh(longitude, latitude, values, norm=norm,
                            cmap="YlGnBu" if middle is None else _DIVERGING,
                            rasterized=True)  # fmt: skip
    lines = axes.contour(longitude, latitude, values, 10, colors="#222222", linewidths=0.5)
    axes.clabel(lines, fontsize=6)
    draw_world(axes)
    axes.figure.colorbar(shown, ax=axes, shrink=0.75, label=label)
    return axes


def draw_declination(axes: Axes, longitude: Floats, latitude: Floats, values: Floats) -> Axes:
    """Draw declination in degrees on a grid, with isogons; the agonic line is thick."""
    axes.pcolormesh(longitude, latitude, values, norm=Normalize(-45, 45), cmap=_DIVERGING, rasterized=True)
    inside = np.where(np.abs(latitude)[:, None] > 85, np.nan, values)  # isogons meet at the poles
    inside = np.where(np.abs(inside) > 70, np.nan, inside)
    lines = axes.contour(
        longitude, latitude, inside, np.arange(-60, 61, 10), colors="#222222", linewidths=0.5
    )
    axes.clabel(lines, fontsize=6, fmt="%g°")
    axes.contour(longitude, latitude, inside, [0], colors="#111111", linewidths=1.6)
    draw_world(axes)
    axes.figure.colorbar(
        axes.collections[0], ax=axes, shrink=0.75, extend="both", label="declination (°, east positive)"
    )
    return axes


def draw_spectra(axes: Axes, degree: Floats, spectra: Mapping[str, Floats], ylabel: str) -> Axes:
    """Draw power by degree on a logarithmic scale."""
    for (name, values), marker in zip(spectra.items(), "oDsv^P", strict=False):
        axes.semilogy(degree, np.where(values > 0, values, np.nan), marker + "-", ms=4, lw=1.0, label=name)
    axes.set(xlabel="degree n", ylabel=ylabel)
    axes.legend(**LEGEND)
    return axes
