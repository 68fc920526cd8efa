"""`terrella pick run` on archives whose arrivals are known, with a network that finds sudden energy."""

import json
from dataclasses import replace

import numpy as np
import obspy
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

import terrella.pick.continuous.command as command
import terrella.pick.continuous.service as service
from terrella.cli.main import main
from terrella.formats.waveforms.picks import pick_rows, read_picks, write_pick_rows
from terrella.pick.continuous.annotate import make_annotator
from terrella.pick.networks import architecture
from terrella.pick.synthetic.continuous import hourly_records, make_shaking

_SPAN = 50


class Rise(nn.Module):
    """Says P where the energy of half a second is many times that of the half second before it."""

    def forward(self, windows):
        energy = functional.pad(windows.square().sum(1, keepdim=True), (_SPAN, _SPAN), "replicate")
        mean = functional.avg_pool1d(energy, _SPAN, 1)[..., : windows.shape[-1] + _SPAN + 1]
        before, after = mean[..., : windows.shape[-1]], mean[..., _SPAN : _SPAN + windows.shape[-1]]
        p = 3 * torch.log((after + 1e-4) / (before + 1e-4)) - 9
        return torch.cat([p, torch.full_like(p, -20.0), torch.zeros_like(p)], 1)


@pytest.fixture(autouse=True)
def rise(monkeypatch):
    """Use the network above in place of a bundle, at PhaseNet's windows."""
    published = replace(architecture("phasenet"), make=Rise)
    made = make_annotator(Rise(), published)
    monkeypatch.setattr(command, "_network", lambda bundle: (made, "rise"))


@pytest.fixture(scope="module")
def records():
    """An hour of three stations and a few events, without the microseism."""
    (stream,) = hourly_records(make_shaking(hours=1, events=8, stations=3, seed=3))
    return stream.filter("highpass", freq=2.0)


def picked(stream, folder, name, **options):
    (folder / name).mkdir()
    for trace in stream:
        stats = trace.stats
        trace.write(str(folder / name / f"{trace.id}.{stats.starttime.ns}.mseed"), format="MSEED")
    output = folder / f"{name}-picks"
    lines = command.run(str(folder / name), "rise", output, lambda event: None, **options)
    return read_picks(output / "picks.csv")[0], lines


def seconds(table):
    return table["time"].to_numpy("datetime64[us]").astype(np.int64) / 1e6


def test_picks_do_not_depend_on_where_a_file_starts(tmp_path, records):
    whole, _ = picked(records, tmp_path, "whole")
    assert len(whole) >= 12
    for shift in (0.37, 7.77, 61.0):
        later = records.copy().trim(starttime=records[0].stats.starttime + 300 + shift)
        table, _ = picked(later, tmp_path, f"later{shift}")
        begins = later[0].stats.starttime.timestamp + 40  # windows at the very beginning are cut
        expected = whole[seconds(whole) > begins]
        found = table[seconds(table) > begins]
        assert list(found["trace_id"]) == list(expected["trace_id"])
        np.testing.assert_allclose(seconds(found), seconds(expected), atol=0.011)


def test_cut_into_files_the_picks_are_the_same(tmp_path, records):
    whole, _ = picked(records, tmp_path, "whole")
    cut = obspy.Stream([piece for trace in records for piece in (trace / 7)])
    table, _ = picked(cut, tmp_path, "cut")
    pd.testing.assert_frame_equal(table, whole)


def test_a_span_and_stations_are_as_asked(tmp_path, records):
    whole, _ = picked(records, tmp_path, "whole")
    start, end = "2024-03-01T00:20:00", "2024-03-01T00:40:00"
    table, lines = picked(records, tmp_path, "some", stations=("SY.S01",), start=start, end=end)
    inside = whole["time"].between(start, end) & whole["trace_id"].str.startswith("SY.S01")
    pd.testing.assert_frame_equal(table, whole[inside].reset_index(drop=True))
    assert any("1 station-days" in line for line in lines)


def test_started_again_only_what_is_missing_is_picked(tmp_path, records, monkeypatch):
    first, _ = picked(records, tmp_path, "again")
    days = sorted((tmp_path / "again-picks" / "days").glob("*S01*.csv"))
    for day in days:
        day.unlink()
    done = []
    whole_day = command.pick_day
    monkeypatch.setattr(command, "pick_day", lambda *all_: (done.append(all_[1].station), whole_day(*all_)))
    command.run(str(tmp_path / "again"), "rise", tmp_path / "again-picks", lambda event: None)
    assert set(done) == {"S01"}
    assert len(done) == len(days)
    pd.testing.assert_frame_equal(read_picks(tmp_path / "again-picks" / "picks.csv")[0], first)


