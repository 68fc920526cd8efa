"""An explanation as NetCDF, CSV or JSON: every element of the input with what it adds."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terrella.engine.explain.question import Explanation
from terrella.errors import InputError
from terrella.files import replace_file, write_json

if TYPE_CHECKING:
    import xarray as xr

KINDS = (".nc", ".csv", ".json")


def check_output(output: Path) -> None:
    """Refuse a name of which no file is written.

    Raises:
        InputError: naming those that are.
    """
    if output.suffix.lower() not in KINDS:
        raise InputError(f"{output}: an explanation is written as {', '.join(KINDS)}; give such a name")


def write_explanation(found: Explanation, output: Path, told: Mapping[str, Any]) -> None:
    """Write an explanation; `told` goes into the head of NetCDF and JSON."""
    about = {**_about(found), **told}
    kind = output.suffix.lower()
    if kind == ".nc":
        dataset = _dataset(found).assign_attrs(about)
        replace_file(output, lambda path: dataset.to_netcdf(path, engine="h5netcdf"))
        return
    table = _dataset(found).to_dataframe().reset_index()
    if kind == ".csv":
        replace_file(output, lambda path: table.to_csv(path, index=False, float_format="%.8g"))
        return
    columns = {name: [_plain(each) for each in table[name]] for name in table.columns}
    write_json(output, {**about, "elements": columns})


def _dataset(found: Explanation) -> "xr.Dataset":
    import xarray as xr

    question = found.question
    dims = [axis.name for axis in question.axes]
    coordinates: dict[str, Any] = {}
    for axis in question.axes:
        attributes = {"units": axis.unit} if axis.unit else {}
        coordinates[axis.name] = (axis.name, axis.values, attributes)
        coordinates |= {name: (axis.name, values) for name, values in axis.more.items()}
    name = "change" if found.method == "ascent" else "adds"
    unit = "that of the input" if found.method == "ascent" else question.unit
    variables = {
        name: (dims, found.values, {"units": unit}),
        "input": (dims, question.inputs.double().numpy()),
        "part": (dims, question.parts.numpy()),
    }
    return xr.Dataset(variables, coordinates)


def _about(found: Explanation) -> dict[str, Any]:
    question = found.question
    about: dict[str, Any] = {
        "title": question.title, "method": found.method, "unit": question.unit, "output": found.output,
        "reference": found.reference, "baseline": question.baseline_means, "steps": found.steps,
    }  # fmt: skip
    return about if np.isnan(found.missing) else {**about, "unexplained_share": found.missing}


def _plain(value: Any) -> Any:
    if isinstance(value, (np.floating, float)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.integer) else str(value)
