"""What ObsPy reads comes in through ObsPy: each event with one origin and one magnitude, by a rule that is told."""

import json
import warnings
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.catalogues.event_types import Kind, kind_of
from terrella.formats.catalogues.read import read_catalogue

HEAD = (
    '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">'
    '<eventParameters publicID="smi:local/all">'
)
TAIL = "</eventParameters></q:quakeml>"
Chosen = tuple[str, float, float, float, float]  # time, longitude, latitude, depth in km, magnitude

# Read off the files by eye: the preferred origin's time and place and the preferred magnitude.
SAMPLES: dict[str, tuple[int, Chosen]] = {
    "ndk/tests/data/multiple_events.ndk": (6, ("2013-03-01T03:29:48.7", 144.22, 21.86, 152.1, 5.47)),
    "iaspei/tests/data/19670130012028.isf": (1, ("1967-01-30T01:20:28.7", 44.31, 41.09, 11.0, 5.0)),
    "gse2/tests/data/bulletin/gse_2.0_2_events.txt": (2, ("1995-01-16T07:26:52.4", 20.44, 39.45, 66.8, 3.6)),
    "pde/tests/data/mchedr.dat": (1, ("2012-01-01T05:27:55.98", 138.072, 31.456, 365.3, 6.8)),
    "hypodd/tests/data/example.pha": (2, ("2025-05-14T14:35:35.51", 10.4496, 40.2254, 9.408, 3.5)),
    "cmtsolution/tests/data/CMTSOLUTION": (1, ("2003-12-26T01:56:58.13", 58.24, 29.1, 12.8361, 6.54)),
    "nordic/tests/data/select.out": (50, ("2013-09-01T04:11:15.7", 170.376, -43.34, 8.5, 0.6)),
    "nied/tests/data/FNETMTCATALOG": (1, ("2011-03-11T05:46:18.12", 142.8610, 38.1035, 20.0, 8.7)),
    "scardec/tests/data/test.scardec": (1, ("2014-01-25T05:14:18.0", 109.265, -7.985, 69.0, 6.202)),
    "seiscomp/tests/data/qml-example-1.2-RC3.sc3ml": (
        1, ("2007-10-10T14:40:39.055", 176.00703, -38.28462, 0.1555297, 3.662),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_obspys_own_files(name: str, obspy: ModuleType) -> None:
    path = Path(obspy.__file__).parent / "io" / name
    if not path.exists():
        pytest.skip("this ObsPy comes without its test files")
    n, expected = SAMPLES[name]
    catalogue, findings = read_catalogue(path)
    assert len(catalogue) == findings.n_rows == n
    assert catalogue.time_utc[0] == np.datetime64(expected[0])
    got = [
        float(x[0])
        for x in (catalogue.longitude, catalogue.latitude, catalogue.depth_km, catalogue.magnitude)
    ]
    np.testing.assert_allclose(got, expected[1:], atol=1e-3)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_bulletin_in_another_encoding_holds_the_same_events(
    tmp_path: Path, obspy: ModuleType, encoding: str
) -> None:
    path = Path(obspy.__file__).parent / "io/ndk/tests/data/multiple_events.ndk"
    if not path.exists():
        pytest.skip("this ObsPy comes without its test files")
    text = path.read_text(encoding="ascii").replace("MARIANA", "MARIÁNA")
    assert "Á" in text
    (tmp_path / "c.ndk").write_bytes(text.encode(encoding))
    catalogue, findings = read_catalogue(tmp_path / "c.ndk")
    expected = read_catalogue(path)[0]
    for name in ("time_utc", "longitude", "latitude", "depth_km", "magnitude"):
        np.testing.assert_array_equal(getattr(catalogue, name), getattr(expected, name))
    assert any("read as Latin-1" in line for line in findings.lines()) == (encoding == "latin-1")


def test_what_obspy_skips_is_told(obspy: ModuleType) -> None:
    path = Path(obspy.__file__).parent / "io/ndk/tests/data/faulty_multiple_events.ndk"
    if not path.exists():
        pytest.skip("this ObsPy comes without its test files")
    assert any("Event will be skipped" in line for line in read_catalogue(path)[1].lines())


def quakeml(tmp_path: Path, events: str) -> Path:
    (tmp_path / "c.xml").write_text(HEAD + events + TAIL)
    return tmp_path / "c.xml"


def event(number: int, inside: str, kind: str = "earthquake") -> str:
    return f'<event publicID="smi:local/event/e{number}"><type>{kind}</type>{inside}</event>'


def origin(number: int, agency: str = "", kind: str = "", status: str = "") -> str:
    extra = f"<creationInfo><agencyID>{agency}</agencyID></creationInfo>" if agency else ""
    extra += f"<type>{kind}</type>" if kind else ""
    extra += f"<evaluationStatus>{status}</evaluationStatus>" if status else ""
    return (
        f'<origin publicID="smi:local/origin/{number}"><time><value>2021-03-05T0{number}:28:33Z</value></time>'
        f"<latitude><value>{number}</value></latitude><longitude><value>2</value></longitude>{extra}</origin>"
    )


def magnitude(value: float, kind: str, agency: str = "", origin: int | None = None) -> str:
    extra = f"<originID>smi:local/origin/{origin}</originID>" if origin else ""
    extra += f"<creationInfo><agencyID>{agency}</agencyID></creationInfo>" if agency else ""
    name = f"{kind}{value}{agency}".replace(".", "_")
    return (
        f'<magnitude publicID="smi:local/magnitude/{name}"><mag><value>{value}</value></mag>'
        f"<type>{kind}</type>{extra}</magnitude>"
    )


@pytest.mark.parametrize(
    ("magnitudes", "expected"),
    [
        ([magnitude(4.2, "mb"), magnitude(6.1, "MS"), magnitude(7.0, "Mw")], 7.0),
        ([magnitude(4.2, "ML"), magnitude(6.1, "MS"), magnitude(5.5, "mb")], 6.1),
        ([magnitude(4.2, "Md"), magnitude(4.0, "MLv")], 4.0),
        ([magnitude(6.0, "Mw", "XYZ"), magnitude(6.3, "Mwc", "GCMT"), magnitude(6.1, "Mww", "ISC")], 6.3),
        ([magnitude(4.1, "mb", "IDC"), magnitude(4.6, "mb", "ISC")], 4.6),
        ([magnitude(4.1, "mb", "IDC", 1), magnitude(4.6, "mb", "ISC")], 4.1),
    ],
)
def test_one_magnitude_of_several_by_a_rule_that_is_told(
    tmp_path: Path, magnitudes: list[str], expected: float
) -> None:
    """ISC's services prefer none (GeoscienceAustralia/hiperseis issue 42; ogalanis/hypoDDpy issue 16)."""
    path = quakeml(tmp_path, event(1, origin(1) + "".join(magnitudes)))
    catalogue, findings = read_catalogue(path)
    assert catalogue.magnitude.tolist() == [expected]
    assert any("1 events with several magnitudes and none preferred; Mw" in line for line in findings.lines())


def test_one_origin_of_several_by_a_rule_that_is_told(tmp_path: Path) -> None:
    origins = origin(1, "XYZ") + origin(2, "GCMT", "centroid") + origin(3, "ISC")
    catalogue, findings = read_catalogue(quakeml(tmp_path, event(1, origins + magnitude(5, "Mw"))))
    assert catalogue.latitude.tolist() == [3.0]
    assert any("several origins and none preferred; hypocentres" in line for line in findings.lines())


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("duplicate", 0),
        ("induced earthquake", 1),
        ("Foo", 1),
        ("not existing", 0),
        ("not reported", 1),
        ("quarry", 0),
    ],
)
def test_types_beyond_quakeml_12(tmp_path: Path, kind: str, kept: int) -> None:
    """ObsPy passes over events of types that QuakeML 1.2 has not; nothing of them was told."""
    events = event(1, origin(1) + magnitude(5, "Mw")) + event(2, origin(2) + magnitude(6, "Mw"), kind)
    catalogue, findings = read_catalogue(quakeml(tmp_path, events))
    assert (findings.n_rows, len(catalogue)) == (2, 1 + kept)
    if kind_of(kind) in (Kind.OTHER, Kind.UNKNOWN):
        assert any(repr(kind) in line for line in findings.lines())


