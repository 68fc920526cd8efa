"""The figures of the report, each with its caption."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, draw_by_class, look_of
from terrella.engine.judge.report import Picture
from terrella.field.judging import figures
from terrella.field.judging.held import Held
from terrella.field.judging.scores import by_year
from terrella.field.learning.held_out import NETWORK
from terrella.field.secular_variation.baselines import FILTER, LAST, LINEAR, PERSISTENCE

_COMPONENTS = (("rms_r", "$B_r$"), ("rms_theta", "$B_θ$"), ("rms_phi", "$B_φ$"))
_EXAMPLES = 4


def components(document: Mapping[str, Any]) -> Picture:
    models = {name: own for name, own in document["models"].items() if name != PERSISTENCE}
    values = {name: [interval_of(own[score]) for score, _ in _COMPONENTS] for name, own in models.items()}
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    look = look_of(list(document["models"]))
    axes = draw_by_class(figure.subplots(), [head for _, head in _COMPONENTS], values, look, "RMS error (nT)")
    axes.set_ylim(0, None)
    axes.legend(**{**LEGEND, "fontsize": 7})
    caption = (
        f"RMS error {document['horizon_years']} years ahead, with 95 % intervals over areas; less is "
        "better. Persistence, which is off by several hundred nT, is left out."
    )
    return Picture("components", figure, caption, "Points of RMS by component for each model.")


def issue_years(held: Held, document: Mapping[str, Any]) -> Picture:
    rms = {name: each for name, each in by_year(held).items() if name != PERSISTENCE}
    years = held.observatories.years[np.unique(held.pairs.origin)]
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    figures.draw_by_year(figure.subplots(), years, rms, look_of(list(document["models"])))
    caption = "RMS error of the forecasts issued in each year. Successive years share most of their outcome."
    return Picture("issue_years", figure, caption, "Lines of RMS over issue years.")


def gain_map(held: Held) -> Picture:
    site, number = np.unique(held.pairs.site, return_inverse=True)
    rms = {
        name: np.sqrt(np.bincount(number, (held.errors[name] ** 2).mean(1)) / np.bincount(number))
        for name in (NETWORK, LAST)
    }
    sites = held.observatories
    figure = Figure(figsize=(8.2, 4.2), layout="constrained")
    figures.draw_gain_map(
        figure.subplots(),
        sites.longitude[site],
        sites.latitude[site],
        rms[LAST] - rms[NETWORK],
        f"RMS of {LAST} less the network's (nT)",
    )
    better = int((rms[NETWORK] < rms[LAST]).sum())
    caption = (
        f"Circles: observatories where the network's error is smaller ({better} of {len(site)}); triangles: "
        "where it is not."
    )
    return Picture("gain_map", figure, caption, "A world map of observatories coloured by the gain.")


def coverage(held: Held, document: Mapping[str, Any]) -> Picture:
    nominal = np.linspace(0.02, 0.98, 25)
    shown = (NETWORK, FILTER, LAST)
    actual = {
        name: np.array([
            (np.abs(held.errors[name]) <= held.issued[name].deviation * ndtri(0.5 + p / 2)).mean() for p in nominal
        ])
        for name in shown
    }  # fmt: skip
    figure = Figure(figsize=(4.2, 3.9), layout="constrained")
    figures.draw_coverage(figure.subplots(), nominal, actual, look_of(list(document["models"])))
    caption = (
        "How often the truth lay in central intervals of the normal distribution. Below the diagonal: too "
        "narrow."
    )
    return Picture("coverage", figure, caption, "Lines of coverage near the diagonal.")


def examples(held: Held, document: Mapping[str, Any]) -> Picture:
    """Return forecasts of the component that changes its rate the most at some observatories far apart."""
    pairs, sites = held.pairs, held.observatories
    look = look_of(list(document["models"]))
    horizon = pairs.horizon
    chosen = _far_apart(held)
    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for axes, site in zip(panels, chosen, strict=False):
        rows = np.flatnonzero(pairs.site == site)
        rows = rows[:: max(1, horizon - 1)]
        c = int(np.abs(held.errors[LAST][rows]).mean(0).argmax())
        means = sites.field[:, site, c]
        begin, now = sites.years[pairs.origin[rows]], means[pairs.origin[rows]]
        target = {name: now + held.issued[name].change[rows, c] for name in (NETWORK, LAST, LINEAR)}
        half = held.issued[NETWORK].half[1, rows, c]
        issued = list(zip(begin, now, begin + horizon, target[NETWORK], half, strict=True))
        others = {name: list(zip(begin, now, target[name], strict=True)) for name in (LAST, LINEAR)}
        title = f"{sites.sites[site].code}: {_COMPONENTS[c][1]} (nT)"
        figures.draw_example(axes, sites.years, means, issued, look, others, title)
    for axes in panels[len(chosen) :]:
        axes.set_axis_off()
    panels[0].legend(**{**LEGEND, "fontsize": 7})
    caption = (
        "Forecasts held out, issued every few years, at four observatories far apart: the component that "
        "is hardest there."
    )
    return Picture("examples", figure, caption, "Series of annual means with forecasts and their intervals.")


def _far_apart(held: Held) -> list[int]:
    """Return observatories far from each other, among those judged the most often."""
    site, number = np.unique(held.pairs.site, return_counts=True)
    site = site[number >= 0.8 * number.max()]
    latitude, longitude = (
        np.radians(each[site]) for each in (held.observatories.latitude, held.observatories.longitude)
    )
    place = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], 1
    )
    chosen = [0]
    while len(chosen) < min(_EXAMPLES, len(site)):
        chosen.append(int((place @ place[chosen].T).max(axis=1).argmin()))
    return [int(site[k]) for k in chosen]
