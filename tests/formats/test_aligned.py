"""ZMAP, tables in the manner of HORUS, and the text of FDSN event services."""

import gzip
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_fuzz import check_reading, odd, relaxed

from terrella.errors import InputError
from terrella.formats.catalogues.aligned import read_layout
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

LANDERS = "-116.437\t34.2\t1992.4890\t6\t28\t7.3\t1.096\t11\t57\t34.13"


def read_text(tmp_path: Path, text: str, name: str = "catalogue.dat") -> Catalogue:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return read_catalogue(tmp_path / name)[0]


@pytest.mark.parametrize("year", ["1992", "1992.4890", "1.9924890e+003", "1992.0", "1992.9", "1992.1"])
def test_zmap_with_whole_and_decimal_years(tmp_path: Path, year: str) -> None:
    catalogue = read_text(tmp_path, LANDERS.replace("1992.4890", year) + "\n")
    assert catalogue.time_utc[0] == np.datetime64("1992-06-28T11:57:34.13")
    assert (catalogue.longitude[0], catalogue.latitude[0], catalogue.magnitude[0]) == (-116.437, 34.2, 7.3)
    assert catalogue.depth_km[0] == np.float32(1.096)


def test_zmap_as_matlab_saves_it_with_errors_behind_and_comments_before(tmp_path: Path) -> None:
    text = (
        "% lon lat year month day mag depth hour min sec dx dz dm\r\n\r\n"
        "  -1.1643700e+02   3.4200000e+01   1.9924890e+03   6.0000000e+00   2.8000000e+01   7.3000000e+00"
        "   NaN   1.1000000e+01   5.7000000e+01   3.4130000e+01   NaN   5.0e-01   1.0e-01\r\n"
        "  -116.8 34.2 1992.4893 6 28 6.3 3.6 15 5 30.73 0.4 31.6 0.2\r\n"
    )
    catalogue = read_text(tmp_path, text)
    assert catalogue.magnitude.tolist() == [7.3, 6.3]
    assert np.isnan(catalogue.depth_km[0])
    assert catalogue.time_utc[1] == np.datetime64("1992-06-28T15:05:30.73")


@settings(max_examples=200, deadline=None)
@given(
    seconds=st.integers(-(10**10), 2 * 10**9),
    digits=st.integers(3, 12),
)
def test_a_rounded_decimal_year_never_moves_an_event_to_another_year(
    tmp_path_factory: pytest.TempPathFactory, seconds: int, digits: int
) -> None:
    time = np.datetime64(seconds, "s")
    year = time.astype("datetime64[Y]")
    length = ((year + 1).astype("datetime64[s]") - year.astype("datetime64[s]")).astype(int)
    decimal = int(str(year)) + (time - year.astype("datetime64[s]")).astype(int) / length
    date, clock = str(time).split("T")
    row = ["0", "0", f"{decimal:.{digits}f}", *date.split("-")[1:], "5", "5", *clock.split(":")]
    if float(row[2]) == int(float(row[2])):
        row[2] = str(int(str(year)))  # without any digit left, a column of years is taken as it is
    assert read_layout(" ".join(row), "z", "ZMAP").time_utc[0] == time


def test_what_zmap_writes_is_read_back(tmp_path: Path, small: Catalogue) -> None:
    write_catalogue(small, tmp_path / "small.zmap")
    back = read_catalogue(tmp_path / "small.zmap")[0]
    np.testing.assert_array_equal(back.time_utc, small.time_utc)
    np.testing.assert_array_equal(back.depth_km, small.depth_km)
    fields = (tmp_path / "small.zmap").read_text().splitlines()[3].split("\t")
    # The last minute of 29 February 2024 ends day 60 of 366.
    assert float(fields[2]) == pytest.approx(2024 + 60 / 366, abs=1e-9)
    assert fields[3:5] + fields[7:] == ["2", "29", "23", "59", "59.999000"]


moments = st.datetimes(datetime(1700, 1, 1), datetime(2025, 1, 1))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(moments, min_size=1, max_size=6, unique=True))
def test_any_time_survives_zmap(tmp_path: Path, times: list) -> None:
    n = len(times)
    catalogue = make_catalogue(times, np.linspace(-180, 179, n), np.zeros(n), np.full(n, 5.1))
    write_catalogue(catalogue, tmp_path / "any.zmap")
    back = read_catalogue(tmp_path / "any.zmap")[0]
    np.testing.assert_array_equal(back.time_utc, catalogue.time_utc)
    np.testing.assert_array_equal(back.longitude, catalogue.longitude)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1 2 2000 13 1 5 10 0 0 0", "row 2 (line 2): month = 13; expected 1 to 12"),
        ("1 2 2000.5 x 1 5 10 0 0 0", "row 2 (line 2): month = 'x'; expected a number"),
        ("1 2 2001 2 29 5 10 0 0 0", "row 2 (line 2): no such date: 2001-02-29"),
        ("1 2 2001 2 28 5 10", "row 2 (line 2): 7 fields where the first line has 10"),
        ("1 200 2001 2 28 5 10 0 0 0", "row 2 (line 2): latitude = 200; expected -90 to 90"),
        ("1 2 2001 2 28 NaN 10 0 0 0", "row 2 (line 2): no magnitude"),
        ("1 2 9e99 2 28 5 10 0 0 0", "row 2 (line 2): year = "),
    ],
)
def test_a_row_of_zmap_that_cannot_be_is_named(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, LANDERS + "\n" + row + "\n")
    assert words in str(caught.value)


