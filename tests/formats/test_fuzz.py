"""Whatever a file holds, reading it ends with a catalogue or with one clear line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check_reading(path: Path) -> None:
    message = ""
    try:
        catalogue, findings = read_catalogue(path, drop_incomplete=True)
    except InputError as error:
        message = str(error)
    if message:
        assert "\n" not in message
        assert str(path) in message
        return
    assert len(catalogue) == findings.n_events <= findings.n_rows
    assert np.all(np.diff(catalogue.time_utc) >= np.timedelta64(0))
    assert np.all(np.abs(catalogue.latitude) <= 90)
    assert np.all(np.abs(catalogue.longitude) <= 180)
    assert np.all((catalogue.magnitude >= -5) & (catalogue.magnitude <= 10))


starts = st.sampled_from(
    [b"", b"PAR1", b"\x1f\x8b", b"{", b'{"features": [{', b"<", b"<?xml version='1.0'?>", b"time,"]
)


@relaxed
@given(start=starts, rest=st.binary(max_size=200))
def test_random_bytes(tmp_path: Path, start: bytes, rest: bytes) -> None:
    (tmp_path / "fuzz").write_bytes(start + rest)
    check_reading(tmp_path / "fuzz")


odd = [
    "",
    "nan",
    "1e999",
    "-1",
    "95",
    '"',
    "é",
    "٣",
    "5.0.0",
    "9" * 400,
    "+02:00",
    "earthquake",
    "mw",
    "2020-01-01",
]
odd += ["2020-13-41T25:61:61Z", "0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"]
fields = st.text(max_size=8) | st.sampled_from(odd)


@relaxed
@given(rows=st.lists(st.lists(fields, min_size=7, max_size=7), min_size=1, max_size=5), header=st.booleans())
def test_random_fields(tmp_path: Path, rows: list[list[str]], header: bool) -> None:
    first = ["time,lat,lon,depth,mag,magtype,id"] if header else ["1,2,3,2020-01-01,5,0,x"]
    text = "\n".join(first + [",".join(row) for row in rows])
    (tmp_path / "fuzz.csv").write_text(text, encoding="utf-8", errors="replace")
    check_reading(tmp_path / "fuzz.csv")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "xml", "csep", "zmap"])
@settings(relaxed, max_examples=40)
@given(data=st.data())
def test_damaged_files(small: Catalogue, tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"damaged.{suffix}"
    write_catalogue(small, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    check_reading(path)
