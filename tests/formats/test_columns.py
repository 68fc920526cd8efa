"""Columns that together make one value are combined or refused; what a header says of its values is applied."""

import datetime
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

PLACE = "Latitude,Longitude,Depth,Mag"
VALUES = "35.77,-117.599,8,7.1"
RIDGECREST = np.datetime64("2019-07-06T03:19:53.04")


def read_text(tmp_path: Path, text: str) -> Catalogue:
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    return read_catalogue(tmp_path / "c.csv")[0]


def read_row(tmp_path: Path, header: str, values: str) -> Catalogue:
    return read_text(tmp_path, f"{header},{PLACE}\n{values},{VALUES}\n")


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Date,Hour,Minute,Second", "2019-07-06,3,19,53.04"),
        ("Date,Time_GMT", "2019-07-06,03:19:53.04"),
        ("Date,Time", "2019-07-06,3:19:53.04"),
        ("Date,Time,Sec", "2019-07-06,03:19,53.04"),
        ("Date,Time,Time (local)", "2019-07-06,03:19:53.04,20:19:53.04"),
        ("Local Date,Local Time,UTC Date,UTC Time", "2019-07-05,20:19:53,2019-07-06,03:19:53.04"),
        ("Date,HHMMSS", "20190706,031953.04"),
        ("Date,HHMM,Sec", "2019.07.06,319,53.04"),
        ("Date,Time", "2019-07-06 00:00:00,03:19:53.04"),
        ("YYY/MM/DD,HH:mm:SS.ss", "2019/07/06,03:19:53.04"),
        ("Year,Mo,Day,Hr,Mn,Sec", "2019,7,6,3,19,53.04"),
        ("YYYY,MO,DD,HH,MI,SS", "2019,7,6,3,19,53.04"),
        ("YYYY,MM,DD,hh,mm,ss", "2019,7,6,3,19,53.04"),
        ("Y,M,D,H,M,S", "2019,7,6,3,19,53.04"),
        ("Año,Mes,Día,Hora,Minuto,Segundo", "2019,7,6,3,19,53.04"),
        ("Fecha,Hora UTC", "2019-07-06,03:19:53.04"),
        ("Year,Month,Day,Time", "2019,7,6,03:19:53.04"),
        ("Year,Month,Day,Hour,Minute,Second", "2019.51,7,6,3,19,53.04"),
        ("Year,DOY,Hour,Min,Sec", "2019,187,3,19,53.04"),
        ("time", "20190706031953.04"),
        ("time", "20190706T031953.04Z"),
        ("time", "2019-7-6 3:19:53.04"),
        ("Time (UTC+9)", "2019-07-06 12:19:53.04"),
        ("Origin time (UTC-07:00)", "2019-07-05 20:19:53.04"),
        ("Datetime UTC+8", "2019-07-06 11:19:53.04"),
        ("Date (GMT+5:30),Time", "2019-07-06,08:49:53.04"),
        ("Date,Time,TZ", "2019-07-06,12:19:53.04,+09:00"),
        ("time,tz", "2019-07-06T03:19:53.04Z,-420"),
        ("time,Zone", "2019-07-06T03:19:53.04Z,-07:00"),
        ("Time (UTC),Zone", "2019-07-06 03:19:53.04,-07:00"),
        ("time,Zone", "2019-07-06 03:19:53.04,+00:00"),
        ("time,Zone", "2019-07-06 03:19:53.04,11S"),
        ("time,msec", "2019-07-06 03:19:53.04,40"),
        ("Date,Time", "2019-07-06,3:19:53.04 AM"),
        ("Date and time", "6 July 2019 - 03:19:53.04"),
        ("Date,Time", "06-Jul-2019,03:19:53.04"),
        ("Fecha,Hora", '"Jul 06, 2019",03:19:53.04'),
        ("Tanggal,Jam,DateTime", "06 Juli 2019,10:19:53 WIB,2019-07-06 03:19:53.04+00:00"),
        ("Date,Time", "2019 JUL  6,03:19:53.04"),
        ("Origin time", '"Jul 6, 2019 03:19:53.04"'),
        ("FECHA_UTC,HORA_UTC", "20190706,31953.04"),
        ("YYMMDD,TIME", "20190706,031953.04"),
        ("Dagsetning,Tími", "2019-07-06,03:19:53.04"),
        ("tgl,ot", "2019/07/06,03:19:53.04"),
        ("Oluş Tarihi,Oluş Zamanı", "2019.07.06,03:19:53.04"),
        ("发震时刻", "2019-07-06 03:19:53.04"),
        ("Дата,Время", "2019-07-06,03:19:53.04"),
    ],
)
def test_a_time_from_whichever_columns_make_it(tmp_path: Path, header: str, values: str) -> None:
    assert read_row(tmp_path, header, values).time_utc[0] == RIDGECREST


