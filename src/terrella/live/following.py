"""What an event service, a file or a folder of files says now, beside what was known: new, revised, withdrawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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

    def __post_init__(self) -> None:
        self._kept = FileSource(self.file, lambda event: None)

    def read(self) -> Catalogue | None:
        """Return the events, or None where none has changed."""
        from terrella.forecast.download.catalogue import download

        download(self.file, self.query, self.report)
        return self._kept.read()


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
        known = versions.latest()
        new = now[~_same(known, now)]
        spanned = known[:0]
        if len(now):
            spanned = known[(known.time_us >= now.time_us[0]) & (known.time_us <= now.time_us[-1])]
        gone = spanned[~np.isin(spanned.event_id.astype(str), now.event_id.astype(str))]
        mark = now.hash()
        if len(gone) > max(_FEW, len(spanned) / 2) and mark != self._suspect:
            self._suspect = mark
            raise SuspectError(
                f"{catalogue.name}: {len(gone):,} of {len(spanned):,} events are gone, as in a file that is half "
                "written: taken only if the next reading says the same"
            )
        self._suspect = ""
        withdrawn = replace(gone, deleted=np.ones(len(gone), bool), seen_us=np.full(len(gone), seen_us))
        return joined(new, withdrawn)


def said(news: Versions, versions: Versions) -> str:
    """Return in words how many events are new, revised and withdrawn."""
    known = set(versions.latest().event_id)
    revised = sum(event in known for event in news.event_id[~news.deleted])
    gone = int(news.deleted.sum())
    return f"{len(news) - gone - revised:,} new, {revised:,} revised and {gone:,} withdrawn events"


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
    rows = joined(*(from_catalogue(each, 0) for each in catalogues))
    return rows.known_at(np.iinfo(np.int64).max).catalogue(name)


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
