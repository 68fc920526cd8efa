"""Flatfiles of all dialects: columns, units, distances, and what is refused."""

import gzip
import re

import h5py
import numpy as np
import pandas as pd
import pytest

from terrella.errors import InputError
from terrella.motion.flatfile.distances import rjb_of_epicentral, rupture_length_km
from terrella.motion.flatfile.measures import find_measures, measure_of
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.write import as_table
from terrella.motion.synthetic import make_synthetic

MADE = make_synthetic(60, 30, ("PGA", "PGV", "SA(1)"), 3).records


def table() -> pd.DataFrame:
    return as_table(MADE)


def read(tmp_path, frame: pd.DataFrame, name: str = "flat.csv", **how):
    path = tmp_path / name
    frame.to_csv(path, index=False, compression="gzip" if name.endswith("gz") else None)
    return read_flatfile(path, Reading(**{"columns": {}, **how}))


def same(records) -> bool:
    return bool(
        np.allclose(records.ln_motion, MADE.ln_motion, atol=1e-3) and (records.event == MADE.event).all()
    )


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("PGA", "PGA"), ("PGA (g)", "PGA"), ("rotd50_pga", "PGA"), ("PGV (cm/sec)", "PGV"), ("T0.010S", "SA(0.01)"),
        ("T1.0S", "SA(1)"), ("rotd50_t0_100", "SA(0.1)"), ("rotD50_T10_000", "SA(10)"), ("SA(0.3)", "SA(0.3)"),
        ("PSA(0.3s)", "SA(0.3)"), ("SA_0.2", "SA(0.2)"), ("rotd50_t90", None), ("T90", None), ("Strike", None),
        ("SA(T=0.3000, D=0.050)", "SA(0.3)"), ("SA(T=0.3000, D=0.100)", None), ("T0pt300S", "SA(0.3)"),
        ("T10pt000S", "SA(10)"), ("rotd50_pgd", None), ("time", None), ("station", None), ("T = 0.01", "SA(0.01)"),
        ("PSA 5 Hz", "SA(0.2)"), ("PGAr", None), ("PGA_sigma", None), ("ln(PGA)", "PGA"), ("pga_flag", None),
        ("SA(1.0) (g)", "SA(1)"), ("PSA(0.01s)", "SA(0.01)"), ("PGA residual", None), ("SA(0.3)_2%", None),
    ],
)  # fmt: skip
def test_names_of_measures_are_known_and_durations_are_none(name, measure):
    found = measure_of(name)
    assert (found and found.measure) == measure


def test_the_median_component_goes_before_others():
    assert find_measures(["PGA", "rotd50_pga"], {}, "x")[0]["PGA"].columns == ("rotd50_pga",)


def test_a_flatfile_is_read_back_as_it_was_written(tmp_path):
    records = read(tmp_path, table())
    assert same(records)
    assert np.allclose(records.year, MADE.year)
    assert (records.mechanism == MADE.mechanism).all()


@pytest.mark.parametrize(("unit", "factor"), [("cm/s^2", 980.665), ("%g", 100.0), ("m/s2", 9.80665)])
def test_a_unit_in_a_name_is_taken(tmp_path, unit, factor):
    frame = table()
    for name in ("PGA", "SA(1)"):
        frame[f"{name} ({unit})"] = factor * frame.pop(f"{name} (g)")
    records = read(tmp_path, frame)
    assert same(records.of_measures(MADE.measures))


def plain(factor: float = 1.0) -> pd.DataFrame:
    frame = table()
    return frame.assign(**{name: factor * frame.pop(f"{name} (g)") for name in ("PGA", "SA(1)")})


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "g"), (980.665, "cm/s2"), (100.0, "%g")])
def test_a_unit_is_told_by_the_size_of_numbers_and_said(tmp_path, factor, unit):
    records = read(tmp_path, plain(factor))
    assert same(records.of_measures(MADE.measures))
    assert any(f"are in {unit}, as told by their size" in finding for finding in records.findings)