@pytest.mark.parametrize(
    ("header", "values", "said"),
    [
        ("Date,Time (local)", "2019-07-06,03:19:53", "Time (local) holds times of a zone without its offset"),
        ("Origin time (JST)", "2019-07-06 12:19:53", "'Time (UTC+9)'"),
        ("Time (UTC+9)", "2019-07-06T03:19:53Z", "says UTC+9, and its values have zones of their own"),
        ("Date,Foo", "2019-07-06,03:19:53", "column Foo may hold the times of day"),
        ("Date,Foo", "2019-07-06T00:00:00,03:19:53", "column Foo may hold the times of day"),
        ("Date,Hour,Sec", "2019-07-06,3,53", "no column for the minute beside Hour and Sec"),
        ("Year,Month,Day,Hour,Sec", "2019,7,6,3,53", "no column for the minute beside Hour and Sec"),
        ("Year,Month,Day,Hour", "2019,7,6,3", "no column for the minute beside Hour"),
        ("Year,Month,Day,Hour,Min,Sec,Millisecond", "2019,7,6,3,19,53,40", "column Millisecond may hold parts"),
        ("time,usec", "2019-07-06T03:19:53,40000", "column usec may hold parts of the seconds"),
        ("Time,Zone", "2019-07-06 12:19:53,+09:00", "column Zone may hold the zones of the times"),
        ("Date,Time,Shift", "2019-07-05,20:19:53,UTC-7", "say --columns.time_zone=Shift"),
        ("Date,Time,TZ", "2019-07-06,12:19:53,JST", "TZ = 'JST'; expected an offset such as +09:00"),
        ("Date,Time", "06/07/2019,03:19:53", "day and month cannot be told apart: write the year first"),
        ("Date,Time", "89-07-06,03:19:53", "a year needs four digits"),
        ("Date,Time", "2019-07-06,13:19:53 PM", "13:19:53 PM"),
        ("Year,Month,Day", "89,7,6", "Year = 89; a year of two digits may be 1989 or 2089"),
        ("Year,Month,Day", "2019,7,6.5", "Day = 6.5; expected a whole number"),
        ("Hour,Min,Year,Month,Day,Min", "3,19,2019,7,6,19", "several columns may hold the minute (Min, Min)"),
        ("Time", "03:19:53", "Time = '03:19:53'"),
        ("Time,location_tz", "2019-07-06 03:19:53,Europe/Istanbul", "location_tz holds zones by name"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_known_is_refused(tmp_path: Path, header: str, values: str, said: str) -> None:
    assert said in refusal(tmp_path, f"{header},{PLACE}\n{values},{VALUES}\n")


def test_several_magnitudes_under_one_header_are_no_guess(tmp_path: Path) -> None:
    for header in ("time,lat,lon,MAG,MAG", "time,lat,lon,mag1,mag2"):
        assert "several columns may hold the magnitude" in refusal(
            tmp_path, f"{header}\n2019-07-06,1,2,4.1,6.3\n"
        )


def test_whole_degrees_are_told(tmp_path: Path) -> None:
    rows = "".join(f"2019-07-{day:02d},35,{day},-117,{day},4\n" for day in range(1, 20))
    (tmp_path / "c.csv").write_text(f"time,lat,m1,lon,m2,mag\n{rows}")
    lines = read_catalogue(tmp_path / "c.csv")[1].lines()
    assert any("19 places in whole degrees" in line for line in lines)


def test_a_zone_that_was_applied_and_dates_without_a_clock_are_told(tmp_path: Path) -> None:
    for header, value, said in (
        ("Time (UTC+9)", "2019-07-06 12:19:53", "1 times moved to UTC from UTC+9, as Time (UTC+9) says"),
        ("Date", "2019-07-06", "1 times without a time of day, taken as midnight"),
    ):
        (tmp_path / "c.csv").write_text(f"{header},{PLACE}\n{value},{VALUES}\n")
        assert any(said in line for line in read_catalogue(tmp_path / "c.csv")[1].lines())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2019-07-06T03:19:60.00Z", "2019-07-06T03:20:00"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5"),
        ("2019-07-06 3:9:61.5", "2019-07-06T03:10:01.5"),
        ("2019-07-06T24:00:00", "2019-07-07T00:00:00"),
    ],
)
@pytest.mark.parametrize(
    "shape", ["csv", "fdsn", "csep", "horus", "zmap", "spaced", "geojson", "parquet", "xml"]
)
def test_seconds_of_60_are_carried_in_every_format(
    tmp_path: Path, written: str, expected: str, shape: str
) -> None:
    """pyCSEP met 04:60:61.33 in HORUS (cseptesting/pycsep#40)."""
    date, clock = written.removesuffix("Z").replace(" ", "T").split("T")
    (year, month, day), (hour, minute, second) = date.split("-"), clock.split(":")
    row = f"{year} {month} {day} {hour} {minute} {second}"
    texts = {
        "csv": f"time,lat,lon,mag\n{written},1,2,3\n",
        "fdsn": f"#EventID|Time|Latitude|Longitude|Depth/km|Magnitude\n1|{written}|1|2|3|3\n",
        "csep": f"lon,lat,M,time_string,depth,catalog_id,event_id\n2,1,3,{written},3,0,a\n",
        "horus": "Year\tMo\tDa\tHo\tMi\tSe\tLat\tLon\tMw\n" + row.replace(" ", "\t") + "\t1\t2\t3\n",
        "spaced": f"YEAR MO DA HR MN SEC LAT LON MAG\n{row} 1 2 3\n",
        "zmap": f"2 1 {year} {month} {day} 3 3 {hour} {minute} {second}\n",
        "geojson": json.dumps(
            {"features": [{"properties": {"mag": 3, "time": written}, "geometry": {"coordinates": [2, 1, 3]}}]}
        ),
        "xml": '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">'
        '<eventParameters publicID="smi:local/all"><event publicID="smi:local/one"><origin publicID="smi:local/o">'
        f"<time><value>{date}T{hour.zfill(2)}:{minute.zfill(2)}:{second}Z</value></time><latitude><value>1</value>"
        '</latitude><longitude><value>2</value></longitude></origin><magnitude publicID="smi:local/m"><mag>'
        "<value>3</value></mag></magnitude></event></eventParameters></q:quakeml>",
    }  # fmt: skip
    if shape == "parquet":
        table = pa.table({"time": [written], "lat": [1.0], "lon": [2.0], "mag": [3.0]})
        pq.write_table(table, tmp_path / "c.csv")
    else:
        (tmp_path / "c.csv").write_text(texts[shape])
    assert read_catalogue(tmp_path / "c.csv")[0].time_utc[0] == np.datetime64(expected)


