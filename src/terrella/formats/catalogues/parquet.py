"""Catalogues in Parquet: the format that loads a million events in under a second."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.raw import RawEvents
from terrella.formats.catalogues.table import read_columns
from terrella.formats.catalogues.table_times import Rest

_SAMPLE = 100  # rows


def read_parquet(path: Path, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of a Parquet file; columns are found by name, times without a zone are UTC.

    Raises:
        InputError: where the file is damaged or a needed column is missing.
    """

    def read(used: list[int]) -> pa.Table:
        table = file.read(columns=[names[i] for i in used])
        if table.num_columns != len(used):
            raise InputError(f"{path}: nested or repeated columns; expected one plain column each")
        return table

    def rest(others: list[int]) -> Rest:
        first = next(file.iter_batches(_SAMPLE, columns=[names[i] for i in others]), None) if others else None
        return (
            {}
            if first is None
            else {
                k: [str(v) for v in c.to_pylist() if v is not None]
                for k, c in zip(first.schema.names, first.columns, strict=True)
            }
        )

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            names = list(file.schema_arrow.names)
            return read_columns(names, columns, str(path), read, lambda row: f"row {row + 1}", rest)
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(
            f"{path}: damaged or truncated Parquet ({reason}); write or fetch it again"
        ) from error


def write_parquet(catalogue: Catalogue, path: Path) -> None:
    """Write time (UTC), longitude, latitude, depth_km, magnitude and, if known, magnitude_type and event_id."""
    table = {
        "time": pa.array(catalogue.time_utc.astype("datetime64[us]")).cast(pa.timestamp("us", tz="UTC")),
        "longitude": pa.array(catalogue.longitude),
        "latitude": pa.array(catalogue.latitude),
        "depth_km": pa.array(catalogue.depth_km, from_pandas=True),
        "magnitude": pa.array(catalogue.magnitude),
    }
    if catalogue.magnitude_types:
        codes = pa.array(catalogue.magnitude_type, mask=np.asarray(catalogue.magnitude_type < 0))
        table["magnitude_type"] = pa.DictionaryArray.from_arrays(codes, pa.array(catalogue.magnitude_types))
    if catalogue.event_id is not None:
        table["event_id"] = pa.array(catalogue.event_id).cast(pa.string())
    pq.write_table(pa.table(table), path, compression="zstd")
