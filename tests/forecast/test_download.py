"""Downloading from an event service over real HTTP: whole, interrupted, with faults, and again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from event_server import Event, EventServer, random_events, running
from terrella.earth.region import ordered_bounds
from terrella.engine import web
from terrella.errors import InputError, TerrellaError
from terrella.forecast.download import fdsn
from terrella.forecast.download.catalogue import download
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

QUICK = web.Patience(attempts=3, first_wait_s=0.001, timeout_s=5.0)
LOCAL = "http:" + "//host"  # in two parts: no file may name a host
CALIFORNIA = (-125.9, -112.6, 31.0, 43.5)
# What services offer: the USGS; the standard with a count or an updatedafter alone; its necessary parts alone.
KINDS: dict[str, dict[str, Any]] = {
    "comcat": {},
    "all of the standard": {"comcat": False, "offers": ("count", "updatedafter"), "limit_answer": "413"},
    "no count": {"comcat": False, "offers": ("updatedafter",), "limit_answer": "413"},
    "bare": {"comcat": False, "limit_answer": "413"},
    "cuts silently": {"comcat": False, "limit_answer": "cut"},
}


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[EventServer]:
    with running(EventServer(random_events(800), **KINDS[request.param])) as served:
        yield served


@pytest.fixture
def comcat() -> Iterator[EventServer]:
    with running(EventServer(random_events(800))) as served:
        yield served


def get(server: EventServer, output: Path, messages: list[str] | None = None, **given: Any) -> list[str]:
    asked = {
        "service": server.url,
        "bounds": CALIFORNIA,
        "start": "2000-01-01",
        "min_magnitude": 2.5,
        **given,
    }
    said = [] if messages is None else messages
    return download(output, asked, lambda event: said.append(str(event.get("message", ""))), QUICK)


def check(server: EventServer, output: Path, end: str = "2100-01-01") -> Catalogue:
    """Check that the output holds the server's events, each once and as it is now."""
    catalogue = read_catalogue(output)[0]
    expected = [e for e in server.events.values() if not e.deleted and e.time < np.datetime64(end)]
    ids = np.array([e.name.encode() for e in expected])
    order, theirs = np.argsort(catalogue.event_id), np.argsort(ids)
    assert catalogue.event_id[order].tolist() == ids[theirs].tolist()
    for ours, name in (("longitude", "longitude"), ("latitude", "latitude"), ("magnitude", "magnitude")):
        assert getattr(catalogue, ours)[order].tolist() == [getattr(expected[i], name) for i in theirs]
    assert catalogue.time_utc[order].tolist() == [
        expected[i].time.astype("datetime64[us]").item() for i in theirs
    ]
    assert sorted(p.name for p in output.parent.iterdir()) == [output.name, f"{output.name}.source.parquet"]
    return catalogue


def test_all_events_come_once_whatever_the_service_offers(server: EventServer, tmp_path: Path) -> None:
    lines = get(server, tmp_path / "c.parquet")
    assert len(check(server, tmp_path / "c.parquet")) == 800
    assert "800 rows, 800 events kept" in lines
    # The day of the large shock alone holds more than the limit, so that years were halved down to hours.
    assert len(server.asked("query")) > 8
    assert all(asked["minmagnitude"] == "2.5" for asked in server.asked("query"))


def test_what_is_new_revised_and_deleted_comes_the_second_time(server: EventServer, tmp_path: Path) -> None:
    output = tmp_path / "c.csv"
    get(server, output)
    now = np.datetime64("now", "ms")
    for i in range(5):
        new = Event(f"new{i}", now - np.timedelta64(i + 1, "h"), 35.0, -118.0 + i, 5.0, 3.0, now)
        server.events[new.name] = new
    server.events["late"] = Event(
        "late", np.datetime64("2004-05-05T00:00:00.000"), 36.0, -119.0, 5.0, 4.0, now
    )
    server.revise("ci3", magnitude=6.6)
    server.revise("ci4", time=server.events["ci4"].time + np.timedelta64(40, "D"))
    sees_all = server.comcat or "count" in server.offers or "updatedafter" not in server.offers
    if sees_all:
        server.revise("ci5", deleted=True)
    before = len(server.log)
    lines = get(server, output)
    check(server, output)
    deleted = 1 if sees_all else 0
    assert any(f"6 new, 2 revised and {deleted} deleted events since" in line for line in lines)
    if server.comcat:
        assert len(server.log) - before < 15
    before = len(server.log)
    assert any("0 new, 0 revised and 0 deleted" in line for line in get(server, output))
    check(server, output)


