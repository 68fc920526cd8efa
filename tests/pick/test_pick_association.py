"""Association: events of known places come back, whatever the order of the picks and the false ones among them."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from association_cases import HOMOGENEOUS, Case, at, make_case, write
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.formats.catalogues.read import read_catalogue
from terrella.pick.association.associate import Association, AssociationSettings, associate
from terrella.pick.association.command import associate_files
from terrella.pick.association.left_out import TWICE, UNEXPLAINED
from terrella.pick.association.magnitude import station_magnitude
from terrella.pick.association.tables import read_picks, read_stations
from terrella.pick.association.velocity import AK135_CRUST, VelocityModel, read_velocity_model, travel_times
from terrella.pick.data.tally import Tally

SETTINGS = AssociationSettings(HOMOGENEOUS, max_depth_km=40.0, margin_km=50.0)


def associated(case: Case, folder: Path) -> Association:
    picks_file, stations_file = write(case, folder)
    stations = read_stations(stations_file, Tally())
    return associate(read_picks(picks_file, stations, Tally()), stations, SETTINGS)


def assert_recovered(case: Case, made: Association) -> None:
    truth, events = case.events, made.events
    assert len(events) == len(truth)
    apart = (events["time"].to_numpy() - at(truth["second"])) / np.timedelta64(1, "s")
    assert np.abs(apart).max() < 0.6
    far = distance_km(events["longitude"], events["latitude"], truth["longitude"], truth["latitude"])
    assert far.max() < 3
    assert np.median(far) < 1
    assert np.abs(events["depth_km"] - truth["depth_km"]).max() < 12
    assert np.abs(events["magnitude"] - truth["magnitude"]).max() < 0.15


@settings(max_examples=6, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32 - 1))
def test_all_events_are_recovered(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    case = make_case(seed)
    assert_recovered(case, associated(case, tmp_path_factory.mktemp("case")))


def test_the_order_of_the_picks_does_not_matter(tmp_path: Path) -> None:
    case = make_case(5)
    expected = associated(case, tmp_path)
    shuffled = Case(case.stations.iloc[::-1], case.events, case.picks.sample(frac=1, random_state=1))
    made = associated(shuffled, tmp_path)
    pd.testing.assert_frame_equal(made.events, expected.events)
    pd.testing.assert_frame_equal(made.assignments, expected.assignments)


def test_events_beyond_the_volume_are_told(tmp_path: Path) -> None:
    case = make_case(14, events=2)
    centre = [case.stations[name].mean() for name in ("longitude", "latitude")]
    near = distance_km(case.stations["longitude"], case.stations["latitude"], *centre) < 30
    few = Case(
        case.stations[near],
        case.events,
        case.picks[case.picks["trace_id"].str[:6].isin(case.stations["id"][near])],
    )
    files = write(few, tmp_path)
    narrow, wide = (replace(SETTINGS, margin_km=km, min_picks=6) for km in (0.0, 60.0))
    told = ["at the edge" in " ".join(associate_files(*files, tmp_path / "c.csv", s)) for s in (narrow, wide)]
    assert told == [True, False]


def test_a_network_across_the_date_line_is_like_any_other(tmp_path: Path) -> None:
    case = make_case(12, events=3)
    here = associated(case, tmp_path)
    east = case.stations.assign(longitude=(case.stations["longitude"] + 166.5 + 180) % 360 - 180)
    assert east["longitude"].min() < 0 < east["longitude"].max()
    there = associated(Case(east, case.events, case.picks), tmp_path)
    assert len(there.events) == 3
    shift = (there.events["longitude"] - here.events["longitude"]) % 360
    np.testing.assert_allclose(shift, 166.5, atol=0.01)


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_depth_km", 0.0), ("margin_km", -1.0), ("min_p", 0), ("max_depth_km", float("nan"))],
)
def test_settings_without_sense_are_refused(tmp_path: Path, name: str, value: float) -> None:
    picks_file, stations_file = write(make_case(13, events=1), tmp_path)
    stations = read_stations(stations_file, Tally())
    picks = read_picks(picks_file, stations, Tally())
    with pytest.raises(InputError, match=f"{name} {value}"):
        associate(picks, stations, replace(SETTINGS, **{name: value}))  # type: ignore[arg-type]


def test_picks_in_events_are_the_true_ones(tmp_path: Path) -> None:
    case = make_case(6, false_share=1.0)
    made = associated(case, tmp_path)
    assert_recovered(case, made)
    assert (made.assignments["residual_s"].abs() < 0.3).mean() > 0.95
    assert made.assignments["pick"].is_unique
    assert made.events["picks"].tolist() == made.assignments.groupby("event").size().tolist()


def test_every_pick_left_out_has_its_reason(tmp_path: Path) -> None:
    case = make_case(9, events=3, false_share=0.0)
    first = case.events["second"][0]
    taken = case.picks[case.picks["phase"] == "P"].iloc[0]
    added = {
        UNEXPLAINED: ("XX.S00.", "P", first - 40.0),
        TWICE: (taken["trace_id"], "P", pd.Timestamp(taken["time"]).timestamp() + 1.0),
    }
    begin = pd.Timestamp("2024-03-01T00:00:00Z").timestamp()
    more = case.picks.iloc[:2].assign(
        trace_id=[each[0] for each in added.values()],
        phase=[each[1] for each in added.values()],
        time=[
            f"{pd.Timestamp(second if second > begin else begin + second, unit='s').isoformat()}Z"
            for _, _, second in added.values()
        ],
    )
    files = write(Case(case.stations, case.events, pd.concat([case.picks, more])), tmp_path)
    lines = associate_files(*files, tmp_path / "catalogue.csv", SETTINGS)
    rest = pd.read_csv(tmp_path / "catalogue.left_out.csv")
    used = pd.read_csv(tmp_path / "catalogue.assignments.csv")
    assert len(rest) + len(used) == len(case.picks) + 2
    assert set(added) <= set(rest["reason"])
    twice = rest[rest["reason"] == TWICE]
    assert twice["misfit_s"].to_numpy() == pytest.approx(1.0, abs=0.3)
    assert set(twice["nearest_event_id"]) <= set(used["event_id"])
    assert f"1: {UNEXPLAINED}" in " ".join(lines)
    assert (tmp_path / "catalogue.png").stat().st_size > 10_000


@pytest.mark.parametrize("suffix", ["parquet", "csv", "xml"])
def test_the_catalogue_is_read_by_the_formats(tmp_path: Path, suffix: str) -> None:
    case = make_case(7, events=3)
    picks, stations = write(case, tmp_path)
    output = tmp_path / f"catalogue.{suffix}"
    lines = associate_files(picks, stations, output, replace(SETTINGS, magnitude_offset=0.5))
    catalogue, _ = read_catalogue(output)
    assert len(catalogue) == 3
    np.testing.assert_allclose(catalogue.magnitude, case.events["magnitude"] + 0.5, atol=0.15)
    assert catalogue.magnitude_types == ("ml",)
    beside = pd.read_csv(tmp_path / "catalogue.assignments.csv")
    assert catalogue.event_id is not None
    assert set(beside["event_id"]) <= {name.decode().split("/")[-1] for name in catalogue.event_id}
    assert set(beside["trace_id"]) <= set(case.picks["trace_id"])
    assert any("3 events from" in line for line in lines)
    assert any("Hutton and Boore" in line and "plus 0.5" in line for line in lines)


def test_unknown_stations_and_phases_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    case = make_case(8, events=3)
    odd = case.picks.iloc[:3].assign(trace_id=["YY.NO.", "YY.NO.", "XX.S00."], phase=["P", "S", "Lg"])
    picks, stations = write(Case(case.stations, case.events, pd.concat([case.picks, odd])), tmp_path)
    lines = associate_files(picks, stations, tmp_path / "c.csv", SETTINGS)
    assert any("1 stations with picks are not in the table" in line and "YY.NO (2)" in line for line in lines)
    assert any("1 picks are of no P or S phase" in line and "Lg" in line for line in lines)
    assert len(read_catalogue(tmp_path / "c.csv")[0]) == 3


def test_events_without_amplitudes_have_no_magnitude_and_a_line_says_so(tmp_path: Path) -> None:
    case = make_case(9, events=2)
    bare = Case(case.stations, case.events, case.picks.drop(columns="amplitude"))
    picks, stations = write(bare, tmp_path)
    lines = associate_files(picks, stations, tmp_path / "c.parquet", SETTINGS)
    assert any("2 events have no pick with an amplitude" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.drop(columns="time"), r"picks\.csv: no column time; the columns are trace_id, phase,"),
        (lambda p: p.assign(time="yesterday"), r"picks\.csv row 1: time 'yesterday'"),
        (lambda p: p.iloc[:0], r"picks\.csv: no pick of P or S at a station that is known"),
        (lambda p: p[p["trace_id"].isin(["XX.S00.", "XX.S01."])], "2 stations have picks; at least 4"),
        (
            lambda p: p[p["phase"] == "P"],
            r"picks\.csv: no event among .* at least 8 picks, 3 of P and 2 of S",
        ),
    ],
)
def test_bad_picks_are_refused_in_a_line(tmp_path: Path, change: object, message: str) -> None:
    case = make_case(10, events=2)
    picks, stations = write(Case(case.stations, case.events, change(case.picks)), tmp_path)  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as refusal:
        associate_files(picks, stations, tmp_path / "c.csv", SETTINGS)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "c.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,longitude,latitude\nA.B,1,2\n", "no column elevation_m"),
        (
            "id,longitude,latitude,elevation_m\nA.B,1,2,0\nA.C,1,north,0\n",
            "row 2: station A.C at 1, north, 0",
        ),
        ("id,longitude,latitude,elevation_m\nA.B,1,95,0\n", "row 1: station A.B"),
        ("", "is empty"),
    ],
)
def test_bad_stations_are_refused_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "stations.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_stations(tmp_path / "stations.csv", Tally())


def test_stations_are_read_from_stationxml(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy import read_inventory

        inventory = read_inventory()  # ObsPy's own example
        inventory.write(str(tmp_path / "s.xml"), "STATIONXML")
    stations = read_stations(tmp_path / "s.xml", Tally())
    # RJOB has three epochs at one place.
    assert list(stations.name) == ["BW.RJOB"] * 3 + ["GR.FUR", "GR.WET"]
    assert stations.longitude[3] == pytest.approx(11.2752, abs=1e-3)
    (tmp_path / "bad.xml").write_text("<html>")
    with pytest.raises(InputError, match="no readable StationXML"):
        read_stations(tmp_path / "bad.xml", Tally())


def test_without_pyocto_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyocto", None)
    with pytest.raises(InputError, match=r"pip install 'terrella\[pick\]'"):
        associated(make_case(11, events=1), tmp_path)


def test_magnitude_three_is_a_millimetre_at_100_km() -> None:
    # Hutton & Boore (1987): a Wood-Anderson amplitude of 1 mm at 100 km is magnitude 3, as Richter defined it.
    assert station_magnitude(1.0, 100.0) == pytest.approx(3.0)
    # And 10 mm at 17 km, which is where their scale is anchored.
    assert station_magnitude(10.0, 17.0) == pytest.approx(3.0, abs=0.02)
    assert np.isnan(station_magnitude([0.0, np.nan, -1.0], 50.0)).all()


@pytest.mark.parametrize(
    ("km", "magnitude"),
    [(0.0, 0.5929), (1.0, 0.5929), (10.0, 1.7199), (50.0, 2.5714), (200.0, 3.5231), (600.0, 4.8087)],
)
def test_magnitudes_at_any_distance_are_those_of_hutton_and_boore(km: float, magnitude: float) -> None:
    """Their equation 2 by hand, -log A0 = 1.110 log(r / 100) + 0.00189 (r - 100) + 3.0, for 1 mm."""
    assert station_magnitude(1.0, km) == pytest.approx(magnitude, abs=1e-4)


@pytest.mark.parametrize(("depth", "phase"), [(5.0, "P"), (25.0, "S"), (45.0, "P")])
def test_times_in_the_crust_are_those_of_taup(depth: float, phase: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy.taup import TauPyModel
    model = TauPyModel("ak135")
    phases = ["p", "P", "Pn", "Pg"] if phase == "P" else ["s", "S", "Sn", "Sg"]
    for distance in (20.0, 130.0, 260.0):
        arrivals = model.get_travel_times(depth, distance / 111.195, phases)
        ours = travel_times(AK135_CRUST, phase, depth, np.array([0.0, distance]))[1]
        # ak135 is a sphere with gradients in the mantle; ours are flat layers.
        assert ours == pytest.approx(min(a.time for a in arrivals), rel=0.006)


def test_a_velocity_model_is_read_and_refused(tmp_path: Path) -> None:
    file = tmp_path / "layers.csv"
    file.write_text("depth_km,vp_km_s,vs_km_s\n0,5,2.9\n10,6,3.5\n")
    assert read_velocity_model(file) == VelocityModel((0.0, 10.0), (5.0, 6.0), (2.9, 3.5), "layers")
    for text, message in (
        ("depth_km,vp_km_s\n0,5\n", "no column vs_km_s"),
        ("depth_km,vp_km_s,vs_km_s\n0,5,2.9\n10,3,3.5\n", "row 2: expected layers"),
        ("depth_km,vp_km_s,vs_km_s\n2,5,2.9\n", "row 1: expected layers from depth 0"),
        ("depth_km,vp_km_s,vs_km_s\n", "row 0: expected layers"),
        ("# Jura, gemäß Netz\ndepth_km,vp_km_s,vs_km_s\n0,5,2.9\n", "is not utf-8: byte 0xe4 in line 1"),
    ):
        file.write_text(text, encoding="latin-1")
        with pytest.raises(InputError, match=message):
            read_velocity_model(file)