def test_a_unit_that_numbers_do_not_tell_is_asked_for(tmp_path):
    with pytest.raises(InputError, match=r"cannot be told from its numbers; say it with --data.unit"):
        read(tmp_path, plain(980.665)[:6])
    assert same(read(tmp_path, plain(980.665), unit="cm/s2").of_measures(MADE.measures))


def test_rows_in_two_units_are_refused_with_a_line(tmp_path):
    frame = table()
    frame.loc[::4, "PGA (g)"] *= 980.665
    with pytest.raises(InputError, match=r"mixed units: [\d,]+ of [\d,]+ records .* the first in line 2"):
        read(tmp_path, frame)


def test_columns_in_two_units_are_refused(tmp_path):
    frame = plain()
    frame["SA(1)"] *= 980.665
    with pytest.raises(InputError, match=r"mixed units: .*PGA in g, SA\(1\) in cm/s2"):
        read(tmp_path, frame)


def test_a_station_in_another_unit_is_named_and_can_be_left_out(tmp_path):
    frame = table()
    name = frame["station_id"].value_counts().index[0]
    own = np.flatnonzero(frame["station_id"] == name)[:4]
    frame.loc[own, ["PGA (g)", "SA(1) (g)"]] *= 100
    few = frame.drop(index=np.flatnonzero(frame["station_id"] == name)[4:])
    assert any(finding.startswith(f"station {name}: 4 records") for finding in read(tmp_path, few).findings)
    assert name not in read(tmp_path, few, without=(name,)).station
    with pytest.raises(InputError, match="names the station 'S999'"):
        read(tmp_path, few, without=("S999",))


NGA = {
    "event_id": "EQID", "station_id": "Station Sequence Number", "magnitude": "Earthquake Magnitude",
    "rjb_km": "Joyner-Boore Dist. (km)", "vs30_m_s": "Vs30 (m/s) selected for analysis",
    "depth_km": "Hypocenter Depth (km)", "PGV (cm/s)": "PGV (cm/sec)", "SA(1) (g)": "T1.000S", "year": "YEAR",
}  # fmt: skip
ESM = {
    "event_id": "event_id", "station_id": "station_code", "magnitude": "Mw", "rjb_km": "JB_dist",
    "vs30_m_s": "vs30_m_sec", "PGA (g)": "rotD50_pga", "PGV (cm/s)": "rotD50_pgv", "SA(1) (g)": "rotD50_T1_000",
    "mechanism": "fm_type_code",
}  # fmt: skip
# As the columns stand in the flatfile of 2018, without those that are not read.
ESM18 = ["ML", "EMEC_Mw", "EMEC_Mw_type", "vs30_m_sec_WA", "U_pga", "rotD100_pga"]
SUBDUCTION = {
    "event_id": "NGAsubEQID", "station_id": "NGAsubSSN", "magnitude": "Earthquake_Magnitude", "rjb_km": "Rjb_km",
    "vs30_m_s": "Vs30_Selected_for_Analysis_m_s", "PGA (g)": "PGA_g", "PGV (cm/s)": "PGV_cm_sec",
    "SA(1) (g)": "T1pt000S", "depth_km": "Hypocenter_Depth_km", "year": "Year",
}  # fmt: skip
GMPROCESS = {
    "event_id": "EarthquakeId", "station_id": "StationCode", "magnitude": "EarthquakeMagnitude",
    "rjb_km": "JoynerBooreDistance", "vs30_m_s": "Vs30", "PGA (g)": "PGA", "PGV (cm/s)": "PGV",
    "SA(1) (g)": "SA(T=1.0000, D=0.050)", "depth_km": "EarthquakeDepth",
    "event_latitude": "EarthquakeLatitude", "event_longitude": "EarthquakeLongitude",
}  # fmt: skip
ZEALAND = {
    "event_id": "evid", "station_id": "sta", "magnitude": "mag", "rjb_km": "r_jb", "vs30_m_s": "Vs30",
    "PGA (g)": "PGA", "PGV (cm/s)": "PGV", "SA(1) (g)": "pSA_1.0", "depth_km": "ev_depth",
    "event_latitude": "ev_lat", "event_longitude": "ev_lon", "station_latitude": "sta_lat",
    "station_longitude": "sta_lon",
}  # fmt: skip
EGSIM = {
    "event_id": "event_id", "rjb_km": "rjb", "vs30_m_s": "vs30",
    "depth_km": "event_depth", "SA(1) (g)": "SA(1.0) (g)",
}  # fmt: skip


