"""Forecasts by simulation: many catalogues of what may follow an issue time, as CSEP ASCII or Parquet.

CSEP's file of a catalogue-based forecast (Savran et al. 2022, doi 10.21105/joss.03658) has one event a line,
numbered by catalogue from 0; a catalogue without events is a line that holds nothing but its number.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

CSEP_HEADER = "lon,lat,mag,time_string,depth,catalog_id,event_id"
_SUFFIXES = (".csep", ".csv", ".csv.gz", ".parquet")
_ROWS = 500_000  # written at once
_DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, eq=False)
class Futures:
    """Simulated catalogues one after the other, each sorted by time.

    `start` (catalogue + 1,) is where each begins; times are in days since the issue time, good to 0.1 s a week
    ahead, and places to a metre.
    """

    issue_time_utc: np.datetime64
    days: float  # the window's length
    min_magnitude: float
    start: npt.NDArray[np.int64]
    time_days: npt.NDArray[np.float32]
    longitude: npt.NDArray[np.float32]
    latitude: npt.NDArray[np.float32]
    magnitude: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.start) - 1

    def catalogue(self, number: int) -> Catalogue:
        """Return one of the catalogues; depths are unknown (NaN)."""
        chosen = slice(self.start[number], self.start[number + 1])
        return make_catalogue(
            _times(self, chosen),
            self.longitude[chosen],
            self.latitude[chosen],
            self.magnitude[chosen],
            name=f"future {number}",
        )


def write_futures(futures: Futures, path: Path) -> None:
    """Write CSEP ASCII (.csep, .csv, .csv.gz) or Parquet (.parquet), as the suffix says.

    Raises:
        InputError: where the suffix is none of these.
        TerrellaError: where the place cannot be written.
    """
    if not path.name.lower().endswith(_SUFFIXES):
        raise InputError(f"{path}: simulated catalogues are written as one of {', '.join(_SUFFIXES)}")
    if path.suffix.lower() == ".parquet":
        replace_file(path, partial(_write_parquet, futures))
    else:
        replace_file(path, partial(_write_csep, futures))


def read_futures(path: Path) -> Futures:
    """Return the catalogues in a Parquet file that `write_futures` wrote.

    Raises:
        InputError: where the file is not there or no such forecast.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        about = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        issue = np.datetime64(about["issue_time_utc"], "us")
        counts = np.bincount(table["catalog_id"].to_numpy(), minlength=int(about["catalogues"]))
        time = table["time"].cast(pa.timestamp("us")).to_numpy()
        return Futures(
            issue_time_utc=issue,
            days=float(about["days"]),
            min_magnitude=float(about["min_magnitude"]),
            start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            time_days=((time - issue) / _DAY).astype(np.float32),
            longitude=table["longitude"].to_numpy(),
            latitude=table["latitude"].to_numpy(),
            magnitude=table["magnitude"].to_numpy(),
        )
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} holds no simulated catalogues written by Terrella: {reason}") from None


def _times(futures: Futures, chosen: slice) -> npt.NDArray[np.datetime64]:
    micros = np.floor(futures.time_days[chosen].astype(float) * 86_400e6)
    return np.asarray(futures.issue_time_utc + micros.astype("timedelta64[us]"))


def _write_parquet(futures: Futures, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "issue_time_utc": str(futures.issue_time_utc),
        "days": repr(futures.days),
        "min_magnitude": repr(futures.min_magnitude),
        "catalogues": str(len(futures)),
    }
    kind = pa.schema(
        {
            "catalog_id": pa.int32(),
            "time": pa.timestamp("us", tz="UTC"),
            "longitude": pa.float32(),
            "latitude": pa.float32(),
            "magnitude": pa.float32(),
        },
        metadata=about,
    )
    with pq.ParquetWriter(path, kind, compression="zstd") as writer:
        for first, last in _parts(futures):
            chosen = slice(futures.start[first], futures.start[last])
            columns = [
                np.repeat(np.arange(first, last, dtype=np.int32), np.diff(futures.start[first : last + 1])),
                pa.array(_times(futures, chosen)).cast(pa.timestamp("us", tz="UTC")),
                futures.longitude[chosen],
                futures.latitude[chosen],
                futures.magnitude[chosen],
            ]
            writer.write_table(pa.table(columns, schema=kind))


def _write_csep(futures: Futures, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import compute, csv

    options = csv.WriteOptions(include_header=False, quoting_style="none")
    # A higher level of compression takes ten times as long for a tenth less.
    packed = path.suffix.lower() == ".gz"
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        file.write(f"{CSEP_HEADER}\n".encode())
        for first, last in _parts(futures):
            chosen = slice(futures.start[first], futures.start[last])
            counts = np.diff(futures.start[first : last + 1])
            lines = np.maximum(counts, 1)
            number = np.repeat(np.arange(first, last), lines)
            # An empty catalogue's line has no event to take its values from.
            event = np.full(len(number), -1)
            event[np.repeat(counts > 0, lines)] = np.arange(chosen.stop - chosen.start)
            rows = pa.array(event, mask=event < 0)
            text = pa.array(_times(futures, chosen)).cast(pa.string())
            time = compute.replace_substring(text, " ", "T")
            columns = {
                "lon": pa.array(futures.longitude[chosen]).take(rows),
                "lat": pa.array(futures.latitude[chosen]).take(rows),
                "mag": pa.array(futures.magnitude[chosen]).take(rows),
                "time_string": time.take(rows),
                "depth": pa.nulls(len(number), pa.float32()),
                "catalog_id": pa.array(number),
                "event_id": pa.nulls(len(number), pa.string()),
            }
            csv.write_csv(pa.table(columns), file, options)


def _parts(futures: Futures) -> Iterator[tuple[int, int]]:
    """Yield first and last catalogue, that not included, of parts of some `_ROWS` events or catalogues."""
    first = 0
    while first < len(futures):
        by_events = int(np.searchsorted(futures.start, futures.start[first] + _ROWS, "right")) - 1
        last = min(max(by_events, first + 1), first + _ROWS, len(futures))
        yield first, last
        first = last
