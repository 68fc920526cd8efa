"""Every format is recognised by its content and read with the right units and zones."""

import gzip
import json
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue


def read_text(
    tmp_path: Path, text: str, columns: dict[str, str] | None = None, name: str = "c.csv"
) -> Catalogue:
    (tmp_path / name).write_text(text)
    return read_catalogue(tmp_path / name, columns)[0]


def test_comcat_csv_is_read_whole(shared_data: Path) -> None:
    catalogue, findings = read_catalogue(shared_data / "forecast" / "global_m45_2012_2018.comcat.csv.gz")
    # Counted with Python's csv module: 43,759 rows, 43,692 of them of type earthquake.
    assert (findings.n_rows, len(catalogue)) == (43_759, 43_692)
    assert catalogue.time_utc[0] == np.datetime64("2012-11-29T00:09:39.000")
    assert (catalogue.latitude[0], catalogue.longitude[0], catalogue.depth_km[0]) == (-32.91, -69.106, 8.0)
    assert catalogue.magnitude_types[catalogue.magnitude_type[0]] == "mb"
    assert catalogue.event_id[0] == b"usp000jw78"
    assert any("62 events of type 'volcanic eruption' left out" in line for line in findings.lines())


def test_parquet_of_the_benchmark_is_read_whole(shared_data: Path) -> None:
    catalogue, findings = read_catalogue(shared_data / "forecast" / "california_m25.parquet")
    assert len(catalogue) == findings.n_rows == 92_255
    assert catalogue.time_utc[0] == np.datetime64("1971-01-01T20:36:17.720")
    assert np.isnan(catalogue.depth_km).all()
    assert np.all(np.diff(catalogue.time_utc) >= np.timedelta64(0))