@pytest.mark.parametrize(("names", "separator"), [(NGA, ","), (ESM, ";"), (EGSIM, "\t")])
def test_the_dialects_in_use_are_read(tmp_path, names, separator):
    frame = table().drop(columns="rjb_from").rename(columns=names)
    if names is ESM:
        frame[["rotD50_pga", "rotD50_T1_000"]] *= 980.665
        frame["fm_type_code"] = frame["fm_type_code"].replace({"NS": "NF", "RS": "TF"})
        frame[ESM18] = ""
        frame["vs30_m_sec_WA"] = frame["vs30_m_sec"]
        frame["vs30_m_sec"] = frame["vs30_m_sec"].where(frame.index > 5)
    if names is NGA:
        frame["Rake Angle (deg)"] = frame.pop("mechanism").map({"SS": 175, "NS": -80, "RS": 95})
        frame.loc[3, "Hypocenter Depth (km)"] = -999
    path = tmp_path / "flat.csv"
    path.write_text("# exported\n" + frame.to_csv(index=False, sep=separator))
    records = read_flatfile(path, Reading({}))
    assert np.allclose(records.of_measures(MADE.measures).ln_motion, MADE.ln_motion, atol=1e-3)
    assert (records.mechanism == MADE.mechanism).all()
    assert np.isnan(records.depth_km[3]) == (names is NGA)


@pytest.mark.parametrize("names", [SUBDUCTION, GMPROCESS, ZEALAND])
def test_the_dialects_of_the_pacific_are_read(tmp_path, names):
    frame = table().drop(columns="rjb_from").rename(columns=names)
    if names is GMPROCESS:
        frame[["PGA", names["SA(1) (g)"]]] *= 100  # in percent of g, which the numbers tell
        frame["StationID"] = frame["StationCode"] + [".HN" if n % 2 else ".BH" for n in range(len(frame))]
    records = read(tmp_path, frame)
    assert same(records.of_measures(MADE.measures))
    assert (records.station == MADE.station).all(), "two instruments of one station stay one station"
    assert np.array_equal(records.depth_km, MADE.depth_km, equal_nan=True)


def test_rows_of_other_components_are_left_out_or_refused(tmp_path):
    frame = table()
    three = pd.concat([frame.assign(component=name) for name in ("000", "rotd50", "ver")])
    three.loc[three["component"] != "rotd50", ["PGA (g)", "PGV (cm/s)", "SA(1) (g)"]] *= 0.7
    records = read(tmp_path, three)
    assert same(records)
    assert any("of the component rotd50; the others are left out" in finding for finding in records.findings)
    with pytest.raises(InputError, match=r"component says that rows are of several components \(000, ver\)"):
        read(tmp_path, three[three["component"] != "rotd50"])
    single = read(tmp_path, frame.assign(Component="larger"))
    assert any("of the component larger" in finding for finding in single.findings)


def test_magnitudes_of_another_type_and_repeated_records_are_told(tmp_path):
    frame = table().assign(**{"Magnitude Type": "Mw"})
    frame.loc[:2, "Magnitude Type"] = "ML"
    findings = read(tmp_path, pd.concat([frame, frame[:4]])).findings
    assert any(each.startswith("6 rows have magnitudes of type ML by Magnitude Type") for each in findings)
    assert any(each.startswith("4 rows repeat an event and a station") for each in findings)


