"""Temperatures of the rows of a profile or a model of the Earth, as a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.engine.run import Report
from terrella.files import check_table_output, write_table
from terrella.interior.model import WHY, InteriorModel, load_model
from terrella.interior.profiles.read import Profile, read_profile

_CORE = "core or water"


def predict_file(given: Path | str, bundle: str, output: Path, report: Report) -> list[str]:
    """Write temperatures with intervals for the rows of a profile; return lines on what was done.

    Raises:
        InputError: where the bundle, the profile or the output's name is at fault.
    """
    check_table_output(output)
    model = load_model(bundle)
    profile = read_profile(Path(given))
    for finding in profile.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    table = predictions(model, profile)
    write_table(table, output, "%.6g")
    data = model.settings.data
    lines = [
        f"{len(table):,} rows written to {output}",
        f"temperatures by {model.trusted}; pressure from {profile.pressure_from}",
        f"intervals hold for errors of {100 * data.velocity_noise:g} % of vp and vs and "
        f"{100 * data.density_noise:g} % of density, and rocks of {', '.join(model.names)}",
    ]
    counts = table["why"].value_counts()
    return lines + [f"{counts[why]:,} extrapolated: {why}" for why in (*WHY[1:], _CORE) if why in counts]


def predictions(model: InteriorModel, profile: Profile) -> pd.DataFrame:
    """Return the table of predictions: pressure in GPa, quantiles in K, and why a row is extrapolated."""
    found, mantle = model.temperatures(profile.observed()), profile.mantle

    def whole(values: Any) -> Any:
        every = np.full(len(mantle), np.nan)
        every[mantle] = values
        return every

    columns: dict[str, Any] = {
        "line": profile.line, "depth_km": profile.depth_km, "pressure_gpa": profile.pressure_gpa,
        "temperature_k": whole(found.quantiles_k[:, 2]),
    }  # fmt: skip
    for at, name in enumerate(("p05", "p25", None, "p75", "p95")):
        if name:
            columns[f"temperature_{name}_k"] = whole(found.quantiles_k[:, at])
    if len(model.names) > 1:
        columns |= {
            f"probability_{name}": whole(found.compositions[:, k]) for k, name in enumerate(model.names)
        }
    why = np.full(len(mantle), _CORE, object)
    why[mantle] = np.array(WHY, object)[found.why]
    return pd.DataFrame({**columns, "extrapolated": why != "", "why": why})
