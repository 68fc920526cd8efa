"""The figures of the report, each with its caption."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.judge.document import interval_of
from terrella.engine.judge.figures import LEGEND, draw_by_class, look_of
from terrella.engine.judge.report import Picture
from terrella.surface.interpolation.spectral import radial_spectrum
from terrella.surface.judging import figures
from terrella.surface.judging.scores import judged_squares
from terrella.surface.learning.held_out import CLASSICAL, NETWORK, SIMULATED, Surfaces
from terrella.surface.learning.windows import FILL, REFINE

_HEADS = {REFINE: "block means refined", FILL: "gaps filled"}


def errors(document: Mapping[str, Any]) -> Picture:
    """Return RMSE and CRPS of all models."""
    look = {name: {**own, "linestyle": "none"} for name, own in look_of(list(document["models"])).items()}
    unit = f" ({document['unit']})" if document["unit"] else ""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    for axes, (kind, head) in zip(figure.subplots(1, 2), _HEADS.items(), strict=True):
        values = {
            name: [interval_of(own.get(f"{score}@{kind}")) for score in ("rmse", "crps")]
            for name, own in document["models"].items()
            if f"rmse@{kind}" in own
        }
        draw_by_class(axes, ["RMSE", "CRPS"], values, look, f"{head}: error{unit}")
        axes.set_ylim(0, None)
        axes.legend(**{**LEGEND, "fontsize": 7}, loc="lower left")
    caption = (
        "Errors at held-out blocks, with 95 % intervals over blocks; less is better. The RMSE of conditional "
        "simulation is that of its samples' mean; the CRPS of a model without samples is its mean absolute error."
    )
    return Picture("errors", figure, caption, "Points of RMSE and CRPS by model.")


def example(found: Surfaces, kind: str, unit: str) -> Picture:
    """Return the held-out window of the median error: truth, estimates, samples, errors."""
    held, classical = found.held, CLASSICAL[kind]
    off = np.where(held.judged, found.estimates[classical] - held.windows.truth, 0.0)
    k = int(np.argsort((off**2).mean((1, 2)))[len(off) // 2])
    truth, judged = held.windows.truth[k], held.judged[k]
    steep = 2.5 * float(np.sqrt(np.mean(np.square(np.gradient(truth)))))
    reach = max(float(np.quantile(np.abs(off[k][judged]), 0.95)), 1e-12)
    reliefs = {
        "truth": truth, classical: found.estimates[classical][k], "network": found.estimates[NETWORK][k],
        "network: a sample": found.samples[NETWORK][0, k],
        f"{SIMULATED}: a sample": found.samples[SIMULATED][0, k],
    }  # fmt: skip
    wrong = {
        f"{classical}: error": found.estimates[classical][k] - truth,
        "network: error": found.estimates[NETWORK][k] - truth,
        "network: deviation of samples": found.samples[NETWORK][:, k].std(0),
    }
    figure = Figure(figsize=(10.4, 5.6), layout="constrained")
    panels = figure.subplots(2, 4).ravel()
    for axes, (name, heights) in zip(panels[[0, 1, 2, 3, 7]], reliefs.items(), strict=True):
        figures.draw_relief(axes, heights, name, steep)
        axes.contour(judged, [0.5], colors="#D55E00", linewidths=0.8)
    for axes, (name, values) in zip(panels[4:7], wrong.items(), strict=True):
        shown = figures.draw_difference(axes, np.where(judged, values, 0.0), name, reach)
    bar = figure.colorbar(shown, ax=panels[4:7], location="bottom", shrink=0.5, aspect=40, extend="both")
    bar.set_label(f"error, deviation{f' ({unit})' if unit else ''}", fontsize=8)
    caption = (
        f"{_HEADS[kind].capitalize()}: the held-out window of the median error, lit from the north-west. "
        f"{'Within the line nothing was known.' if kind == FILL else 'The block within the line was held out.'}"
    )
    return Picture(f"example_{kind}", figure, caption, "Shaded reliefs and maps of errors.")


def spectra(found: Surfaces, document: Mapping[str, Any], factor: int) -> Picture:
    """Return radial spectra of estimates and of samples."""
    judged = found.held.judged
    wavenumber, truth = radial_spectrum(judged_squares(found.held.windows.truth, judged))
    every = {name: found.samples[name][0] for name in found.samples} | {
        name: each for name, each in found.estimates.items() if name != NETWORK
    }
    power = {name: radial_spectrum(judged_squares(each, judged))[1] for name, each in every.items()}
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    look = look_of(list(document["models"]))
    figures.draw_spectra(figure.subplots(), wavenumber, power, truth, look, 2.0 * factor)
    caption = (
        "Radial spectra of refined blocks: samples of the network and of conditional simulation, and the splines "
        "as they are. Right of the line are wavelengths that block means cannot tell of; a plane was taken out "
        "and a "
        "Hann window laid over each block."
    )
    return Picture("spectra", figure, caption, "Lines of power over wavelength.")
