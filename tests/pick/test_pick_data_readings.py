"""Which readings become labels: located ones first, loose ones by time, and what becomes of each is counted."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pick_data_archive import RATE, START, made, record, three_components

from terrella.errors import InputError
from terrella.formats.waveforms.phases import is_unused, phase_kind, plain_phase
from terrella.formats.waveforms.picks import picks_table, write_picks
from terrella.pick.data.loose import group_loose
from terrella.pick.data.readings import read_readings
from terrella.pick.data.tally import Tally

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import obspy
    from obspy.core import event as obspy_event
    from obspy.io.sac import SACTrace


def labels(metadata):
    """Seconds after START of all labels, in order."""
    columns = [name for name in metadata if name.endswith("_arrival_sample")]
    start = np.array([obspy.UTCDateTime(each) - START for each in metadata["trace_start_time"]])
    times = (
        start[:, None]
        + metadata[columns].to_numpy(float) / metadata["trace_sampling_rate_hz"].to_numpy()[:, None]
    )
    return np.sort(times[np.isfinite(times)]).round(2).tolist()


def pick(seconds, hint, network="XX", station="A", location="", channel="HHZ", **about):
    where = obspy_event.WaveformStreamID(network, station, location, channel)
    about = {"evaluation_mode": "manual", **about}
    return obspy_event.Pick(time=START + seconds, waveform_id=where, phase_hint=hint, **about)


def event(picks, weights=None, **about):
    """An event whose origin has arrivals with weights; None leaves a pick out of it."""
    arrivals = [
        obspy_event.Arrival(pick_id=each.resource_id, phase=each.phase_hint, time_weight=weight)
        for each, weight in zip(picks, weights or [], strict=False)
        if weight is not None
    ]
    origin = obspy_event.Origin(
        time=START + 600, latitude=1.0, longitude=2.0, depth=8000.0, arrivals=arrivals
    )
    return obspy_event.Event(picks=picks, origins=[] if weights is None else [origin], **about)


def write_events(path, *events):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        obspy_event.Catalog(list(events)).write(str(path), format="QUAKEML")
    return path


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (0.0, "1 readings had no weight in the location, or were given none: P of"),
        (None, "1 readings were not used in the location, which used another of P or S there: P of"),
    ],
)
@pytest.mark.parametrize("used", ["P", "Pg"])
def test_the_located_reading_is_the_label(tmp_path, weight, said, used):
    """A P five seconds early without weight was the label (so for origins: niosh-mining/obsplus#74)."""
    three_components(tmp_path)
    picks = [pick(695, "P"), pick(700, used), pick(701.5, "S")]
    metadata, _, lines = made(tmp_path, write_events(tmp_path / "e.xml", event(picks, [weight, 1.0, 0.8])))
    assert labels(metadata) == [700.0, 701.5]
    assert any(line.startswith(said) for line in lines)


@pytest.mark.parametrize("weights", [[0.0, 0.0], [None, None], [None, 1.0]])
def test_readings_of_which_the_location_says_nothing_are_labels(tmp_path, weights):
    """An agency that weighs no arrival, an origin without arrivals, an S beside a P that was not used."""
    three_components(tmp_path)
    picks = [pick(700, "P"), pick(701.5, "S")]
    metadata, _, _ = made(tmp_path, write_events(tmp_path / "e.xml", event(picks, weights)))
    assert labels(metadata) == [700.0, 701.5]


def test_rejected_readings_and_those_without_time_are_counted(tmp_path):
    three_components(tmp_path)
    picks = [pick(695, "P", evaluation_status="rejected"), pick(700, "P"), pick(650, "IAML"), pick(701, "S")]
    picks[3].waveform_id = None
    metadata, _, lines = made(tmp_path, write_events(tmp_path / "e.xml", event(picks, [1.0, 1.0, 1.0, 1.0])))
    assert labels(metadata) == [700.0]
    said = [" ".join(line.split(" ")[:5]) for line in lines[1:]]
    assert {"1 readings were rejected by", "1 readings are of no", "1 readings have no station"} <= set(said)


def test_s_before_p_is_no_label(tmp_path):
    """Both onsets of such a pair were labels; which is wrong, nobody knows."""
    three_components(tmp_path)
    first = event([pick(500, "Pn"), pick(501, "P"), pick(503, "S")], [1, 1, 1])
    swapped = event([pick(702, "P"), pick(700, "Sg")], [1, 1])
    metadata, _, lines = made(tmp_path, write_events(tmp_path / "e.xml", first, swapped))
    assert labels(metadata) == [500.0, 501.0, 503.0]
    assert any(line.startswith("2 readings have S before P at the station; left out: ") for line in lines)


def test_a_doubted_reading_is_no_noise(tmp_path):
    """Where the location gave a P no weight there is something, 150 s before the event."""
    three_components(tmp_path)
    early = [pick(560, "P"), pick(700, "P")]
    metadata, _, _ = made(tmp_path, write_events(tmp_path / "e.xml", event(early, [0.0, 1.0])))
    assert metadata["trace_category"].tolist() == ["earthquake"]


def test_a_swarm_without_event_ids_keeps_all_its_labels(tmp_path):
    """Readings less than two minutes apart were one event without end: 2 of 40 labels were kept."""
    three_components(tmp_path, seconds=2200.0)
    times = [t + s for t in np.arange(120.0, 2000.0, 90.0) for s in (0.0, 1.5)]
    rows = [f"XX.A..HH,{'PS'[i % 2]},{START + t}" for i, t in enumerate(times)]
    (tmp_path / "p.csv").write_text("\n".join(["station_id,phase_type,phase_time", *rows]) + "\n")
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    assert labels(metadata) == times
    assert metadata["source_id"].nunique() == 21


@pytest.mark.parametrize("suffix", ["csv", "xml"])
def test_our_own_picks_are_read_back(tmp_path, suffix):
    """picks.xml has an event per station and day, without origin: not one of 42 minutes."""
    three_components(tmp_path, seconds=3200.0)
    times = [300.0, 301.5, 1500.0, 1501.5, 2700.0, 2701.5]
    stamps = np.array([str(START + t)[:-1] for t in times], "datetime64[us]")
    table = picks_table(["XX.A."] * 6, list("PSPSPS"), stamps, *(np.full(6, 0.9),) * 3)
    write_picks(table, tmp_path / f"picks.{suffix}")
    metadata, _, lines = made(tmp_path, tmp_path / f"picks.{suffix}")
    assert labels(metadata) == times
    assert (metadata["trace_category"] == "earthquake").sum() == 3
    assert any(line.startswith("6 readings name no event that was located") for line in lines)


def test_loose_readings_of_several_stations_are_one_event(tmp_path):
    for station in "AB":
        three_components(tmp_path, station, 1200.0)
    rows = [
        f"XX.{s},{p},{START + 500 + 90 * n + d}"
        for n in range(2)
        for s, p, d in (("A", "P", 0), ("A", "S", 3), ("B", "P", 9))
    ]
    (tmp_path / "p.csv").write_text(
        "\n".join(["trace_id,phase,time,event_index", *(f"{row},-1" for row in rows)]) + "\n"
    )
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv", noise_s=0.0)
    events = metadata.groupby("source_id")["station_code"].apply(sorted)
    assert events.tolist() == [["A", "B"], ["A", "B"]]


@pytest.mark.parametrize(
    ("readings", "groups"),
    [
        ("A Pn 0, A Pg 5, A Sg 20", "1 1 1"),
        ("A P 0, A P 2, A P 2.1", "1 1 2"),  # twice the same within two seconds of the first
        ("A P 0, A S 3, A Pg 3.5, A S 6", "1 1 2 2"),
        ("A P 0, A S 120, A Sg 120.1", "1 1 2"),
        ("A P 0, B P 120, B S 130, C P 120.1", "1 1 1 2"),
        (
            "A P 0, A P 90, B P 95, B P 150, C P 151",
            "1 2 2 3 3",
        ),  # of those that lack the station, the latest
        ("A P 0, A P 100, C P 130", "1 2 2"),
        ("A P 0, B P 1, A P 200, A P 300, B P 310, C P 450", "1 1 2 3 3 4"),
    ],
)
def test_loose_readings_are_put_together_by_these_rules(readings, groups):
    rows = [row.split() for row in readings.split(", ")]
    table = pd.DataFrame(rows, columns=["station", "phase", "time_ns"]).assign(network="XX")
    table["time_ns"] = (table["time_ns"].astype(float) * 1e9).round().astype("int64")
    assert group_loose(table) == [f"loose-{number}" for number in groups.split()]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["P", "S", "Pg"]), st.integers(0, 4000)), max_size=40
    )
)
def test_loose_groups_are_bounded_and_hold_a_phase_once(rows):
    rows = sorted(rows, key=lambda row: row[2])
    table = pd.DataFrame(rows, columns=["station", "phase", "time_ns"]).assign(network="XX")
    table["time_ns"] = table["time_ns"].astype("int64") * 10**9
    table["event"] = group_loose(table)
    assert (table["event"] != "").all()
    for _, of in table.groupby(["event", "station"]):
        assert of["time_ns"].max() - of["time_ns"].min() <= 120e9
        for _, same in of.groupby("phase"):
            assert same["time_ns"].max() - same["time_ns"].min() <= 2e9
        s_first = of["time_ns"][of["phase"] == "S"].min()
        assert not (of["time_ns"][of["phase"].isin(["P", "Pg"])] > s_first).any()
    for _, of in table.groupby("event"):
        firsts = of.groupby("station")["time_ns"].min()
        assert firsts.max() - firsts.min() <= 120e9


