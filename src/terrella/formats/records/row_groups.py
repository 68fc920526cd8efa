"""Columns of a Parquet file in chunks of its row groups."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from terrella.errors import InputError
from terrella.formats.records.record_store import RecordStore, Unchanged, Variable, readable

Values = npt.NDArray[Any]


def open_row_groups(path: Path, names: Sequence[str] | None = None) -> RecordStore:
    """Open the columns of numbers of a Parquet file; times become int64 in their own unit, missing values NaN.

    A chunk is a row group, which is decoded once for all its columns.

    Raises:
        InputError: for a file that is no Parquet, columns that it lacks or that hold no numbers, and where integers
            are missing.
    """
    unchanged, local = Unchanged(), threading.local()
    with readable(path):
        unchanged.note(path, path.stat())
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            sizes = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
    found = {field.name: _dtype(field.type) for field in schema}
    chosen = [name for name, dtype in found.items() if dtype is not None] if names is None else list(names)
    variables = {}
    for name in chosen:
        dtype = found.get(name)
        if dtype is None:
            raise InputError(f"{path}: no column {name!r} of numbers; there are {', '.join(found)}")
        variables[name] = Variable((), dtype)
    if not variables or not sum(sizes):
        raise InputError(f"{path}: no rows of numbers")
    borders = np.concatenate([[0], np.cumsum([size for size in sizes if size])]).astype(np.int64)
    groups = [k for k, size in enumerate(sizes) if size]

    def column(name: str, first: int, out: Values) -> None:
        group = groups[int(np.searchsorted(borders, first))]
        with path.open("rb") as opened:
            unchanged.note(path, path.stat())
            # Each thread keeps the group at hand: its columns are asked for one after the other.
            if getattr(local, "group", None) != group:
                with pq.ParquetFile(opened) as file:
                    local.table, local.group = (
                        file.read_row_group(group, columns=chosen, use_threads=False),
                        group,
                    )
        values = local.table.column(name)
        if values.null_count and out.dtype.kind != "f":
            raise InputError(
                f"{path}: column {name!r} lacks values in row group {group}; choose other columns"
            )
        if pa.types.is_temporal(values.type):
            values = values.cast(pa.int64())
        out[:] = values.to_numpy(zero_copy_only=False)

    readers = {name: (lambda first, end, out, name=name: column(name, first, out)) for name in variables}
    return RecordStore(path, variables, borders, readers)


def _dtype(kind: pa.DataType) -> np.dtype[Any] | None:
    if pa.types.is_timestamp(kind):
        return np.dtype(np.int64)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return np.dtype(kind.to_pandas_dtype())
    return None