def test_geojson(tmp_path: Path) -> None:
    def feature(
        name: str, time_ms: int, lon: float, lat: float, depth: float | None, mag: float, kind: str
    ) -> dict:
        return {
            "type": "Feature",
            "id": name,
            "properties": {"mag": mag, "time": time_ms, "magType": "ml", "type": kind},
            "geometry": {"type": "Point", "coordinates": [lon, lat, depth]},
        }

    features = [
        feature("b", 1_562_383_193_040, -117.6, 35.77, 8, 7.1, "earthquake"),
        feature("a", 1_562_261_629_000, -117.5, 35.7, None, 6.4, "earthquake"),
        feature("q", 1_562_261_630_000, -117.5, 35.7, 0, 1.4, "quarry blast"),
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    catalogue = read_text(tmp_path, text, name="all_day.geojson")
    assert catalogue.event_id.tolist() == [b"a", b"b"]
    assert catalogue.time_utc[1] == np.datetime64("2019-07-06T03:19:53.040")
    assert np.isnan(catalogue.depth_km[0])
    assert catalogue.depth_km[1] == 8
    assert catalogue.magnitude_types == ("ml",)


QUAKEML = """<?xml version="1.0"?>
<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">
<eventParameters publicID="smi:local/all"><event publicID="smi:nc.anss.org/event?eventid=nc72282711&amp;x=1">
<preferredOriginID>smi:local/origin/2</preferredOriginID>
<preferredMagnitudeID>smi:local/mag/2</preferredMagnitudeID>
<origin publicID="smi:local/origin/1"><time><value>2014-08-24T10:20:40Z</value></time>
 <latitude><value>1</value></latitude><longitude><value>2</value></longitude></origin>
<origin publicID="smi:local/origin/2"><time><value>2014-08-24T12:20:44.07+02:00</value></time>
 <latitude><value>38.215</value></latitude><longitude><value>-122.312</value></longitude>
 <depth><value>11120</value></depth></origin>
<magnitude publicID="smi:local/mag/1"><mag><value>5.7</value></mag><type>Ml</type></magnitude>
<magnitude publicID="smi:local/mag/2"><mag><value>6.02</value></mag><type>Mw</type></magnitude>
</event></eventParameters></q:quakeml>"""


def test_quakeml_takes_the_preferred_origin_and_magnitude(tmp_path: Path) -> None:
    catalogue = read_text(tmp_path, QUAKEML, name="napa.quakeml")
    assert catalogue.time_utc.tolist() == [np.datetime64("2014-08-24T10:20:44.070000").item()]
    assert (catalogue.longitude[0], catalogue.latitude[0], catalogue.magnitude[0]) == (-122.312, 38.215, 6.02)
    assert catalogue.depth_km[0] == np.float32(11.12)
    assert catalogue.magnitude_types == ("Mw",)
    assert catalogue.event_id[0] == b"nc72282711"


def test_obspy_and_terrella_read_the_same_quakeml(tmp_path: Path, obspy: ModuleType) -> None:
    events = obspy.read_events()  # ObsPy's own example
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the example has ids that QuakeML does not allow
        events.write(str(tmp_path / "example.xml"), "QUAKEML")
    catalogue, _ = read_catalogue(tmp_path / "example.xml")
    theirs = sorted(events, key=lambda e: e.preferred_origin().time)
    assert catalogue.latitude.tolist() == [e.preferred_origin().latitude for e in theirs]
    assert catalogue.magnitude.tolist() == [e.preferred_magnitude().mag for e in theirs]
    np.testing.assert_allclose(
        catalogue.depth_km, [e.preferred_origin().depth / 1000 for e in theirs], rtol=1e-6
    )


CSEP = "-117.6,35.77,7.1,2019-07-06T03:19:53.040000,8.0,0,ci38457511\n-117.5,35.7,6.4,2019-07-04T17:33:49,10.5,0,a"


@pytest.mark.parametrize("header", ["", "lon,lat,M,time_string,depth,catalog_id,event_id\n"])
def test_csep_ascii_with_and_without_header(tmp_path: Path, header: str) -> None:
    catalogue = read_text(tmp_path, header + CSEP, name="forecast.dat")
    assert catalogue.magnitude.tolist() == [6.4, 7.1]
    assert catalogue.depth_km.tolist() == [10.5, 8.0]
    assert catalogue.event_id.tolist() == [b"a", b"ci38457511"]


def test_fdsn_event_text(tmp_path: Path) -> None:
    text = (
        "#EventID | Time | Latitude | Longitude | Depth/km | Author | Catalog | Contributor | ContributorID"
        " | MagType | Magnitude | MagAuthor | EventLocationName\n"
        "3279407|2011-03-11T05:46:23.2|38.2963|142.498|19.7|us|ANSS|us|usp|mw|9.1|us|HONSHU, JAPAN\n"
    )
    catalogue = read_text(tmp_path, text, name="query.txt")
    assert (catalogue.magnitude[0], catalogue.depth_km[0]) == (9.1, np.float32(19.7))
    assert catalogue.event_id[0] == b"3279407"


def test_columns_of_date_parts(tmp_path: Path) -> None:
    text = "Year\tMo\tDa\tHo\tMi\tSe\tLat\tLon\tDepth\tMw\n1960\t1\t3\t20\t19\t34.5\t39.3\t15.3\t290\t6.34\n"
    assert read_text(tmp_path, text).time_utc[0] == np.datetime64("1960-01-03T20:19:34.5")


def test_a_mapping_goes_before_the_headers(tmp_path: Path) -> None:
    text = "Date;Ort;x;y;Mw;ML\n2020-01-01 00:00:00;Köln;6.9;50.9;3.1;3.3\n"
    columns = {"time": "Date", "longitude": "x", "latitude": "y", "magnitude": "ML"}
    catalogue = read_text(tmp_path, text, columns)
    assert (catalogue.longitude[0], catalogue.latitude[0], catalogue.magnitude[0]) == (6.9, 50.9, 3.3)


NAMED = (
    "time,latitude,longitude,depth,mag,id,place\r\n"
    '2020-01-01T01:02:03.250,36.72,-4.42,10.5,3.25,a1,"Málaga, España"\r\n'
    "2020-01-02T01:02:03,36.5,-4.25,7,2.75,a2,Cañada…\r\n"
)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_names_in_any_encoding_change_no_number(tmp_path: Path, encoding: str, packed: bool) -> None:
    content = NAMED.encode(encoding)
    (tmp_path / "c.csv").write_bytes(gzip.compress(content) if packed else content)
    catalogue, findings = read_catalogue(tmp_path / "c.csv")
    assert catalogue.time_utc[0] == np.datetime64("2020-01-01T01:02:03.250")
    assert catalogue.latitude.tolist() == [36.72, 36.5]
    assert catalogue.longitude.tolist() == [-4.42, -4.25]
    assert catalogue.depth_km.tolist() == [10.5, 7]
    assert catalogue.magnitude.tolist() == [3.25, 2.75]
    assert catalogue.event_id.tolist() == [b"a1", b"a2"]
    said = ["c.csv is not in UTF-8: read as Latin-1, names may be off"] if encoding == "cp1252" else []
    assert findings.lines() == ["2 rows, 2 events kept", *said, "2 times without a zone, taken as UTC"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (NAMED.encode("utf-16-le"), "looks like utf-16-le; write it as UTF-8"),
        (NAMED.encode("utf-16")[:-1], "not utf-16"),
        (bytes(range(255, 0, -1)) * 40, "it is no text"),
        (NAMED.encode() + b"\x00" * 3, "binary data"),
    ],
)
def test_what_is_no_text_is_refused_in_a_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "c.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_catalogue(tmp_path / "c.csv")
    assert "c.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_xml_says_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    text = QUAKEML.replace('"1.0"?', f'"1.0" encoding="{encoding}"?').replace("72282711", "7228é")
    (tmp_path / "c.xml").write_bytes(text.replace("10:20:40Z", "10:20:60Z").encode(encoding))
    catalogue, findings = read_catalogue(tmp_path / "c.xml")
    assert (catalogue.longitude[0], catalogue.latitude[0], catalogue.magnitude[0]) == (-122.312, 38.215, 6.02)
    assert catalogue.event_id[0].decode() == "nc7228é"
    assert not any("Latin-1" in line for line in findings.lines())


