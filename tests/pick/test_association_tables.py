"""Tables of picks and stations as other programs write them, stations that moved, codes without network."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from association_cases import Case, make_case, write
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pick_association import SETTINGS

from terrella.errors import InputError
from terrella.formats.waveforms.picks import read_picks as read_pick_table
from terrella.pick.association.command import associate_files
from terrella.pick.association.sites import find_sites
from terrella.pick.association.tables import read_picks, read_stations
from terrella.pick.data.tally import Tally

CASE = make_case(3, events=2, false_share=0.0)
CODE = CASE.picks["trace_id"].str.rstrip(".")
TIME = pd.to_datetime(CASE.picks["time"]).dt.tz_localize(None)
PHASE, SIZE = CASE.picks["phase"], CASE.picks["amplitude"]
EPOCH_S = (TIME - pd.Timestamp(0)).dt.total_seconds()

# As the programs' own documentation has them.
FORMS = {
    "PhaseNet": pd.DataFrame(
        {
            "file_name": "a.mseed", "begin_time": "2024-03-01T00:00:00.000", "station_id": CODE + "..HH",
            "phase_index": 1, "phase_time": TIME.map(pd.Timestamp.isoformat), "phase_score": 0.8,
            "phase_type": PHASE, "phase_amplitude": SIZE,
        }
    ),
    "GaMMA": pd.DataFrame(
        {"id": CODE, "timestamp": TIME.astype(str), "type": PHASE.str.lower(), "prob": 0.8, "amp": SIZE}
    ),
    "SeisBench": pd.DataFrame(
        {
            "trace_id": CODE + ".", "start_time": TIME, "end_time": TIME, "peak_time": TIME, "peak_value": 0.8,
            "phase": PHASE, "amplitude": SIZE,
        }
    ),
    "SeisBench to_dataframe": pd.DataFrame(
        {"station": CODE + ".", "time": TIME, "probability": 0.8, "phase": PHASE, "amplitude": SIZE}
    ),
    "PyOcto": pd.DataFrame({"station": CODE, "phase": PHASE, "time": EPOCH_S, "amplitude": SIZE}),
    "QuakeFlow": pd.DataFrame(
        {
            "station_id": CODE + "..HH", "phase_time": TIME.map(pd.Timestamp.isoformat), "phase_type": PHASE,
            "phase_score": 0.8, "phase_amplitude": SIZE,
        }
    ),
    "codes apart": pd.DataFrame(
        {"id": range(len(CODE)), "net": "XX", "sta": CODE.str[3:], "phase": PHASE, "time": TIME, "amp": SIZE}
    ),
    "FDSN source identifiers": CASE.picks.assign(trace_id="FDSN:" + CODE.str.replace(".", "_") + "__H_H_Z"),
    "underscores": CASE.picks.assign(trace_id=CODE.str.replace(".", "_")),
    "no network": CASE.picks.assign(trace_id=CODE.str[3:]),
    "remarks": CASE.picks.assign(phase="i" + PHASE + "U0"),
}  # fmt: skip


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("ours")
    associate_files(*write(CASE, folder), folder / "c.csv", SETTINGS)
    return pd.read_csv(folder / "c.csv")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_picks_of_other_programs_give_the_same_catalogue(
    tmp_path: Path, expected: pd.DataFrame, form: str, delimiter: str
) -> None:
    _, stations = write(CASE, tmp_path)
    FORMS[form].to_csv(tmp_path / "theirs.csv", index=False, sep=delimiter)
    associate_files(tmp_path / "theirs.csv", stations, tmp_path / "c.csv", SETTINGS)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "c.csv"), expected)


SITES = CASE.stations
STATION_FORMS = {
    "GaMMA": SITES.rename(columns={"elevation_m": "elevation(m)"}),
    "PyOcto": SITES.rename(columns={"elevation_m": "elevation"}),
    "km": SITES.assign(elevation_km=SITES["elevation_m"] / 1000).drop(columns="elevation_m"),
    "QuakeFlow": SITES.assign(network="XX", station=SITES["id"].str[3:], location="").drop(columns="id"),
    "no network": SITES.assign(station=SITES["id"].str[3:]).drop(columns="id"),
    "underscores": SITES.assign(id=SITES["id"].str.replace(".", "_")),
    "a row per channel": pd.concat([SITES.assign(id=SITES["id"] + f"..{c}") for c in ("HHZ", "HHN")]),
}


@pytest.mark.parametrize("form", STATION_FORMS)
def test_stations_of_other_programs_give_the_same_catalogue(
    tmp_path: Path, expected: pd.DataFrame, form: str
) -> None:
    picks, _ = write(CASE, tmp_path)
    STATION_FORMS[form].to_csv(tmp_path / "theirs.csv", index=False)
    associate_files(picks, tmp_path / "theirs.csv", tmp_path / "c.csv", SETTINGS)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "c.csv"), expected)


def test_stations_come_as_the_text_of_data_centres(tmp_path: Path, expected: pd.DataFrame) -> None:
    picks, _ = write(CASE, tmp_path)
    lines = ["#Network | Station | Latitude | Longitude | Elevation | SiteName | StartTime | EndTime"]
    for site in SITES.itertuples():
        network, station = site.id.split(".")
        place = f"{site.latitude}|{site.longitude}|{site.elevation_m}"
        lines.append(f"{network}|{station}|{place}|somewhere|2010-01-01T00:00:00|")
    (tmp_path / "s.txt").write_text("\n".join(lines) + "\n")
    associate_files(picks, tmp_path / "s.txt", tmp_path / "c.csv", SETTINGS)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "c.csv"), expected)


def moved(how: str) -> pd.DataFrame:
    """Three stations were 39 km to the north until 2020."""
    old = SITES.iloc[:3].assign(end="2020-01-01T00:00:00Z")
    old["latitude"] += 0.35
    new = SITES.assign(start="2020")
    return pd.concat([old, new] if how == "old first" else [new, old])


@pytest.mark.parametrize("kind", ["csv", "station", "network", "channel"])
@pytest.mark.parametrize("how", ["old first", "new first"])
def test_a_station_stands_where_it_stood_at_the_time(
    tmp_path: Path, expected: pd.DataFrame, how: str, kind: str
) -> None:
    """The first listed place was taken; the event lay 20 km off (how to list two: FDSN/StationXML#153)."""
    picks, _ = write(CASE, tmp_path)
    table, file = moved(how), tmp_path / f"s.{'csv' if kind == 'csv' else 'xml'}"
    table.to_csv(file, index=False) if kind == "csv" else stationxml(table, file, kind)
    associate_files(picks, file, tmp_path / "c.csv", SETTINGS)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "c.csv"), expected)