def test_iscs_other_is_its_word_for_unknown(tmp_path: Path) -> None:
    """Ordinary earthquakes of the ISC came as `other` (GeoscienceAustralia/hiperseis issue 42)."""
    inside = origin(1) + magnitude(5, "Mw")
    for name, kept in (("smi:ISC/evid=611", 1), ("smi:local/event/e1", 0)):
        other = event(1, inside, "other").replace("smi:local/event/e1", name)
        usual = event(2, origin(2) + magnitude(4, "Mw"))
        catalogue, findings = read_catalogue(quakeml(tmp_path, other + usual))
        assert len(catalogue) == 1 + kept
        assert any("'other'" in line or "'other event'" in line for line in findings.lines())


def test_a_rejected_origin_is_left_out(tmp_path: Path) -> None:
    events = event(1, origin(1, status="rejected") + magnitude(8, "Mw"))
    events += event(2, origin(2, status="reviewed") + magnitude(5, "Mw"))
    catalogue, findings = read_catalogue(quakeml(tmp_path, events))
    assert catalogue.magnitude.tolist() == [5.0]
    assert any("status 'rejected' left out" in line for line in findings.lines())


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("smi:local/ndk/C1A/event", "smi:local/ndk/C2A/event"), [b"C1A", b"C2A"]),
        (("smi:local/ndk/C1A/event",), [b"C1A"]),
        (("smi:ISC/evid=600516598", "smi:ISC/evid=600516599"), [b"600516598", b"600516599"]),
        (("smi:webservices.ingv.it/fdsnws/event/1/query?eventId=7073641",), [b"7073641"]),
        (("smi:org.agency/2020/a/x", "smi:org.agency/2020/b/x"), [b"a", b"b"]),
    ],
)
def test_ids_tell_events_apart(tmp_path: Path, ids: tuple[str, ...], expected: list[bytes]) -> None:
    events = "".join(
        event(i + 1, origin(i + 1) + magnitude(5, "Mw")).replace(f"smi:local/event/e{i + 1}", name)
        for i, name in enumerate(ids)
    )
    assert read_catalogue(quakeml(tmp_path, events))[0].event_id.tolist() == expected