@pytest.mark.parametrize(
    "written",
    [
        "2019-07-06T03:19:53.04Z",
        "2019-07-06T03:19:53.040",
        "2019-07-06 03:19:53.040000",
        "2019-07-06T05:19:53.04+02:00",
        "2019-07-06T05:19:53.04+0200",
        "2019-07-05T22:19:53.04-05",
        "2019-07-06 03:19:53.04 UTC",
        "2019/07/06 03:19:53.04",
    ],
)
def test_ways_to_write_a_time(tmp_path: Path, written: str) -> None:
    catalogue = read_text(tmp_path, f"time,lon,lat,mag\n{written},1,2,3\n2000-01-01,1,2,3\n")
    assert catalogue.time_utc[1] == np.datetime64("2019-07-06T03:19:53.040")


def test_date_and_time_of_day_in_two_columns(tmp_path: Path) -> None:
    catalogue = read_text(tmp_path, "Date,Time,lon,lat,mag\n2019/07/06,03:19:53.04,1,2,3\n")
    assert catalogue.time_utc[0] == np.datetime64("2019-07-06T03:19:53.040")


@pytest.mark.parametrize(
    ("key", "number"), [("time_epoch_s", "1562383193.04"), ("time_epoch_ms", "1562383193040")]
)
def test_seconds_since_1970_where_asked_for(tmp_path: Path, key: str, number: str) -> None:
    catalogue = read_text(tmp_path, f"t,lon,lat,mag\n{number},1,2,3\n", {key: "t"})
    assert catalogue.time_utc[0] == np.datetime64("2019-07-06T03:19:53.040")


def test_parquet_by_other_hands(tmp_path: Path) -> None:
    moment = np.array(["2019-07-06T03:19:53.040"], "datetime64[ns]")
    table = {
        "origin_time": pa.array(moment).cast(pa.timestamp("ns", tz="America/Los_Angeles")),
        "lon": pa.array([-117.6], pa.float32()),
        "lat": pa.array(["35.77"]),
        "mag": pa.array([7], pa.int32()),
        "depth": pa.array([None], pa.float64()),
        "id": pa.array([38457511]),
        "magType": pa.array(["mw"]).dictionary_encode(),
    }
    pq.write_table(pa.table(table), tmp_path / "c.parquet")
    catalogue, _ = read_catalogue(tmp_path / "c.parquet")
    assert catalogue.time_utc[0] == moment[0]
    assert (catalogue.latitude[0], catalogue.magnitude[0], catalogue.event_id[0]) == (35.77, 7.0, b"38457511")
    assert catalogue.magnitude_types == ("mw",)


def test_the_name_of_the_file_does_not_matter(small: Catalogue, tmp_path: Path) -> None:
    write_catalogue(small, tmp_path / "small.csv.gz")
    plain = gzip.decompress((tmp_path / "small.csv.gz").read_bytes())
    (tmp_path / "catalogue.data").write_bytes(plain)
    (tmp_path / "zipped").write_bytes((tmp_path / "small.csv.gz").read_bytes())
    for name in ("catalogue.data", "zipped"):
        assert len(read_catalogue(tmp_path / name)[0]) == 4
