"""Annual means in one layout."""

from pathlib import Path

import numpy as np
import pandas as pd

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.field.observatories.read import read_observatories
from terrella.field.observatories.table import Observatories
from terrella.files import replace_file


def convert(path: Path, output: Path, report: Report) -> list[str]:
    """Read annual means of any known format and write them in ours; return lines on what was found.

    Raises:
        InputError: where a file is at fault, or the output's name is none of a table.
    """
    if output.suffix not in (".csv", ".gz"):
        raise InputError(f"{output}: the output's name must end in .csv or .csv.gz")
    found = read_observatories(path)
    for finding in found.findings:
        report({"kind": "message", "message": f"{path}: {finding}"})
    table = as_table(found)
    replace_file(output, lambda temporary: table.to_csv(temporary, index=False, float_format="%.7g"))
    years = found.years
    return [
        f"{len(found.sites)} series, {years[0]:g} to {years[-1]:g}, {len(table):,} annual means written to {output}"
    ]


def as_table(given: Observatories) -> pd.DataFrame:
    """Return a row for each annual mean, geocentric: code, t, latitude, lon, radius_km, br, bt, bp."""
    at, site = np.nonzero(np.isfinite(given.field).all(axis=2))
    b = given.field[at, site]
    return pd.DataFrame({
        "code": [given.sites[k].code for k in site], "t": given.years[at],
        "geocentric_latitude": given.latitude[site],
        "lon": given.longitude[site], "radius_km": given.radius_km[site],
        "br": b[:, 0], "bt": b[:, 1], "bp": b[:, 2],
    })  # fmt: skip