def test_a_code_of_two_networks_is_refused_and_a_named_network_respected(tmp_path):
    """The label went to the first network of the archive, which recorded nothing."""
    for network in ("AA", "ZZ"):
        for channel in ("HHZ", "HHN", "HHE"):
            record(
                tmp_path / "archive", "A", channel, 0.0, 1500.0, network=network, name=f"{network}{channel}"
            )
    (tmp_path / "p.csv").write_text(f"station,phase,time\nA,P,{START + 700}\n")
    with pytest.raises(
        InputError, match=r"1 readings are of a station's code that several networks of the archive have"
    ):
        made(tmp_path, tmp_path / "p.csv")
    (tmp_path / "p.csv").write_text(f"network,station,phase,time\nZZ,A,P,{START + 700}\n")
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    assert set(metadata["station_network_code"]) == {"ZZ"}
    (tmp_path / "p.csv").write_text(f"trace_id,phase,time\nAA_A,P,{START + 700}\n")
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    assert set(metadata["station_network_code"]) == {"AA"}


def test_an_archive_without_networks_serves_one_network_alone(tmp_path):
    record(tmp_path / "archive", "A", "HHZ", 0.0, 1500.0, network="")
    (tmp_path / "p.csv").write_text(f"trace_id,phase,time\nXX.A,P,{START + 700}\n")
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv")
    assert labels(metadata) == [700.0]
    (tmp_path / "p.csv").write_text(f"trace_id,phase,time\nXX.A,P,{START + 700}\nYY.A,P,{START + 900}\n")
    with pytest.raises(InputError, match="2 readings are of a station's code that several"):
        made(tmp_path, tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("hint", "phase", "kind", "unused"),
    [
        ("iPu0", "P", "P", False), ("IPU0", "P", "P", False), ("ePn+1", "Pn", "P", False),
        ("EPG", "Pg", "P", False),
        ("ES 2", "S", "S", False), ("iPu4", "P", "P", True), ("eS 4", "S", "S", True), ("P4", "P", "P", False),
        ("s", "S", "S", False), ("PKPbc", "PKPbc", "P", False), ("ePcP", "PcP", "P", False),
        ("P*", "P", "P", False),
        ("iPKiKP", "PKiKP", "P", False), ("IAML", "IAML", None, False), ("Lg", "Lg", None, False),
        ("noise", "noise", None, False), ("pP", "pP", "P", False), ("Pdiff", "Pdiff", "P", False),
    ],
)  # fmt: skip
def test_remarks_of_analysts_are_phases(hint, phase, kind, unused):
    assert plain_phase(hint) == phase
    assert phase_kind(plain_phase(hint)) == kind
    assert is_unused(hint) is unused


