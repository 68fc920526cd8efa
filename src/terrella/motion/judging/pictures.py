"""The figures of the report, each with its caption."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, draw_by_class, look_of
from terrella.engine.judge.report import Picture
from terrella.motion.flatfile.table import Flatfile, Floats, numbered, scenarios
from terrella.motion.judging import figures
from terrella.motion.judging.held import Held
from terrella.motion.judging.scores import residuals as residuals_of
from terrella.motion.learning.features import FEW, drift_features, supported
from terrella.motion.learning.held_out import LINEAR, NETWORK, SHIFTED, member_medians
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared
from terrella.motion.models.bssa14 import deviations as published_deviations
from terrella.motion.models.bssa14 import median
from terrella.motion.models.variance import at_magnitude, by_magnitude


def sigmas(document: Mapping[str, Any], measures: Sequence[str]) -> Picture:
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    models = document["models"]
    values = {name: [interval_of(own[f"sigma@{m}"]) for m in measures] for name, own in models.items()}
    axes = draw_by_class(
        figure.subplots(), list(measures), values, look_of(list(values)), "σ of held-out records (ln)"
    )
    axes.legend(**{**LEGEND, "fontsize": 7}, ncols=2)
    caption = "Total standard deviation σ of every model, with 95 % intervals over events; less is better."
    return Picture("sigma", figure, caption,
                   "Points of σ for each model and measure.")  # fmt: skip


def residuals(held: Held, k: int) -> Picture:
    records, measure = held.records, held.records.measures[k]
    of_model = residuals_of(records, held.medians)
    chosen = {name: of_model[name][:, k] for name in (NETWORK, SHIFTED, LINEAR)}
    look = look_of(list(held.medians))
    figure = Figure(figsize=(9.6, 3.4), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    r = np.maximum(records.rjb_km, 1)
    edges_m = np.arange(np.floor(2 * records.magnitude.min()) / 2, records.magnitude.max() + 0.51, 0.5)
    figures.draw_residuals(
        panels[0],
        r,
        chosen,
        look,
        np.geomspace(1, max(r.max(), 10) * 1.01, 9),
        "Rjb (km; 1 and less at 1)",
        True,
    )
    figures.draw_residuals(panels[1], records.magnitude, chosen, look, edges_m, "magnitude", False)
    figures.draw_residuals(
        panels[2], records.vs30_m_s, chosen, look, np.geomspace(100, 2500, 9), "Vs30 (m/s)", True
    )
    panels[0].legend(**LEGEND)
    panels[2].set_xticks([200, 400, 800, 1600], ["200", "400", "800", "1600"])
    panels[2].xaxis.set_minor_locator(NullLocator())
    for panel in panels[1:]:
        panel.set_ylabel("")
    caption = (
        f"{measure}: residuals of records held out. Grey: each of the network's; points: means in "
        "classes, with twice their standard error."
    )
    return Picture(
        f"residuals_{_plain(measure)}",
        figure,
        caption,
        f"Residuals of {measure} by distance, magnitude and Vs30.",
    )


def attenuation(network: MotionNetwork, given: Prepared, k: int) -> Picture:
    records, measure = given.records, given.records.measures[k]
    distance = np.geomspace(1, 300, 60)
    low, high = np.percentile(records.magnitude, [5, 99.5])
    magnitudes = sorted({round(2 * m) / 2 for m in np.linspace(low, high, 3)})
    curves: dict[str, list[Floats]] = {NETWORK: [], "BSSA14": []}
    inside = []
    for m in magnitudes:
        asked = scenarios(np.full(60, m), distance, np.full(60, 760.0))
        base = median(asked, records.measures)
        curves[NETWORK].append(np.exp(member_medians(network, given, asked, base)[-1][:, k]))
        curves["BSSA14"].append(np.exp(base[:, k]))
        inside.append(supported(given.support[-1], asked) >= FEW)
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    unit = "cm/s" if measure == "PGV" else "g"
    figures.draw_attenuation(
        figure.subplots(),
        distance,
        curves,
        look_of(list(curves)),
        magnitudes,
        inside,
        f"median {measure} ({unit})",
    )
    caption = (
        f"Medians of {measure} at Vs30 = 760 m/s, strike-slip. Thin and pale: less than one event of the "
        "training tells of it."
    )
    return Picture(f"medians_{_plain(measure)}", figure, caption, f"Curves of {measure} over distance.")


def deviations(held: Held) -> Picture:
    records, event = held.records, numbered(held.records.event)
    magnitude = np.linspace(records.magnitude.min(), records.magnitude.max(), 60)
    lines = {}
    for name in (NETWORK, SHIFTED):
        residual = records.ln_motion[:, 0] - held.medians[name][:, 0]
        lines[name] = at_magnitude(by_magnitude(residual, event, records.magnitude), magnitude)
    asked = scenarios(magnitude, np.full(60, 50.0), np.full(60, 760.0))
    tau, phi = published_deviations(asked, records.measures[:1])
    lines["BSSA14 as published"] = (tau[:, 0], phi[:, 0])
    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    figures.draw_deviations(figure.subplots(), magnitude, lines, look_of(list(lines)))
    caption = (
        f"{records.measures[0]}: τ (dashed) and φ by maximum likelihood of records held out; φ holds what "
        "stations have of their own."
    )
    return Picture("deviations", figure, caption, "Lines of τ and φ over magnitude.")


def drift(network: MotionNetwork, given: Prepared) -> list[Picture]:
    if not len(given.drift.nodes):
        return []
    records, event = given.records, numbered(given.records.event)
    residual = (records.ln_motion - given.published)[:, 0]
    known = np.isfinite(residual)
    size = np.maximum(np.bincount(event[known], minlength=event.max() + 1), 1)
    terms = np.bincount(event[known], residual[known], event.max() + 1) / size
    first = np.unique(event, return_index=True)[1]
    years = np.linspace(given.drift.nodes[0], np.nanmax(records.year), 100)
    asked = _at_years(years)
    bells = torch.as_tensor(drift_features(asked, given.drift), dtype=torch.float32)
    with torch.no_grad():
        drift = (network.shift + bells @ network.drift)[-1, :, 0].numpy()
    figure = Figure(figsize=(6.0, 3.2), layout="constrained")
    figures.draw_drift(figure.subplots(), records.year[first], terms, years, drift)
    caption = (
        f"{records.measures[0]}: the mean residual of BSSA14 drifts with the years of a flatfile; the "
        "network learns it from other events."
    )
    return [Picture("drift", figure, caption, "Events' mean residuals by year with a smooth curve.")]


def _at_years(years: Floats) -> Flatfile:
    return replace(
        scenarios(np.full(len(years), 5.0), np.full(len(years), 50.0), np.full(len(years), 760.0)), year=years
    )


def _plain(measure: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in measure).strip("_").lower()
