"""Archives of waveforms: which stations recorded on which days, and their samples between two times."""

import fnmatch
import glob
import itertools
import re
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.waveforms.instruments import (
    PREFERRED,
    Recorded,
    Stretch,
    is_whole,
    joined,
    kind,
    stretches,
)
from terrella.formats.waveforms.miniseed import (
    Code,
    Found,
    Range,
    Segment,
    first_and_last,
    is_miniseed,
    read_records,
    read_samples,
    scan,
)
from terrella.formats.waveforms.orientation import place

DAY_NS = 86_400 * 10**9
SLACK_NS = 120 * 10**9  # around a stretch, more than the windows reach that say what is found in it
_LONG_NS = 3 * 3600 * 10**9  # of records of slow channels, which reach into the next day

SDS = re.compile(r"([^.]*)\.([^.]*)\.([^.]*)\.([^.]*)\.[A-Z]\.(\d{4})\.(\d{3})")
OTHERS = (".csv", ".xml", ".txt", ".json", ".md", ".pdf", ".png", ".toml")  # that lie beside waveforms
_KEPT_INDEXES = 64
_KEPT_STREAMS = 6  # files of other formats than miniSEED, which are read whole

_MISNAMED = "miniSEED files are named for another channel or day than their records tell; the records count"
_STRAYED = "miniSEED files hold, in their middle, another station or day than at both ends; left out"
_UNDATED = "files begin on 1970-01-01, as where no time was set (a clock, SAC's reference); so do their picks"
_UNPLACED = "channels have codes that tell no component (Z, N, E or their like); left out"


Index = Callable[[Path, Found], list[Range]]


@dataclass(frozen=True)
class File:
    """A file and what it holds, by its headers."""

    path: Path
    codes: frozenset[Code]
    first_ns: int
    end_ns: int
    # When each channel recorded; None where only the file's first and last record were looked at.
    spans: tuple[tuple[Code, int, int], ...] | None = None


# Of the files looked at last in this process: where the channels of miniSEED lie, and what others hold.
_indexes: OrderedDict[Path, list[Range]] = OrderedDict()
_streams: OrderedDict[Path, list[Segment]] = OrderedDict()


@dataclass(frozen=True)
class Archive:
    """Files, by network and station; of miniSEED only the bytes asked for are read."""

    stations: Mapping[tuple[str, str], Sequence[File]]
    # Where the channels of a miniSEED file lie.
    index: Index = field(default_factory=lambda: _index, repr=False)

    def files(self, network: str, station: str, first_ns: int, end_ns: int) -> tuple[File, ...]:
        """Return a station's files that may hold data between two times, or little before or after."""
        return tuple(
            file
            for file in self.stations.get((network, station), ())
            if file.first_ns < end_ns + SLACK_NS and file.end_ns > first_ns - SLACK_NS
        )

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
                for _, begin, until in file.spans or ((None, file.first_ns, file.end_ns),):
                    first = max(begin, first_ns if first_ns is not None else begin)
                    end = min(until, end_ns if end_ns is not None else until)
                    found |= {
                        (network, station, day) for day in range(first // DAY_NS, (end - 1) // DAY_NS + 1)
                    }
        return sorted(found, key=lambda each: (each[2], each[:2]))

    def recorded(self, network: str, station: str, first_ns: int, end_ns: int, found: Found) -> Recorded:
        """Return when each channel of a station recorded between two times, or little before or after.

        Instruments are left out that come after one that recorded throughout on three components.
        """
        spans: dict[Code, list[tuple[int, int]]] = defaultdict(list)
        files = sorted(self.files(network, station, first_ns, end_ns), key=_order)
        for _, alike in itertools.groupby(files, _order):
            for code, first, end in itertools.chain.from_iterable(
                _spans(file, self.index, found) for file in alike
            ):
                spot = place(code[3])
                if code[:2] != (network, station) or spot is None:
                    continue
                if not spot.component:
                    found(_UNPLACED, ".".join(code))
                spans[code].append((first, end))
            if is_whole(spans, first_ns, end_ns):
                break  # nothing can be preferred, nor is there a hole to fill
        return spans

    def instruments(
        self, network: str, station: str, first_ns: int, end_ns: int, found: Found
    ) -> list[Stretch]:
        """Return the instruments of a station to use between two times; see `stretches`."""
        return stretches(self.recorded(network, station, first_ns, end_ns, found), first_ns, end_ns)

    def read(self, codes: Sequence[Code], first_ns: int, end_ns: int, found: Found) -> list[Segment]:
        """Return what channels of one station recorded between two times, and a little more, in order of time.

        What cannot be read is found and left out.
        """
        segments = []
        for file in self.stations.get(codes[0][:2], ()) if codes else ():
            if file.first_ns >= end_ns or file.end_ns <= first_ns:
                continue
            if file.spans is not None and not file.codes & set(codes):
                continue
            try:
                segments += _of_file(file.path, self.index, set(codes), first_ns, end_ns, found)
            except (InputError, OSError) as error:
                found("files cannot be read", _reason(error, file.path))
        return sorted(segments, key=lambda each: (each.first_ns, each.code))


def open_waveforms(where: str, found: Found) -> Archive:
    """Find the files of an archive, by their headers: an SDS by those of each file's first and last record.

    `where` is a file, a folder that is searched to its depth, or a pattern such as data/*.mseed.

    Raises:
        InputError: where there is no file with waveforms.
    """
    stations: dict[tuple[str, str], list[File]] = defaultdict(list)
    unread = []
    for path in _paths(where):
        try:
            if path.stat().st_size == 0:
                found("files are empty", path.name)
                unread.append(f"{path.name}: it is empty")
                continue
            file = _opened(path, found)
        except (InputError, OSError) as error:
            found("files cannot be read", _reason(error, path))
            unread.append(_reason(error, path))
            continue
        if file is None:
            continue
        if file.first_ns // DAY_NS == 0:
            found(_UNDATED, path.name)
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
        if each.is_file() and each.suffix.lower() not in OTHERS and not each.name.startswith(".")
    )


