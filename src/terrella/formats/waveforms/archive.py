"""Archives of waveforms: which stations recorded on which days, and their samples between two times."""

import fnmatch
import glob
import re
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.waveforms.miniseed import (
    Code,
    Found,
    Range,
    Segment,
    is_miniseed,
    read_records,
    read_samples,
    scan,
)

DAY_NS = 86_400 * 10**9
# Of a station's instruments: broadband before short-period, weak before strong motion.
PREFERRED = ("HH", "BH", "EH", "SH", "CH", "DH", "HN", "EN", "BN")
COMPONENTS = "Z3N1E2"  # others, such as a hydrophone's H, are left out

_SDS = re.compile(r"([^.]*)\.([^.]*)\.([^.]*)\.([^.]*)\.[A-Z]\.(\d{4})\.(\d{3})")
_OTHERS = (".csv", ".xml", ".txt", ".json", ".md", ".pdf", ".png", ".toml")  # that lie beside waveforms
_SLACK_NS = 60 * 10**9  # records of a day's file may reach into its neighbours
_KEPT_INDEXES = 64
_KEPT_STREAMS = 6  # files of other formats than miniSEED, which are read whole


@dataclass(frozen=True)
class File:
    """A file and what it holds, by its name (an SDS) or its headers."""

    path: Path
    codes: frozenset[Code]
    first_ns: int
    end_ns: int


# Of the files looked at last in this process: where the channels of miniSEED lie, and what others hold.
_indexes: OrderedDict[Path, list[Range]] = OrderedDict()
_streams: OrderedDict[Path, list[Segment]] = OrderedDict()