def test_events_that_left_the_query_or_changed_their_id_are_found_by_counting(
    comcat: EventServer, tmp_path: Path
) -> None:
    output = tmp_path / "c.parquet"
    get(comcat, output)
    comcat.revise("ci10", magnitude=2.1)
    comcat.revise("ci11", longitude=-100.0)
    moved = comcat.events.pop("ci12")
    comcat.events["us12"] = replace(moved, name="us12", updated=np.datetime64("now", "ms"))
    lines = get(comcat, output)
    for name in ("ci10", "ci11"):
        del comcat.events[name]
    check(comcat, output)
    assert any("1 new, 0 revised and 3 deleted" in line for line in lines)


def test_deleted_events_are_asked_for_rather_than_searched(comcat: EventServer, tmp_path: Path) -> None:
    get(comcat, tmp_path / "c.parquet")
    for i in range(20):
        comcat.revise(f"ci{i}", deleted=True)
    before = len(comcat.log)
    lines = get(comcat, tmp_path / "c.parquet")
    check(comcat, tmp_path / "c.parquet")
    assert any("20 deleted" in line for line in lines)
    assert len(comcat.log) - before < 12


def test_deleted_events_that_the_service_does_not_list_are_found_by_counting(
    comcat: EventServer, tmp_path: Path
) -> None:
    get(comcat, tmp_path / "c.parquet")
    comcat.lists_deleted = False
    comcat.revise("ci7", deleted=True)
    assert any("1 deleted" in line for line in get(comcat, tmp_path / "c.parquet"))
    check(comcat, tmp_path / "c.parquet")


def test_an_end_is_kept_to_and_only_the_query_is_asked_for(comcat: EventServer, tmp_path: Path) -> None:
    comcat.events["edge"] = Event(
        "edge", np.datetime64("2003-01-01T00:00:00.000"), 35.0, -118.0, 5.0, 3.0, np.datetime64("2003-01-02")
    )
    get(comcat, tmp_path / "c.csep", end="2003-01-01")
    catalogue = check(comcat, tmp_path / "c.csep", end="2003-01-01")
    assert 60 < len(catalogue) < 300
    box = ("minlongitude", "maxlongitude", "minlatitude", "maxlatitude")
    assert [comcat.asked("query")[0][name] for name in box] == ["-125.9", "-112.6", "31", "43.5"]
    get(comcat, tmp_path / "w.csep", end="2003-01-01", bounds=(-180.0, 180.0, -90.0, 90.0))
    assert not set(box) & set(comcat.asked("query")[-1])


def test_faults_pass(server: EventServer, tmp_path: Path) -> None:
    server.faults = [("503", "0"), ("cut",), ("none",), ("429",), ("502",), ("none",), ("504",), ("cut",)]
    messages: list[str] = []
    get(server, tmp_path / "c.parquet", messages)
    check(server, tmp_path / "c.parquet")
    assert server.faults == []
    for word in ("HTTP 503", "asking again in 0 s", "HTTP 429", "the connection was cut"):
        assert any(word in message for message in messages), messages


def test_retry_after_is_waited_for_but_not_for_ever(comcat: EventServer, tmp_path: Path) -> None:
    comcat.faults = [("503", "1")]
    begun = np.datetime64("now", "ms")
    get(comcat, tmp_path / "c.parquet", end="2001-01-01")
    assert np.datetime64("now", "ms") - begun >= np.timedelta64(1000, "ms")
    comcat.faults = [("503", "86400")]
    with pytest.raises(TerrellaError, match="does not answer for another 86400 s"):
        get(comcat, tmp_path / "d.parquet")
    comcat.faults = [("503", "Wed, 21 Oct 2015 07:28:00 GMT")]
    messages: list[str] = []
    get(comcat, tmp_path / "d.parquet", messages)
    assert any("asking again in 0 s" in message for message in messages)


def test_a_service_that_goes_down_costs_nothing_that_was_fetched(server: EventServer, tmp_path: Path) -> None:
    output = tmp_path / "c.parquet"
    server.down_after = 12
    with pytest.raises(
        TerrellaError, match=r"does not answer.*asked 3 times.*kept, type the same command"
    ) as caught:
        get(server, output)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, InputError)
    assert not output.exists()
    kept = {p.name for p in (tmp_path / ".c.parquet.download").iterdir() if p.suffix == ".txt"}
    assert kept
    asked = [(a["starttime"], a["endtime"]) for a in server.asked("query")[:-3]]
    before, server.down_after = len(server.log), None
    get(server, output)
    check(server, output)
    again = [(a["starttime"], a["endtime"]) for name, a in server.log[before:] if name == "query"]
    assert not set(asked) & set(again)


def test_an_interrupted_update_goes_on(comcat: EventServer, tmp_path: Path) -> None:
    output = tmp_path / "c.parquet"
    get(comcat, output)
    for i in range(300):
        comcat.revise(f"ci{i}", magnitude=5.5)
    old = output.read_bytes()
    comcat.down_after = len(comcat.log) + 6
    with pytest.raises(TerrellaError, match="does not answer"):
        get(comcat, output)
    assert output.read_bytes() == old
    comcat.down_after = None
    lines = get(comcat, output)
    check(comcat, output)
    assert any("0 new, 300 revised and 0 deleted" in line for line in lines)


