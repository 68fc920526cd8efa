"""The files of an archive that grows: what is new in them since the last look, by their headers."""

import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from terrella.errors import InputError
from terrella.formats.waveforms.archive import DAY_NS, OTHERS, Archive, File, held, named_for
from terrella.formats.waveforms.miniseed import BACKWARDS, TRUNCATED, Code, Found, Range, is_miniseed, scan
from terrella.formats.waveforms.orientation import place
from terrella.pick.watch.spans import Spans
from terrella.pick.watch.state import Mark, Station

_TAIL = (
    512  # bytes before the end of the last record that tell a file that grew from one that was written anew
)
_LONG_NS = 3 * 3600 * 10**9  # that a day's file may reach into the next day
_MOST_INDEXES = 4096  # files whose records' places are kept; others are looked at again


@dataclass(frozen=True)
class News:
    """What is new in a file: how far it was looked at, and when its stations recorded what was not there before."""

    path: str
    mark: Mark | None  # none where the file is gone
    spans: dict[Station, Spans] = field(default_factory=dict)


@dataclass(eq=False)
class Growing:
    """An archive that is followed."""

    where: Path
    marks: dict[str, Mark]
    stations: Sequence[str] = ()
    first_ns: int | None = None
    _ranges: dict[Path, list[Range]] = field(default_factory=dict)
    _files: dict[str, File] = field(default_factory=dict)

    def look(self, found: Found) -> Iterator[News]:
        """Yield what is new; it is known to `archive` once it is taken in by `take`.

        Raises:
            InputError: where the archive is not there, or no longer holds any file.
        """
        there = {str(path.relative_to(self.where)): path for path in self._paths()}
        if not there and self.marks:
            raise InputError(f"{self.where}: none of its files are there")
        for name in sorted(self.marks.keys() - there.keys()):
            yield News(name, None)
        for name, path in sorted(there.items()):
            try:
                news = self._look_at(name, path, found)
            except (InputError, OSError) as error:
                found("files cannot be read", str(error).replace(str(path), path.name))
                continue
            if news is not None:
                yield news

    def take(self, news: News) -> None:
        """Note what was kept of news."""
        if news.mark is None:
            self.marks.pop(news.path, None)
            self._files.pop(news.path, None)
            self._ranges.pop(self.where / news.path, None)
        else:
            self.marks[news.path] = news.mark
            self._files.pop(news.path, None)

    def archive(self) -> Archive:
        """Return the archive as it was last looked at."""
        stations: dict[Station, list[File]] = defaultdict(list)
        for name, mark in self.marks.items():
            if not mark.spans:
                continue
            if name not in self._files:
                self._files[name] = held(self.where / name, mark.spans)
            for station in {code[:2] for code in self._files[name].codes}:
                stations[station].append(self._files[name])
        return Archive(dict(stations), self._index)

    def is_there(self, file: File) -> bool:
        """Return whether a file still holds what was seen of it."""
        try:
            return file.path.stat().st_size >= self.marks[str(file.path.relative_to(self.where))].whole
        except OSError:
            return False

    def _paths(self) -> Iterator[Path]:
        if not self.where.is_dir():
            raise InputError(f"{self.where}: no such folder")
        for folder, _, names in os.walk(self.where):
            for name in names:
                path = Path(folder, name)
                if name.startswith(".") or path.suffix.lower() in OTHERS:
                    continue
                if (named := named_for(path)) is None or self._is_wanted(*named):
                    yield path

    def _is_wanted(self, code: Code, day_ns: int) -> bool:
        recent = self.first_ns is None or day_ns + DAY_NS + _LONG_NS > self.first_ns
        return recent and place(code[3]) is not None

    def _look_at(self, name: str, path: Path, found: Found) -> News | None:
        status, mark = path.stat(), self.marks.get(name)
        if status.st_size == 0 or (
            mark and (status.st_size, status.st_mtime_ns) == (mark.size, mark.mtime_ns)
        ):
            return None
        if not is_miniseed(path):
            raise InputError(f"{path.name}: it does not begin as miniSEED does")
        grew = mark is not None and status.st_size > mark.size and _tail(path, mark.whole) == mark.tail
        begin = mark.whole if mark is not None and grew else 0
        before = self._index(path, found) if begin else []
        every = scan(path, _but_growth(found), begin)
        new = [each for each in every if self._is_followed(each)]
        whole = max((each.end_byte for each in every), default=begin)
        self._keep(path, [*(each for each in before if each.first_byte < begin), *new])
        old = mark.spans if mark is not None else ()
        spans: dict[Station, Spans] = defaultdict(list)
        for each in new:
            spans[each.code[:2]].append((each.first_ns, each.end_ns))
        if not grew:  # what it no longer holds changes picks too
            for code, first, end in old:
                spans[code[:2]].append((first, end))
        told = [*(old if grew else ()), *((each.code, each.first_ns, each.end_ns) for each in new)]
        joined = held(path, told).spans if told else ()
        return News(
            name,
            Mark(status.st_size, status.st_mtime_ns, whole, _tail(path, whole), joined or ()),
            dict(spans),
        )

    def _is_followed(self, each: Range) -> bool:
        name = ".".join(each.code[:2])
        chosen = not self.stations or any(fnmatchcase(name, pattern) for pattern in self.stations)
        return chosen and place(each.code[3]) is not None

    def _index(self, path: Path, found: Found) -> list[Range]:
        """Return where a file's channels lie, as far as it was looked at."""
        mark = self.marks[str(path.relative_to(self.where))] if path not in self._ranges else None
        if mark is not None:
            every = scan(path, lambda what, name: None)
            self._keep(path, [each for each in every if each.first_byte < mark.whole])
        return self._ranges[path]

    def _keep(self, path: Path, ranges: list[Range]) -> None:
        self._ranges.pop(path, None)
        self._ranges[path] = ranges
        while len(self._ranges) > _MOST_INDEXES:
            self._ranges.pop(next(iter(self._ranges)))


def _tail(path: Path, whole: int) -> int:
    """Return a checksum of the bytes before the end of the last record."""
    with path.open("rb") as file:
        file.seek(max(whole - _TAIL, 0))
        return zlib.crc32(file.read(min(_TAIL, whole)))


def _but_growth(found: Found) -> Found:
    """Return what passes findings on, but for records that come late or are just being written."""
    return lambda what, name: None if what in (BACKWARDS, TRUNCATED) else found(what, name)
