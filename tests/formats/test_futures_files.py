"""Catalogue-based forecasts: CSEP's file as others read it, and Parquet there and back."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues import futures as module
from terrella.formats.catalogues.futures import Futures, read_futures, write_futures

ISSUE = np.datetime64("2019-07-06T04:00:00", "us")
COUNTS = [0, 3, 0, 0, 1, 5, 0]


@pytest.fixture(params=[500_000, 2])
def futures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Futures:
    """Seven catalogues, four of them empty, written at once or in several parts."""
    monkeypatch.setattr(module, "_ROWS", request.param)
    draw = np.random.default_rng(0)
    start = np.concatenate([[0], np.cumsum(COUNTS)]).astype(np.int64)
    days = np.concatenate([np.sort(draw.uniform(0, 7, n)) for n in COUNTS])
    days[0] = 0.0  # a whole second
    values = [days, draw.uniform(-180, 180, 9), draw.uniform(-90, 90, 9), 2.5 + draw.exponential(1, 9)]
    return Futures(ISSUE, 7.0, 2.5, start, *(v.astype(np.float32) for v in values))


@pytest.mark.parametrize("name", ["futures.csep", "futures.csv", "futures.csv.gz"])
def test_csep_ascii_numbers_catalogues_and_keeps_empty_ones(
    futures: Futures, tmp_path: Path, name: str
) -> None:
    write_futures(futures, tmp_path / name)
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "rt", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["lon", "lat", "mag", "time_string", "depth", "catalog_id", "event_id"]
    assert [int(row[5]) for row in rows] == [0, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6]
    empty = [row for row in rows if not row[0]]
    assert [row[5] for row in empty] == ["0", "2", "3", "6"]
    assert all(set(row[:5] + row[6:]) == {""} for row in empty)
    events = [row for row in rows if row[0]]
    for k, column in enumerate((futures.longitude, futures.latitude, futures.magnitude)):
        np.testing.assert_array_equal(np.array([row[k] for row in events], np.float32), column)
    times = np.array([row[3] for row in events], "datetime64[us]")
    assert all("T" in row[3] and row[3].count(":") == 2 for row in events)
    np.testing.assert_array_equal(times, np.concatenate([futures.catalogue(k).time_utc for k in range(7)]))
    days = (times - ISSUE) / np.timedelta64(86_400_000_000, "us")
    np.testing.assert_allclose(days, futures.time_days, atol=1e-10)


def test_pycsep_reads_the_same_catalogues(futures: Futures, tmp_path: Path) -> None:
    csep = pytest.importorskip("csep")
    write_futures(futures, tmp_path / "futures.csep")
    found = list(csep.load_catalog_forecast(str(tmp_path / "futures.csep")))
    assert [catalogue.event_count for catalogue in found] == COUNTS
    assert [catalogue.catalog_id for catalogue in found] == list(range(7))
    np.testing.assert_allclose(found[5].get_magnitudes(), futures.magnitude[-5:])
    milliseconds = futures.catalogue(5).time_utc.astype("datetime64[ms]").astype(int)
    np.testing.assert_allclose(found[5].get_epoch_times(), milliseconds, atol=1)


def test_parquet_there_and_back(futures: Futures, tmp_path: Path) -> None:
    write_futures(futures, tmp_path / "futures.parquet")
    again = read_futures(tmp_path / "futures.parquet")
    assert (again.issue_time_utc, again.days, again.min_magnitude) == (ISSUE, 7.0, 2.5)
    assert len(again) == 7
    for name in ("start", "longitude", "latitude", "magnitude"):
        np.testing.assert_array_equal(getattr(again, name), getattr(futures, name))
    np.testing.assert_allclose(again.time_days, futures.time_days, rtol=1e-6, atol=1e-10)


def test_what_is_no_such_file_is_named(futures: Futures, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="written as one of"):
        write_futures(futures, tmp_path / "futures.nc")
    (tmp_path / "other.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="holds no simulated catalogues"):
        read_futures(tmp_path / "other.parquet")
