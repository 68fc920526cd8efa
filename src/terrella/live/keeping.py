"""One step in the life of a record: all that is due until a time is issued, and all that has closed is scored."""

from collections.abc import Iterator

import numpy as np

from terrella.errors import InputError
from terrella.live.issuing import FORECAST, Served, issue_due
from terrella.live.kept import read_kept
from terrella.live.schedule import Due, due_between
from terrella.live.scoring import SCORE, closings, score, score_key
from terrella.live.settings import LiveSettings
from terrella.live.store import FIRST, Record, Store, link
from terrella.live.times import HOUR, iso, stamp
from terrella.live.versions import Versions

MISSED = "missed"


def triggers(served: Served, settings: LiveSettings, versions: Versions) -> Versions:
    """Return what became known of the region's events while forecasts could still follow it, the first of each."""
    inside = served.models.region.contains(versions.longitude, versions.latitude) & ~versions.deleted
    fresh = versions.seen_us - versions.time_us <= settings.hourly_for_hours * HOUR
    chosen = versions[inside & fresh]
    _, first = np.unique(chosen.event_id.astype(str), return_index=True)
    return chosen[np.sort(first)]  # a revision is no second earthquake


def advance(
    store: Store, served: Served, settings: LiveSettings, versions: Versions, after_us: int, until_us: int,
    made_us: int | None = None,
) -> int:  # fmt: skip
    """Issue what is due after one time and until another, score what has closed by then; return how much was new.

    Forecasts are recorded all at once or not at all, then the scores: killed at any moment and called again for the
    same times, it leaves what one call would have left.
    """
    large = triggers(served, settings, versions)
    due = due_between(settings, large.seen_us, large.magnitude, after_us, until_us)
    known = {each.key for each in store.records(FORECAST)} | {each.key for each in store.records(MISSED)}
    new = sum(f"{FORECAST}/{stamp(each.time_us)}" not in known for each in due)
    if new:
        store.append(list(issue_due(store, served, versions, due, made_us)))
    return new + score_closed(store, settings, versions, until_us)


def next_closing(store: Store, settings: LiveSettings) -> int | None:
    """Return when the next window is to be scored, or None where none is open."""
    return min((at for at, _, _ in _unscored(store, settings)), default=None)


def score_closed(store: Store, settings: LiveSettings, versions: Versions, until_us: int) -> int:
    """Score all windows that have closed by a time and are not scored yet; return how many there were."""
    found = sorted(
        (at, record.number, horizon, record)
        for at, record, horizon in _unscored(store, settings)
        if at <= until_us
    )
    entries = [score(store, versions, record, horizon, at) for at, _, horizon, record in found]
    store.append(entries)
    return len(entries)


def _unscored(store: Store, settings: LiveSettings) -> Iterator[tuple[int, Record, int]]:
    """Yield the windows without a score, as `closings` does."""
    delay = round(settings.score_after_hours * HOUR)
    scored = {each.key for each in store.records(SCORE)}
    for at, record, horizon in closings(store.records(FORECAST), delay):
        if score_key(record, horizon) not in scored:
            yield at, record, horizon


def note_missed(store: Store, due: list[Due], why: str) -> None:
    """Record, in one entry, that forecasts were due and none was made."""
    first, last = due[0].time_us, due[-1].time_us
    values = {"first": iso(first), "last": iso(last), "forecasts": len(due), "why": why}
    store.append([(f"{MISSED}/{stamp(first)}", MISSED, last, values)])


def verify(store: Store, versions: Versions) -> list[str]:
    """Return what in a record is not as it was written: entries, files of forecasts, the events they knew.

    An empty list says that nothing was changed since the last entry whose hash somebody else holds.
    """
    faults, previous = [], FIRST
    for place, record in enumerate(store.records(), 1):
        where = f"entry {record.number} ({record.key})"
        if record.number != place or record.previous != previous:
            faults.append(
                f"{where}: does not follow the entry before it: one was taken away, added or changed"
            )
        expected = link(record.previous, record.key, record.kind, record.time_us, record.document)
        if record.hash != expected:
            faults.append(f"{where}: was changed after it was written")
        previous = record.hash
        if record.kind == FORECAST:
            faults += _changed(store, versions, record, where)
    return faults


def _changed(store: Store, versions: Versions, record: Record, where: str) -> list[str]:
    values, faults = record.values, []
    try:
        if read_kept(store.forecasts / values["file"]).hash() != values["sha256"]:
            faults.append(f"{where}: {values['file']} holds other numbers than were issued")
    except InputError as error:
        faults.append(f"{where}: {error}")
    if versions.known_at(record.time_us).hash() != values["catalogue"]["sha256"]:
        faults.append(f"{where}: the events known at its time are not those that it was made from")
    return faults