HORUS = """Year\tMo\tDa\tHo\tMi\tSe\tLat\tLon\tDepth\tMw\tsigMw\tGeo\tIside
1960\t1\t3\t20\t19\t34.50\t39.3000\t15.3000\t290.0\t6.34\t0.24\t*\t0
1968\t1\t15\t2\t1\t60.00\t37.7700\t12.9800\t\t6.41\t0.15\t*\t0
2009\t4\t6\t1\t32\t40.40\t42.3420\t13.3800\t8.3\t6.29\t0.07\t*\t1895389
"""


@pytest.mark.parametrize("shape", ["tabs", "spaces", "gzip", "windows"])
def test_horus(tmp_path: Path, shape: str) -> None:
    text = HORUS
    if shape == "spaces":
        text = "\n".join("  ".join(line.replace("\t\t", "\tNaN\t").split("\t")) for line in HORUS.split("\n"))
    if shape == "windows":
        text = HORUS.replace("\n", "\r\n")
    if shape == "gzip":
        (tmp_path / "horus.gz").write_bytes(gzip.compress(HORUS.encode()))
        catalogue = read_catalogue(tmp_path / "horus.gz")[0]
    else:
        catalogue = read_text(tmp_path, text)
    assert catalogue.magnitude.tolist() == [6.34, 6.41, 6.29]
    assert catalogue.time_utc.tolist() == [
        np.datetime64(time, "us").item()
        for time in ("1960-01-03T20:19:34.5", "1968-01-15T02:02:00", "2009-04-06T01:32:40.4")
    ]
    np.testing.assert_array_equal(catalogue.depth_km, np.array([290, np.nan, 8.3], np.float32))


def test_a_row_of_horus_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 2 \(line 3\): Da = 45; expected 1 to 31"):
        read_text(tmp_path, HORUS.replace("1968\t1\t15", "1968\t1\t45"))
    spaced = "year month day lat lon mw\n1960 1 3 39.3 15.3 6.3\n\n1968 1 15 37.7 6.4\n"
    with pytest.raises(InputError, match=r"row 2 \(line 4\): 5 fields where the first line has 6"):
        read_text(tmp_path, spaced)


FDSN = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|"
    "MagAuthor|EventLocationName|EventType\n"
)
TOHOKU = (
    '3279407|2011-03-11T05:46:23.2|38.2963|142.498|19.7|us|ANSS|us|usp|mw|9.1|us|"Off" HONSHU|earthquake\n'
)
BLAST = '9|2011-03-12T05:46:23|38|142||a|b|c|d|ml|2.1|us|5 km N of "x|quarry blast\n'


def test_fdsn_text_has_no_quotes_and_may_be_joined(tmp_path: Path) -> None:
    (tmp_path / "joined").write_text(FDSN + BLAST + FDSN + TOHOKU)
    catalogue, findings = read_catalogue(tmp_path / "joined")
    assert findings.n_rows == 2
    assert catalogue.event_id.tolist() == [b"3279407"]
    assert (catalogue.magnitude[0], catalogue.depth_km[0]) == (9.1, np.float32(19.7))
    assert any("quarry blast" in line for line in findings.lines())


def test_a_row_of_fdsn_text_that_cannot_be_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 2 \(line 4\): Latitude = 'north'"):
        read_text(tmp_path, FDSN + BLAST + FDSN + TOHOKU.replace("38.2963", "north"))
    with pytest.raises(InputError, match=r"row 2 \(line 3\): 4 fields where the header has 14"):
        read_text(tmp_path, FDSN + BLAST + TOHOKU[:45])
    with pytest.raises(InputError, match="holds no events"):
        read_text(tmp_path, FDSN)


values = st.sampled_from([*odd, "NaN", "13", "1992.5", "1e3", "Inf", "1_0"]) | st.integers(-3, 70).map(str)


@relaxed
@given(rows=st.lists(st.lists(values, min_size=9, max_size=14), max_size=5), header=st.integers(0, 2))
def test_random_rows(tmp_path: Path, rows: list[list[str]], header: int) -> None:
    first = [LANDERS.replace("\t", " "), "year mo da ho mi se lat lon depth mw", FDSN.strip()][header]
    text = "\n".join([first, *(("|" if header == 2 else " ").join(row) for row in rows)])
    (tmp_path / "fuzz").write_text(text, encoding="utf-8")
    check_reading(tmp_path / "fuzz")


@relaxed
@given(rows=st.lists(st.lists(st.integers(0, 40).map(str), min_size=10, max_size=10), min_size=1, max_size=4))
def test_random_numbers_without_a_header(tmp_path: Path, rows: list[list[str]]) -> None:
    (tmp_path / "fuzz").write_text("\n".join("\t".join(row) for row in rows))
    check_reading(tmp_path / "fuzz")