def test_what_is_wrong_with_a_record_gets_a_line_and_the_rest_is_picked(tmp_path, records):
    whole, _ = picked(records, tmp_path, "whole")
    stream = records.copy()
    by_id = {trace.id: trace for trace in stream}
    by_id["SY.S00..HHE"].data[1000:2000] = np.nan
    by_id["SY.S00..HHN"].data[:] = 7.0
    stream.remove(by_id["SY.S01..HHN"])
    stream.remove(by_id["SY.S01..HHE"])
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "nothing.mseed").write_bytes(b"")
    (folder / "noise.mseed").write_bytes(bytes(range(256)) * 40)
    for trace in stream:
        trace.write(str(folder / f"{trace.id}.mseed"), format="MSEED")
    cut = folder / "SY.S01..HHZ.mseed"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2 + 100])
    lines = command.run(str(folder), "rise", tmp_path / "out", lambda event: None)
    said = "\n".join(lines)
    for words in ("no numbers", "constant", "noise.mseed"):
        assert words in said
    table = read_picks(tmp_path / "out" / "picks.csv")[0]
    untouched = table["trace_id"].str.startswith("SY.S02")
    expected = whole["trace_id"].str.startswith("SY.S02")
    pd.testing.assert_frame_equal(
        table[untouched].reset_index(drop=True), whole[expected].reset_index(drop=True)
    )
    assert table["trace_id"].str.startswith("SY.S01").any()


def written(stream, folder):
    """Write traces to an SDS's files, each named for its channel and day."""
    folder.mkdir(exist_ok=True)
    for trace in stream:
        start = trace.stats.starttime
        with (folder / f"{trace.id}.D.{start.year}.{start.julday:03d}").open("ab") as file:
            trace.write(file, format="MSEED")


def renamed(stream, instrument="HH", location="", days=0):
    stream = stream.copy()
    for trace in stream:
        trace.stats.channel = instrument + trace.stats.channel[-1]
        trace.stats.location = location
        trace.stats.starttime += 86_400 * days
    return stream


def of_one(records):
    return records.select(station="S00")


def of_archive(stream, folder):
    written(stream, folder)
    output = folder.with_name(f"{folder.name}-picks")
    lines = command.run(str(folder), "rise", output, lambda event: None)
    return read_picks(output / "picks.csv")[0], lines


@pytest.mark.parametrize(("before", "after"), [(("BH", ""), ("HH", "")), (("HH", "10"), ("HH", "00"))])
def test_an_instrument_that_changes_at_midnight_loses_no_day(tmp_path, records, before, after):
    one = of_one(records)
    expected, _ = of_archive(renamed(one, "HH") + renamed(one, "HH", days=1), tmp_path / "same")
    table, lines = of_archive(renamed(one, *before) + renamed(one, *after, days=1), tmp_path / "two")
    assert {str(time)[:10] for time in table["time"]} == {"2024-03-01", "2024-03-02"}
    np.testing.assert_array_equal(seconds(table), seconds(expected))
    names = [f"{location}.{instrument}".strip(".") for instrument, location in (before, after)]
    assert f"SY.S00 is picked on several instruments: {names[0]} from 2024-03-01T00:00:00Z, " in lines[0]
    assert f"{names[1]} from 2024-03-02T00:00:00Z" in lines[0]
    assert "2 station-days" in lines[-1]


def test_an_instrument_that_is_out_for_a_day_is_replaced_for_it(tmp_path, records):
    one = of_one(records)
    every_day = renamed(one, "BH") + renamed(one, "BH", days=1)
    expected, _ = of_archive(every_day, tmp_path / "same")
    written([], tmp_path / "sds")
    (tmp_path / "sds" / "SY.S00..HHZ.D.2024.062").write_bytes(b"")
    table, lines = of_archive(every_day + renamed(one), tmp_path / "sds")
    np.testing.assert_array_equal(seconds(table), seconds(expected))
    assert lines[0] == "1 files are empty: SY.S00..HHZ.D.2024.062"


def test_an_instrument_that_changes_within_a_day_loses_nothing_but_its_edges(tmp_path, records):
    one, middle = of_one(records), records[0].stats.starttime + 1800
    expected = seconds(of_archive(one, tmp_path / "alone")[0])
    first, second = one.copy().trim(endtime=middle - 0.01), renamed(one.copy().trim(middle), "BH")
    table, lines = of_archive(first + second, tmp_path / "two")
    found = seconds(table)
    away = np.abs(expected - middle.timestamp) > 35
    assert away.sum() > 5
    assert all(np.abs(found - each).min() < 0.011 for each in expected[away])
    assert "HH from 2024-03-01T00:00:00Z, BH from 2024-03-01T00:30:00Z" in "".join(lines)


