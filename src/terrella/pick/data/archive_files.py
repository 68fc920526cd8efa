"""The waveforms of an archive: which files hold a station's seconds, and those seconds as one array."""

import re
import warnings
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.pick.data.tally import Tally

_SDS = re.compile(r"([^.]*)\.([^.]*)\.([^.]*)\.([^.]*)\.[A-Z]\.(\d{4})\.(\d{3})")
_OTHERS = (".csv", ".xml", ".txt", ".json", ".md", ".pdf", ".png")  # that lie beside waveforms
_DAY_NS = 86_400 * 10**9
_SLACK_NS = 60 * 10**9  # the first record of a file may begin on the day before
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
        """Return the stations of that name; a blank network fits any."""
        if network:
            return [(network, station)] if (network, station) in self.files else []
        return sorted(key for key in self.files if key[1] == station)

    def window(
        self, network: str, station: str, first_ns: int, end_ns: int, channels: tuple[str, ...] = ()
    ) -> Piece | None:
        """Return what one instrument of a station recorded, or None where there is nothing.

        The instrument is that of `channels`, the channels that were picked, where they have data.
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
        traces = _of_one_instrument(traces, channels)
        return _assembled(traces, first_ns, end_ns, self.found) if traces else None

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
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; miniSEED files or an SDS archive were expected")
    paths = [path]
    if path.is_dir():
        paths = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix.lower() not in _OTHERS)
    files: dict[tuple[str, str], list[_File]] = defaultdict(list)
    for file in paths:
        if name := _SDS.fullmatch(file.name):
            day = np.datetime64(f"{name[5]}-01-01", "ns").astype(np.int64) + (int(name[6]) - 1) * _DAY_NS
            files[name[1], name[2]].append(_File(file, int(day) - _SLACK_NS, int(day) + _DAY_NS + _SLACK_NS))
            continue
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
        raise InputError(
            f"{path}: no file with waveforms; {'; '.join(found.lines()) or 'the folder is empty'}"
        )
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


def _of_one_instrument(traces: list[Any], channels: tuple[str, ...]) -> list[Any]:
    picked = [channel[:2] for channel in channels if len(channel) >= 2]

    def rank(trace: Any) -> tuple[int, int, str]:
        kind = trace.stats.channel[:2]
        by_pick = picked.index(kind) if kind in picked else len(picked)
        by_kind = _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)
        return by_pick, by_kind, kind

    if not traces:
        return []
    best = min(traces, key=rank)
    same = (best.stats.location, best.stats.channel[:2])
    return [trace for trace in traces if (trace.stats.location, trace.stats.channel[:2]) == same]


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
