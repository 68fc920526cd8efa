"""The figures of the report, each with its caption."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from terrella.earth.pressure import prem_pressure_gpa, pressure_gpa
from terrella.engine.judge.figures import GUIDE, LEGEND, draw_coverage, line, look_of
from terrella.engine.judge.report import Picture
from terrella.interior.judging import figures
from terrella.interior.judging.scores import Scored
from terrella.interior.learning.samples import Rocks
from terrella.interior.model import InteriorModel
from terrella.interior.profiles.read import Profile
from terrella.interior.profiles.reference import Geotherm
from terrella.interior.tables.grid import Grid, adiabat

_CRUST_KM = 50.0


def coverage(scored: Mapping[str, Scored]) -> Picture:
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = draw_coverage(
        figure.subplots(), {name: each.below for name, each in scored.items()}, look_of(list(scored))
    )
    axes.legend(**LEGEND)
    caption = "Share of true temperatures in central intervals, by the probability that the intervals state."
    return Picture(
        "coverage", figure, caption, "Curves of coverage by stated probability beside the diagonal."
    )


def by_pressure(scored: Mapping[str, Scored], rocks: Rocks) -> Picture:
    figure = Figure(figsize=(7.6, 3.6), layout="constrained")
    axes = figure.subplots()
    numbers, first = np.unique(rocks.pressure, return_index=True)
    pressure = rocks.seen.pressure_gpa[first]
    position = np.searchsorted(numbers, rocks.pressure)
    look = look_of(list(scored))
    for name, each in scored.items():
        mean = np.bincount(position, each.crps_k) / np.bincount(position)
        axes.plot(pressure, mean, lw=1.4, label=name, **line(look, name))
    axes.set(xlabel="pressure (GPa)", ylabel="CRPS (K)", ylim=(0, None))
    axes.legend(**LEGEND)
    caption = "Error of distributions at pressures held out; less is better. Peaks lie where minerals change."
    return Picture("by_pressure", figure, caption, "Lines of the CRPS of every model by pressure.")


def earth(
    model: InteriorModel, whole: Grid, profiles: Mapping[str, Profile], published: Mapping[str, Geotherm]
) -> list[Picture]:
    """Return the temperatures of reference models beside published ones and adiabats of the table."""
    figure = Figure(figsize=(3.2 * len(profiles) + 1.2, 5.2), layout="constrained")
    panels = figure.subplots(1, len(profiles), sharey=True, squeeze=False)[0]
    grid = model.models.grid
    for axes, (name, profile) in zip(panels, profiles.items(), strict=True):
        seen = profile.observed()
        depth = profile.depth_km[profile.mantle]
        inside = (
            (depth > _CRUST_KM)
            & (seen.pressure_gpa >= grid.pressure_gpa[0])
            & (seen.pressure_gpa <= grid.pressure_gpa[-1])
        )
        if not inside.any():
            continue
        found = model.temperatures(seen.rows(inside))
        figures.draw_profile(axes, depth[inside], found.quantiles_k, found.why != 0)
        figures.draw_published(axes, {k: (g.depth_km, g.temperature_k) for k, g in published.items()})
        if whole.entropy is not None:
            figures.draw_adiabats(axes, *_adiabats(whole))
        deepest = depth[inside].max()
        axes.set(title=name, xlabel="temperature (K)", ylim=(1.02 * deepest, 0))
        ends = model.models.edges[[0, -1]]
        margin = 0.25 * (ends[1] - ends[0])
        axes.set_xlim(ends[0] - margin, ends[1] + margin)
        for end in ends:
            axes.axvline(end, **GUIDE)
    panels[0].set_ylabel("depth (km)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    caption = (
        "Temperature inferred from reference models: median, and intervals of 50 and 90 %. Vertical lines: the "
        "table's first and last temperature. "
        + (
            ""
            if published
            else "Published temperatures are drawn where their files are at hand (TERRELLA_DATA). "
        )
    )
    return [Picture("earth", figure, caption, "Temperature by depth from reference models, with bands.")]


def pressures(profiles: Mapping[str, Profile]) -> Picture:
    """Return how far pressures, integrated from each model's density, are from PREM's own."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    look = look_of(list(profiles))
    for name, profile in profiles.items():
        depth = profile.depth_km
        order = np.arange(len(depth)) if depth[0] <= depth[-1] else np.arange(len(depth))[::-1]
        p = pressure_gpa(depth[order], profile.density[order])
        shown = (depth[order] > 50) & (depth[order] < 2891)
        off = 100 * (p[shown] / prem_pressure_gpa(depth[order][shown]) - 1)
        axes.plot(depth[order][shown], off, lw=1.4, label=name, **line(look, name))
    axes.axhline(0, **GUIDE)
    axes.set(xlabel="depth (km)", ylabel="pressure less PREM's (%)", xscale="log")
    axes.legend(**LEGEND)
    caption = "Pressure integrated from each model's density, relative to PREM's."
    return Picture("pressure", figure, caption, "Relative differences of pressure by depth.")


def _adiabats(grid: Grid) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """Return depths in km and temperatures in K of three adiabats of the middle composition."""
    starts = np.quantile(grid.temperature_k, [0.25, 0.5, 0.75])
    depths = np.arange(0.0, 2891.0, 2.0)
    at = np.interp(grid.pressure_gpa, prem_pressure_gpa(depths), depths)
    return at, [adiabat(grid, float(start), len(grid.names) // 2) for start in starts]
