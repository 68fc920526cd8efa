"""`terrella pick watch`: a growing archive gives what the whole of it gives, whatever happens in between."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from association_cases import make_case, write
from growing_archive import Arriving, append, arriving, onsets

import terrella.pick.continuous.command as command
import terrella.pick.watch.command as watching
from terrella.cli.main import main
from terrella.errors import InputError
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.waveforms.picks import read_picks
from terrella.live.following import FileSource, News
from terrella.live.versions import no_versions
from terrella.pick.association.associate import AssociationSettings
from terrella.pick.association.command import associate_files
from terrella.pick.continuous.picking import Pick
from terrella.pick.data.tally import Tally
from terrella.pick.watch import realtime
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import CATALOGUE, associate_changed, associating, events
from terrella.pick.watch.state import Made
from terrella.pick.watch.writing import write_changed


class Killed(BaseException):
    """Stands for a process that ends without a word."""


@pytest.fixture(scope="module")
def network():
    return onsets()


@pytest.fixture(autouse=True)
def in_place_of_a_bundle(monkeypatch: pytest.MonkeyPatch, network) -> None:
    monkeypatch.setattr(command, "_network", lambda bundle: (network, "onsets"))


@pytest.fixture(scope="module")
def arrivals() -> list[Arriving]:
    return arriving()


def at_once(archive: Path, output: Path) -> pd.DataFrame:
    command.run(str(archive), "onsets", output, lambda event: None)
    return read_picks(output / "picks.csv")[0]


def watched(output: Path) -> pd.DataFrame:
    return pd.concat(
        [read_picks(path)[0] for path in sorted((output / "picks").glob("*.csv"))], ignore_index=True
    )


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(expected) >= 8
    assert found[["trace_id", "phase"]].values.tolist() == expected[["trace_id", "phase"]].values.tolist()
    apart = (found["time"] - expected["time"]).abs()
    assert apart.max() <= pd.Timedelta("1ms")
    np.testing.assert_allclose(found["probability"], expected["probability"], atol=2.5e-4)
    np.testing.assert_allclose(found["amplitude"], expected["amplitude"], rtol=2e-4)


def once(archive: Path, output: Path, **options) -> list[str]:
    said: list[dict] = []
    watching.watch(archive, "onsets", output, said.append, once=True, **options)
    return [event["message"] for event in said if "message" in event]


def while_growing(
    archive: Path, output: Path, left: list[Arriving], random: np.random.Generator, report=lambda event: None
) -> None:
    """Watch, looking again each time that some records have come, until there are none left."""

    def grow(seconds: float) -> None:
        if not left:
            raise StopIteration
        number = int(random.integers(1, 80))
        append(archive, left[:number])
        del left[:number]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching.time, "sleep", grow)
        with pytest.raises(StopIteration):
            watching.watch(archive, "onsets", output, report)


@contextmanager
def killed_at(random: np.random.Generator, monkeypatch: pytest.MonkeyPatch, chance: float) -> Iterator[None]:
    """End the work at random before, within and after what is kept in one step, and between its files."""
    whole, write_rows = kept.changing, realtime.write_changed

    def die() -> None:
        if random.random() < chance:
            raise Killed

    @contextmanager
    def changing(state: sqlite3.Connection) -> Iterator[None]:
        die()
        with whole(state):
            yield
            die()
        die()

    def write_changed(*arguments) -> None:
        die()
        write_rows(*arguments)
        die()

    with monkeypatch.context() as patch:
        patch.setattr(kept, "changing", changing)
        patch.setattr(realtime, "write_changed", write_changed)
        yield


@pytest.mark.parametrize(("seed", "replaced"), [(0, False), (1, True)])
def test_watched_as_it_grows_with_restarts_it_gives_the_picks_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, replaced: bool
) -> None:
    arrivals = arriving(replaced=replaced)
    random = np.random.default_rng(seed)
    archive, output = tmp_path / "sds", tmp_path / "watch"
    late = [each.end_s + random.exponential(300) * (random.random() < 0.1) for each in arrivals]
    order = [arrivals[k] for k in np.argsort(late)]
    again = [order[k] for k in random.integers(0, len(order), 5)]  # the same record twice
    lost = random.random(len(order)) < 0.02
    left = [each for each, gone in zip(order, lost, strict=True) if not gone]
    for each in again:
        left.insert(int(random.integers(len(left))), each)
    append(archive, left[:10])
    del left[:10]
    restarts = 0
    with killed_at(random, monkeypatch, 0.02):
        while left:
            try:
                while_growing(archive, output, left, random)
            except Killed:
                restarts += 1
    lines = once(archive, output)
    assert restarts > 0
    expected = at_once(archive, tmp_path / "run")
    assert_same(watched(output), expected)
    assert lines[-1].startswith(f"{len(expected):,} picks and 0 events")


def test_what_waits_for_more_record_is_picked_when_it_has_come_and_nothing_twice(
    tmp_path: Path, arrivals: list[Arriving]
) -> None:
    archive, output, left = tmp_path / "sds", tmp_path / "watch", list(arrivals[1:])
    append(archive, arrivals[:1])
    said: list[dict] = []
    while_growing(archive, output, left, np.random.default_rng(5), said.append)
    told = [event["message"] for event in said if "new picks" in event.get("message", "")]
    before = watched(output)
    assert sum(int(line.split()[0]) for line in told) == len(before)
    assert not any("taken back" in line for line in told)  # nothing came late
    once(archive, output)
    picks = watched(output)
    assert_same(picks, at_once(archive, tmp_path / "run"))
    changed = (output / "picks").stat().st_mtime_ns
    assert once(archive, output)[-1].startswith(f"{len(picks)} picks")
    assert (output / "picks").stat().st_mtime_ns == changed


def test_damage_is_told_once_and_passed_over_and_an_archive_may_be_away(
    tmp_path: Path, arrivals: list[Arriving], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, output = tmp_path / "sds", tmp_path / "watch"
    half = len(arrivals) // 2
    append(archive, arrivals[:half])
    first = arrivals[half]
    append(archive, [Arriving(first.name, bytes(range(256)) * 16, 0.0)])
    (archive / "SY.S09..HHZ.D.2024.061").write_bytes(b"no record\n" * 100)
    steps = iter(["away", "back", "rest", "cut", "whole"])
    said: list[str] = []

    def change(seconds: float) -> None:
        match next(steps):
            case "away":
                archive.rename(tmp_path / "elsewhere")
                archive.mkdir()
            case "back":
                archive.rmdir()
                (tmp_path / "elsewhere").rename(archive)
            case "rest":
                append(archive, arrivals[half:-1])
            case "cut":
                last = arrivals[-1]
                append(archive, [Arriving(last.name, last.record[:1000], 0.0)])
            case "whole":
                last = arrivals[-1]
                append(archive, [Arriving(last.name, last.record[1000:], 0.0)])

    monkeypatch.setattr(watching.time, "sleep", change)
    with pytest.raises((StopIteration, RuntimeError)):
        watching.watch(archive, "onsets", output, lambda event: said.append(event.get("message", "")))
    once(archive, output)
    text = "\n".join(said)
    assert text.count("files cannot be read: SY.S09..HHZ.D.2024.061") == 1
    assert text.count("hold bytes that are no records") == 1
    assert "none of its files are there; tried again" in text
    assert "truncated" not in text
    assert_same(watched(output), at_once(archive, tmp_path / "run"))


def test_a_station_that_comes_later_and_one_that_falls_silent_are_picked(
    tmp_path: Path, arrivals: list[Arriving], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, output = tmp_path / "sds", tmp_path / "watch"
    by_station = [[each for each in arrivals if f"/{name}/" in each.name] for name in ("S00", "S01")]
    append(archive, by_station[0])
    steps = iter(["later", "silent"])
    clock = [0.0]

    def change(seconds: float) -> None:
        if next(steps) == "later":
            append(archive, by_station[1])
        else:
            clock[0] += 1000

    monkeypatch.setattr(watching.time, "sleep", change)
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    with pytest.raises((StopIteration, RuntimeError)):
        watching.watch(archive, "onsets", output, lambda event: None)
    assert_same(watched(output), at_once(archive, tmp_path / "run"))  # with no last look


@pytest.mark.parametrize("seed", [6])
def test_events_as_they_complete_are_those_of_all_picks_at_once(tmp_path: Path, seed: int) -> None:
    case = make_case(seed)
    picks_file, stations_file = write(case, tmp_path)
    settings = AssociationSettings()
    associate_files(picks_file, stations_file, tmp_path / "all.csv", settings)
    expected, _ = read_catalogue(tmp_path / "all.csv")
    how = associating(stations_file, settings, Tally())
    table, _ = read_picks(picks_file)
    times = table["time"].to_numpy("datetime64[ns]").astype(np.int64)
    random = np.random.default_rng(seed)
    late = times + random.exponential(300e9, len(times)) * (random.random(len(times)) < 0.1)
    names: dict[str, set[str]] = {}
    with kept.opened(tmp_path / "watch.sqlite") as state:
        for rows in np.array_split(np.argsort(late), 12):
            new = [
                Made(
                    *row.trace_id.split(".")[:2],
                    row.trace_id,
                    Pick(row.phase, at, 0.8, 0.05, row.amplitude),
                    0,
                )
                for at, row in zip(times[rows].tolist(), table.iloc[rows].itertuples(), strict=True)
            ]
            with kept.changing(state):
                kept.replace_picks(state, [], new)
                low, high = int(times[rows].min()), int(times[rows].max()) + 1
                state.execute("INSERT INTO unassociated VALUES (?, ?)", (low, high))
            for what, event in associate_changed(state, how, int(late[rows].max()), Tally()):
                names.setdefault(event.event_id, set()).add(what)
        associate_changed(state, how, 2**62, Tally())
        found = events(state)
        assert associate_changed(state, how, 2**62, Tally()) == []
        write_changed(state, tmp_path, [], 0.0)
        assert kept.unwritten(state) == []
        read = FileSource(tmp_path / "events.csv", lambda event: None).read()
        # An event without a magnitude is no line of a catalogue, which would be refused for it.
        state.execute("UPDATE events SET magnitude = NULL WHERE event_id = ?", (found[0].event_id,))
        kept.to_write(state, CATALOGUE, [0])
        write_changed(state, tmp_path, [], 0.0)
        assert len(read_catalogue(tmp_path / "events.csv")[0]) == len(found) - 1
    assert len(found) == len(expected) >= 5
    for name in ("longitude", "latitude", "depth_km", "magnitude"):
        ours = [getattr(event, name) for event in found]
        np.testing.assert_allclose(ours, getattr(expected, name), atol=0.02 if name != "depth_km" else 1.0)
    apart_s = (
        np.array([event.time_ns for event in found])
        - expected.time_utc.astype("datetime64[ns]").astype(np.int64)
    ) / 1e9
    assert np.abs(apart_s).max() < 0.2
    assert all("new" in each for each in names.values())
    assert any("revised" in each for each in names.values())  # a late pick, under the same name
    assert read is not None
    known = News().of(no_versions(), read, 0)  # as `terrella live` takes it in
    assert known.event_id.tolist() == [event.event_id for event in found]
    arrivals = pd.concat([pd.read_csv(path) for path in sorted((tmp_path / "arrivals").glob("*.csv"))])
    assert arrivals.groupby("event_id").size().to_dict() == {
        event.event_id: len(event.picks) for event in found
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["sds", "--poll-s", "0"], "--poll-s 0"),
        (["sds", "--until", "noon"], "expected a time in UTC"),
        (["sds", "--stations", "XX.*", "--once"], "was begun with other stations"),
    ],
)
def test_wrong_words_get_one_line(
    tmp_path: Path, arguments: list[str], told: str, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sds").mkdir()
    Path("weights.pt").touch()
    watching.watch(Path("sds"), "weights.pt", Path("watch"), lambda event: None, once=True)
    with pytest.raises(SystemExit) as left:
        main(["pick", "watch", *arguments, "--bundle", "weights.pt", "-o", "watch"])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_a_second_watch_into_a_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sds").mkdir()
    refused: list[bool] = []

    def again(seconds: float) -> None:
        with pytest.raises(InputError, match="another process watches into"):
            once(tmp_path / "sds", tmp_path / "watch")
        refused.append(True)
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", again)
    with pytest.raises(KeyboardInterrupt):
        watching.watch(tmp_path / "sds", "onsets", tmp_path / "watch", lambda event: None)
    assert refused
