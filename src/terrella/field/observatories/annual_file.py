"""Files of annual means as observatories and world data centres publish them (INTERMAGNET's IYF, BGS's list)."""

import re
from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import from_north_east_down
from terrella.field.observatories.table import Floats, Series, geodetic_site

_ROW = re.compile(
    r"\s*(\d{4}\.\d+)\s+(-?\d+)\s+(\d+\.?\d*)\s+(-?\d+)\s+(\d+\.?\d*)((?:\s+-?\d+){5})\s+([AQDIJ])\b",
    re.ASCII,
)
_PLACE = re.compile(
    r"COLATITUDE:?\s*(-?[\d.]+).*?LONGITUDE:?\s*(-?[\d.]+)\s*([EW]?).*?ELEVATION:?\s*(-?[\d.]+)",
    re.IGNORECASE | re.DOTALL,
)
_MISSING = 99999.0


def is_annual_file(text: str) -> bool:
    """Return whether a text is of this format."""
    return bool(_PLACE.search(text)) and bool(re.search(r"YEAR\s+D\s+I\s+H\s+X\s+Y\s+Z\s+F", text))


def read_annual_file(path: Path, text: str) -> tuple[list[Series], list[str]]:
    """Return the annual means of all days, brought to the level of the last site by the file's own jumps.

    A row J says old less new value: it is taken from the means before it. Incomplete years (I) are left out.

    Raises:
        InputError: where the place or a row is at fault.
    """
    place = _PLACE.search(text)
    assert place is not None  # `is_annual_file`
    colatitude, longitude, side, height = place.groups()
    name = next(
        (line.strip() for line in text.splitlines() if line.strip() and "ANNUAL MEAN" not in line.upper()),
        path.stem,
    )
    code = re.search(r",\s*([A-Z]{3})\b", name)
    site = geodetic_site(
        code[1] if code else name.split(",")[0].strip().upper()[:20], 90 - float(colatitude),
        float(longitude) * (-1 if side.upper() == "W" else 1), float(height) / 1000,
        str(path),
    )  # fmt: skip
    rows: dict[float, Floats] = {}
    jumps: list[tuple[float, Floats]] = []
    incomplete = 0
    for at, line in enumerate(text.splitlines(), 1):
        if not re.match(r"\s*\d{4}\.\d+\s", line):
            continue
        row = _ROW.match(line)
        if row is None:
            raise InputError(
                f"{path}, line {at}: a row YEAR D I H X Y Z F TYPE is expected; got {line.strip()[:60]!r}"
            )
        year, kind = float(row[1]), row[7]
        xyz = np.array(row[6].split()[1:4], float)
        xyz[np.abs(xyz) >= _MISSING] = np.nan
        if kind == "J":
            jumps.append((year, xyz))
        elif kind == "I":
            incomplete += 1
        elif kind == "A" and year in rows:
            raise InputError(f"{path}, line {at}: {year:g} has two means of all days (type A); keep one")
        elif kind == "A":
            rows[year] = xyz
    if not rows:
        raise InputError(f"{path} has no annual mean of all days (type A)")
    years = np.array(sorted(rows))
    field = np.array([rows[year] for year in years])
    for year, jump in jumps:
        field[years < year] -= jump
    findings = [f"{site.code}: {len(jumps)} jumps that the file states are taken out"] if jumps else []
    findings += [f"{site.code}: {incomplete} incomplete years are left out"] if incomplete else []
    known = np.isfinite(field).all(axis=1)
    return [
        Series(site, years[known], from_north_east_down(field[known], np.full(known.sum(), site.tilt)))
    ], findings
