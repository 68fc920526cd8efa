"""Data sets from one's own archive: windows, noise, splits by event, files that are bad in many ways."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.waveforms.seisbench import read_data_set, read_slabs
from terrella.pick.data.archive import make_from_archive
from terrella.pick.data.store import make_store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import obspy
    from obspy.core import event as obspy_event

START = obspy.UTCDateTime(2020, 3, 4)
RATE = 50.0


def ramp(start_s, seconds, rate_hz=RATE, component=0):
    """Samples that tell their own time: seconds since START, in steps of a sample, plus a component's offset."""
    return (np.arange(int(seconds * rate_hz)) / rate_hz + start_s + 10_000 * component).astype(np.float32)


def record(folder, station, channel, start_s, seconds, rate_hz=RATE, name=None, network="XX"):
    """Write one miniSEED file whose samples are times."""
    component = "ZNE12".find(channel[-1]) % 3
    trace = obspy.Trace(ramp(start_s, seconds, rate_hz, component))
    trace.stats.update(
        {
            "network": network,
            "station": station,
            "channel": channel,
            "sampling_rate": rate_hz,
            "starttime": START + start_s,
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or f"{station}.{channel}.{start_s}.mseed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trace.write(str(path), format="MSEED")
    return path


def table(path, rows):
    """Write a picks table of (event, trace id, phase, seconds after START)."""
    lines = ["event_id,trace_id,phase,time", *(f"{e},{t},{p},{START + s}" for e, t, p, s in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def made(tmp_path, picks, **options):
    """Make a data set from tmp_path/archive and return its metadata, traces and lines."""
    lines = make_from_archive(tmp_path / "archive", picks, tmp_path / "set", **options)
    data_set = read_data_set(tmp_path / "set")
    traces = [None] * len(data_set)
    for slab in read_slabs(data_set):
        for k, row in enumerate(slab.row):
            traces[row] = slab.trace(k)
    return data_set.metadata, traces, lines


def three_components(tmp_path, station="A", seconds=1500.0):
    for channel in ("HHZ", "HHN", "HHE"):
        record(tmp_path / "archive", station, channel, 0.0, seconds)


def test_picks_point_at_their_times(tmp_path):
    three_components(tmp_path)
    picks = table(tmp_path / "p.csv", [("e1", "XX.A..HHZ", "P", 700.25), ("e1", "XX.A..HHE", "S", 711.5)])
    metadata, traces, lines = made(tmp_path, picks)
    assert metadata["trace_category"].tolist() == ["noise", "earthquake"]
    assert metadata["trace_component_order"].tolist() == ["ZNE", "ZNE"]
    quiet, loud = traces
    row = metadata.iloc[1]
    for phase, seconds in (("P", 700.25), ("S", 711.5)):
        at = round(row[f"trace_{phase}_arrival_sample"])
        assert loud[:, at] == pytest.approx([seconds, seconds + 10_000, seconds + 20_000], abs=0.52 / RATE)
    assert loud.shape == (3, int(130 * RATE))
    assert loud[0, 0] == pytest.approx(640.25, abs=0.51 / RATE)
    assert obspy.UTCDateTime(row["trace_start_time"]) - START == pytest.approx(float(loud[0, 0]), abs=1e-3)
    assert quiet.shape == (3, int(60 * RATE))
    assert quiet[0, -1] < 640.25 <= quiet[0, -1] + 2 / RATE
    assert set(metadata["split"]) == {metadata["split"][0]}
    assert "1 traces with 2 picks and 1 of noise" in lines[0]


def quakeml(path, n_events=6, stations=("A", "B")):
    catalogue = obspy_event.Catalog()
    for i in range(n_events):
        time = START + 400 + 400 * i
        picks = [
            obspy_event.Pick(
                time=time + delay + j,
                waveform_id=obspy_event.WaveformStreamID("XX", station, None, f"HH{channel}"),
                phase_hint="P" if hint == "Pg" else hint,
                evaluation_mode="manual",
            )
            for j, station in enumerate(stations)
            for hint, delay, channel in (("Pg", 5, "Z"), ("S", 9, "N"), ("IAML", 12, "N"))
        ]
        origin = obspy_event.Origin(time=time, latitude=1.0 + i, longitude=2.0, depth=8000.0)
        origin.arrivals = [
            obspy_event.Arrival(pick_id=pick.resource_id, phase="Pg")
            for pick in picks
            if pick.phase_hint == "P"
        ]
        magnitude = obspy_event.Magnitude(mag=2.5, magnitude_type="ML")
        catalogue.append(obspy_event.Event(picks=picks, origins=[origin], magnitudes=[magnitude]))
    catalogue.write(str(path), format="QUAKEML")
    return path


@pytest.mark.filterwarnings("ignore")
def test_quakeml_becomes_a_store(tmp_path):
    three_components(tmp_path, "A", 3000.0)
    three_components(tmp_path, "B", 3000.0)
    metadata, _, lines = made(tmp_path, quakeml(tmp_path / "events.xml"))
    events = metadata[metadata["trace_category"] == "earthquake"]
    assert len(events) == 12
    # The phase of the located arrival goes before the hint; amplitude readings are none.
    assert events[["trace_Pg_arrival_sample", "trace_S_arrival_sample"]].notna().all().all()
    assert "trace_P_arrival_sample" not in metadata
    assert any("12 readings are of no P or S phase" in line for line in lines)
    assert events["source_depth_km"].tolist() == [8.0] * 12
    assert events["source_magnitude"].tolist() == [2.5] * 12
    assert events.groupby("source_id")["split"].nunique().max() == 1
    assert set(events["split"]) == {"train", "dev", "test"}
    store = make_store(tmp_path / "set")
    assert store.rate_hz == 100
    assert set(store.phases) == {"Pg", "S"}
    assert store.noise.sum() == len(metadata) - 12
    for index in np.flatnonzero(~store.noise):
        p, s = store.picks[index]
        assert s - p == 400
        assert store.trace(index)[0, s] - store.trace(index)[0, p] == pytest.approx(4.0, abs=0.1)


def test_an_sds_archive_across_midnight(tmp_path):
    day = 86_400
    for channel in ("HHZ", "HH1", "HH2"):
        for start, julian in ((day - 300.0, "064"), (float(day), "065")):
            folder = tmp_path / "archive" / "2020" / "XX" / "A" / f"{channel}.D"
            record(folder, "A", channel, start, 300.0, name=f"XX.A..{channel}.D.2020.{julian}")
    picks = table(tmp_path / "p.csv", [("e1", "XX.A", "P", day - 2.0), ("e1", "XX.A", "S", day + 3.0)])
    metadata, traces, _ = made(tmp_path, picks)
    row = metadata.iloc[-1]
    assert row["trace_component_order"] == "Z12"
    trace = traces[-1]
    for phase, seconds in (("P", day - 2.0), ("S", day + 3.0)):
        assert trace[0, int(row[f"trace_{phase}_arrival_sample"])] == pytest.approx(seconds, abs=0.03)
    np.testing.assert_allclose(np.diff(trace[0]), 1 / RATE, atol=0.01)


def test_other_events_cut_windows_and_take_the_place_of_noise(tmp_path):
    """Two events 40 s apart: neither's window holds the other's picks, and both are in one split."""
    three_components(tmp_path)
    rows = [
        ("e1", "XX.A", "P", 700.0),
        ("e1", "XX.A", "S", 704.0),
        ("e2", "XX.A", "P", 744.0),
        ("e2", "XX.A", "S", 747.0),
    ]
    metadata, traces, lines = made(tmp_path, table(tmp_path / "p.csv", rows))
    events = metadata[metadata["trace_category"] == "earthquake"]
    assert len(events) == 2
    assert len(metadata) == 3  # noise before the first alone
    first, second = (traces[i][0] for i in events.index)
    assert first[-1] < 744 - 4.9
    assert second[0] >= 704 + 4.9
    assert events["split"].nunique() == 1
    assert any("group(s) apart in time" in line for line in lines)


@pytest.fixture(scope="module")
def half_a_day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("half_a_day")
    record(folder / "archive", "A", "HHZ", 0.0, 13 * 3600.0, 5.0)
    return folder


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=3, max_size=13, unique=True), st.integers(0, 1000))
def test_no_second_of_ground_is_in_two_splits(half_a_day, hours, seed):
    """Events at whole hours with aftershocks a minute later: splits never overlap in time, all three are used."""
    rows = []
    for hour in hours:
        rows += [
            (f"{seed}m{hour}", "XX.A", "P", hour * 3600 + 200),
            (f"{seed}a{hour}", "XX.A", "P", hour * 3600 + 260),
        ]
    metadata, _, _ = made(half_a_day, table(half_a_day / "p.csv", rows))
    start = pd.to_datetime(metadata["trace_start_time"], format="ISO8601")
    end = start + pd.to_timedelta(metadata["trace_npts"] / metadata["trace_sampling_rate_hz"], unit="s")
    for i in range(len(metadata)):
        together = (start < end[i]) & (end > start[i])
        assert metadata["split"][together].nunique() == 1
    assert set(metadata["split"]) == {"train", "dev", "test"}


def test_bad_files_are_a_line_each_and_the_rest_is_made(tmp_path):
    three_components(tmp_path)
    archive = tmp_path / "archive"
    (archive / "text.mseed").write_text("not a seismogram")
    (archive / "empty.mseed").write_bytes(b"")
    (archive / "notes.txt").write_text("passed over")
    whole = record(archive, "B", "HHZ", 0.0, 1500.0).read_bytes()
    (archive / "B.HHZ.0.0.mseed").unlink()
    folder = archive / "2020" / "XX" / "B" / "HHZ.D"
    folder.mkdir(parents=True)
    (folder / "XX.B..HHZ.D.2020.064").write_bytes(b"\0" * 100 + whole[:5000])
    rows = [(f"e{i}", f"XX.{s}", "P", 500.0 + 300 * i) for i in range(3) for s in "ABC"]
    metadata, _, lines = made(tmp_path, table(tmp_path / "p.csv", rows))
    assert set(metadata["station_code"]) == {"A"}
    text = "\n".join(lines)
    assert "files cannot be read" in text
    assert "text.mseed" in text
    assert "6 readings are of stations without waveforms: P of e0 at XX.B; P of e0 at XX.C" in text
    assert all("\n" not in line for line in lines)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.binary(max_size=40), st.booleans())
def test_damaged_miniseed_costs_no_more_than_itself(tmp_path_factory, where, put, cut):
    """A station's file cut at any place, or with any bytes in it: the other station's windows are made."""
    tmp_path = tmp_path_factory.mktemp("x")
    record(tmp_path / "archive", "A", "HHZ", 600.0, 200.0, 10.0)
    damaged = record(tmp_path / "archive", "B", "HHZ", 600.0, 200.0, 10.0)
    whole = damaged.read_bytes()
    place = int(where * len(whole))
    damaged.write_bytes(whole[:place] + (b"" if cut else put + whole[place + len(put) :]))
    rows = [("e1", "XX.A", "P", 700.0), ("e1", "XX.B", "P", 700.0)]
    metadata, traces, lines = made(tmp_path, table(tmp_path / "p.csv", rows), noise_s=0.0)
    assert "A" in set(metadata["station_code"])
    at = int(metadata["trace_P_arrival_sample"][0])
    assert traces[0][0, at] == pytest.approx(700.0, abs=0.1)
    assert all("\n" not in line for line in lines)


def test_gaps_rates_and_single_components(tmp_path):
    """A gap over one pick, two sampling rates in one day, a vertical alone, overlapping files."""
    archive = tmp_path / "archive"
    record(archive, "A", "EHZ", 0.0, 699.0)
    record(archive, "A", "EHZ", 701.0, 800.0)
    record(archive, "A", "EHZ", 690.0, 5.0)
    record(archive, "B", "HHZ", 0.0, 720.0)
    record(archive, "B", "HHZ", 720.0, 800.0, 100.0)
    rows = [("e1", "XX.A", "P", 700.0), ("e1", "XX.A", "S", 705.0), ("e1", "XX.B", "P", 700.0)]
    metadata, traces, lines = made(tmp_path, table(tmp_path / "p.csv", rows), noise_s=0.0)
    assert metadata["station_code"].tolist() == ["A", "B"]
    assert metadata["trace_component_order"].tolist() == ["Z", "Z"]
    assert "trace_S_arrival_sample" in metadata
    assert np.isnan(metadata["trace_P_arrival_sample"][0])
    gap = traces[0][0] == 0
    assert gap.sum() == 2 * RATE
    text = "\n".join(lines)
    assert "1 readings lie in gaps: P of e1 at XX.A" in text
    assert "windows have several sampling rates (50, 100 Hz)" in text
    at = int(metadata["trace_P_arrival_sample"][1])
    assert traces[1][0, at] == pytest.approx(700.0, abs=0.03)


def test_manual_picks_and_the_picked_instrument_go_first(tmp_path):
    record(tmp_path / "archive", "A", "HHZ", 0.0, 1500.0)
    record(tmp_path / "archive", "A", "HNZ", 0.0, 1500.0)
    (tmp_path / "p.csv").write_text(
        "net,sta,cha,phase,time,status,event\n"
        f"XX,A,HNZ,P,{START + 700.5},automatic,e1\nXX,A,HNZ,P,{START + 701.0},manual,e1\n"
    )
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    row = metadata.iloc[-1]
    assert row["trace_channel"] == "HN"
    start = obspy.UTCDateTime(row["trace_start_time"]) - START
    assert start + row["trace_P_arrival_sample"] / RATE == pytest.approx(701.0)
    assert row["trace_P_status"] == "manual"


def test_a_table_without_events_is_grouped_by_time(tmp_path):
    three_components(tmp_path)
    (tmp_path / "p.csv").write_text(
        f"station_id,phase_type,phase_time\nXX.A.,P,{START + 500}\nXX.A.,S,{START + 510}\nXX.A.,P,{START + 900}\n"
    )
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    assert metadata["source_id"].dropna().nunique() == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column trace_id, phase, time; the columns are a, b"),
        ("phase,time\nP,2020-03-04\n", "no column trace_id; the columns are phase, time"),
        ("trace_id,phase,time\nXX.A,P,yesterday\n", "row 1: time 'yesterday'"),
        ("trace_id,phase,time\nXX.A,Lg,2020-03-04T00:10:00\n", "no reading of a P or S phase"),
        (
            "trace_id,phase,time\nXX.Q,P,2020-03-04T00:10:00\n",
            "for none of the readings.*1 readings are of stations without waveforms: P of loose-1 at XX.Q",
        ),
        ("trace_id,phase,time\nXX.A,P,1999-03-04T00:10:00\n", "no trace to write.*less than half"),
        ("", "is empty"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, text, message):
    three_components(tmp_path)
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        made(tmp_path, tmp_path / "p.csv")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set" / "waveforms.hdf5").exists()


def test_no_archive(tmp_path):
    picks = table(tmp_path / "p.csv", [("e1", "XX.A", "P", 700.0)])
    with pytest.raises(InputError, match="no such file or folder"):
        made(tmp_path, picks)
    (tmp_path / "archive").mkdir()
    with pytest.raises(InputError, match="no file with waveforms; the folder is empty"):
        made(tmp_path, picks)
    (tmp_path / "archive" / "one.mseed").write_text("none")
    with pytest.raises(
        InputError, match=r"no file with waveforms; 1 files cannot be read: one.mseed: [^;]*$"
    ):
        made(tmp_path, picks)