def test_emscs_json(tmp_path: Path) -> None:
    feature: dict[str, Any] = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [37.08, 37.17, -20.0]},
        "id": "20230206_0000008",
        "properties": {"time": "2023-02-06T01:17:36.1Z", "lat": 37.17, "lon": 37.08, "depth": 20.0, "evtype": "ke",
                       "auth": "EMSC", "mag": 7.8, "magtype": "mw", "unid": "20230206_0000008"},
    }  # fmt: skip
    for document in (feature, {"type": "FeatureCollection", "features": [feature]}):
        (tmp_path / "c.json").write_text(json.dumps(document))
        catalogue, _ = read_catalogue(tmp_path / "c.json")
        assert catalogue.time_utc[0] == np.datetime64("2023-02-06T01:17:36.1")
        assert (catalogue.longitude[0], catalogue.latitude[0], catalogue.depth_km[0]) == (37.08, 37.17, 20.0)
        assert (catalogue.magnitude_types, catalogue.event_id[0]) == (("mw",), b"20230206_0000008")
    del feature["properties"]["depth"]
    feature["properties"]["time"] = 1675646256100
    (tmp_path / "c.json").write_text(json.dumps(feature))
    catalogue, _ = read_catalogue(tmp_path / "c.json")
    assert (catalogue.depth_km[0], catalogue.time_utc[0]) == (20.0, np.datetime64("2023-02-06T01:17:36.1"))


def test_what_obspy_does_not_know_is_refused_in_one_line(tmp_path: Path) -> None:
    for text in ("BEGIN GSE2.0\nMSG_TYPE DATA\n", "<kml></kml>", "1 2 3\n4 5 6\n"):
        (tmp_path / "c.txt").write_text(text)
        with pytest.raises(InputError) as caught:
            read_catalogue(tmp_path / "c.txt")
        assert "\n" not in str(caught.value)


