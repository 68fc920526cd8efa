"""IAGA-2002 files of minute, hourly or daily values, and the annual means that they make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import from_north_east_down
from terrella.field.observatories.csv_table import hdz_to_xyz
from terrella.field.observatories.table import Floats, Series, Site, geodetic_site

_MISSING = 88888.0  # not observed; 99999 is missing
_LEAST = 0.9  # of a year's days
_MOVED_DEG = 0.02
_NEEDED = ("IAGA Code", "Geodetic Latitude", "Geodetic Longitude", "Reported")


@dataclass(frozen=True, eq=False)
class Days:
    """Daily means of one observatory: days since 1970 (day,), X, Y, Z in nT (day, 3)."""

    site: Site
    day: Floats
    xyz: Floats
    lost: int  # values that were missing


def is_iaga2002(text: str) -> bool:
    """Return whether a text is of this format."""
    return bool(re.match(r"\s*Format\s+IAGA-2002", text, re.IGNORECASE))


def read_days(path: Path, text: str) -> Days:
    """Return daily means; HDZ and DIF are turned into XYZ value by value.

    Raises:
        InputError: where the header is incomplete, the components make no field, or they are mere variations.
    """
    head, names, at = _header(path, text)
    for key in _NEEDED:
        if key not in head:
            raise InputError(f"{path}: the header has no line {key!r}, which IAGA-2002 needs")
    if "variation" in head.get("Data Type", "").lower() and "quasi" not in head.get("Data Type", "").lower():
        raise InputError(
            f"{path} holds variations without an absolute level; definitive or quasi-definitive data are expected"
        )
    code = head["IAGA Code"].upper()
    letters = [name.upper().removeprefix(code)[-1:] for name in names[3:]]
    table = pd.read_csv(StringIO("\n".join(text.splitlines()[at:])), sep=r"\s+", header=None, dtype=str)
    if table.shape[1] < 3 + len(letters):
        raise InputError(
            f"{path}, line {at + 1}: {3 + len(letters)} columns are expected; got {table.shape[1]}"
        )
    of = {}
    for k, letter in enumerate(letters):
        values = pd.to_numeric(table[3 + k], errors="coerce").to_numpy(float)
        if len(bad := np.flatnonzero(~np.isfinite(values))):
            raise InputError(f"{path}, line {at + 1 + bad[0]}: {table[3 + k][bad[0]]!r} is no number")
        of[letter] = np.where(np.abs(values) >= _MISSING, np.nan, values)
    xyz = _xyz(path, of, head["Reported"])
    dates = pd.to_datetime(table[0], errors="coerce")
    if dates.isna().any():
        raise InputError(f"{path}, line {at + 1 + int(dates.isna().to_numpy().argmax())}: no date YYYY-MM-DD")
    day = dates.to_numpy().astype("datetime64[D]").astype(float)
    known = np.isfinite(xyz).all(axis=1)
    days, number = np.unique(day[known], return_inverse=True)
    sums = np.stack([np.bincount(number, xyz[known, c], len(days)) for c in range(3)], 1)
    try:
        place = [float(head[key]) for key in _NEEDED[1:3]] + [float(head.get("Elevation") or 0)]
    except ValueError:
        raise InputError(f"{path}: latitude, longitude or elevation of the header is no number") from None
    if abs(place[0]) > 90:
        raise InputError(f"{path}: the header's latitude is {place[0]:g}")
    site = geodetic_site(code, place[0], place[1], place[2] / 1000, str(path))
    return Days(site, days, sums / np.bincount(number, minlength=len(days))[:, None], int((~known).sum()))


def annual_means(days: list[Days]) -> tuple[list[Series], list[str]]:
    """Return annual means of daily ones, all files of an observatory together; a year needs 90 % of its days.

    Raises:
        InputError: where an observatory's files say different places.
    """
    by_code: dict[str, list[Days]] = {}
    for each in days:
        by_code.setdefault(each.site.code, []).append(each)
    series, findings = [], []
    for code, own in by_code.items():
        site = own[0].site
        if moved := [
            each.site
            for each in own
            if abs(each.site.latitude - site.latitude) > _MOVED_DEG
            or abs((each.site.longitude - site.longitude + 180) % 360 - 180) > _MOVED_DEG
        ]:
            raise InputError(
                f"{code} lies at geocentric latitude {site.latitude:.3f}, longitude {site.longitude:.3f} in one "
                f"file and at {moved[0].latitude:.3f}, {moved[0].longitude:.3f} in another; read its places apart"
            )
        day = np.concatenate([each.day for each in own])
        xyz = np.concatenate([each.xyz for each in own])
        day, first = np.unique(day, return_index=True)
        year = day.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
        of_year, number, held = np.unique(year, return_inverse=True, return_counts=True)
        means = np.stack([np.bincount(number, xyz[first, c]) for c in range(3)], 1) / held[:, None]
        whole = held >= _LEAST * 365
        if lost := sum(each.lost for each in own):
            findings.append(f"{code}: {lost:,} values are missing")
        if not whole.all():
            said = ", ".join(map(str, of_year[~whole][:5]))
            findings.append(f"{code}: less than 90 % of the days of {said} have values; left out")
        field = from_north_east_down(means[whole], np.full(whole.sum(), site.tilt))
        series.append(Series(site, of_year[whole] + 0.5, field))
    return series, findings


def _header(path: Path, text: str) -> tuple[dict[str, str], list[str], int]:
    """Return the header's lines by their names, the columns' names, and the number of the first row."""
    head: dict[str, str] = {}
    for at, line in enumerate(text.splitlines()):
        if line.strip().startswith("DATE"):
            return head, line.replace("|", " ").split(), at + 1
        body = line.rstrip().removesuffix("|")
        if not body.lstrip().startswith("#"):
            head[body[:24].strip()] = body[24:].strip()
    raise InputError(f"{path}: no line of column names (DATE TIME DOY …), which IAGA-2002 needs")


def _xyz(path: Path, of: Mapping[str, Floats], reported: str) -> Floats:
    """Return X, Y, Z; angles are in minutes of arc."""
    if all(letter in of for letter in "XYZ"):
        return np.stack([of["X"], of["Y"], of["Z"]], 1)
    if all(letter in of for letter in "HDZ"):
        return hdz_to_xyz(np.stack([of["H"], of["D"], of["Z"]], 1), 1 / 60)
    if all(letter in of for letter in "DIF"):
        dip = np.radians(of["I"] / 60)
        return hdz_to_xyz(np.stack([of["F"] * np.cos(dip), of["D"], of["F"] * np.sin(dip)], 1), 1 / 60)
    raise InputError(
        f"{path} reports {reported} ({', '.join(of)}): XYZ, HDZ or DIF are needed to know the field's direction"
    )
