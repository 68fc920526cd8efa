"""A flatfile in our own columns: one unit, a Joyner–Boore distance in every row and where it comes from."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.files import check_table_output, write_table
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.table import MECHANISMS, RJB_FROM, Flatfile


def convert(flatfile: Path, output: Path, columns: Mapping[str, str], unit: str | None) -> list[str]:
    """Write a flatfile in our columns; return lines on what was found.

    Raises:
        InputError: where the flatfile or the output's name is at fault.
    """
    check_table_output(output)
    records = read_flatfile(flatfile, Reading(columns, unit))
    write_table(as_table(records), output, "%.8g")
    counts = f"{len(np.unique(records.event)):,} events at {len(np.unique(records.station)):,} stations"
    return [
        *records.findings,
        f"{len(records):,} records of {counts} written to {output}",
        f"measures: {', '.join(records.measures)}",
    ]


def as_table(records: Flatfile) -> pd.DataFrame:
    """Return records as a table that `read_flatfile` reads again: accelerations in g, PGV in cm/s."""
    columns = {
        "event_id": records.event, "station_id": records.station, "magnitude": records.magnitude,
        "rjb_km": records.rjb_km, "rjb_from": np.array(RJB_FROM)[records.rjb_from], "vs30_m_s": records.vs30_m_s,
        "depth_km": records.depth_km, "mechanism": np.array(MECHANISMS)[records.mechanism],
        "event_longitude": records.event_longitude, "event_latitude": records.event_latitude,
        "station_longitude": records.station_longitude, "station_latitude": records.station_latitude,
        "year": records.year,
    }  # fmt: skip
    for at, measure in enumerate(records.measures):
        columns[f"{measure} ({'cm/s' if measure == 'PGV' else 'g'})"] = np.exp(records.ln_motion[:, at])
    return pd.DataFrame(columns)
