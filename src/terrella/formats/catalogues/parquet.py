"""Catalogues in Parquet: the format that loads a million events in under a second."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.columns import find_columns
from terrella.formats.catalogues.raw import Place, RawEvents
from terrella.formats.catalogues.table import events_from_table


def read_parquet(path: Path, columns: Mapping[str, str] | None = None) -> RawEvents:
    """Return the events of a Parquet file; columns are found by name, times without a zone are UTC.

    Raises:
        InputError: where the file is damaged or a needed column is missing.
    """
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            names = list(file.schema_arrow.names)
            found = find_columns(names, columns, str(path))
            used = sorted(set(found.values()))
            table = file.read(columns=[names[i] for i in used])
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(
            f"{path}: damaged or truncated Parquet ({reason}); write or fetch it again"
        ) from error
    if table.num_columns != len(used):
        raise InputError(f"{path}: nested or repeated columns; expected one plain column each")
    position = {i: k for k, i in enumerate(used)}
    place = Place(str(path), lambda row: f"row {row + 1}")
    return events_from_table(
        table, {k: position[i] for k, i in found.items()}, [names[i] for i in used], place
    )


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
