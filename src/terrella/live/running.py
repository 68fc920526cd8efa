"""The record in the present: a source is followed, what is due is issued and what has closed is scored."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Event as Flag

import sqlalchemy as sql

from terrella.engine.run import Report
from terrella.errors import TerrellaError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.live.beside import CONTEXT, give_way
from terrella.live.following import News, Read, said
from terrella.live.issuing import FORECAST
from terrella.live.keeping import MISSED, advance, next_closing, note_missed, triggers
from terrella.live.opening import Opened, reopen
from terrella.live.schedule import due_between
from terrella.live.store import Store
from terrella.live.times import iso
from terrella.live.versions import Versions, joined

LATE_US = 600_000_000  # what is computed later than this after its time would no longer be a forecast
_NEVER = 2**63 - 1
_JUMP_US = 60_000_000
_LONGEST_WAIT = 20  # intervals of polling, after many faults in a row


@dataclass(eq=False)
class Runner:
    """A live record at work; it computes in a process of its own, so that a page stays quick."""

    opened: Opened
    read: Read
    report: Report
    news: News = field(default_factory=News)
    url: str | None = None
    faults: int = 0
    _pool: ProcessPoolExecutor | None = None
    _closing_us: int | None = None  # when the next window is scored, once it was looked up
    _unlearned: Catalogue | None = None  # read, but not yet taken in: the source gives it only once
    _known: Versions | None = None  # nobody else writes: read once, then added to

    @property
    def versions(self) -> Versions:
        """All that is known."""
        if self._known is None:
            self._known = self.opened.store.versions()
        return self._known

    def step(self, now_us: int) -> None:
        """Take in what the source says, issue and score what is due now; a fault is reported, and tried again."""
        try:
            self._follow(now_us)
            self._compute(now_us)
            self.faults = 0
        except (TerrellaError, OSError, sql.exc.SQLAlchemyError, BrokenProcessPool) as error:
            if isinstance(error, BrokenProcessPool):
                self._pool = None
            self.faults += 1
            about = str(getattr(error, "orig", None) or error).splitlines()[0]
            self.report({"kind": "message", "message": f"{iso(now_us)}: {about}; tried again"})

    def _follow(self, now_us: int) -> None:
        """Learn what is new; where the source does not answer, what is due is still computed."""
        versions = self.versions
        try:
            now = self.read()
            self._unlearned = self._unlearned if now is None else now
            if self._unlearned is None:
                return
            # What is read first is what the record begins with.
            seen_us = now_us if len(versions) else self.opened.began_us
            found = self.news.of(versions, self._unlearned, seen_us)
        except (TerrellaError, OSError) as error:
            self.report({"kind": "message", "message": f"{iso(now_us)}: {error}; tried again"})
            return
        if len(found):
            self.opened.store.learn(found)
            self._known = joined(versions, found)
            self.report({"kind": "message", "message": f"{iso(now_us)}: {said(found, versions)}"})
        self._unlearned = None

    def _compute(self, now_us: int) -> None:
        opened = self.opened
        store = opened.store
        after = last_handled(store, opened.began_us, now_us)
        large = triggers(opened.served, opened.settings, self.versions)
        due = due_between(opened.settings, large.seen_us, large.magnitude, after, now_us)
        late = [each for each in due if each.time_us < now_us - LATE_US]
        if late:
            note_missed(store, late, "the program was not running, or could not compute")
            self.report(
                {
                    "kind": "message",
                    "message": f"{len(late)} forecasts were missed until {iso(late[-1].time_us)}",
                }
            )
            after = late[-1].time_us
        if len(late) == len(due) and not self._closed(now_us):
            return
        self._closing_us = None  # looked up anew, whatever comes of it
        new = self._advanced(after, now_us)
        if new:
            self.report(
                {"kind": "message", "message": f"{iso(now_us)}: {new} new entries of forecasts and scores"}
            )

    def _closed(self, now_us: int) -> bool:
        """Return whether a window is to be scored; the record is read for it only after something was added."""
        if self._closing_us is None:
            found = next_closing(self.opened.store, self.opened.settings)
            self._closing_us = _NEVER if found is None else found
        return self._closing_us <= now_us

    def _advanced(self, after_us: int, now_us: int) -> int:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=CONTEXT, initializer=give_way)
        return self._pool.submit(_work, str(self.opened.store.folder), self.url, after_us, now_us).result()

    def close(self) -> None:
        """End the process that computes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def run(runner: Runner, poll_s: float, stop: Flag, clock: Callable[[], int] | None = None) -> None:
    """Do steps until the flag is set: one each `poll_s` seconds, and fewer after faults.

    Where the computer's clock jumps, one step is left out: what is scored too early would stay so.
    """
    apart_us = None  # the clock's time less that of one that never jumps
    try:
        while not stop.is_set():
            now = (clock or now_us)()
            before, apart_us = apart_us, now - time.monotonic_ns() // 1000
            if clock is None and before is not None and abs(apart_us - before) > _JUMP_US:
                line = (
                    f"{iso(now)}: the clock has jumped by {(apart_us - before) / 1e6:,.0f} s; looked at again"
                )
                runner.report({"kind": "message", "message": line})
            else:
                runner.step(now)
            stop.wait(poll_s * min(2**runner.faults, _LONGEST_WAIT))
    finally:
        runner.close()


def last_handled(store: Store, began_us: int, now_us: int) -> int:
    """Return the time of the last forecast until now that was issued or missed: a clock may have been ahead."""
    kinds, until = (FORECAST, MISSED), now_us + 1
    last = [record.time_us for kind in kinds for record in store.records(kind, latest=1, before_us=until)]
    return max([began_us, *last])


def now_us() -> int:
    """Return the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def _work(folder: str, url: str | None, after_us: int, until_us: int) -> int:
    opened = _reopened(folder, url)
    versions = opened.store.versions()
    return advance(opened.store, opened.served, opened.settings, versions, after_us, until_us, until_us)


@lru_cache(maxsize=1)
def _reopened(folder: str, url: str | None) -> Opened:
    return reopen(Path(folder), url)