def test_a_fragment_of_a_preferred_instrument_is_named_and_not_used(tmp_path, records):
    one = of_one(records)
    short = one.copy().trim(endtime=one[0].stats.starttime + 60)
    table, lines = of_archive(renamed(one, "BH") + short, tmp_path / "sds")
    assert len(table) > 5
    assert lines[0] == (
        "1 station-days hold less, in time or components, of an instrument that would go first: "
        "HH of SY.S00.2024-03-01"
    )


def test_a_file_that_goes_missing_is_counted_once(tmp_path, records, monkeypatch):
    written(of_one(records), tmp_path / "sds")
    opened = command.open_waveforms

    def opened_then_gone(where, found):
        archive = opened(where, found)
        (tmp_path / "sds" / "SY.S00..HHN.D.2024.061").unlink()
        return archive

    monkeypatch.setattr(command, "open_waveforms", opened_then_gone)
    lines = command.run(str(tmp_path / "sds"), "rise", tmp_path / "out", lambda event: None)
    assert len(lines) == 2
    assert lines[0].startswith("1 files cannot be read: SY.S00..HHN.D.2024.061: ")
    assert "1 station-days" in lines[1]


def test_wrong_words_get_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["pick", "run", str(tmp_path / "nowhere"), "--bundle", "rise", "-o", str(tmp_path / "out")])
    assert left.value.code == 2
    assert "nowhere" in capsys.readouterr().err


def test_picks_of_days_and_stations_are_merged_in_order_of_time(tmp_path):
    days = [
        command.StationDay("XX", name, first, first + command.DAY_NS, ())
        for name in ("B", "A")
        for first in (0, command.DAY_NS)
    ]
    at = {"B": (5, 70_000), "A": (5, 3)}  # seconds of the day, not in order
    for day in days:
        seconds = [day.first_ns // 10**9 + each for each in at[day.station]]
        times = np.array(sorted(seconds), "datetime64[s]")
        rows = pick_rows([f"XX.{day.station}."] * 2, ["S", "P"], times, [0.5, 0.6], [0.1, np.nan], [1, 2])
        write_pick_rows(rows, tmp_path / f"{day.name}.csv", ["how"])
        about = {"findings": [["odd", day.station]], "instruments": [["HH", day.first_ns]]}
        (tmp_path / f"{day.name}.json").write_text(json.dumps(about))
    lines = command._merge(days, tmp_path, tmp_path / "all", ["head"])
    table, policies = read_picks(tmp_path / "all" / "picks.csv")
    assert policies == ("head",)
    keys = list(zip(table["time"], table["trace_id"], strict=True))
    assert len(keys) == 8
    assert keys == sorted(keys)
    assert lines == [
        "2 odd: B; A",
        f"8 picks (4 of S, 4 of P) in 4 station-days: {tmp_path}/all/picks.csv",
    ]
    events = obspy.read_events(str(tmp_path / "all" / "picks.xml"))
    assert [len(event.picks) for event in events] == [2, 2, 2, 2]
    (tmp_path / f"{days[0].name}.csv").write_text("# how\ntrace_id,phase\nX,P\n")
    assert not command._is_done(tmp_path, days[0], ["how"])


def test_what_a_service_gave_is_picked_and_kept(tmp_path, records, monkeypatch):
    whole, _ = picked(records, tmp_path, "whole")
    asked = []

    def fetch(where, folder, stations, first_ns, end_ns, report):
        asked.append((where, stations, first_ns, end_ns))
        folder.mkdir(parents=True, exist_ok=True)
        for trace in records:
            trace.write(str(folder / f"{trace.id}.mseed"), format="MSEED")
        return ["1 of 4 station-days: the service has no waveforms"]

    monkeypatch.setattr(service, "fetch_waveforms", fetch)
    first, end = records[0].stats.starttime, records[0].stats.endtime
    said = []
    command.run(
        "fdsn:scedc", "rise", tmp_path / "out", said.append, stations=("*.*",), start=str(first), end=str(end)
    )
    assert asked == [("fdsn:scedc", ("*.*",), first.ns, end.ns)]
    assert {"kind": "message", "message": "1 of 4 station-days: the service has no waveforms"} in said
    assert list((tmp_path / "out" / "waveforms").glob("*.mseed"))
    table = read_picks(tmp_path / "out" / "picks.csv")[0]
    np.testing.assert_allclose(seconds(table), seconds(whole), atol=0.011)
