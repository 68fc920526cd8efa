"""Forecasts for the user's own files: annual means of observatories, or Gauss coefficients."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.field.harmonics.geodesy import elements, to_north_east_down
from terrella.field.harmonics.schmidt import degrees_orders, rms_at_surface
from terrella.field.harmonics.shc import Coefficients, read_shc, write_shc
from terrella.field.learning.held_out import NETWORK
from terrella.field.model import FieldModel, load_model
from terrella.field.observatories.read import read_observatories
from terrella.field.observatories.table import Observatories
from terrella.field.secular_variation.law import yearly_change
from terrella.files import replace_file

_SUFFIXES = (".csv", ".parquet")


def predict_file(
    given: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    *,
    beside: Path | None = None,
    year: float | None = None,
) -> list[str]:
    """Write forecasts for annual means or for Gauss coefficients (.shc); return lines on what was done.

    Raises:
        InputError: where the bundle, a file or the output's name is at fault.
    """
    given = Path(given)
    of_coefficients = given.suffix.lower() == ".shc"
    suffixes = (".shc",) if of_coefficients else _SUFFIXES
    if output.suffix not in suffixes:
        raise InputError(f"{output}: the output's name must end in {' or '.join(suffixes)}")
    model = load_model(bundle)
    if of_coefficients:
        return _coefficients(model, given, output, report, year)
    observatories = issued_until(read_means(given, report), year, given)
    others = None if beside is None else read_means(beside, report)
    site, issued, name = model.forecast(observatories, others)
    if not len(site):
        raise InputError(
            f"no observatory of {given} has means in {observatories.years[-1]:g} and the three years "
            "before; choose another --year"
        )
    table = forecast_table(observatories, site, issued, model.settings.data.horizon_years)

    def write(path: Path) -> None:
        if path.suffix == ".csv":
            table.to_csv(path, index=False, float_format="%.7g")
        else:
            table.to_parquet(path, index=False)

    replace_file(output, write)
    lines = [f"{len(site)} observatories written to {output}, by {name}"]
    if name != model.trusted:
        lines.append(
            f"too few observatories for {model.trusted}, whose filter was trained with {model.usual}: give "
            "the others with --beside"
        )
    if left := len(observatories.sites) - len(site):
        lines.append(
            f"{left} have no means in {observatories.years[-1]:g} and the three years before; left out"
        )
    return lines


def forecast_table(given: Observatories, site: np.ndarray, issued: Any, horizon: int) -> pd.DataFrame:
    """Return a table of forecasts: X, Y, Z in nT with intervals, secular variation in nT/yr, H, F, D and I.

    North and down are geodetic where the observatory's file had them so, else geocentric, as the column `frame`
    says.
    """
    tilt, last = given.tilt[site], given.field[-1, site]
    columns: dict[str, Any] = {
        "observatory": [given.sites[k].code for k in site], "year": given.years[-1] + horizon,
        "issued": given.years[-1], "frame": np.where(tilt == 0, "geocentric", "geodetic"),
    }  # fmt: skip
    xyz = to_north_east_down(last + issued.change, tilt)
    now = to_north_east_down(last, tilt)
    # ψ is at most 0.2°: widths in one frame are those of the other.
    widths = {name: each[..., [1, 2, 0]] for name, each in (("50", issued.half[0]), ("90", issued.half[1]))}
    for k, letter in enumerate("XYZ"):
        columns[f"{letter}_nt"] = xyz[:, k]
        for level, half in widths.items():
            columns[f"{letter}_low{level}_nt"], columns[f"{letter}_high{level}_nt"] = (
                xyz[:, k] - half[:, k],
                xyz[:, k] + half[:, k],
            )
        columns[f"{letter}_sv_nt_yr"] = (xyz - now)[:, k] / horizon
    units = {"H": "H_nt", "F": "F_nt", "D": "D_deg", "I": "I_deg"}
    return pd.DataFrame(columns | {units[name]: each for name, each in elements(xyz).items()})


def carried(model: FieldModel, found: Coefficients, year: float) -> Coefficients:
    """Return coefficients at a year and a horizon later, by their rate and what the learned rotation makes of it.

    The rate of straight pieces is that of the middle of the piece before the year.
    """
    horizon = model.settings.data.horizon_years
    n_max = min(found.n_max, 13)
    rate = found.rate_at(year, n_max)
    lag = 0.0 if found.order > 2 else found.piece_before(year) / 2
    change = horizon * rate
    if model.trusted == NETWORK:
        change = change + (horizon**2 / 2 + horizon * lag) * model.acceleration(rate, n_max)
    values = np.stack([found.at(year), found.at(year)])
    values[1, : len(change)] += change
    return Coefficients(found.n_min, found.n_max, np.array([year, year + horizon]), values, name=found.name)


def _coefficients(
    model: FieldModel, given: Path, output: Path, report: Report, year: float | None
) -> list[str]:
    found = read_shc(given)
    for finding in found.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    if found.n_min > 1 or len(found.epochs) < 2:
        raise InputError(
            f"{given} has degrees {found.n_min} to {found.n_max} at {len(found.epochs)} epochs; a main "
            "field from degree 1 on, at two epochs or more, is expected"
        )
    begin = float(found.epochs[-1]) if year is None else year
    later = carried(model, found, begin)
    horizon = model.settings.data.horizon_years
    n = degrees_orders(min(found.n_max, 13))[0]
    walk = yearly_change(min(found.n_max, 13)) * np.sqrt(horizon**3 / 3)
    expected = float(np.sqrt(((n + 1) * walk**2).sum()))
    how = f"forecast from {begin:g} by the field's rate" + (
        " and a learned rotation" if model.trusted == NETWORK else ""
    )
    write_shc(
        output, later, (f"{given.name}: {how}", "Schmidt semi-normalised, nT, reference radius 6371.2 km")
    )
    change = later.values[1] - later.values[0]
    return [
        f"coefficients of {begin:g} and {begin + horizon:g} written to {output}: {how}",
        f"RMS change at the surface {rms_at_surface(change, found.n_max):.0f} nT; chance alone makes errors "
        f"of some {expected:.0f} nT, for the rate of a coefficient walks at random",
    ]


def read_means(path: Path, report: Report) -> Observatories:
    """Return the annual means of a file; what was found in them is reported."""
    found = read_observatories(path)
    for finding in found.findings:
        report({"kind": "message", "message": f"{path}: {finding}"})
    return found


def issued_until(given: Observatories, year: float | None, where: Path | str) -> Observatories:
    """Return annual means until a year, or all of them.

    Raises:
        InputError: where there are none of that year.
    """
    if year is None:
        return given
    if not np.isclose(given.years, year).any():
        raise InputError(
            f"{where} has no annual means of {year:g}; they are of {given.years[0]:g} to {given.years[-1]:g}"
        )
    return given.until(year)
