"""A source that is followed: what is new, revised and withdrawn, and what looks like half a file."""

import gzip
import sqlite3
from dataclasses import replace
from threading import Event as Flag

import numpy as np
import pytest
from live_cases import BUNDLE, CATALOGUE, RULES, us

import terrella.live.running as running_module
from event_server import EventServer, random_events
from event_server import running as serving
from terrella.errors import InputError, TerrellaError
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.following import FileSource, News, ServiceSource, SuspectError, said
from terrella.live.issuing import FORECAST
from terrella.live.keeping import MISSED, advance, verify
from terrella.live.opening import begin
from terrella.live.running import Runner
from terrella.live.times import HOUR
from terrella.live.versions import from_catalogue, joined, no_versions

DAY = 24 * HOUR


@pytest.fixture(scope="module")
def catalogue():
    """Events with ids, as a service gives them."""
    found = read_catalogue(CATALOGUE)[0]
    return replace(found, event_id=np.array([f"ev{k}" for k in range(len(found))]).astype(bytes))


def learned(versions, catalogue, news, at):
    """Return the versions with what a reading adds."""
    return joined(versions, news.of(versions, catalogue, at))


def test_the_same_reading_again_is_no_news(catalogue):
    versions = learned(no_versions(), catalogue, News(), 1)
    assert len(versions) == len(catalogue)
    assert len(News().of(versions, catalogue, 2)) == 0


def test_new_revised_and_withdrawn_events_are_told_apart(catalogue):
    news = News()
    versions = learned(no_versions(), catalogue[:-2], news, 1)
    magnitude = catalogue.magnitude.copy()
    magnitude[5] += 0.2
    kept = np.ones(len(catalogue), bool)
    kept[7] = False
    found = news.of(versions, replace(catalogue, magnitude=magnitude)[kept], 2)
    assert said(found, versions) == "2 new, 1 revised and 1 withdrawn events"
    after = joined(versions, found).known_at(10**18)
    assert len(after) == len(catalogue) - 1
    assert after.magnitude[5] == magnitude[5]


def test_the_order_of_a_reading_does_not_matter_and_an_event_may_come_back(catalogue):
    versions = learned(no_versions(), catalogue, News(), 1)
    versions = learned(versions, catalogue[np.arange(len(catalogue)) != 9], News(), 2)
    versions = learned(versions, catalogue, News(), 3)
    assert len(versions.known_at(10**18)) == len(catalogue)
    assert versions.known_at(10**18).hash() == from_catalogue(catalogue).hash()


def test_a_feed_of_the_last_days_withdraws_nothing_older(catalogue):
    versions = learned(no_versions(), catalogue, News(), 1)
    assert len(News().of(versions, catalogue[-100:], 2)) == 0


def test_half_a_file_is_taken_only_when_it_is_read_twice(catalogue):
    news, versions = News(), learned(no_versions(), catalogue, News(), 1)
    few = catalogue[np.arange(0, len(catalogue), 3)]
    with pytest.raises(SuspectError, match="half written"):
        news.of(versions, few, 2)
    with pytest.raises(SuspectError):
        news.of(versions, few[1:], 3)
    assert news.of(versions, few[1:], 4).deleted.sum() > len(catalogue) / 2


def test_a_file_is_read_when_it_was_written_and_a_folder_as_one_catalogue(tmp_path):
    lines = gzip.decompress(CATALOGUE.read_bytes()).decode().splitlines(keepends=True)
    (tmp_path / "a.csv").write_text("".join(lines[:300]))
    (tmp_path / "b.csv").write_text(lines[0] + "".join(lines[300:400]))
    source = FileSource(tmp_path, lambda event: None)
    assert len(source.read()) == 399
    assert source.read() is None
    (tmp_path / "b.csv").write_text(lines[0] + "".join(lines[300:410]))
    assert len(source.read()) == 409
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no catalogue lies there"):
        FileSource(tmp_path / "empty", lambda event: None).read()


def test_what_a_service_gives_is_read_when_an_event_has_changed(tmp_path):
    with serving(EventServer(random_events(60))) as server:
        query = {"service": server.url, "bounds": (-125.9, -112.6, 31.0, 43.5), "start": "2000-01-01"}
        source = ServiceSource(tmp_path / "c.parquet", {**query, "min_magnitude": 2.5}, lambda event: None)
        first = source.read()
        assert len(first) == 60
        assert source.read() is None
        name, event = next(iter(server.events.items()))
        server.events[name] = replace(event, magnitude=9.0, updated=np.datetime64("now"))
        assert source.read().magnitude.max() == 9.0
        assert source.read() is None