def _opened(path: Path, found: Found) -> File | None:
    """Return what a file holds; None where that is of no interest."""
    named, records = named_for(path), is_miniseed(path)
    ends = first_and_last(path) if named and records else None
    if named and ends is None and place(named[0][3]) is None:
        return None  # a log, or a state of health without samples
    if named and ends and _as_named(*named, *ends):
        # The whole day: where records came late, the last one in the file is not the last in time.
        first, end = min(ends[0].first_ns, named[1]), max(ends[1].end_ns, named[1] + DAY_NS)
        return File(path, frozenset([ends[0].code]), first, end)
    if not records:
        traces = [trace for trace in _obspy_read(path, headonly=True) if trace.stats.npts]
        if not traces:
            raise InputError("it holds no samples")
        return held(path, [(_code(each), each.stats.starttime.ns, _trace_end_ns(each)) for each in traces])
    file = held(path, [(each.code, each.first_ns, each.end_ns) for each in _index(path, found)])
    if named and (
        file.codes != {named[0]} or not all(_on_day(named[1], *span[1:]) for span in file.spans or ())
    ):
        found(_MISNAMED, path.name)
    return file


def named_for(path: Path) -> tuple[Code, int] | None:
    """Return the channel and the beginning of the day in an SDS's name, NET.STA.LOC.CHAN.TYPE.YEAR.DAY."""
    if not (name := SDS.fullmatch(path.name)):
        return None
    year, day = int(name[5]), int(name[6])
    first = (int(np.datetime64(f"{year:04d}-01-01", "D").astype(np.int64)) + day - 1) * DAY_NS
    return (name[1], name[2], name[3].replace("--", ""), name[4]), first


def _as_named(code: Code, day_ns: int, first: Range, last: Range) -> bool:
    """Return whether a file's first and last record are of the channel and day of its name."""
    return all(each.code == code and _on_day(day_ns, each.first_ns, each.end_ns) for each in (first, last))


def _on_day(day_ns: int, first_ns: int, end_ns: int) -> bool:
    overlaps = first_ns < day_ns + DAY_NS and end_ns > day_ns
    return overlaps and first_ns > day_ns - _LONG_NS and end_ns < day_ns + DAY_NS + _LONG_NS


def held(path: Path, spans: Sequence[tuple[Code, int, int]]) -> File:
    """Return a file that is known by when each channel recorded."""
    by_code: dict[Code, list[tuple[int, int]]] = defaultdict(list)
    for code, first, end in spans:
        by_code[code].append((first, end))
    whole = tuple((code, *span) for code, each in sorted(by_code.items()) for span in joined(each))
    return File(
        path, frozenset(by_code), min(span[1] for span in whole), max(span[2] for span in whole), whole
    )


def _order(file: File) -> int:
    """Return the kind of the first of a file's instruments."""
    spots = (place(code[3]) for code in file.codes)
    return min((kind(spot.instrument) for spot in spots if spot is not None), default=len(PREFERRED) + 1)


def _spans(file: File, index: Index, found: Found) -> Iterable[tuple[Code, int, int]]:
    """Return when each channel of a file recorded."""
    if file.spans is not None:
        yield from file.spans
        return
    try:
        ranges = index(file.path, found)
    except (InputError, OSError) as error:
        found("files cannot be read", _reason(error, file.path))
        return
    stations = {code[:2] for code in file.codes}
    for each in ranges:
        if each.code[:2] in stations and each.first_ns < file.end_ns and each.end_ns > file.first_ns:
            yield each.code, each.first_ns, each.end_ns
        else:
            found(_STRAYED, file.path.name)


def _of_file(
    path: Path, index: Index, codes: set[Code], first_ns: int, end_ns: int, found: Found
) -> list[Segment]:
    if is_miniseed(path):
        wanted = [
            each
            for each in index(path, found)
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


def _trace_end_ns(trace: Any) -> int:
    rate_hz = float(trace.stats.sampling_rate)
    return int(trace.stats.starttime.ns) + (int(trace.stats.npts / rate_hz * 1e9) if rate_hz > 0 else 1)


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