@pytest.mark.filterwarnings("ignore:object name is not a valid Python identifier")
@pytest.mark.parametrize("form", ["table", "columns", "plain"])
def test_hdf5_is_read_without_unpickling(tmp_path, form):
    frame, path = table().drop(columns="rjb_from"), tmp_path / "flat.h5"
    if form == "plain":
        with h5py.File(path, "w") as file:
            for name in frame:
                values = frame[name].to_numpy()
                file[name.replace("cm/s", "cms")] = values.astype("S") if values.dtype == object else values
    else:
        pytest.importorskip("tables")
        frame = frame.rename(columns=lambda name: re.sub(r" \(.*", "", name))
        for name in frame.select_dtypes(exclude="number"):
            frame[name] = frame[name].astype(object)
        frame.to_hdf(path, key="flatfile", format="table", data_columns=True if form == "columns" else None)
    assert same(read_flatfile(path, Reading({})).of_measures(MADE.measures))


def test_parquet_and_gzipped_csv_are_read(tmp_path):
    table().to_parquet(tmp_path / "flat.parquet")
    assert same(read_flatfile(tmp_path / "flat.parquet", Reading({})))
    assert same(read(tmp_path, table(), "flat.csv.gz"))


def test_a_fault_bends_no_distance_outwards_and_vanishes_for_small_events():
    repi, m = np.array([0.0, 5, 20, 100, 300]), np.full(5, 7.0)
    assert np.isclose(rupture_length_km(np.array([7.0]))[0], 10 ** (-2.44 + 0.59 * 7))
    rjb = rjb_of_epicentral(repi, m)
    assert (rjb <= repi + 1e-9).all()
    assert (rjb >= np.maximum(repi - rupture_length_km(m), 0)).all()
    assert (np.diff(rjb) > 0).all()
    assert np.allclose(rjb_of_epicentral(repi, np.full(5, 2.0)), repi, atol=0.2)


def test_a_missing_rjb_is_filled_and_stated_for_each_row(tmp_path):
    frame = table().drop(columns="rjb_from")
    frame["epi_dist"], frame["rup_dist"], frame["z_top"] = frame["rjb_km"], np.hypot(frame["rjb_km"], 3), 3.0
    frame.loc[0, "rjb_km"] = frame.loc[1, "rjb_km"] = np.nan
    frame.loc[1, "rup_dist"] = np.nan
    records = read(tmp_path, frame)
    assert records.rjb_from[:3].tolist() == [1, 2, 0]
    assert np.isclose(records.rjb_km[0], MADE.rjb_km[0], rtol=1e-4)
    assert records.rjb_km[1] < MADE.rjb_km[1]
    assert sum("have no Rjb" in finding for finding in records.findings) == 2


def test_coordinates_alone_give_distances_and_whose_records_they_are(tmp_path):
    frame = table().drop(columns=["rjb_km", "rjb_from", "event_id", "station_id"])
    events, stations = (np.unique(each, return_inverse=True)[1] for each in (MADE.event, MADE.station))
    frame["event_latitude"], frame["event_longitude"] = 40 + events * 0.01, 20.0
    frame["station_latitude"], frame["station_longitude"] = 41.0, 20 + stations * 0.02
    records = read_flatfile(_written(tmp_path, frame), Reading({}, unit="g"))
    assert (records.rjb_from == 3).all()
    assert len(set(records.event)) == len(set(MADE.event))


def _written(tmp_path, frame):
    frame.to_csv(tmp_path / "places.csv", index=False)
    return tmp_path / "places.csv"


