"""Medians and standard deviations of ground motion for scenarios, as a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.engine.run import Report
from terrella.files import check_table_output, write_table
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.table import MECHANISMS, RJB_FROM, Flatfile
from terrella.motion.model import MotionModel, load_model


def predict_file(
    given: Path | str,
    bundle: str,
    output: Path,
    report: Report,
    *,
    columns: dict[str, str] | None = None,
) -> list[str]:
    """Write medians and deviations for the rows of a table of scenarios; return lines on what was done.

    Raises:
        InputError: where the bundle, the table or the output's name is at fault.
    """
    check_table_output(output)
    model = load_model(bundle)
    records = read_flatfile(Path(given), Reading(columns or {}, motions=False))
    for finding in records.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    table = predictions(model, records)
    write_table(table, output, "%.6g")
    lines = [f"{len(table):,} scenarios written to {output}"]
    lines += [f"{measure}: by {name}" for measure, name in zip(model.measures, model.trusted, strict=True)]
    if beyond := int(table["extrapolated"].sum()):
        lines.append(
            f"{beyond:,} of them are extrapolated: less than one event of the training tells of such motions"
        )
    return lines


def predictions(model: MotionModel, records: Flatfile) -> pd.DataFrame:
    """Return the table of predictions: medians in g (PGV: cm/s), σ, τ, φ in ln units, whether extrapolated."""
    ln = model.median(records)
    tau, phi = model.deviations(records)
    columns: dict[str, Any] = {
        "row": records.row, "magnitude": records.magnitude, "rjb_km": records.rjb_km,
        "rjb_from": np.array(RJB_FROM)[records.rjb_from], "vs30_m_s": records.vs30_m_s,
        "mechanism": np.array(MECHANISMS)[records.mechanism],
    }  # fmt: skip
    for at, measure in enumerate(model.measures):
        unit = "cm_s" if measure == "PGV" else "g"
        columns[f"{measure}_{unit}"] = np.exp(ln[:, at])
        columns[f"{measure}_sigma_ln"] = np.hypot(tau[:, at], phi[:, at])
        columns[f"{measure}_tau_ln"], columns[f"{measure}_phi_ln"] = tau[:, at], phi[:, at]
    columns["events_nearby"] = model.events(records)
    columns["extrapolated"] = model.extrapolated(records)
    return pd.DataFrame(columns)