def test_another_query_begins_anew_and_one_for_a_finished_output_is_refused(
    comcat: EventServer, tmp_path: Path
) -> None:
    output = tmp_path / "c.parquet"
    comcat.down_after = 8
    with pytest.raises(TerrellaError):
        get(comcat, output, min_magnitude=3.0)
    comcat.down_after = None
    get(comcat, output)
    check(comcat, output)
    with pytest.raises(InputError, match=r"another --min-magnitude \(2.5, now 4\)"):
        get(comcat, output, min_magnitude=4)
    with pytest.raises(InputError, match="another --region or --bounds"):
        get(comcat, output, bounds=(0.0, 1.0, 0.0, 1.0))
    assert any("0 new" in line for line in download(output, {}, lambda event: None, QUICK))
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(InputError, match="exists and was not downloaded"):
        get(comcat, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_answers_that_are_no_events_are_refused_in_one_line(comcat: EventServer, tmp_path: Path) -> None:
    comcat.faults = [("page",)]
    with pytest.raises(TerrellaError, match=r"Please log in.*events with ids were expected"):
        get(comcat, tmp_path / "c.parquet")
    comcat.faults = [("403",)]
    with pytest.raises(TerrellaError, match="HTTP 403 Forbidden: 'Error 403'"):
        get(comcat, tmp_path / "c.parquet")
    with pytest.raises(InputError, match="no event for events of M 9 and above"):
        get(comcat, tmp_path / "c.parquet", min_magnitude=9.0)
    crowded = {f"e{i}": replace(comcat.events["ci1"], name=f"e{i}") for i in range(201)}
    comcat.events = crowded
    with pytest.raises(TerrellaError, match=r"within one second.*raise --min-magnitude"):
        get(comcat, tmp_path / "c.parquet")


def test_rows_that_cannot_be_are_left_out_and_explosions_too(comcat: EventServer, tmp_path: Path) -> None:
    comcat.revise("ci0", depth_km=2000.0)
    comcat.revise("ci1", kind="quarry blast")
    lines = get(comcat, tmp_path / "c.parquet")
    assert "800 rows, 798 events kept" in lines
    assert any("depth_km beyond -10 to 800 dropped" in line for line in lines)
    del comcat.events["ci0"], comcat.events["ci1"]
    check(comcat, tmp_path / "c.parquet")


def test_a_damaged_source_is_named(comcat: EventServer, tmp_path: Path) -> None:
    get(comcat, tmp_path / "c.parquet")
    path = tmp_path / "c.parquet.source.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match=r"c\.parquet\.source\.parquet: damaged; delete it"):
        get(comcat, tmp_path / "c.parquet")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("USGS", "https://earthquake.usgs.gov/fdsnws/event/1"),
        (f"{LOCAL}:8080/fdsnws/event/1/query", f"{LOCAL}:8080/fdsnws/event/1"),
        (f"{LOCAL}/", f"{LOCAL}/fdsnws/event/1"),
    ],
)
def test_a_service_by_name_host_or_address(given: str, url: str) -> None:
    assert fdsn.service_url(given) == url


def test_a_revision_that_reached_the_index_late_is_found(comcat: EventServer, tmp_path: Path) -> None:
    """Counts do not tell it: only that changes are asked for from a day before the last download on."""
    output = tmp_path / "c.csv"
    get(comcat, output)
    stamp = np.datetime64("now", "ms") - np.timedelta64(23, "h")
    comcat.events["ci3"] = replace(comcat.events["ci3"], magnitude=6.6, updated=stamp)
    assert any("0 new, 1 revised and 0 deleted" in line for line in get(comcat, output))
    check(comcat, output)


@pytest.mark.parametrize("bounds", [(177.0, 183.0, -21.0, -15.0), (177.0, -177.0, -21.0, -15.0)])
def test_a_box_across_the_date_line_is_asked_for_in_two(
    bounds: tuple[float, ...], server: EventServer, tmp_path: Path
) -> None:
    places = np.random.default_rng(4).uniform(177, 183, 800)
    for longitude, (name, event) in zip(places, server.events.items(), strict=True):
        turned = round(longitude - 360 if longitude > 180 else longitude, 4)
        server.events[name] = replace(event, longitude=turned, latitude=-18.0)
    get(server, tmp_path / "f.parquet", bounds=ordered_bounds(bounds, "--bounds"))
    assert len(check(server, tmp_path / "f.parquet")) == 800
    asked = {(each["minlongitude"], each["maxlongitude"]) for each in server.asked("query")}
    assert asked == {("177", "180"), ("-180", "-177")}
    server.revise("ci3", magnitude=6.6)
    assert any("0 new, 1 revised" in line for line in get(server, tmp_path / "f.parquet", bounds=None))
    check(server, tmp_path / "f.parquet")