@pytest.mark.parametrize(
    ("weights", "kept", "said"),
    [
        (["0", "4", "1"], [700.0, 711.0], False),  # classes of HYPO71: 4 is none
        (["0", "0.5", "1.0"], [705.0, 711.0], False),
        (["0", "1", "1"], [700.0, 711.0], True),  # either: the first P is taken
    ],
)
def test_weights_of_tables(tmp_path, weights, kept, said):
    three_components(tmp_path)
    rows = [f"e,XX.A,{p},{START + t},{w}" for p, t, w in zip("PPS", (700, 705, 711), weights, strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["event,trace_id,phase,time,weight", *rows]) + "\n")
    metadata, _, lines = made(tmp_path, tmp_path / "p.csv")
    assert labels(metadata) == kept
    assert any("of which either may be none" in line for line in lines) is said


def sac(path, channel, **header):
    path.parent.mkdir(parents=True, exist_ok=True)
    day = {"nzyear": 2020, "nzjday": 64, "nzhour": 0, "nzmin": 0, "nzsec": 0, "nzmsec": 0}
    about = {"b": 100.0, "delta": 1 / RATE, "knetwk": "XX", "kstnm": "A", "kcmpnm": channel, **day, **header}
    samples = (np.arange(int(1200 * RATE)) / RATE + 100).astype(np.float32)
    SACTrace(data=samples, **about).write(str(path))


