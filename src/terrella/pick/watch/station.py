"""What waits to be picked of a station, picked as far as its record can no longer change it."""

import sqlite3
import time
from dataclasses import dataclass

from terrella.errors import TerrellaError
from terrella.formats.waveforms.archive import DAY_NS, Archive
from terrella.formats.waveforms.instruments import HOLE_NS, Stretch, stretches
from terrella.formats.waveforms.miniseed import Code, Found
from terrella.pick.continuous.annotate import Annotator, needed
from terrella.pick.continuous.picking import Pick, pick_span
from terrella.pick.continuous.policies import Policies
from terrella.pick.watch import state as kept
from terrella.pick.watch.growth import Growing
from terrella.pick.watch.spans import Spans, differing, succeeded, united, within
from terrella.pick.watch.state import Made, Station

_AROUND_NS = 15 * 10**9  # of the windows, to which a peak, a short stretch and a filter reach
_SETTLED_NS = 2 * 10**9  # after the last window that answers for a pick
_SAME_SAMPLES = 0.02  # apart at most, and as likely, picks are one
_SAME = 1e-4
_LOOK_BACK_NS = 600 * 10**9  # from the last sample, to see which channels are at work
_FOREVER = 2**62
PICKS = "picks"


@dataclass(frozen=True)
class Reach:
    """How much record before and after a pick may change it, in ns."""

    before_ns: int
    after_ns: int

    @property
    def settled_ns(self) -> int:
        """How much record must follow a pick for it to be made."""
        return self.after_ns + _SETTLED_NS


@dataclass(frozen=True)
class Picking:
    """How a station is picked."""

    annotator: Annotator
    policies: Policies
    reach: Reach


@dataclass(frozen=True)
class Outcome:
    """What one step gave: new picks, those that newer record took back, and what was picked anew."""

    new: list[Made]
    gone: list[Made]
    more: bool  # waits that can be picked at once


class GoneError(TerrellaError):
    """What was to be read is not there any more."""


def reach_of(annotator: Annotator) -> Reach:
    """Return how far the record reaches that a network's picks depend on."""
    begin, until = needed(annotator.architecture, 0, 1)
    second = 1e9 / annotator.architecture.rate_hz
    return Reach(round(-begin * second), round(until * second))


def touched(spans: Spans, reach: Reach) -> Spans:
    """Return where picks may change when there is new record."""
    before, after = reach.after_ns + _AROUND_NS, reach.before_ns + _AROUND_NS
    return united((first - before, end + after) for first, end in spans)


def pick_waiting(
    state: sqlite3.Connection, growing: Growing, archive: Archive, station: Station, spans: Spans,
    picking: Picking, ended: bool, found: Found,
) -> Outcome:  # fmt: skip
    """Pick the first day of what waits of a station, and keep picks and what still waits in one step.

    Picks that more record may change wait, unless the record has `ended`.

    Raises:
        GoneError: where a file is not there any more, or shorter; nothing is changed.
    """
    files = archive.stations.get(station, ())
    recorded = {day for *_, day in Archive({station: files}).days()}
    last_ns = max((file.end_ns for file in files), default=0)
    until_ns = _FOREVER if ended else _end_of_all(archive, station, last_ns, found)
    settled_ns = until_ns if ended else until_ns - picking.reach.settled_ns
    asked = {day for first, end in spans for day in range(first // DAY_NS, (end - 1) // DAY_NS + 1)}
    day = min(asked & recorded, default=None)
    if day is None:
        with kept.changing(state):
            kept.wait_for(state, station, [])
        return Outcome([], [], False)
    first_ns, end_ns = day * DAY_NS, (day + 1) * DAY_NS
    if settled_ns <= max(first_ns, spans[0][0]):
        return Outcome([], [], False)
    known_ns = min(end_ns, until_ns)
    used = stretches(archive.recorded(*station, first_ns, known_ns, found), first_ns, known_ns)
    before = kept.used(state, station, day)
    wanted = united([*spans, *differing(before, used)])
    now = within(wanted, first_ns, min(end_ns, settled_ns))
    made = _picks(archive, used, now, picking, found)
    if not all(map(growing.is_there, archive.files(*station, first_ns, end_ns))):
        raise GoneError(f"{'.'.join(station)}: files of the archive are gone while they were read")
    new, gone = _compared([pick for span in now for pick in kept.picks(state, *span, station)], made, picking)
    later = within(wanted, min(end_ns, settled_ns), _FOREVER)
    with kept.changing(state):
        kept.replace_picks(state, gone, new)
        kept.use(state, station, day, succeeded(before, used))
        kept.wait_for(state, station, later)
        _note_changed(state, [*new, *gone])
    return Outcome(new, gone, any(first < settled_ns for first, _ in later))


def _picks(
    archive: Archive, used: list[Stretch], spans: Spans, picking: Picking, found: Found
) -> list[tuple[Code, Pick]]:
    made = []
    for each in used:
        for first, end in within(spans, each.first_ns, each.end_ns):
            picks = pick_span(picking.annotator, archive, each.codes, first, end, picking.policies, found)
            made += [(each.codes[0], pick) for pick in picks]
    return made


def _compared(
    before: list[Made], now: list[tuple[Code, Pick]], picking: Picking
) -> tuple[list[Made], list[Made]]:
    """Return which picks are new, and which of before are gone; those that are as they were stay as they are."""
    near_ns = _SAME_SAMPLES * 1e9 / picking.annotator.architecture.rate_hz
    left, new, made_ns = list(before), [], time.time_ns()
    for code, pick in now:
        trace_id = ".".join(code[:3])
        same = next((each for each in left if _is_same(each, trace_id, pick, near_ns)), None)
        if same is not None:
            left.remove(same)
        else:
            new.append(Made(code[0], code[1], trace_id, pick, made_ns))
    return new, left


def _is_same(made: Made, trace_id: str, pick: Pick, near_ns: float) -> bool:
    return (
        (made.trace_id, made.pick.phase) == (trace_id, pick.phase)
        and abs(made.pick.time_ns - pick.time_ns) <= near_ns
        and abs(made.pick.probability - pick.probability) <= _SAME
        and abs(made.pick.uncertainty_s - pick.uncertainty_s) <= 10 * _SAME
        and abs(made.pick.amplitude - pick.amplitude) <= _SAME * abs(pick.amplitude)
    )


def _end_of_all(archive: Archive, station: Station, last_ns: int, found: Found) -> int:
    """Return until when all channels in use recorded; one that has been silent for a minute is not waited for."""
    first_ns = last_ns - _LOOK_BACK_NS
    recorded = archive.recorded(*station, first_ns, last_ns, found)
    codes = {code for each in stretches(recorded, first_ns, last_ns) for code in each.codes}
    ends = [max(end for _, end in recorded[code]) for code in codes]
    return min((end for end in ends if end >= max(ends) - HOLE_NS), default=last_ns)


def _note_changed(state: sqlite3.Connection, picks: list[Made]) -> None:
    """Note what is to be written and associated anew."""
    if not picks:
        return
    times = [each.pick.time_ns for each in picks]
    kept.to_write(state, PICKS, {time_ns // DAY_NS for time_ns in times})
    state.execute("INSERT INTO unassociated VALUES (?, ?)", (min(times), max(times) + 1))
