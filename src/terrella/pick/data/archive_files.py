"""The waveforms of an archive: which files hold a station's seconds, and those seconds as one array."""

import struct
import warnings
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.waveforms.archive import SDS
from terrella.pick.data.tally import Tally

_OTHERS = (".csv", ".xml", ".txt", ".json", ".md", ".pdf", ".png")  # that lie beside waveforms
_DAY_NS = 86_400 * 10**9
_SLACK_NS = 60 * 10**9  # the first record of a file may begin on the day before
_NEARLY = 0.9  # of the seconds of the instrument that recorded most
_RECORD_NS = 3600 * 10**9  # that a long record may begin before its day
_KEPT = 6  # files in memory: two days of three components
# Of a station's instruments the one that its picks name goes first, then broadband before short-period and strong.
_PREFERRED = ("HH", "BH", "EH", "SH", "HN", "EN", "BN")


@dataclass(frozen=True)
class _File:
    path: Path
    first_ns: int
    end_ns: int


@dataclass(frozen=True, eq=False)
class Piece:
    """Samples of one instrument within a window; gaps are zero."""

    first_ns: int  # the time of the first sample, within half a sample of the window's start
    samples: npt.NDArray[np.float32]  # (component, sample)
    components: str  # such as ZNE or Z12
    rate_hz: float
    covered: npt.NDArray[np.bool_]  # (sample,): any component has data there
    location: str
    instrument: str  # the first two letters of its channels


@dataclass
class Archive:
    """Files by network and station, and the streams that were read last."""

    files: dict[tuple[str, str], list[_File]]
    found: Tally
    read: "OrderedDict[Path, Any]" = field(default_factory=OrderedDict)

    def stations(self, network: str, station: str) -> list[tuple[str, str]]:
        """Return the stations that may be meant: a blank network, of either side, fits any."""
        if (network, station) in self.files:
            return [(network, station)]
        if network:
            return [("", station)] if ("", station) in self.files else []
        fitting = sorted(key for key in self.files if key[1] == station)
        if not fitting and "_" in station:
            return self.stations(*station.split("_")[:2])  # as in XX_STA
        return fitting

    def window(
        self,
        network: str,
        station: str,
        first_ns: int,
        end_ns: int,
        picked: tuple[tuple[str, str], ...] = (),
    ) -> Piece | None:
        """Return what one instrument of a station recorded, or None where there is nothing.

        The instrument is that of `picked`, the locations and channels that were picked, where it has the data.
        """
        traces = [
            trace
            for file in self.files.get((network, station), ())
            if file.first_ns < end_ns and file.end_ns > first_ns
            for trace in self._stream(file.path)
            if (trace.stats.network, trace.stats.station) == (network, station)
            and trace.stats.starttime.ns < end_ns
            and trace.stats.endtime.ns >= first_ns
            and trace.stats.npts
        ]
        if not traces:
            return None
        chosen = _of_one_instrument(traces, first_ns, end_ns, picked)
        kinds = {channel[:2] for _, channel in picked if channel}
        if kinds and chosen[0].stats.channel[:2] not in kinds:
            self.found.add("windows are of another instrument than was picked", [chosen[0].id])
        return _assembled(chosen, first_ns, end_ns, self.found)

    def _stream(self, path: Path) -> list[Any]:
        if path not in self.read:
            try:
                self.read[path] = _read(path, headonly=False)
            except InputError as error:
                self.found.add("files cannot be read", [str(error)])
                self.read[path] = []
            while len(self.read) > _KEPT:
                self.read.popitem(last=False)
        self.read.move_to_end(path)
        return list(self.read[path])


def open_archive(path: Path, found: Tally) -> Archive:
    """Find the files of an archive: an SDS by its names, any others by their headers.

    Raises:
        InputError: where there is no file with waveforms.
    """
    must_exist(path, "miniSEED files or an SDS archive were")
    paths = [path]
    if path.is_dir():
        paths = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix.lower() not in _OTHERS)
    files: dict[tuple[str, str], list[_File]] = defaultdict(list)
    for file in paths:
        if (named := _by_name(file)) and (about := _first_record(file)) is not None:
            key, day = named
            if about[0] == key and day.first_ns - _RECORD_NS <= about[1] < day.end_ns:
                files[key].append(day)
                continue
            found.add(
                "files hold another station or day than their names say, and are read by their headers",
                [file.name],
            )
        try:
            spans: dict[tuple[str, str], list[int]] = defaultdict(list)
            for trace in _read(file, headonly=True):
                key = (trace.stats.network, trace.stats.station)
                spans[key] += [trace.stats.starttime.ns, trace.stats.endtime.ns + 1]
        except InputError as error:
            found.add("files cannot be read", [str(error)])
            continue
        for key, times in spans.items():
            files[key].append(_File(file, min(times), max(times)))
    if not files:
        raise InputError(f"{path}: no file with waveforms{'' if paths else '; the folder is empty'}")
    return Archive(dict(files), found)