def stationxml(table: pd.DataFrame, file: Path, dated: str) -> None:
    """Write stations; their times are those of the stations, of their channels or of two networks of one code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy import UTCDateTime
        from obspy.core.inventory import Channel, Inventory, Network, Site, Station
    times = [
        {"start_date": UTCDateTime(2020, 1, 1)} if start == "2020" else {"end_date": UTCDateTime(2020, 1, 1)}
        for start in table["start"]
    ]
    networks = []
    for site, time in zip(table.itertuples(), times, strict=True):
        place = (site.latitude, site.longitude, site.elevation_m)
        channel = Channel("HHZ", "", *place, 0.0, **(time if dated == "channel" else {}))
        about = {"site": Site(""), "channels": [channel] if dated == "channel" else []}
        station = Station(site.id[3:], *place, **about, **(time if dated == "station" else {}))
        networks.append(Network("XX", [station], **(time if dated == "network" else {})))
    Inventory(networks, source="test").write(str(file), format="STATIONXML")


def said_of(picks: pd.DataFrame, sites: pd.DataFrame, folder: Path) -> list[str]:
    files = write(Case(sites, CASE.events, picks), folder)
    return associate_files(*files, folder / "c.csv", SETTINGS)


def test_two_places_without_times_are_refused(tmp_path: Path) -> None:
    north = SITES.iloc[:1].assign(latitude=SITES["latitude"][0] + 0.35)
    with pytest.raises(InputError, match=r"XX.S00 has 2 places up to 38.9 km apart at 2024-03-01"):
        said_of(CASE.picks, pd.concat([SITES, north]), tmp_path)


def test_sensors_of_one_station_are_one_place(tmp_path: Path) -> None:
    near = SITES.assign(id=SITES["id"] + ".10", latitude=SITES["latitude"] + 0.001)
    lines = said_of(CASE.picks, pd.concat([SITES, near]), tmp_path)
    assert not any("places" in line for line in lines)  # the picks have the blank location of the first
    lines = said_of(CASE.picks.assign(trace_id=CODE + ".20"), pd.concat([SITES, near]), tmp_path)
    assert any("places at one time less than 0.5 km apart" in line for line in lines)


def test_picks_outside_all_times_are_told(tmp_path: Path) -> None:
    closed = SITES.assign(end=["2020-01-01"] * 2 + [""] * (len(SITES) - 2))
    lines = said_of(CASE.picks, closed, tmp_path)
    assert any(
        "2 stations have picks outside all their times" in line and "it is taken" in line for line in lines
    )
    elsewhere = closed.iloc[:1].assign(latitude=closed["latitude"][0] + 0.35)
    lines = said_of(CASE.picks, pd.concat([closed, elsewhere]), tmp_path)
    assert any("several places; they are left out: XX.S00" in line for line in lines)


@pytest.mark.parametrize(
    ("codes", "ids", "message"),
    [
        (
            ["S00"],
            ["AA.S00", "BB.S00"],
            "picks of S00 name no network, and the table of stations has AA.S00 and BB",
        ),
        (["AA.S00", "BB.S00"], ["S00"], "names no network of S00, and there are picks of AA.S00 and BB.S00"),
    ],
)
def test_a_network_that_cannot_be_known_is_refused(
    tmp_path: Path, codes: list[str], ids: list[str], message: str
) -> None:
    sites = pd.DataFrame({"id": ids, "longitude": 1.0, "latitude": np.arange(len(ids)), "elevation_m": 10.0})
    sites.to_csv(tmp_path / "s.csv", index=False)
    lines = [f"{code},P,2024-03-01T00:00:0{i}" for i, code in enumerate(codes)]
    (tmp_path / "p.csv").write_text("\n".join(["trace_id,phase,time", *lines]) + "\n")
    stations = read_stations(tmp_path / "s.csv", Tally())
    with pytest.raises(InputError, match=message):
        read_picks(tmp_path / "p.csv", stations, Tally())


PLACES = """id,longitude,latitude,elevation_m,start,end
X.A.00,10,0,0,,
X.A.10,11,0,0,,
X.B,20,0,0,,2020-01-01
X.B,21,0,0,2022-01-01,
X.C,30,0,0,,2020-01-01
X.C,30.001,0,0,2022-01-01,
X.D,40,0,0,,
X.D,40.0108,0,0,,
X.E,50,0,0,,
X.E,50,0,800,,
D_E,60,0,0,,
"""


@pytest.mark.parametrize(
    ("code", "time", "longitude"),
    [
        ("X.A.00", "2021", 10), ("X.A.10", "2021", 11), ("X.B.", "2019", 20), ("X.B.", "2023", 21),
        ("X.B.", "2021", None), ("X.C.", "2021", 30), ("X.C.", "2022-01-01", 30.001), ("X.Y.", "2021", None),
        (".D_E.", "2021", 60), ("D.E.", "2021", 60), (".X_B_10.", "2019", 20),
    ],
)  # fmt: skip
def test_where_a_pick_was_made(tmp_path: Path, code: str, time: str, longitude: float | None) -> None:
    (tmp_path / "s.csv").write_text(PLACES)
    stations, found = read_stations(tmp_path / "s.csv", Tally()), Tally()
    network, station, location = code.split(".")
    picks = pd.DataFrame({"network": [network], "station": [station], "location": [location]})
    site = int(find_sites(picks.assign(time=np.datetime64(time, "us")), stations, found)[0])
    assert (None if site < 0 else float(stations.longitude[site])) == longitude
    told = longitude is None or (code, time) == ("X.C.", "2021")  # C is at one place, and closed then
    assert bool(found.lines()) is told


@pytest.mark.parametrize(("station", "km"), [("D", "1.2"), ("E", "0.8")])
def test_places_too_far_apart_to_be_one_are_refused(tmp_path: Path, station: str, km: str) -> None:
    (tmp_path / "s.csv").write_text(PLACES)
    picks = pd.DataFrame({"network": ["X"], "station": [station], "location": [""]})
    with pytest.raises(InputError, match=rf"X.{station} has 2 places up to {km} km apart at 2021"):
        find_sites(
            picks.assign(time=np.datetime64("2021", "us")),
            read_stations(tmp_path / "s.csv", Tally()),
            Tally(),
        )


def test_places_in_use_between_two_times(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(PLACES)
    stations = read_stations(tmp_path / "s.csv", Tally())
    used = stations.during(np.datetime64("2020-01-01"), np.datetime64("2022-01-01"))
    assert sorted(stations.part(used).longitude) == [10, 11, 21, 30.001, 40, 40.0108, 50, 50, 60]


def test_elevations_that_may_be_km_are_told(tmp_path: Path) -> None:
    rows = "\n".join(f"X.{name},1,2,{z}" for name, z in (("A", 0.3), ("B", 2.1)))
    found = {}
    for header in ("elevation", "elevation_m", "elev(m)"):
        (tmp_path / "s.csv").write_text(f"id,longitude,latitude,{header}\n{rows}\n")
        read_stations(tmp_path / "s.csv", tally := Tally())
        found[header] = tally.lines()
    assert found == {
        "elevation": [
            "2 elevations are all below 9 and taken as m; name the column elevation_km if they are km: 0.3; 2.1"
        ],
        "elevation_m": [],
        "elev(m)": [],
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_stations_with_names_in_any_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    text = "# Säntis\r\nid,longitude,latitude,elevation_m,site\r\nCH.SAE,9.25,47.25,2502.5,Säntis…\r\n"
    (tmp_path / "s.csv").write_bytes(text.encode(encoding))
    stations = read_stations(tmp_path / "s.csv", tally := Tally())
    assert stations.name.tolist() == ["CH.SAE"]
    assert (stations.longitude[0], stations.latitude[0], stations.elevation_km[0]) == (9.25, 47.25, 2.5025)
    said = ["s.csv is not in UTF-8: read as Latin-1, names may be off"]
    assert tally.lines() == (said if encoding == "cp1252" else [])


def test_an_association_says_that_a_table_is_of_another_encoding(tmp_path: Path) -> None:
    picks, stations = write(CASE, tmp_path)
    picks.write_bytes("# Bülach\n".encode("latin-1") + picks.read_bytes())
    stations.write_bytes(stations.read_text().encode("utf-16"))
    lines = associate_files(picks, stations, tmp_path / "c.csv", SETTINGS)
    assert lines[0] == f"{picks.name} is not in UTF-8: read as Latin-1, names may be off"
    assert len(pd.read_csv(tmp_path / "c.csv")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "trace_id,phase,time\nA.B.,P,1700000000.5\nA.B.,P,2020-01-01\n",
            "row 1: time '1700000000.5'.*in all rows",
        ),
        ("trace_id,phase,time\nA.B.,P,403.1\n", "row 1: time '403.1'"),
        ("trace_id,phase,time\nA.B.,P,1700000000500\n", "row 1: time '1700000000500'"),
        ('<?xml version="1.0"?>\n<quakeml/>\n', "XML or JSON; a table with a header was expected"),
        (
            "file,p_arrival_time\na,1\n",
            "no column trace_id, phase, time; the columns are file, p_arr.*PhaseNet",
        ),
    ],
)
def test_times_and_columns_that_cannot_be_known_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_pick_table(tmp_path / "p.csv")


def test_rejected_picks_are_left_out_and_told(tmp_path: Path) -> None:
    status = ["rejected" if i < 2 else "reviewed" for i in range(len(CODE))]
    lines = said_of(CASE.picks.assign(evaluation_status=status), SITES, tmp_path)
    assert any("2 picks were rejected" in line for line in lines)


def test_an_error_says_what_was_found_before_it(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"nothing to associate; 10 stations with picks are not in the table"
    ):
        said_of(CASE.picks, SITES.assign(id=SITES["id"].str.replace("XX", "YY")), tmp_path)


def test_the_error_names_the_flags_that_would_let_events_through(tmp_path: Path) -> None:
    first = CODE.isin(sorted(set(CODE))[:6]) & (PHASE == "P")
    with pytest.raises(
        InputError, match=r"the best has 6 picks, 6 of P and 0 of S, and comes with --min-picks 6 --min-s 0"
    ):
        said_of(CASE.picks[first & ((TIME - TIME.min()).dt.total_seconds().lt(60))], SITES, tmp_path)
    with pytest.raises(InputError, match="nor does one come with fewer; check clocks"):
        said_of(CASE.picks[first].drop_duplicates("trace_id").iloc[:4], SITES, tmp_path)


@settings(max_examples=25, deadline=None)
@given(
    edges=st.lists(st.integers(0, 1000), min_size=1, max_size=5, unique=True).map(sorted),
    times=st.lists(st.integers(0, 1100), min_size=1, max_size=20),
)
def test_every_pick_is_at_the_place_of_its_time(
    tmp_path_factory: pytest.TempPathFactory, edges: list[int], times: list[int]
) -> None:
    """A station that moves a degree at each edge, a day of the year 2000 and after."""
    path = tmp_path_factory.getbasetemp() / "moving.csv"
    days = [str(np.datetime64("2000-01-01") + edge) for edge in edges]
    rows = [
        f"X.A,{i},0,0,{start},{end}"
        for i, (start, end) in enumerate(zip(["", *days], [*days, ""], strict=True))
    ]
    path.write_text(
        "id,longitude,latitude,elevation_m,start_date,end_date\n" + "\n".join(reversed(rows)) + "\n"
    )
    stations = read_stations(path, Tally())
    picks = pd.DataFrame({"network": "X", "station": "A", "location": ""}, index=range(len(times)))
    picks["time"] = np.datetime64("2000-01-01", "us") + np.array(times).astype("timedelta64[D]")
    places = stations.longitude[find_sites(picks, stations, Tally())]
    assert places.tolist() == [sum(edge <= time for edge in edges) for time in times]
