"""What an event service, a file or a folder of files says now, beside what was known: new, revised, withdrawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.versions import Versions, from_catalogue, joined

Read = Callable[[], Catalogue | None]  # None where nothing was written since the last time

_FEW = 20  # events that may vanish at once, or half of them, before it is taken for half a file
_COMPARED = ("time_us", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type")


class SuspectError(InputError):
    """So many events are gone that the source seems to be half written."""


@dataclass(eq=False)
class FileSource:
    """A catalogue file, or a folder of them, of which a later name revises an earlier one's events."""

    path: Path
    report: Report
    _mark: tuple[Any, ...] = ()

    def read(self) -> Catalogue | None:
        """Return the events, or None where no file has changed."""
        files = (
            sorted(each for each in self.path.iterdir() if _is_data(each))
            if self.path.is_dir()
            else [self.path]
        )
        if not files:
            raise InputError(f"{self.path}: no catalogue lies there")
        mark = tuple((each, each.stat().st_mtime_ns, each.stat().st_size) for each in files)
        if mark == self._mark:
            return None
        found = [self._one(each) for each in files]
        self._mark = mark
        return found[0] if len(found) == 1 else _united(found, self.path.name)

    def _one(self, path: Path) -> Catalogue:
        catalogue, findings = read_catalogue(path)
        for line in findings.lines():
            self.report({"kind": "message", "message": f"{path.name}: {line}"})
        return catalogue


@dataclass(eq=False)
class ServiceSource:
    """An FDSN event service; its events lie in a file that each reading brings up to date."""

    file: Path
    query: Mapping[str, Any]
    report: Report

    def read(self) -> Catalogue:
        """Return the events."""
        from terrella.forecast.download.catalogue import download

        download(self.file, self.query, self.report)
        return read_catalogue(self.file)[0]


@dataclass(eq=False)
class News:
    """Compares readings of a source with what was known; half of the events vanish only when it says so twice."""

    _suspect: str = ""

    def of(self, versions: Versions, catalogue: Catalogue, seen_us: int) -> Versions:
        """Return what is new at a time: events new or revised, and withdrawn ones within the reading's span.

        Raises:
            SuspectError: where more than half of the known events of the span are gone, the first time.
        """
        now = from_catalogue(catalogue, seen_us)
        known = _latest(versions)
        new = now[~_same(known, now)]
        gone = known[~np.isin(known.event_id.astype(str), now.event_id.astype(str))]
        within = (gone.time_us >= now.time_us.min()) & (gone.time_us <= now.time_us.max()) if len(now) else []
        gone = gone[np.asarray(within, bool)] if len(now) else gone[:0]
        spanned = (
            int(((known.time_us >= now.time_us[0]) & (known.time_us <= now.time_us[-1])).sum())
            if len(now)
            else 0
        )
        mark = now.hash()
        if len(gone) > max(_FEW, spanned / 2) and mark != self._suspect:
            self._suspect = mark
            raise SuspectError(
                f"{catalogue.name}: {len(gone):,} of {spanned:,} events are gone, as in a file that is half "
                "written: taken only if the next reading says the same"
            )
        self._suspect = ""
        withdrawn = replace(gone, deleted=np.ones(len(gone), bool), seen_us=np.full(len(gone), seen_us))
        return joined(new, withdrawn)


def said(news: Versions, versions: Versions) -> str:
    """Return in words how many events are new, revised and withdrawn."""
    known = set(_latest(versions).event_id)
    revised = sum(event in known for event in news.event_id[~news.deleted])
    gone = int(news.deleted.sum())
    return f"{len(news) - gone - revised:,} new, {revised:,} revised and {gone:,} withdrawn events"


def _latest(versions: Versions) -> Versions:
    """Return the last version of each event that is not withdrawn."""
    last = {event: row for row, event in enumerate(versions.event_id)}
    rows = np.array(sorted(last.values()), np.int64)
    return versions[rows[~versions.deleted[rows]]]


def _same(known: Versions, now: Versions) -> np.ndarray:
    """Return which events (event,) of now are known as they are."""
    place = {event: row for row, event in enumerate(known.event_id)}
    row = np.array([place.get(event, -1) for event in now.event_id], np.int64)
    same = row >= 0
    for name in _COMPARED:
        old, new = getattr(known, name)[row[same]], getattr(now, name)[same]
        equal = old == new
        if new.dtype.kind == "f":
            equal |= np.isnan(old) & np.isnan(new)
        same[same] = equal.astype(bool)
    return same


def _united(catalogues: list[Catalogue], name: str) -> Catalogue:
    """Return the events of several catalogues; of those with the same id the last one's."""
    rows = joined_all([from_catalogue(each, 0) for each in catalogues])
    last = {event: row for row, event in enumerate(rows.event_id)}
    chosen = rows[np.array(sorted(last.values()), np.int64)]
    order = np.lexsort([chosen.event_id.astype(str), chosen.time_us])
    return chosen[order].catalogue(name)


def joined_all(parts: list[Versions]) -> Versions:
    """Return the rows of all, in this order."""
    names = [each.name for each in fields(Versions)]
    return Versions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
