"""A run's scores in the terminal, and maps and spectrum of any coefficients."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.judge.document import gain_of, lines_of_scores, signed
from terrella.errors import InputError
from terrella.field.harmonics.geodesy import elements, geocentric, to_north_east_down
from terrella.field.harmonics.schmidt import CORE_RADIUS_KM, field_at, power_spectrum, rms_at_surface
from terrella.field.harmonics.shc import Coefficients, read_shc
from terrella.field.judging import figures
from terrella.files import replace_file

_SCORES = (("rms", "RMS", 1.0), ("crps", "CRPS", 1.0), ("coverage90", "in 90 %", 100.0))


def lines_of(run: Path) -> list[str]:
    """Return the scores of a judged run as lines, the network's gains among them.

    Raises:
        InputError: where its scores cannot be read.
    """
    return lines_of_scores(run, _lines)


def _lines(document: Any) -> list[str]:
    lines = [f"{document['data']}, {document['horizon_years']} years ahead; predict uses {document['trusted']}",
             " " * 24 + "".join(f"{head:>10}" for _, head, _ in _SCORES)]  # fmt: skip
    lines += [
        f"  {model:22}" + "".join(f"{times * own[score]['value']:10.1f}" for score, _, times in _SCORES)
        for model, own in document["models"].items()
    ]
    for pair in document["paired"]:
        if pair["score"] == "rms":
            lines.append(f"  RMS less than that of {pair['over']} by {signed(gain_of(pair))} nT")
    lines += [
        f"  {model}: " + ", ".join(f"{name} {value:.1f} nT" for name, value in own.items())
        for model, own in document["generations"].items()
    ]
    return lines


def show_coefficients(path: Path, output: Path, year: float | None) -> list[str]:
    """Draw declination, intensity, secular variation and power spectrum of coefficients; return lines on them.

    Raises:
        InputError: where the file is at fault, or the year lies beyond its epochs.
    """
    if output.suffix != ".png":
        raise InputError(f"{output}: the figure's name must end in .png")
    found = read_shc(path)
    year = float(found.epochs[-1]) if year is None else year
    figure = _drawn(found, year)
    replace_file(output, lambda temporary: figure.savefig(temporary, dpi=150))
    now = found.at(year)
    lines = [f"{path.name}, {year:g}: degrees {found.n_min} to {found.n_max}, RMS field at the surface "
             f"{rms_at_surface(now, found.n_max, found.n_min):,.0f} nT"]  # fmt: skip
    if len(found.epochs) > 1:
        lines.append(
            f"RMS secular variation {rms_at_surface(found.rate_at(year), found.n_max, found.n_min):.1f} nT/yr"
        )
    return [*lines, *found.findings, f"figure: {output}"]


def _drawn(found: Coefficients, year: float) -> Figure:
    latitude, longitude = np.linspace(-89, 89, 90), np.linspace(-180, 180, 121)
    grid_lat, grid_lon = np.meshgrid(latitude, longitude, indexing="ij")
    r, below, tilt = geocentric(grid_lat.ravel(), np.zeros(grid_lat.size))

    def on_grid(coefficients: np.ndarray) -> np.ndarray:
        b = field_at(coefficients, r, below, grid_lon.ravel(), found.n_max, found.n_min)
        return to_north_east_down(b, tilt).reshape(*grid_lat.shape, 3)

    now = on_grid(found.at(year))
    of = elements(now)
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    (a, b), (c, d) = figure.subplots(2, 2)
    figure.suptitle(f"{found.name}, {year:g}: WGS 84, height 0", fontsize=10)
    figures.draw_declination(a, longitude, latitude, of["D"])
    figures.draw_map(b, longitude, latitude, of["F"] / 1000, "intensity F (µT)", None)
    spectra = {
        "field at the surface (nT²)": power_spectrum(found.at(year), found.n_max, found.n_min),
        "field at the core's top (nT²)": power_spectrum(
            found.at(year), found.n_max, found.n_min, CORE_RADIUS_KM
        ),
    }
    if len(found.epochs) > 1:
        rate = found.rate_at(year)
        later = on_grid(found.at(year) + rate)
        change = np.asarray(elements(later)["F"]) - of["F"]
        figures.draw_map(c, longitude, latitude, change, "secular variation of F (nT/yr)", 0.0)
        spectra["secular variation at the surface (nT²/yr²)"] = power_spectrum(rate, found.n_max, found.n_min)
    else:
        c.set_axis_off()
        c.text(0.5, 0.5, "one epoch: no secular variation", ha="center", va="center", fontsize=9)
    figures.draw_spectra(d, np.arange(found.n_min, found.n_max + 1.0), spectra, "mean square of a degree")
    return figure
