"""Bad input is refused in one line that names file, row and remedy; oddities are repaired and named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.findings import Findings
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

HEADER = "time,latitude,longitude,depth,mag,magType,id,type\n"
GOOD = [f"2020-01-0{i}T00:00:00Z,3{i}.5,-11{i}.5,{i},{i}.5,ml,ev{i},earthquake" for i in range(1, 7)]


def read_rows(
    tmp_path: Path, rows: list[str], header: str = HEADER, **options: object
) -> tuple[Catalogue, Findings]:
    path = tmp_path / "c.csv"
    path.write_text(header + "\n".join(rows) + "\n")
    return read_catalogue(path, **options)


def refusal(tmp_path: Path, rows: list[str], header: str = HEADER, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path, rows, header, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path / "c.csv") in message
    return message


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (0, "06/07/2019 03:19", "time = '06/07/2019 03:19'; expected a time such as"),
        (0, "1562383193", "or seconds since 1970 with --columns.time_epoch_s=time"),
        (0, "2020-02-30T00:00:00Z", "time = '2020-02-30T00:00:00Z' is no valid time"),
        (0, "", "no time; every event needs one"),
        (1, "95", "latitude = 95; expected -90 to 90"),
        (1, "north", "latitude = 'north'; expected a number"),
        (2, "400", "longitude = 400; expected -180 to 360"),
        (3, "-50", "depth = -50; expected -10 to 800 km, positive down"),
        (3, "8000", "depth = 8000"),
        (4, "15", "mag = 15; expected -5 to 10"),
        (4, "inf", "mag = 'inf'; expected a number"),
        (4, "4,5", "9 fields where the header has 8"),
        (4, "", "no magnitude; every event needs one; drop such rows with `terrella forecast data"),
        (4, "NaN", "--drop-incomplete`"),
        (4, "strong", "mag = 'strong'; expected a number"),
    ],
)
def test_a_bad_value_is_refused_with_its_row_and_line(
    tmp_path: Path, field: int, value: str, said: str
) -> None:
    rows = GOOD.copy()
    fields = rows[2].split(",")
    fields[field] = value
    rows[2] = ",".join(fields)
    message = refusal(tmp_path, rows)
    assert "row 3 (line 4)" in message
    assert said in message


def test_lines_count_blank_lines_and_quoted_breaks_where_rows_do_not(tmp_path: Path) -> None:
    rows = [GOOD[0] + ',"a place', 'of two lines"', "", GOOD[1] + ",x", GOOD[2].replace("3.5", "x") + ",y"]
    assert "row 3 (line 6)" in refusal(tmp_path, rows, HEADER.replace("type\n", "type,place\n"))


@pytest.mark.parametrize("header", [HEADER, "", "lon,lat,M,time_string,depth,catalog_id,event_id\n"])
def test_lines_count_from_the_top_of_the_file(tmp_path: Path, header: str) -> None:
    rows = [*GOOD[:2], "x" + GOOD[2]]
    if header != HEADER:
        rows = [
            "1,2,3,2020-01-01T00:00:00,5,0,a",
            "1,2,3,2020-01-02T00:00:00,5,0,b",
            "1,2,x,2020-01-03,5,0,c",
        ]
    line = 5 + bool(header)
    assert f"row 3 (line {line})" in refusal(tmp_path, rows, "\n\n" + header)


def test_swapped_columns(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD, HEADER.replace("latitude,longitude", "longitude,latitude"))
    assert (
        "seem to be swapped (6 such rows); say --columns.latitude=longitude --columns.longitude=latitude"
        in message
    )
    swapped = {"latitude": "longitude", "longitude": "latitude"}
    header = HEADER.replace("latitude,longitude", "longitude,latitude")
    catalogue, _ = read_rows(tmp_path, GOOD, header, columns=swapped)
    assert catalogue.longitude[0] == -111.5


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD, HEADER.replace(",mag,", ",size,"))
    assert "no column for magnitude" in message
    assert "size" in message
    assert "--columns.magnitude=NAME" in message


def test_a_mapping_to_no_column_names_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'mag'" in refusal(tmp_path, GOOD, columns={"magnitude": "mg"})
    with pytest.raises(InputError, match="did you mean 'magnitude'"):
        read_rows(tmp_path, GOOD, columns={"magnitud": "mag"})


def test_two_magnitudes_are_no_guess(tmp_path: Path) -> None:
    rows = ["2020-01-01,1,2,3.1,3.3"]
    assert "several columns may hold the magnitude (Mw, ML)" in refusal(
        tmp_path, rows, "time,lat,lon,Mw,ML\n"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b" \n\n", "the file is empty"),
        ("header.csv", HEADER.encode(), "no events"),
        ("prose.txt", b"Dear colleague\nplease find the catalogue\n", "not a catalogue that Terrella knows"),
        ("settings.toml", b"[data]\nregion = 1\n", "not a catalogue that Terrella knows"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary data in no catalogue format"),
        ("short.parquet", b"PAR1" + b"\0" * 40, "damaged or truncated Parquet"),
        ("no.parquet", b"time,mag\n", "not a Parquet file"),
        ("page.html", b"<!DOCTYPE html><html></html>", "QuakeML was expected"),
        ("other.xml", b"<svg></svg>", "no readable QuakeML"),
        ("map.kml", b"<?xml version='1.0'?><kml></kml>", "KML, which holds a map"),
        ("book.xlsx", b"PK\3\4" + b"\0" * 26 + b"xl/workbook.xml", "an Excel workbook; save the sheet"),
        ("cut.geojson", b'{"type": "FeatureCollection", "features": [', "truncated JSON"),
        ("other.json", b'{"a": 1}', "FeatureCollection"),
        ("t.geojson", b'{"features": [{"id": "q", "properties": {"mag": "x", "time": 0}}]}', "1 (q): mag = 'x'"),
        ("cut.csv.gz", gzip.compress(HEADER.encode() * 99, mtime=0)[:-12], "damaged or truncated gzip"),
        ("many.csep", b"".join(b"1,2,3,2020-01-01T00:00:00,5,%d,\n" % i for i in range(3)), "holds 3 catalogues"),
    ],
)  # fmt: skip
def test_files_that_are_no_catalogue(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_catalogue(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_truncated_parquet_and_csv(small: Catalogue, tmp_path: Path) -> None:
    for suffix, said in (("parquet", "truncated Parquet"), ("csv", "fields where the header has 22")):
        path = tmp_path / f"cut.{suffix}"
        write_catalogue(small, path)
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(InputError, match=said):
            read_catalogue(path)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "catalogue.csv").write_text(HEADER)
    with pytest.raises(InputError, match=r"no such file; did you mean .*catalogue\.csv"):
        read_catalogue(tmp_path / "catalog.csv")
    with pytest.raises(InputError, match="a folder; a catalogue file was expected"):
        read_catalogue(tmp_path)


def found(findings: Findings, what: str) -> tuple[int, tuple[str, ...]]:
    return next((f.count, f.examples) for f in findings.found if what in f.what)


def test_unsorted_duplicate_and_future_rows_are_repaired_and_named(tmp_path: Path) -> None:
    future = GOOD[0].replace("2020", "2999").replace("ev1", "later")
    rows = [GOOD[4], GOOD[1], future, GOOD[1], GOOD[0], GOOD[2] + "x"]
    rows[-1] = rows[-1].replace("earthquakex", "quarry blast")
    catalogue, findings = read_rows(tmp_path, rows)
    assert [i.decode() for i in catalogue.event_id] == ["ev1", "ev2", "ev5"]
    assert found(findings, "left out") == (1, ("row 6 (line 7), 2020-01-03T00:00:00, ev3",))
    assert found(findings, "exact duplicates dropped") == (1, ("row 4 (line 5), 2020-01-02T00:00:00, ev2",))
    assert found(findings, "future") == (1, ("row 3 (line 4), 2999-01-01T00:00:00, later",))
    assert found(findings, "sorted by time")[0] == 3
    lines = findings.lines()
    assert lines[0] == "6 rows, 3 events kept"
    assert len(lines) == 1 + len(findings.found)


def test_kept_oddities_are_named(tmp_path: Path) -> None:
    near = GOOD[2].replace("00:00:00Z", "00:00:00.5Z").replace(",3.5,ml", ",3.6,ml")
    above_sea = GOOD[3].replace(",4,4.5", ",-1.2,4.5")
    east = "2020-01-07T00:00:00Z,10,190,,5,mb,ev9,earthquake"
    catalogue, findings = read_rows(tmp_path, [GOOD[2], near, above_sea, east])
    assert len(catalogue) == 4
    assert found(findings, "share their id")[0] == 2
    assert found(findings, "within 1 s and 10 km") == (1, ("row 2 (line 3), 2020-01-03T00:00:00, ev3",))
    assert found(findings, "above sea level")[0] == 1
    assert found(findings, "without depth") == (1, ())
    assert found(findings, "moved by 360")[0] == 1
    assert catalogue.longitude[3] == -170


def test_incomplete_rows_are_dropped_on_request(tmp_path: Path) -> None:
    rows = [GOOD[0], GOOD[1].replace("2.5,ml", ",ml"), GOOD[2].replace("33.5", "")]
    catalogue, findings = read_rows(tmp_path, rows, drop_incomplete=True)
    assert len(catalogue) == 1
    assert found(findings, "rows without latitude or magnitude dropped")[0] == 2


def test_nothing_left_is_an_error_that_says_why(tmp_path: Path) -> None:
    rows = [row.replace("earthquake", "explosion") for row in GOOD]
    assert "6 events of type 'explosion' left out" in refusal(tmp_path, rows)


def test_a_column_called_type_need_not_be_of_events(tmp_path: Path) -> None:
    catalogue, _ = read_rows(tmp_path, ["2020-01-01,1,2,3,Mw"], "time,lat,lon,mag,type\n")
    assert len(catalogue) == 1


def test_exact_duplicates_among_many_ties(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    n = 400
    times = np.datetime64("2000-01-01", "us") + draw.integers(0, 5, n).astype("timedelta64[D]")
    lon, mag, depth = (
        draw.integers(0, 3, n),
        draw.integers(2, 4, n),
        np.where(draw.random(n) < 0.5, np.nan, 5.0),
    )
    write_catalogue(make_catalogue(times, lon, np.zeros(n), mag, depth), tmp_path / "ties.parquet")
    catalogue, findings = read_catalogue(tmp_path / "ties.parquet")
    expected = {(t, x, m, str(d)) for t, x, m, d in zip(times.tolist(), lon, mag, depth, strict=True)}
    assert len(catalogue) == len(expected)
    assert found(findings, "exact duplicates")[0] == n - len(expected)


def test_a_crowd_at_magnitude_0_is_named(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    n = 3000
    times = np.datetime64("2000-01-01", "us") + np.arange(n).astype("timedelta64[D]")
    lon, magnitude = draw.uniform(0, 5, n), np.round(draw.normal(0.5, 0.6, n), 1)
    for many, said in ((False, 0), (True, 1500)):
        magnitude = np.where(np.arange(n) < 1500, 0.0, magnitude) if many else magnitude
        magnitude[1500:][magnitude[1500:] == 0] = 0.1
        write_catalogue(make_catalogue(times, lon, lon, magnitude), tmp_path / "m.parquet")
        _, findings = read_catalogue(tmp_path / "m.parquet")
        assert [f.count for f in findings.found if "magnitude 0" in f.what] == ([said] if said else [])