@dataclass(frozen=True)
class Archive:
    """Files, by network and station; of miniSEED only the bytes asked for are read."""

    stations: Mapping[tuple[str, str], Sequence[File]]

    def only(self, network: str, station: str) -> "Archive":
        """Return the files of one station."""
        key = (network, station)
        return Archive({key: self.stations.get(key, ())})

    def days(
        self, first_ns: int | None = None, end_ns: int | None = None, stations: Sequence[str] = ()
    ) -> list[tuple[str, str, int]]:
        """Return network, station and day (of the Unix epoch) of all that may hold data, in order of time.

        `stations` are patterns such as NC.PHOB or BK.*; with none, all are taken.
        """
        found = set()
        for (network, station), files in self.stations.items():
            name = f"{network}.{station}"
            if stations and not any(fnmatch.fnmatchcase(name, pattern) for pattern in stations):
                continue
            for file in files:
                first = max(file.first_ns, first_ns if first_ns is not None else file.first_ns)
                end = min(file.end_ns, end_ns if end_ns is not None else file.end_ns)
                if first < end:
                    found |= {
                        (network, station, day) for day in range(first // DAY_NS, (end - 1) // DAY_NS + 1)
                    }
        return sorted(found, key=lambda each: (each[2], each[:2]))

    def instrument(self, network: str, station: str, day: int) -> tuple[Code, ...]:
        """Return the channels of the station's preferred instrument on a day, one location's.

        Broadband goes before short-period and strong motion, three components before fewer; the rest by name.
        """
        first, end = day * DAY_NS, (day + 1) * DAY_NS
        every = sorted(
            {
                code
                for file in self.stations.get((network, station), ())
                if file.first_ns < end and file.end_ns > first
                for code in file.codes
                if code[:2] == (network, station) and code[3][-1:] in COMPONENTS
            }
        )
        groups: dict[tuple[str, str], list[Code]] = defaultdict(list)
        for code in every:
            groups[code[2], code[3][:-1]].append(code)

        def rank(key: tuple[str, str]) -> tuple[int, int, str, str]:
            kind = PREFERRED.index(key[1]) if key[1] in PREFERRED else len(PREFERRED)
            return kind, -min(len(groups[key]), 3), *key

        return tuple(groups[min(groups, key=rank)]) if groups else ()

    def read(self, codes: Sequence[Code], first_ns: int, end_ns: int, found: Found) -> list[Segment]:
        """Return what channels of one station recorded between two times, and a little more, in order of time.

        What cannot be read is found and left out.
        """
        segments = []
        for file in self.stations.get(codes[0][:2], ()) if codes else ():
            if file.first_ns >= end_ns or file.end_ns <= first_ns or not file.codes & set(codes):
                continue
            try:
                segments += _of_file(file.path, set(codes), first_ns, end_ns, found)
            except (InputError, OSError) as error:
                found("files cannot be read", _reason(error, file.path))
        return sorted(segments, key=lambda each: (each.first_ns, each.code))


def open_waveforms(where: str, found: Found) -> Archive:
    """Find the files of an archive: an SDS by their names, any others by their headers.

    `where` is a file, a folder that is searched to its depth, or a pattern such as data/*.mseed.

    Raises:
        InputError: where there is no file with waveforms.
    """
    stations: dict[tuple[str, str], list[File]] = defaultdict(list)
    unread = []
    for path in _paths(where):
        try:
            file = _by_name(path) or _by_headers(path, found)
        except (InputError, OSError) as error:
            found("files cannot be read", _reason(error, path))
            unread.append(_reason(error, path))
            continue
        for key in sorted({code[:2] for code in file.codes}):
            stations[key].append(file)
    if not stations:
        first = f"; the first file: {unread[0]}" if unread else ""
        raise InputError(f"{where}: no file with waveforms (miniSEED, SAC or others that ObsPy reads){first}")
    return Archive(dict(stations))


def _paths(where: str) -> list[Path]:
    path = Path(where)
    if path.is_file():
        return [path]
    if path.is_dir():
        candidates = path.rglob("*")
    elif any(letter in where for letter in "*?["):
        candidates = (Path(each) for each in glob.iglob(where, recursive=True))
    else:
        raise InputError(f"{where}: no such file or folder; miniSEED or SAC files, or an SDS, were expected")
    return sorted(
        each
        for each in candidates
        if each.is_file() and each.suffix.lower() not in _OTHERS and not each.name.startswith(".")
    )


def _by_name(path: Path) -> File | None:
    """Return what a file of an SDS holds, NET.STA.LOC.CHAN.TYPE.YEAR.DAY, without opening it."""
    if not (name := _SDS.fullmatch(path.name)):
        return None
    year, day = int(name[5]), int(name[6])
    first = (int(np.datetime64(f"{year:04d}-01-01", "D").astype(np.int64)) + day - 1) * DAY_NS
    code = (name[1], name[2], name[3], name[4])
    return File(path, frozenset([code]), first - _SLACK_NS, first + DAY_NS + _SLACK_NS)


def _by_headers(path: Path, found: Found) -> File:
    if is_miniseed(path):
        spans = [(each.code, each.first_ns, each.end_ns) for each in _index(path, found)]
    else:
        traces = _obspy_read(path, headonly=True)
        spans = [
            (_code(trace), trace.stats.starttime.ns, trace.stats.endtime.ns + 1)
            for trace in traces
            if trace.stats.npts
        ]
        if not spans:
            raise InputError("it holds no samples")
    codes, first, end = zip(*spans, strict=True)
    return File(path, frozenset(codes), min(first), max(end))


def _of_file(path: Path, codes: set[Code], first_ns: int, end_ns: int, found: Found) -> list[Segment]:
    if is_miniseed(path):
        wanted = [
            each
            for each in _index(path, found)
            if each.code in codes and each.first_ns < end_ns and each.end_ns > first_ns
        ]
        every = read_samples(read_records(path, wanted), first_ns, end_ns, found, path.name)
    else:
        every = _kept(_streams, path, _KEPT_STREAMS, lambda: _segments(_obspy_read(path), path, found))
    return [
        each for each in every if each.code in codes and each.first_ns < end_ns and _end_ns(each) > first_ns
    ]


def _index(path: Path, found: Found) -> list[Range]:
    ranges: list[Range] = _kept(_indexes, path, _KEPT_INDEXES, lambda: scan(path, found))
    return ranges


def _segments(traces: list[Any], path: Path, found: Found) -> list[Segment]:
    segments = []
    for trace in traces:
        stats, data = trace.stats, np.asarray(trace.data)
        if len(data) == 0 or data.dtype.kind not in "iuf" or not stats.sampling_rate > 0:
            found("traces have no samples or no rate", f"{'.'.join(_code(trace))} in {path.name}")
            continue
        segments.append(Segment(_code(trace), stats.starttime.ns, float(stats.sampling_rate), data))
    return segments


def _code(trace: Any) -> Code:
    stats = trace.stats
    return stats.network, stats.station, stats.location, stats.channel


def _obspy_read(source: Any, **options: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ObsPy's dependencies, and of records it passes over
        import obspy

        try:
            return list(obspy.read(str(source) if isinstance(source, Path) else source, **options))
        except Exception as error:  # many kinds, by format
            raise InputError((str(error).splitlines() or [type(error).__name__])[0]) from error


def _end_ns(segment: Segment) -> int:
    return segment.first_ns + int(len(segment.samples) / segment.rate_hz * 1e9)


def _kept(kept: OrderedDict[Path, Any], path: Path, most: int, make: Callable[[], Any]) -> Any:
    """Return what is kept of a file, made where it is not there; the least used goes when there are too many."""
    if path not in kept:
        kept[path] = make()
        while len(kept) > most:
            kept.popitem(last=False)
    kept.move_to_end(path)
    return kept[path]


def _reason(error: Exception, path: Path) -> str:
    text = (str(error).splitlines() or [type(error).__name__])[0].replace(str(path), path.name)
    return text if text.startswith(path.name) else f"{path.name}: {text[:100]}"
