"""Picks as files: what is written is read back, by this package and by ObsPy."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.waveforms.picks import no_picks, picks_table, read_picks, write_picks

POLICIES = ("network: PhaseNet", "gaps: zeros; picks within 0.5 s of an edge are discarded")


NUMBERS = ("probability", "uncertainty_s", "amplitude")


def some_picks():
    times = ["2019-07-06T03:19:53.04", "2019-07-06T03:20:01.123", "2019-07-05T23:59:59.999"]
    columns = (
        np.array(["NC.PHOB.", "NC.PHOB.", "BK.BKS.00"], object),
        np.array(["P", "S", "P"], object),
        np.array(times, "datetime64[us]"),
        np.array([0.91, 0.5, 0.31]),
        np.array([0.04, 0.1, np.nan]),
        np.array([1234.5, np.nan, 2e-7]),
    )
    return picks_table(*columns)


def test_csv_comes_back_with_its_policies(tmp_path):
    picks = some_picks()
    write_picks(picks, tmp_path / "picks.csv", POLICIES)
    back, policies = read_picks(tmp_path / "picks.csv")
    assert policies == POLICIES
    assert list(back["trace_id"]) == ["BK.BKS.00", "NC.PHOB.", "NC.PHOB."]
    assert back["time"].tolist() == picks["time"].tolist()
    for name in NUMBERS:
        np.testing.assert_allclose(back[name], picks[name])


def test_the_association_reads_them_too(tmp_path):
    from terrella.pick.association.tables import read_picks as read_for_association
    from terrella.pick.association.tables import read_stations
    from terrella.pick.data.tally import Tally

    write_picks(some_picks(), tmp_path / "picks.csv", POLICIES)
    (tmp_path / "s.csv").write_text("id,longitude,latitude,elevation_m\nNC.PHOB,0,0,0\nBK.BKS,1,0,0\n")
    stations = read_stations(tmp_path / "s.csv", Tally())
    picks = read_for_association(tmp_path / "picks.csv", stations, Tally())
    assert list(picks.phase) == ["P", "P", "S"]
    assert list(picks.station) == ["BK.BKS", "NC.PHOB", "NC.PHOB"]
    assert stations.longitude[picks.site].tolist() == [1, 0, 0]
    assert picks.time_utc[0] == np.datetime64("2019-07-05T23:59:59.999")


def test_obspy_reads_the_quakeml(tmp_path):
    write_picks(some_picks(), tmp_path / "picks.xml", POLICIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy import read_events

        events = read_events(str(tmp_path / "picks.xml"))
    picks = [pick for event in events for pick in event.picks]
    assert len(events) == 2  # two stations, a day each
    assert sorted(pick.phase_hint for pick in picks) == ["P", "P", "S"]
    times = {pick.waveform_id.id: pick.time for pick in picks}
    assert times["BK.BKS.00."].ns == np.datetime64("2019-07-05T23:59:59.999", "ns").astype(int)
    assert POLICIES[0] in events.comments[0].text


def test_json_has_numbers_and_null(tmp_path):
    write_picks(some_picks(), tmp_path / "picks.json", POLICIES)
    read = json.loads((tmp_path / "picks.json").read_text())
    assert read["policies"] == list(POLICIES)
    assert read["picks"][0] == {
        "trace_id": "BK.BKS.00", "phase": "P", "time": "2019-07-05T23:59:59.999Z",
        "probability": 0.31, "uncertainty_s": None, "amplitude": 2e-7,
    }  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".xml", ".json"])
def test_no_picks_are_a_whole_file(tmp_path, suffix):
    write_picks(no_picks(), tmp_path / f"picks{suffix}")
    assert (tmp_path / f"picks{suffix}").stat().st_size > 10
    if suffix == ".csv":
        assert len(read_picks(tmp_path / "picks.csv")[0]) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trace_id,phase\nA.B.,P\n", "no column time"),
        ("trace_id,phase,time\nA.B.,P,soon\n", "row 1: time 'soon'"),
        ("trace_id,phase,time,probability\nA.B.,P,2020-01-01,high\n", "row 1: probability 'high'"),
        ("", "is empty"),
        ("trace_id,phase,time\nA.B.,P,2020-01-01\nÄ", "is not utf-8: byte 0xc4 in line 3"),
    ],
)
def test_a_bad_table_is_named(tmp_path, text, words):
    (tmp_path / "picks.csv").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=words):
        read_picks(tmp_path / "picks.csv")


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.xml, \.json"):
        write_picks(no_picks(), tmp_path / "picks.parquet")


@given(
    times=st.lists(st.integers(0, 2**41), max_size=8),
    name=st.from_regex(r"[A-Z0-9]{1,2}\.[A-Z0-9]{1,5}\.[0-9]{0,2}", fullmatch=True),
)
def test_milliseconds_survive(tmp_path_factory, times, name):
    path = tmp_path_factory.getbasetemp() / "property.csv"
    stamps = np.sort(np.array(times, "datetime64[ms]")).astype("datetime64[us]")
    rows = len(times)
    columns = (np.full(rows, name, object), np.full(rows, "P", object), stamps, *(np.full(rows, 0.5),) * 3)
    write_picks(picks_table(*columns), path)
    back, _ = read_picks(path)
    assert back["time"].tolist() == list(map(pd.Timestamp, stamps))
    assert set(back["trace_id"]) <= {name}
