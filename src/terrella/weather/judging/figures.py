"""Figures of judged forecasts, one function each: data and axes in, axes out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from terrella.earth.land import land_rings
from terrella.engine.judge.figures import GUIDE, Look, line
from terrella.weather.data.regrid import latitude_edges, longitude_edges
from terrella.weather.judging.sums import Floats

_CARD = 0.8  # a share of the RMSE avoided that is drawn in the strongest colour


def draw_rmse(
    axes: Axes, leads_hours: Sequence[int], values: Mapping[str, Floats], look: Look, unit: str, title: str
) -> Axes:
    """Draw each model's error over lead time, (lead,) each."""
    days = np.asarray(leads_hours) / 24
    for name, errors in values.items():
        axes.plot(days, errors, label=name, lw=1.3, ms=4, **look[name])
    axes.set(xlabel="lead (days)", ylabel=f"RMSE ({unit})", title=title, ylim=(0, None))
    axes.title.set_fontsize(9)
    return axes


def draw_card(
    axes: Axes, gains: Floats, low: Floats, high: Floats, leads: Sequence[int], names: Sequence[str]
) -> AxesImage:
    """Draw the share of a baseline's RMSE that is avoided, (lead, channel); in brackets where it is not certain."""
    image = axes.imshow(gains.T, cmap="PuOr", vmin=-_CARD, vmax=_CARD, aspect="auto")
    unsure = (low <= 0) & (high >= 0)
    for (lead, channel), value in np.ndenumerate(gains):
        colour = "white" if abs(value) > 0.55 * _CARD else "black"
        said = f"({100 * value:.0f})" if unsure[lead, channel] else f"{100 * value:.0f}"
        axes.text(lead, channel, said, ha="center", va="center", fontsize=6.5, color=colour)
    axes.set_xticks(range(len(leads)), [f"{lead / 24:g}" for lead in leads])
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="lead (days)")
    return image


def draw_spectra(axes: Axes, spectra: Mapping[str, Floats], look: Look, title: str) -> Axes:
    """Draw power by wavenumber, (wavenumber,) each; the truth in grey."""
    for name, power in spectra.items():
        waves = np.arange(1, len(power))
        style: Mapping[str, Any] = {**GUIDE, "lw": 2.4} if name == "truth" else line(look, name)
        axes.loglog(waves, power[1:], label=name, **style)
    axes.set(xlabel="wavenumber around the globe", ylabel="power", title=title)
    axes.title.set_fontsize(9)
    return axes


def draw_map(
    axes: Axes,
    field: Floats,
    latitude: Floats,
    longitude: Floats,
    limits: tuple[float, float],
    cmap: str,
    land: bool,
) -> Any:
    """Draw a field (latitude, longitude) on a plate of degrees, with the outlines of land where it has some."""
    edges = longitude_edges(longitude)
    mesh = axes.pcolormesh(
        edges, latitude_edges(latitude), field, cmap=cmap, vmin=limits[0], vmax=limits[1], rasterized=True
    )
    if land:
        for ring in land_rings("110m"):
            for turn in (0, 360):
                axes.plot(ring[:, 0] + turn, ring[:, 1], color="k", lw=0.4)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(-90, 90), xticks=(0, 90, 180, 270), yticks=(-60, 0, 60))
    axes.tick_params(labelsize=6)
    return mesh


def spread_limits(fields: npt.ArrayLike) -> tuple[float, float]:
    """Return limits that hold nearly all values of fields."""
    low, high = np.percentile(np.asarray(fields), [0.5, 99.5])
    return float(low), float(high)