@pytest.mark.filterwarnings("ignore")
def test_picks_in_headers_of_sac_are_labels(tmp_path):
    """By convention P is in a and S in t0, with their names in ka and kt0 (EarthScope/mseed2sac#2)."""
    for channel in ("HHZ", "HHN", "HHE"):
        sac(
            tmp_path / "archive" / f"{channel}.sac",
            channel,
            a=700.0,
            ka="IPU0",
            t0=711.5,
            kt0="S",
            t1=800.0,
            o=695.0,
        )
    metadata, traces, lines = made(tmp_path, tmp_path / "archive")
    assert labels(metadata) == [700.0, 711.5]
    at = int(metadata["trace_P_arrival_sample"].dropna().iloc[0])
    assert traces[-1][0, at] == pytest.approx(700.0, abs=0.03)
    text = "\n".join(lines)
    assert "3 readings in SAC files have no phase's name: t1 of HHE.sac" in text
    assert "4 readings are given more than once" in text
    assert metadata["source_origin_time"].dropna().iloc[0].startswith("2020-03-04T00:11:35")


@pytest.mark.filterwarnings("ignore")
def test_picks_of_sac_without_names_or_reference_time(tmp_path):
    sac(tmp_path / "one.sac", "HHZ", a=700.0, t0=711.5)
    readings, events = read_readings(tmp_path / "one.sac", tally := Tally())
    assert readings["phase"].tolist() == ["P"]  # the first arrival, by SAC's definition
    assert events.empty
    assert tally.lines()[0].startswith("1 readings in SAC files have no phase's name: t0 of one.sac")
    raw = bytearray((tmp_path / "one.sac").read_bytes())
    raw[280:284] = np.int32(-12345).tobytes()  # nzyear
    (tmp_path / "one.sac").write_bytes(raw)
    with pytest.raises(InputError, match="no reading of a P or S phase"):
        read_readings(tmp_path / "one.sac", tally := Tally())
    assert tally.lines() == ["2 readings in SAC files have no reference time: one.sac; one.sac"]


