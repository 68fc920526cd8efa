"""What a data set holds for magnitudes and distances, as a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from terrella.engine.run import Report
from terrella.files import check_table_output, write_table
from terrella.motion.settings import DataSettings
from terrella.motion.single_station.read import read_traces
from terrella.motion.single_station.traces import SCALARS, Traces
from terrella.motion.single_station.training import windowing


def convert(folder: Path, output: Path, report: Report) -> list[str]:
    """Write what is known of each trace and its scalars; return lines on what was found.

    Raises:
        InputError: where the data set or the output's name is at fault.
    """
    check_table_output(output)
    traces = read_traces(folder, windowing(DataSettings()), False, report)
    write_table(as_table(traces), output, "%.6g")
    known = np.isfinite(traces.magnitude) & np.isfinite(traces.distance_km)
    return [
        *traces.findings,
        f"{len(traces):,} traces with a pick of P, in {traces.unit or 'an unknown unit'}, written to {output}",
        f"{known.sum():,} of them have magnitude and distance, as `train --data.kind waveforms` needs; "
        f"{np.isfinite(traces.sp_s).sum():,} a pick of S",
    ]


def as_table(traces: Traces) -> pd.DataFrame:
    """Return a row for each trace: event, station, magnitude, distance (km), time from P to S (s), scalars."""
    about = {
        "row": traces.row, "trace": traces.name, "station": traces.station, "event": traces.event,
        "magnitude": traces.magnitude, f"{traces.kind}_distance_km": traces.distance_km, "sp_s": traces.sp_s,
    }  # fmt: skip
    return pd.DataFrame({**about, **dict(zip(SCALARS, traces.scalars.T, strict=True))})