@pytest.mark.parametrize(
    "preamble", ["\n\n", "# made by x\n# in 2020\n", "% x\n\n# y, z\n", "Search results\nof x\n\n"]
)
@pytest.mark.parametrize("shape", ["csv", "fdsn", "csep", "horus", "spaced", "commented", "zmap"])
def test_preambles_comments_and_repeated_headers_are_passed_over(
    tmp_path: Path, preamble: str, shape: str
) -> None:
    header, row = {
        "csv": ("time,lat,lon,mag", "2019-07-06T03:19:53.04Z,1,2,3"),
        "fdsn": (
            "#EventID|Time|Latitude|Longitude|Depth/km|Magnitude|Place",
            '1|2019-07-06T03:19:53.04|1|2|3|3|"x',
        ),
        "csep": ("lon,lat,M,time_string,depth,catalog_id,event_id", "2,1,3,2019-07-06T03:19:53.04,3,0,a"),
        "horus": (
            "Year\tMo\tDa\tHo\tMi\tSe\tLat\tLon\tMw",
            "2019\t7\t6\t3\t19\t53.04\t1\t2\t3",
        ),
        "spaced": ("YEAR MO DA HR MN SEC LAT LON MAG", "2019 7 6 3 19 53.04 1 2 3"),
        "commented": ("#  date  , time , lat , lon , mw", "2019-07-06,03:19:53.04, 1, 2, 3"),
        "zmap": ("", "2 1 2019 7 6 3 3 3 19 53.04"),
    }[shape]
    if shape == "zmap" and preamble.startswith("Search"):
        pytest.skip("a table without a header begins with its rows")
    again = "" if shape in ("zmap", "csep") else f"{header}\n"
    catalogue = read_text(
        tmp_path, f"{preamble}{header}\n{row}\n# a comment\n{again}{row.replace('19', '20')}\n"
    )
    assert RIDGECREST in catalogue.time_utc
    assert len(catalogue) == 2