def test_a_fragment_of_a_better_instrument_is_not_taken(tmp_path):
    for c in "ZNE":
        record(tmp_path / "archive", "A", f"BH{c}", 0.0, 1500.0)
        record(tmp_path / "archive", "A", f"HH{c}", 690.0, 5.0)
    (tmp_path / "p.csv").write_text(f"trace_id,phase,time\nXX.A..HHZ,P,{START + 700}\n")
    metadata, _, lines = made(tmp_path, tmp_path / "p.csv")
    assert labels(metadata) == [700.0]
    assert set(metadata["trace_channel"]) == {"BH"}
    assert any("1 windows are of another instrument than was picked: XX.A..BH" in line for line in lines)


def test_the_sensor_that_was_picked_is_taken(tmp_path):
    record(tmp_path / "archive", "A", "HHZ", 0.0, 1500.0, name="first")
    trace = obspy.read(str(tmp_path / "archive" / "first"))[0]
    for location in ("00", "10", "20"):
        trace.stats.location = location
        trace.write(str(tmp_path / "archive" / f"{location}.mseed"), format="MSEED")
    (tmp_path / "p.csv").write_text(f"trace_id,phase,time\nXX.A.10,P,{START + 700}\n")
    metadata, _, _ = made(tmp_path, tmp_path / "p.csv", noise_s=0.0)
    assert metadata["station_location_code"].astype(str).tolist() == ["10"]


def test_names_of_files_that_are_wrong_do_not_lose_readings(tmp_path):
    record(tmp_path / "archive", "A", "HHZ", 0.0, 1500.0, name="XX.B..HHZ.D.2020.064")
    record(tmp_path / "archive", "C", "HHZ", 0.0, 1500.0, name="XX.C..HHZ.D.2020.065")
    record(tmp_path / "archive", "D", "HHZ", 0.0, 1500.0, name="XX.D.--.HHZ.D.2020.064")
    rows = [f"e,XX.{s},P,{START + 700}" for s in "ACD"]
    (tmp_path / "p.csv").write_text("\n".join(["event,trace_id,phase,time", *rows]) + "\n")
    metadata, _, lines = made(tmp_path, tmp_path / "p.csv", noise_s=0.0)
    assert metadata["station_code"].tolist() == ["A", "C", "D"]
    assert any("2 files hold another station or day than their names say" in line for line in lines)


@pytest.fixture(scope="module")
def an_hour(tmp_path_factory):
    folder = tmp_path_factory.mktemp("an_hour")
    record(folder / "archive", "A", "HHZ", 0.0, 1800.0, 5.0)
    record(folder / "archive", "A", "HHZ", 1850.0, 1750.0, 5.0)
    record(folder / "archive", "B", "HHZ", 0.0, 900.0, 5.0)
    return folder


READING = st.tuples(
    st.sampled_from(["", "e1", "e2", "e3", "-1"]),
    st.sampled_from(["XX.A", "XX.A..HHZ", "XX.B", "XX.C", "B"]),
    st.sampled_from(["P", "S", "iPu0", "Pg", "P", "Lg", "eS 4"]),
    st.integers(0, 3600),
    st.sampled_from(["manual", "automatic", "rejected", ""]),
    st.sampled_from(["", "0", "0.5", "1"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(READING, min_size=1, max_size=25))
def test_every_reading_is_a_label_or_counted_once(an_hour, rows):
    lines = [f"{e},{t},{p},{START + s},{m},{w}" for e, t, p, s, m, w in rows]
    (an_hour / "p.csv").write_text("\n".join(["event_id,trace_id,phase,time,status,weight", *lines]) + "\n")
    try:
        said = made(an_hour, an_hour / "p.csv")[2]
        done = int(re.search(r"with ([\d,]+) picks", said[0])[1])
    except InputError as error:
        said, done = str(error).split("; "), 0
    for line in said:
        if (found := re.match(r"(\d+) readings (?!name no event)", line)) is not None:
            done += int(found[1])
    assert done == len(rows)
