"""Tables in HDF5 as pandas and eGSIM write them, read without unpickling anything."""

import pickletools
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd


def read_hdf5(path: Path) -> pd.DataFrame:
    """Return the only table of a file: pandas' in its format "table" or "fixed", or one dataset for each column.

    Raises:
        ValueError: where there is none, or several.
    """
    with h5py.File(path, "r") as file:
        tables = [name for name in file if isinstance(file[name], h5py.Group) and _is_pandas(file[name])]
        if len(tables) > 1:
            raise ValueError(f"it holds several tables ({', '.join(tables)}); give a file with one")
        if tables:
            group = file[tables[0]]
            return pd.DataFrame(_from_table(group) if "table" in group else _from_blocks(group))
        columns = {
            name: each[()] for name, each in file.items() if isinstance(each, h5py.Dataset) and each.ndim == 1
        }
    if not columns or len({len(values) for values in columns.values()}) > 1:
        raise ValueError("it holds no table: neither pandas' nor datasets of one length")
    return pd.DataFrame({name: _text(values) for name, values in columns.items()})


def _is_pandas(group: h5py.Group) -> bool:
    return "pandas_type" in group.attrs or "table" in group or "axis0" in group


def _from_table(group: h5py.Group) -> dict[str, Any]:
    dataset = group["table"]
    rows, columns = dataset[()], {}
    for field in rows.dtype.names:
        if field == "index":
            continue
        values = rows[field]
        names = _strings(dataset.attrs.get(f"{field}_kind")) if values.ndim == 2 else [field]
        if len(names) != (values.shape[1] if values.ndim == 2 else 1):
            raise ValueError(f"the columns of its block {field} are not named")
        for at, name in enumerate(names):
            own = values[:, at] if values.ndim == 2 else values
            own = _category(group, name if len(names) == 1 and f"meta/{name}" in group else field, _text(own))
            unit = re.fullmatch(r"datetime64\[(\w+)\]", _said(dataset, f"{field}_dtype"))
            columns[name] = _times(own, unit[1]) if unit else own
    return columns


def _said(dataset: h5py.Dataset, name: str) -> str:
    value = dataset.attrs.get(name, "")
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


def _times(values: Any, unit: str) -> Any:
    """Return times as text, from what pandas counts since 1970 in a unit such as ns; "" for none."""
    times = np.asarray(values, np.int64).view(f"datetime64[{unit}]")
    return np.where(np.isnat(times), "", np.datetime_as_string(times, unit="s")).astype(object)


def _category(group: h5py.Group, name: str, values: Any) -> Any:
    """Return the words or numbers behind the codes of a category, where a column or block is one."""
    place = f"meta/{name}/meta/table"
    if place not in group:
        return values
    table = group[place][()]
    words = np.asarray(_text(table[next(each for each in table.dtype.names if each != "index")])).reshape(-1)
    return np.array([words[code] if code >= 0 else "" for code in np.asarray(values, int)], object)


def _from_blocks(group: h5py.Group) -> dict[str, Any]:
    columns = {}
    for number in range(sum(1 for each in group if each.endswith("_values"))):
        items, values = group[f"block{number}_items"], group[f"block{number}_values"]
        if values.dtype == object or values.dtype.kind == "V":
            raise ValueError(
                "some of its columns are pickled, which is never read; write it with format='table'"
            )
        for at, name in enumerate(_text(items[()])):
            columns[str(name)] = _text(values[:, at])
    return columns


def _strings(pickled: Any) -> list[str]:
    """Return the strings of a pickled list, from its operations, without carrying any out."""
    content = (
        str(pickled).encode("latin-1") if isinstance(pickled, str) else bytes(np.asarray(pickled).tobytes())
    )
    words = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING")
    return [
        str(argument) for operation, argument, _ in pickletools.genops(content) if operation.name in words
    ]


def _text(values: Any) -> Any:
    if values.dtype.kind == "S" or values.dtype == object:
        return np.array(
            [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in values], object
        )
    return values