def test_rows_without_what_is_needed_are_left_out_and_counted(tmp_path):
    frame = table()
    frame.loc[4, "magnitude"] = np.nan
    frame.loc[5, "vs30_m_s"] = -999
    frame.loc[6, ["PGA (g)", "PGV (cm/s)", "SA(1) (g)"]] = np.nan
    records = read(tmp_path, frame)
    assert len(records) == len(MADE) - 3
    for said in (
        "1 rows without a magnitude",
        "the first in line 7",
        "without any motion",
        "the first in line 8",
    ):
        assert any(said in finding for finding in records.findings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: f.drop(columns="magnitude").assign(ML=4),
            "no column of moment magnitudes .ML is no moment",
        ),
        (lambda f: f.drop(columns="vs30_m_s"), "no column of Vs30"),
        (lambda f: f.drop(columns=["rjb_km", "event_longitude"]), "no column of distances"),
        (
            lambda f: f.drop(columns="event_id").drop(columns=["event_longitude"]),
            "which event a record is of",
        ),
        (
            lambda f: f[["event_id", "station_id", "magnitude", "rjb_km", "vs30_m_s"]],
            "no column of PGA, PGV or SA",
        ),
        (lambda f: f.assign(magnitude=["many"] + ["5"] * (len(f) - 1)), "magnitude is 'many' in line 2"),
        (lambda f: f.assign(magnitude=55), "magnitude is 55 in line 2, expected -2 to 10"),
        (lambda f: f.assign(rjb_km=-3.0), "rjb_km is -3 in line 2"),
        (lambda f: f.assign(vs30_m_s=0.4), "vs30_m_s is 0.4 in line 2"),
        (lambda f: f[:0], "holds no records"),
        (lambda f: f.assign(vs30_m_s=np.nan), "no row has a magnitude, a distance and a Vs30"),
    ],
)
def test_a_fault_is_told_in_one_line(tmp_path, change, words):
    with pytest.raises(InputError, match=words) as told:
        read(tmp_path, change(table()))
    assert "\n" not in str(told.value)


def test_mappings_are_followed_and_checked(tmp_path):
    frame = table().rename(columns={"magnitude": "size", "PGA (g)": "peak"})
    records = read(tmp_path, frame, columns={"magnitude": "size", "PGA": "peak"}, unit="g")
    assert np.allclose(records.magnitude, MADE.magnitude, atol=1e-4)
    with pytest.raises(InputError, match="names the column 'sise', which is not there; did you mean size"):
        read(tmp_path, frame, columns={"magnitude": "sise"})
    with pytest.raises(InputError, match="'weight' is none of"):
        read(tmp_path, frame, columns={"magnitude": "size", "weight": "size"})


@pytest.mark.parametrize("name", ["flat.csv", "flat.csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_names_in_any_encoding_change_no_number(tmp_path, encoding, name):
    content = (
        table().assign(place="Málaga, España…").to_csv(index=False, lineterminator="\r\n").encode(encoding)
    )
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    records = read_flatfile(tmp_path / name, Reading({}))
    assert same(records)
    assert np.allclose(records.magnitude, MADE.magnitude, atol=1e-4)
    said = f"{name} is not in UTF-8: read as Latin-1, names may be off"
    assert (said in records.findings) == (encoding == "cp1252")
    assert said not in read(tmp_path, table()).findings


def test_files_that_are_no_tables_are_told(tmp_path):
    words = {
        "a.csv": "is empty", "b.csv": "zero bytes: it is no text", "c.h5": "cannot be read as a flatfile",
        "d.csv": "it is no text", "e.csv.gz": "cannot be read as a flatfile", "f.csv": "nothing but comments",
    }  # fmt: skip
    for name, content in (
        ("a.csv", b""),
        ("b.csv", b"\x00\x01\x02\x00"),
        ("c.h5", b"\x89HDF\r\n\x1a\nbroken"),
        ("d.csv", bytes(range(255, 0, -1))),
        ("e.csv.gz", gzip.compress(bytes(range(256)) * 99)[:20] + bytes(99)),
        ("f.csv", b"# nothing\n"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words[name]) as raised:
            read_flatfile(tmp_path / name, Reading({}))
        assert name in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="no such file"):
        read_flatfile(tmp_path / "none.csv", Reading({}))