@pytest.mark.parametrize(
    ("header", "values", "latitude", "longitude"),
    [
        ("lat_deg,lat_min,lon_deg,lon_min", "35,46.2,-117,35.94", 35.77, -117.599),
        ("lat_d,lat_m,lat_s,lon_d,lon_m,lon_s", "-0,46,12,117,35,56.4", -0.77, 117.599),
        ("lat,lat_min,NS,lon,lon_min,EW", "35,46.2,S,117,35.94,W", -35.77, -117.599),
        ("lat,lat_hem,lon,lon_hem", "35.77,N,117.599,w", 35.77, -117.599),
        ("lat,N/S,lon,E/W", "35.77,N,117.599,W", 35.77, -117.599),
        ("lat,lon", "35.77N,117.599W", 35.77, -117.599),
        ("lat,lon", "S35.77,E 117.599", -35.77, 117.599),
        ("lat,lon", "35°46'12\"N,117°35'56.4\"W", 35.77, -117.599),
        ("latitude,lon_w", "35.77,117.599", 35.77, -117.599),
        ("Latitude (S),Longitude (°E)", "35.77,117.599", -35.77, 117.599),
    ],
)
def test_a_place_from_degrees_minutes_and_hemispheres(
    tmp_path: Path, header: str, values: str, latitude: float, longitude: float
) -> None:
    fields = values.replace(",", "\t")
    if '"' in values:
        fields = "\t".join('"' + field.replace('"', '""') + '"' for field in values.split(","))
    text = "\n".join(("\t".join(f"time,{header},mag".split(",")), f"2019-07-06\t{fields}\t4", ""))
    catalogue = read_text(tmp_path, text)
    assert catalogue.latitude[0] == pytest.approx(latitude, abs=1e-12)
    assert catalogue.longitude[0] == pytest.approx(longitude, abs=1e-12)


@pytest.mark.parametrize(
    ("header", "values", "said"),
    [
        ("lat,lon,q", "35.77,117.599,W", "column q holds hemispheres and lon no signs"),
        ("lat,Longitude (W)", "35.77,-117.599", "holds negative values and its header says W"),
        ("lat,lon", "35.77,-117.599W", "expected one sign of the two"),
        ("lat,lat_min,lon", "35,77,117.599", "77 minutes or seconds of lat"),
        ("lat,lat_hem,lon", "35,X,117.599", "'X' is no hemisphere"),
    ],
)
def test_a_place_that_contradicts_itself_is_refused(
    tmp_path: Path, header: str, values: str, said: str
) -> None:
    assert said in refusal(tmp_path, f"time,{header},mag\n2019-07-06,{values},4\n")


@pytest.mark.parametrize(
    "header",
    ["Depth (m)", "depth_m", "Depth [km]", "Focal Depth (km)", "Profundidad", "hypocentral depth/km"],
)
def test_depths_in_metres_and_under_other_names(tmp_path: Path, header: str) -> None:
    written = 8123 if header in ("Depth (m)", "depth_m") else 8.123
    catalogue = read_text(tmp_path, f"time,lat,lon,mag,{header}\n2019-07-06,1,2,3,{written}\n")
    assert catalogue.depth_km[0] == np.float32(8.123)


def test_parquet_with_dates_and_clocks_of_its_own_kinds(tmp_path: Path) -> None:
    place = {"lat": [1.0], "lon": [2.0], "mag": [3.0]}
    day, clock = datetime.date(2019, 7, 6), datetime.time(3, 19, 53, 40_000)
    midnight = datetime.datetime(2019, 7, 6)
    tables = (
        {"Date": pa.array([day]), "Time": pa.array([clock])},
        {"Date": pa.array([20190706]), "Time": pa.array([31953.04])},
        {"Date": pa.array([midnight]), "Time": ["3:19:53.04"]},
        {"date": ["2019-07-06"], "hour": [3], "minute": [19], "second": [53.04]},
        {"Time (UTC+9)": pa.array([datetime.datetime(2019, 7, 6, 12, 19, 53, 40_000)])},
    )
    for table in tables:
        pq.write_table(pa.table({**table, **place}), tmp_path / "c.parquet")
        assert read_catalogue(tmp_path / "c.parquet")[0].time_utc[0] == RIDGECREST
    pq.write_table(
        pa.table({"date": pa.array([day]), "x": pa.array([clock]), **place}), tmp_path / "c.parquet"
    )
    with pytest.raises(InputError, match="column x may hold the times of day"):
        read_catalogue(tmp_path / "c.parquet")


def test_a_line_of_dashes_below_the_header(tmp_path: Path) -> None:
    text = "Date Time Lat Lon Depth Mag\n-------------------\n2019/07/06 03:19:53.04 35.77 -117.599 8 7.1\n"
    assert read_text(tmp_path, text).time_utc[0] == RIDGECREST


def test_hypodds_tables(tmp_path: Path) -> None:
    reloc = "1 35.770 -117.599 8.0 12.0 4.1 5.0 1.0 2.0 1.1 2019 7 6 3 19 53.04 7.1 10 10 0 0 0.1 0.1 1\n"
    event = "20190706   3195304  35.770  -117.599  8.0  7.1  0.30  0.40  0.10  1\n"
    for text in (reloc, event):
        catalogue = read_text(tmp_path, text)
        assert catalogue.time_utc[0] == RIDGECREST
        assert (catalogue.latitude[0], catalogue.longitude[0], catalogue.magnitude[0]) == (
            35.77,
            -117.599,
            7.1,
        )
