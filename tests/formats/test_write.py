"""What is written in a format is read back the same, by Terrella and by the format's other users."""

import csv
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError, TerrellaError
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

FORMATS = ("parquet", "csv", "csv.gz", "xml", "csep")


def assert_same_events(a: Catalogue, b: Catalogue) -> None:
    np.testing.assert_array_equal(a.time_utc, b.time_utc)
    for name in ("longitude", "latitude", "magnitude"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    np.testing.assert_array_equal(a.depth_km, b.depth_km)


def types_of(catalogue: Catalogue) -> list[str]:
    return [(*catalogue.magnitude_types, "")[code] for code in catalogue.magnitude_type]


@pytest.mark.parametrize("suffix", FORMATS)
def test_events_come_back_as_they_were(small: Catalogue, tmp_path: Path, suffix: str) -> None:
    write_catalogue(small, tmp_path / f"small.{suffix}")
    back, _ = read_catalogue(tmp_path / f"small.{suffix}")
    assert_same_events(small, back)
    assert back.name == "small"
    if suffix != "csep":  # CSEP ASCII has no magnitude type
        assert types_of(back) == types_of(small)
    ids = [i.decode() for i in back.event_id]
    assert [ids[0], ids[1], ids[3]] == ["iscgem16957905", "ci38457511", "us7000m123"]


events = st.lists(
    st.tuples(
        st.datetimes(datetime(1700, 1, 1), datetime(2025, 1, 1)),
        st.floats(-180, 180),
        st.floats(-90, 90),
        st.floats(-5, 9.5).filter(lambda m: m != -1),  # −1 among others stands for unknown
        st.floats(-8.5, 800, width=32) | st.just(float("nan")),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda event: event[0],
)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events)
def test_any_catalogue_survives_any_format(rows: list, tmp_path: Path, suffix: str) -> None:
    catalogue = make_catalogue(*(list(column) for column in zip(*rows, strict=True)))
    write_catalogue(catalogue, tmp_path / f"any.{suffix}")
    assert_same_events(catalogue, read_catalogue(tmp_path / f"any.{suffix}")[0])


def test_obspy_reads_the_quakeml_and_its_schema_accepts_it(
    small: Catalogue, tmp_path: Path, obspy: ModuleType
) -> None:
    from obspy.io.quakeml.core import _validate

    path = tmp_path / "small.xml"
    write_catalogue(small, path)
    theirs = obspy.read_events(str(path))
    assert _validate(str(path))
    assert [e.preferred_magnitude().mag for e in theirs] == small.magnitude.tolist()
    assert [e.preferred_magnitude().magnitude_type for e in theirs] == ["mw", "Mww", None, "Mww"]
    assert theirs[0].preferred_origin().depth is None
    assert theirs[3].preferred_origin().depth == pytest.approx(612_345, abs=0.01)
    assert theirs[1].preferred_origin().time.isoformat() == "2019-07-06T03:19:53.040000"


def test_csep_ascii_has_the_documented_columns(small: Catalogue, tmp_path: Path) -> None:
    write_catalogue(small, tmp_path / "small.csep")
    with (tmp_path / "small.csep").open() as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ["lon", "lat"]
    for row, magnitude in zip(rows, small.magnitude, strict=True):
        lon, lat, mag, time, depth, catalogue_id, _ = row
        assert float(mag) == magnitude
        assert -180 <= float(lon) <= 180
        assert -90 <= float(lat) <= 90
        datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%f")
        float(depth)
        int(catalogue_id)


def test_comcat_csv_keeps_the_columns_of_comcat(shared_data: Path, tmp_path: Path, small: Catalogue) -> None:
    import gzip

    write_catalogue(small, tmp_path / "small.csv.gz")
    with (
        gzip.open(shared_data / "forecast" / "global_m45_2012_2018.comcat.csv.gz", "rt") as theirs,
        gzip.open(tmp_path / "small.csv.gz", "rt") as ours,
    ):
        assert next(csv.reader(ours)) == next(csv.reader(theirs))


def test_equal_catalogues_give_equal_files(small: Catalogue, tmp_path: Path) -> None:
    for suffix in FORMATS:
        for name in "ab":
            write_catalogue(small, tmp_path / f"{name}.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes(), suffix


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    small: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from terrella.formats.catalogues import quakeml

    path = tmp_path / "old.xml"
    path.write_text("what was there before")
    monkeypatch.setattr(quakeml, "_event_xml", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(TerrellaError, match="No space left"):
        write_catalogue(small, path)
    assert path.read_text() == "what was there before"
    assert [p.name for p in tmp_path.iterdir()] == ["old.xml"]


def test_an_unknown_suffix_and_a_folder_are_refused(small: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown suffix.*\.parquet"):
        write_catalogue(small, tmp_path / "small.docx")
    with pytest.raises(InputError, match="a folder"):
        write_catalogue(small, tmp_path)


def test_a_catalogue_is_made_of_arrays_of_one_length():
    with pytest.raises(InputError, match=r"one length; got shapes \(2,\), \(3,\), \(2,\), \(2,\), \(2,\)"):
        make_catalogue(["2020-01-01", "2020-01-02"], [1, 2, 3], [1, 2], [3, 4])


AGENCIES = (
    "smi:local/ndk/{}/event",
    "quakeml:us.anss.org/event/{}",
    "smi:webservices.ingv.it/fdsnws/event/1/query?eventId={}",
    "smi:ISC/evid={}",
    "smi:org.gfz-potsdam.de/geofon/{}#origin",
    "quakeml:eu.emsc/event/{}/preferred=1,2;a+b",
)


@pytest.mark.parametrize("agency", AGENCIES)
def test_ids_of_an_agency_stay_apart_and_come_back(agency: str, tmp_path: Path, obspy: ModuleType) -> None:
    # GlobalCMT's, read from NDK by ObsPy and written as QuakeML, all end in "/event".
    from obspy.core.event import Event, Magnitude, Origin

    theirs = obspy.core.event.Catalog(
        [
            Event(
                resource_id=agency.format(f"C2011{i}A"),
                origins=[Origin(time=obspy.UTCDateTime(2011, 1, i + 1), longitude=1.0, latitude=2.0)],
                magnitudes=[Magnitude(mag=5.0 + i)],
            )
            for i in range(3)
        ]
    )
    theirs.write(str(tmp_path / "theirs.xml"), format="QUAKEML")
    read, _ = read_catalogue(tmp_path / "theirs.xml")
    ids = read.event_id.tolist()
    assert len(set(ids)) == 3
    assert all(f"C2011{i}A".encode() in name for i, name in enumerate(ids))
    for suffix in FORMATS:
        write_catalogue(read, tmp_path / f"ours.{suffix}")
        assert read_catalogue(tmp_path / f"ours.{suffix}")[0].event_id.tolist() == ids


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12), min_size=1, max_size=5
    ).filter(any)
)
def test_any_ids_come_back_from_quakeml_that_its_schema_accepts(
    names: list[str], tmp_path: Path, obspy: ModuleType
) -> None:
    from obspy.io.quakeml.core import _validate

    n = np.arange(len(names))
    times = np.datetime64("2020-01-01", "us") + n * np.timedelta64(1, "h")
    made = replace(make_catalogue(times, n, n, n), event_id=np.array([each.encode() for each in names]))
    path = tmp_path / "any_ids.xml"
    write_catalogue(made, path)
    assert _validate(str(path))
    assert [i.decode() for i in read_catalogue(path)[0].event_id] == names
    text = path.read_text()
    assert len(set(re.findall('publicID="([^"]*)"', text))) == text.count("publicID=")