# What each format keeps of a second, of a degree, of a kilometre and of a magnitude.
KEPT = {
    "QUAKEML": (1e-6, 1e-9, 1e-5, 1e-9),
    "SC3ML": (1e-6, 1e-9, 1e-5, 1e-9),
    "SCML": (1e-6, 1e-9, 1e-5, 1e-9),
    "CSZ": (1e-2, 1e-5, 1e-3, 0.01),
    "CSV": (1e-2, 1e-5, 1e-3, 0.01),
    "EVENTTXT": (1e-2, 1e-5, 1e-3, 0.01),
    "ZMAP": (1e-2, 1e-5, 1e-3, 0.01),
    "HYPODDPHA": (1e-2, 1e-4, 1e-2, 0.1),
    "NORDIC": (0.06, 6e-4, 0.06, 0.06),
    "CMTSOLUTION": (1e-2, 1e-4, 1e-3, 0.05),
}
events = st.lists(
    st.tuples(
        st.datetimes(datetime(1970, 1, 1), datetime(2025, 1, 1)).map(lambda t: t.replace(microsecond=0)),
        st.integers(-179_000, 179_000).map(lambda n: n / 1000),
        st.integers(-89_000, 89_000).map(lambda n: n / 1000),
        st.integers(0, 7000).map(lambda n: n / 10),
        st.integers(5, 80).map(lambda n: n / 10),
        st.sampled_from(["earthquake", "quarry blast", "explosion", None]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0].replace(second=0),
)


@pytest.mark.parametrize("name", KEPT)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events)
def test_what_obspy_writes_is_read_as_obspy_reads_it(
    rows: list[tuple[Any, ...]], name: str, tmp_path: Path, obspy: ModuleType
) -> None:
    path = tmp_path / "written"
    if name == "CMTSOLUTION":
        rows = rows[:1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = obspy.core.event.Catalog([as_obspy(i, row) for i, row in enumerate(rows)])
        options = {"userid": "TEST", "evtype": "L", "wavefiles": None} if name == "NORDIC" else {}
        written.write(str(path), format=name, **options)
        theirs = obspy.read_events(str(path), format=name)
    shaken = [each for each in theirs if each.event_type not in ("quarry blast", "explosion")]
    if not shaken:
        with pytest.raises(InputError, match="no earthquake is left"):
            read_catalogue(path)
        return
    catalogue, findings = read_catalogue(path)
    assert (findings.n_rows, len(catalogue)) == (len(rows), len(shaken))
    chosen = sorted(
        ((e.preferred_origin() or e.origins[0], e.preferred_magnitude() or e.magnitudes[0]) for e in shaken),
        key=lambda pair: pair[0].time,
    )
    seconds, degrees, km, units = KEPT[name]
    for ours, (place, size) in enumerate(chosen):
        late = catalogue.time_utc[ours] - np.datetime64(place.time.ns // 1000, "us")
        assert abs(late / np.timedelta64(1, "s")) <= seconds
        assert catalogue.longitude[ours] == pytest.approx(place.longitude, abs=1e-9)
        assert catalogue.latitude[ours] == pytest.approx(place.latitude, abs=1e-9)
        assert catalogue.depth_km[ours] == pytest.approx(place.depth / 1000, abs=1e-4)
        assert catalogue.magnitude[ours] == pytest.approx(size.mag, abs=1e-9)
    # The same against what was written, to what the format keeps of it.
    kept = sorted(row for row, each in zip(rows, theirs, strict=True) if each in shaken)
    for ours, (time, longitude, latitude, depth, size, _) in enumerate(kept):
        assert abs((catalogue.time_utc[ours] - np.datetime64(time)) / np.timedelta64(1, "s")) <= seconds
        assert catalogue.longitude[ours] == pytest.approx(longitude, abs=degrees)
        assert catalogue.latitude[ours] == pytest.approx(latitude, abs=degrees)
        assert catalogue.depth_km[ours] == pytest.approx(depth, abs=max(km, 1e-4 * depth))
        assert catalogue.magnitude[ours] == pytest.approx(size, abs=units)


def as_obspy(number: int, row: tuple[Any, ...]) -> Any:
    """Return an event with one origin, one magnitude and, for CMTSOLUTION, a moment tensor of that size."""
    from obspy import UTCDateTime
    from obspy.core import event as parts

    time, longitude, latitude, depth, size, kind = row
    info = parts.CreationInfo(agency_id="TES")
    place = parts.Origin(
        resource_id=f"smi:local/origin/{number}", time=UTCDateTime(time), longitude=longitude, latitude=latitude,
        depth=depth * 1000, creation_info=info, origin_type="centroid",
    )  # fmt: skip
    measured = parts.Magnitude(
        resource_id=f"smi:local/magnitude/{number}", mag=size, magnitude_type="Mw", origin_id=place.resource_id,
        creation_info=info,
    )  # fmt: skip
    moment = 10 ** (1.5 * (size + 10.7) - 7)
    tensor = parts.MomentTensor(
        derived_origin_id=place.resource_id,
        tensor=parts.Tensor(m_rr=moment, m_tt=-moment, m_pp=0.0, m_rt=0.0, m_rp=0.0, m_tp=0.0),
        source_time_function=parts.SourceTimeFunction(type="triangle", duration=2.0),
    )
    out = parts.Event(
        resource_id=f"smi:local/event/e{number}", origins=[place], magnitudes=[measured], event_type=kind,
        focal_mechanisms=[parts.FocalMechanism(moment_tensor=tensor)],
        event_descriptions=[parts.EventDescription(text=f"e{number}", type="earthquake name")],
    )  # fmt: skip
    out.preferred_origin_id, out.preferred_magnitude_id = place.resource_id, measured.resource_id
    return out
