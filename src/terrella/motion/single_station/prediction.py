"""Magnitudes and distances of a data set's traces, as a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import check_table_output, write_table
from terrella.motion.single_station.model import WHY, StationModel, load_station_model
from terrella.motion.single_station.read import read_traces
from terrella.motion.single_station.traces import QUANTITIES, Traces

_Z90 = float(ndtri(0.95))


def predict_file(given: Path | str, bundle: str, output: Path, report: Report, **options: Any) -> list[str]:
    """Write magnitude and distance of each trace of a data set that has a pick of P; return lines on what was done.

    Raises:
        InputError: where the bundle, the data set or the output's name is at fault.
    """
    if named := [name for name, value in options.items() if value]:
        raise InputError(f"--{named[0]} is of flatfiles; {bundle} takes waveforms")
    check_table_output(output)
    model = load_station_model(bundle)
    traces = read_traces(Path(given), model.windowing, False, report)
    refuse_other_unit(model, traces, str(given))
    for finding in traces.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    table = predictions(model, traces)
    write_table(table, output, "%.6g")
    lines = [f"{len(table):,} traces written to {output}; distances are {model.distance}"]
    for name in QUANTITIES:
        by = table[f"{name}_by"].value_counts()
        lines.append(
            f"{name}: " + ", ".join(f"{number:,} by {model_name}" for model_name, number in by.items())
        )
    why = table["why"].value_counts()
    return lines + [f"{why[each]:,} extrapolated: {each}" for each in WHY[1:] if each in why]


def predictions(model: StationModel, traces: Traces) -> pd.DataFrame:
    """Return the table of predictions: magnitude with deviation and 90 % interval, distance in km with its own."""
    found = model.gaussians(traces)
    by, why = model.names(traces), model.why(traces, found)
    (m, m_sd), (d, d_sd) = (found[:, k].T for k in range(2))
    return pd.DataFrame(
        {
            "row": traces.row, "trace": traces.name, "station": traces.station, "event": traces.event,
            "magnitude": m, "magnitude_sd": m_sd, "magnitude_p05": m - _Z90 * m_sd,
            "magnitude_p95": m + _Z90 * m_sd,
            "magnitude_by": by[:, 0], "distance_km": 10**d, "distance_p05_km": 10 ** (d - _Z90 * d_sd),
            "distance_p95_km": 10 ** (d + _Z90 * d_sd), "distance_sd_log10": d_sd, "distance_by": by[:, 1],
            "extrapolated": why != 0, "why": np.array(WHY, object)[why],
        }
    )  # fmt: skip


def refuse_other_unit(model: StationModel, traces: Traces, given: str) -> None:
    """Refuse waveforms in another unit than those of the training.

    Raises:
        InputError: where they are.
    """
    if traces.unit != model.unit:
        raise InputError(
            f"{given}: waveforms are in {traces.unit or 'an unknown unit'}, those of the training in "
            f"{model.unit or 'an unknown unit'}: amplitudes, and so magnitudes, cannot be compared"
        )