def _read(path: Path, headonly: bool) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ObsPy's dependencies, and of records it passes over
        import obspy

        try:
            return list(obspy.read(str(path), headonly=headonly))
        except Exception as error:  # many kinds, by format
            reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
            raise InputError(f"{path.name}: {reason}") from error


def _by_name(file: Path) -> tuple[tuple[str, str], _File] | None:
    """Return what the name of a file of an SDS says: network and station, and its day with some slack."""
    if (name := SDS.fullmatch(file.name)) is None:
        return None
    day = int(np.datetime64(f"{name[5]}-01-01", "ns").astype(np.int64)) + (int(name[6]) - 1) * _DAY_NS
    return (name[1], name[2]), _File(file, day - _SLACK_NS, day + _DAY_NS + _SLACK_NS)


def _first_record(file: Path) -> tuple[tuple[str, str], int] | None:
    """Return network, station and time of the first record of a miniSEED 2 file, None for any other."""
    with file.open("rb") as opened:
        head = opened.read(30)
    if len(head) < 30 or head[6:7] not in b"DRQM" or not head[:6].strip(b"\0 ").isdigit():
        return None
    for order in "><":
        year, day, hour, minute, second = struct.unpack(f"{order}HHBBB", head[20:27])
        if 1900 <= year <= 2100 and 1 <= day <= 366:
            break
    else:
        return None
    key = (head[18:20].decode("ascii", "replace").strip(), head[8:13].decode("ascii", "replace").strip())
    start = int(np.datetime64(f"{year}-01-01", "ns").astype(np.int64))
    return key, start + (day - 1) * _DAY_NS + (hour * 3600 + minute * 60 + second) * 10**9


def _of_one_instrument(
    traces: list[Any], first_ns: int, end_ns: int, picked: tuple[tuple[str, str], ...]
) -> list[Any]:
    """Return the traces of the instrument that has the data: the picked one, then the one of most components."""
    seconds: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for trace in traces:
        stats = trace.stats
        recorded = min(stats.endtime.ns, end_ns) - max(stats.starttime.ns, first_ns)
        seconds[stats.location, stats.channel[:2]][stats.channel[2:]] += recorded
    most = max(max(each.values()) for each in seconds.values())
    whole = {key: each for key, each in seconds.items() if max(each.values()) >= _NEARLY * most}
    kinds = [channel[:2] for _, channel in picked]

    def rank(key: tuple[str, str]) -> tuple[bool, bool, int, int, str, str]:
        location, kind = key
        by_place = any(location == place and channel[:2] in ("", kind) for place, channel in picked)
        by_kind = _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)
        return kind not in kinds, not by_place, -min(len(whole[key]), 3), by_kind, kind, location

    best = min(whole, key=rank)
    return [trace for trace in traces if (trace.stats.location, trace.stats.channel[:2]) == best]


def _assembled(traces: list[Any], first_ns: int, end_ns: int, found: Tally) -> Piece:
    """Return the traces on one time axis; where they overlap, the one that begins first counts."""
    rates = [round(float(trace.stats.sampling_rate), 4) for trace in traces]
    seconds: dict[float, float] = defaultdict(float)
    for rate, trace in zip(rates, traces, strict=True):
        seconds[rate] += min(trace.stats.endtime.ns, end_ns) - max(trace.stats.starttime.ns, first_ns)
    rate_hz = max(seconds, key=lambda rate: seconds[rate])
    if len(seconds) > 1:
        every = ", ".join(f"{rate:g}" for rate in sorted(seconds))
        found.add(f"windows have several sampling rates ({every} Hz); {rate_hz:g} Hz is kept", [traces[0].id])
    chosen = sorted(
        (trace for rate, trace in zip(rates, traces, strict=True) if rate == rate_hz),
        key=lambda trace: trace.stats.starttime.ns,
    )
    letters = {trace.stats.channel[-1] for trace in chosen}
    components = "".join(sorted(letters, key=lambda letter: ("Z3N1E2".find(letter) % 7, letter)))
    # The window begins with a sample of its first trace, so that the samples of that one keep their times.
    sample_ns = 1e9 / rate_hz
    n = round((end_ns - first_ns) / sample_ns)
    away = (chosen[0].stats.starttime.ns - first_ns) / sample_ns
    first_ns += round((away - round(away)) * sample_ns)
    samples = np.zeros((len(components), n), np.float32)
    filled = np.zeros((len(components), n), bool)
    for trace in chosen:
        row = components.index(trace.stats.channel[-1])
        at = round((trace.stats.starttime.ns - first_ns) / sample_ns)
        a, b = max(at, 0), min(at + trace.stats.npts, n)
        if a < b:
            free = ~filled[row, a:b]
            samples[row, a:b][free] = np.asarray(trace.data[a - at : b - at], np.float32)[free]
            filled[row, a:b] = True
    covered: npt.NDArray[np.bool_] = np.logical_or.reduce(filled)
    stats = chosen[0].stats
    return Piece(first_ns, samples, components, rate_hz, covered, stats.location, stats.channel[:2])