class Source:
    """A source whose next readings are given: catalogues, nothing new, or errors."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def read(self):
        """Return or raise the next reading."""
        found = self.readings.pop(0) if self.readings else None
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def running(tmp_path, catalogue, monkeypatch):
    """A live record begun on 1 July 2008, which computes in this process, and what it says."""

    def make(*readings):
        said_lines = []
        opened = begin(tmp_path / "live", RULES, BUNDLE, us("2008-07-01T12:00"), False)
        runner = Runner(opened, Source(*readings).read, lambda event: said_lines.append(event["message"]))
        runner.computed = lambda after, now: advance(
            opened.store, opened.served, RULES, opened.store.versions(), after, now, now
        )
        monkeypatch.setattr(Runner, "_advanced", lambda self, *asked: self.computed(*asked))
        return runner, said_lines

    return make


def test_a_day_is_issued_once_however_often_it_is_looked_at(running, catalogue):
    runner, _ = running(catalogue.between("2000-01-01", "2008-07-01"))
    for minute in (0, 1, 2):
        runner.step(us("2008-07-02T00:00") + minute * 60_000_000)
    issued = runner.opened.store.records(FORECAST)
    assert [each.values["issue_time"] for each in issued] == ["2008-07-02T00:00:00Z"]
    assert verify(runner.opened.store, runner.opened.store.versions()) == []


def test_a_large_event_is_followed_by_hourly_forecasts_and_its_revision_is_not(running, catalogue):
    before = catalogue.between("2000-01-01", "2008-07-01")
    large = replace(
        catalogue[-1:],
        time_utc=np.array(["2008-07-01T13:00:20"], "datetime64[us]"),
        magnitude=np.array([5.0]),
    )
    with_large = read_together(before, large)
    revised = replace(with_large, magnitude=np.append(before.magnitude, 5.2))
    runner, _ = running(before, with_large, revised)
    for time in ("12:30", "13:02:30", "13:03", "14:03:30", "15:03:30"):
        runner.step(us(f"2008-07-01T{time}"))
    reasons = [each.values["reason"] for each in runner.opened.store.records(FORECAST)]
    assert reasons == ["0 h after M 5", "1 h after M 5", "2 h after M 5"]


def read_together(first, second):
    """Return a catalogue of the events of two."""
    return joined(from_catalogue(first, 0), from_catalogue(second, 0)).catalogue("both")


def test_a_pause_is_recorded_and_nothing_is_issued_for_the_past(running, catalogue):
    runner, lines = running(catalogue.between("2000-01-01", "2008-07-01"))
    runner.step(us("2008-07-02T00:01"))
    runner.step(us("2008-07-05T06:00"))
    runner.step(us("2008-07-06T00:00:30"))
    store = runner.opened.store
    assert [e.values["issue_time"][:10] for e in store.records(FORECAST)] == ["2008-07-02", "2008-07-06"]
    missed = store.records(MISSED)
    assert [(e.values["forecasts"], e.values["first"][:10], e.values["last"][:10]) for e in missed] == [
        (3, "2008-07-03", "2008-07-05")
    ]
    assert any("3 forecasts were missed" in line for line in lines)
    assert verify(store, store.versions()) == []


def test_a_clock_that_jumps_back_issues_nothing_twice(running, catalogue):
    runner, _ = running(catalogue.between("2000-01-01", "2008-07-01"))
    for time in ("2008-07-02T00:00:10", "2008-07-01T23:59:30", "2008-07-02T00:01"):
        runner.step(us(time))
    assert len(runner.opened.store.records(FORECAST)) == 1


def test_a_clock_that_was_far_ahead_holds_up_nothing_after(running, catalogue):
    runner, _ = running(catalogue.between("2000-01-01", "2008-07-01"))
    for time in ("2008-07-02T00:00:10", "2009-07-02T12:00", "2008-07-03T00:00:10", "2008-07-03T00:01"):
        runner.step(us(time))
    issued = [each.values["issue_time"][:10] for each in runner.opened.store.records(FORECAST)]
    assert issued == ["2008-07-02", "2008-07-03"]


def test_a_clock_that_jumps_is_looked_at_again_before_anything_is_computed(monkeypatch):
    times = iter([us("2008-07-02"), us("2009-07-02"), us("2008-07-02"), us("2008-07-02"), us("2010-01-01"),
                  us("2010-01-01")])  # fmt: skip
    stop, steps, lines = Flag(), [], []

    class Stepping:
        faults = 0
        report = staticmethod(lambda event: lines.append(event["message"]))
        close = staticmethod(lambda: None)

        def step(self, now):
            steps.append(now)
            if len(steps) == 3:
                stop.set()

    monkeypatch.setattr(running_module, "now_us", lambda: next(times))
    running_module.run(Stepping(), 0.0, stop)
    assert steps == [us("2008-07-02"), us("2008-07-02"), us("2010-01-01")]
    assert sum("the clock has jumped" in line for line in lines) == 3


def test_a_source_that_is_down_or_answers_rubbish_stops_no_forecast(running, catalogue):
    runner, lines = running(
        catalogue.between("2000-01-01", "2008-07-01"),
        TerrellaError("the service answered 503"), InputError("row 3: no time"), OSError("timed out"),
    )  # fmt: skip
    runner.step(us("2008-07-01T23:59"))
    for day in (2, 3, 4):
        runner.step(us(f"2008-07-0{day}T00:00:05"))
    assert len(runner.opened.store.records(FORECAST)) == 3
    for about in ("503", "row 3: no time", "timed out"):
        assert any(about in line and "tried again" in line for line in lines)


def test_what_was_read_while_the_database_was_locked_is_learned_after(running, catalogue):
    before = catalogue.between("2000-01-01", "2008-07-01")
    runner, lines = running(before[:-1], before)  # then nothing new: a file tells of a change once
    store = runner.opened.store
    runner.step(us("2008-07-01T13:00"))
    with sqlite3.connect(store.folder / "record.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        runner.step(us("2008-07-01T13:01"))
        assert "database is locked" in lines[-1]
        other.execute("ROLLBACK")
    other.close()
    assert len(store.versions()) == len(before) - 1
    runner.step(us("2008-07-01T13:02"))
    assert len(store.versions()) == len(before)


def test_a_file_that_lost_half_of_its_events_is_taken_at_the_next_look(running, catalogue):
    before = catalogue.between("2000-01-01", "2008-07-01")
    few = before[np.append(np.arange(0, len(before) - 1, 3), len(before) - 1)]
    runner, lines = running(before, few)
    for minute in range(3):
        runner.step(us("2008-07-01T13:00") + minute * 60_000_000)
    assert sum("half written" in line for line in lines) == 1
    assert len(runner.opened.store.versions().latest()) == len(few)


def test_a_full_disk_is_reported_and_the_forecast_made_when_there_is_room(running, catalogue):
    runner, lines = running(catalogue.between("2000-01-01", "2008-07-01"))
    work = runner.computed

    def full(*asked):
        raise OSError(28, "No space left on device")

    runner.computed = full
    runner.step(us("2008-07-02T00:00:10"))
    assert runner.faults == 1
    assert "No space left" in lines[-1]
    runner.computed = work
    runner.step(us("2008-07-02T00:05"))
    assert (len(runner.opened.store.records(FORECAST)), runner.faults) == (1, 0)


def test_without_an_event_before_it_a_forecast_is_recorded_as_missed(running, catalogue):
    runner, _ = running()
    runner.step(us("2008-07-02T00:00:10"))
    (missed,) = runner.opened.store.records(MISSED)
    assert "holds no event" in missed.values["why"]


def test_late_and_revised_events_enter_the_score_but_not_what_was_issued(running, catalogue):
    before = catalogue.between("2000-01-01", "2008-07-01")
    late = replace(catalogue[-1:], time_utc=np.array(["2008-07-02T10:00"], "datetime64[us]"))
    runner, _ = running(before, read_together(before, late))
    for time in ("2008-07-02T00:00:10", "2008-07-03T00:00:10", "2008-07-04T00:00:10"):
        runner.step(us(time))
    store = runner.opened.store
    scores = [each.values for each in store.records("score")]
    assert [(each["issue_time"][:10], each["observed"]) for each in scores] == [("2008-07-02", 1)]
    assert verify(store, store.versions()) == []


def test_nothing_is_computed_or_read_where_nothing_is_due(running, catalogue, monkeypatch):
    runner, _ = running(catalogue.between("2000-01-01", "2008-07-01"))
    work, asked = runner.computed, []
    runner.computed = lambda after, now: asked.append(now) or work(after, now)
    store = runner.opened.store
    for day in ("2008-07-02", "2008-07-03", "2008-07-04"):
        for time in ("00:00:10", "00:01", "18:00"):
            runner.step(us(f"{day}T{time}"))
    assert asked == [us(f"2008-07-0{day}T00:00:10") for day in (2, 3, 4)]
    assert (store.count(FORECAST), store.count("score")) == (3, 1)
    read, kinds = type(store).records, []

    def counted(self, kind=None, **given):
        kinds.append(given)
        return read(self, kind, **given)

    monkeypatch.setattr(type(store), "records", counted)
    monkeypatch.setattr(type(store), "versions", lambda self: pytest.fail("the whole history was read"))
    runner.step(us("2008-07-04T18:01"))
    assert [each["latest"] for each in kinds] == [1, 1]
