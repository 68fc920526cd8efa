"""A data set from one's own archive: a window around the picks of each event and station, and noise before it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.waveforms.phases import phase_kind
from terrella.formats.waveforms.seisbench_write import Trace, write_data_set
from terrella.pick.data.archive_files import Archive, Piece, open_archive
from terrella.pick.data.readings import DOUBTED, LOCATED, READ, names_of, read_readings
from terrella.pick.data.tally import Tally

_SECOND = 10**9
_STEP_S = 10  # lengths of windows are multiples of it, so that many share a block
_SHORTEST_S = 20.0  # a window that the picks of other events cut shorter is left out
_APART_S = 5.0  # between a window's end and another event's pick
_CODA_S = 120.0  # after a station's last pick, before which there is no noise
_LEAST_COVER = 0.5  # of a window's samples that must be recorded
_SHARES = (("train", 0.6), ("dev", 0.1), ("test", 0.3))  # of the events, as in the study


@dataclass(frozen=True)
class _Window:
    """What is cut from one station: its readings are rows of the table of readings, none for noise."""

    event: str
    network: str
    station: str
    first_ns: int
    end_ns: int
    readings: tuple[int, ...]


def make_from_archive(
    archive: Path,
    picks: Path,
    output: Path,
    report: Report = lambda event: None,
    before_s: float = 60.0,
    after_s: float = 60.0,
    noise_s: float = 60.0,
) -> list[str]:
    """Write a SeisBench data set of an archive's labelled windows; return lines on what was made and found.

    A window reaches from `before_s` before an event's first pick at a station to `after_s` after its last, less
    where picks of another event come near; where there is room before it, a window of noise is cut as well. An
    event's windows are all in one split, and so are events that overlap in time: a second of ground is never in
    two splits. Of several readings of a phase at a station those of the location go first, then the first manual
    one counts; what becomes of each of the others is counted.

    Raises:
        InputError: where there are no waveforms, no readings, or none of the readings has waveforms.
    """
    found = Tally()
    with found.told_with_errors():
        opened = open_archive(archive, found)
        readings, events = read_readings(picks, found)
        windows = _windows(readings, opened, before_s, after_s, noise_s, found)
        if not windows:
            raise InputError(f"{archive} has waveforms for none of the readings of {picks}")
        splits = _splits(windows, found)
        about = {str(one["source_id"]): one for one in events.to_dict("records")}
        traces = _traces(windows, readings, about, splits, opened, report)
        data_format = {"component_order": "ZNE", "measurement": "as recorded", "unit": "counts"}
        n = write_data_set(output, traces, data_format)
    made = pd.read_csv(output / "metadata.csv")
    counts = ", ".join(f"{int((made['split'] == name).sum()):,} {name}" for name, _ in _SHARES)
    noise = int((made["trace_category"] == "noise").sum())
    labels = int(made.filter(regex="^trace_.*_arrival_sample$").notna().to_numpy().sum())
    return [
        f"{output}: {n - noise:,} traces with {labels:,} picks and {noise:,} of noise ({counts})",
        *found.lines(),
    ]


def _windows(
    readings: pd.DataFrame, archive: Archive, before_s: float, after_s: float, noise_s: float, found: Tally
) -> list[_Window]:
    """Return the windows of all stations, in the order in which the archive is read."""
    keys = list(zip(readings["network"].astype(str), readings["station"].astype(str), strict=True))
    places = {key: archive.stations(*key) for key in sorted(set(keys))}
    _tell_apart(places)
    number = np.array([len(places[key]) for key in keys])
    found.add("readings are of stations without waveforms", names_of(readings[number == 0]))
    found.add(
        "readings are of a station's code that several networks of the archive have, or of several networks where "
        "the archive names none",
        names_of(readings[number > 1]),
    )
    of_place: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(keys):
        if len(places[key]) == 1:
            of_place.setdefault(places[key][0], []).append(row)
    windows: list[_Window] = []
    for place, rows in sorted(of_place.items()):
        windows += _windows_of(readings.iloc[rows], *place, (before_s, after_s, noise_s), found)
    return windows


def _tell_apart(places: dict[tuple[str, str], list[tuple[str, str]]]) -> None:
    """Give a place in the archive that names no network to no station where those of several networks claim it."""
    claims: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, there in places.items():
        if key[0] and len(there) == 1 and not there[0][0]:
            claims.setdefault(there[0], []).append(key)
    for keys in claims.values():
        if len(keys) > 1:
            places.update(dict.fromkeys(keys, keys))


def _windows_of(
    readings: pd.DataFrame, network: str, station: str, seconds: tuple[float, float, float], found: Tally
) -> Iterator[_Window]:
    """Yield the windows of one station's readings, which are in order of time."""
    before, after, quiet = (int(one * _SECOND) for one in seconds)
    times, apart = readings["time_ns"].to_numpy(np.int64), int(_APART_S * _SECOND)
    codes, names = pd.factorize(readings["event_id"])
    labels, numbers = _may_be_labels(readings, codes, found), readings.index.to_numpy(np.int64)
    by_event = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    for code, (event, of) in enumerate(zip(names.tolist(), by_event, strict=True)):
        if not len(rows := of[labels[of]]):
            continue
        low, high = int(rows[0]), int(rows[-1])
        first, last = int(times[low]), int(times[high])
        if (codes[low:high] != code).any():
            what = "readings have one of another event between their event's"
            found.add(what, names_of(readings.iloc[rows]))
            continue
        # The readings just before and after that are those of other events.
        before_low = next((row for row in range(low - 1, -1, -1) if codes[row] != code), None)
        after_high = next((row for row in range(high + 1, len(codes)) if codes[row] != code), None)
        earlier, later = ([] if row is None else [int(times[row])] for row in (before_low, after_high))
        start = max([first - before, *(t + apart for t in earlier)])
        end = min([last + after, *(t - apart for t in later)])
        end = start + (end - start) // (_STEP_S * _SECOND) * _STEP_S * _SECOND
        if end - start < _SHORTEST_S * _SECOND or not start < first <= last < end:
            what = "readings lie in windows that those of other events make too short"
            found.add(what, names_of(readings.iloc[rows]))
            continue
        calm = first - before - quiet
        shaken = [*earlier, *times[: np.searchsorted(times, calm + quiet)][-1:].tolist()]
        if quiet > 0 and all(t + int(_CODA_S * _SECOND) < calm for t in shaken):
            yield _Window(event, network, station, calm, calm + quiet, ())
        yield _Window(event, network, station, start, end, tuple(numbers[rows].tolist()))


def _may_be_labels(
    readings: pd.DataFrame, codes: npt.NDArray[np.int64], found: Tally
) -> npt.NDArray[np.bool_]:
    """Return which of a station's readings may be labels; `codes` are their events.

    Readings that a location used go before others of P, or of S; those without weight are none.
    """
    used = readings["used"].to_numpy(np.int64)
    kinds = {phase: phase_kind(phase) == "S" for phase in readings["phase"].unique()}
    of = 2 * codes + readings["phase"].map(kinds).to_numpy(np.int64)
    located = np.bincount(of[used == LOCATED], minlength=int(of.max()) + 1) > 0
    doubted, beside = used == DOUBTED, (used == READ) & located[of]
    found.add("readings had no weight in the location, or were given none", names_of(readings[doubted]))
    found.add(
        "readings were not used in the location, which used another of P or S there",
        names_of(readings[beside]),
    )
    return np.asarray(~doubted & ~beside)


def _splits(windows: list[_Window], found: Tally) -> dict[str, str]:
    """Return each event's split; events whose windows overlap in time, at any station, have the same."""
    spans: dict[str, list[int]] = {}
    for window in windows:
        span = spans.setdefault(window.event, [window.first_ns, window.end_ns])
        span[:] = [min(span[0], window.first_ns), max(span[1], window.end_ns)]
    groups: list[list[str]] = []
    reach = -(2**63)
    for event, (first, end) in sorted(spans.items(), key=lambda item: (item[1][0], item[0])):
        if first >= reach or not groups:
            groups.append([])
        groups[-1].append(event)
        reach = max(reach, end)
    if len(groups) < len(_SHARES):
        found.add(
            f"events form only {len(groups)} group(s) apart in time; three splits need three, more days of data",
            spans,
        )
    # In an order that has nothing to do with time, and is the same each time.
    groups.sort(key=lambda group: hashlib.sha256(group[0].encode()).digest())
    out: dict[str, str] = {}
    done, borders = 0, np.cumsum([share for _, share in _SHARES]) * len(spans)
    for i, group in enumerate(groups):
        left = len(groups) - i
        split = int(np.searchsorted(borders, done + len(group) / 2))
        used = len({out[event] for event in out})
        # Every split gets a group where there are three.
        split = min(max(split, len(_SHARES) - left if left <= len(_SHARES) else 0), used, len(_SHARES) - 1)
        out |= dict.fromkeys(group, _SHARES[split][0])
        done += len(group)
    return out


def _traces(
    windows: list[_Window],
    readings: pd.DataFrame,
    events: Mapping[str, Mapping[Any, Any]],
    splits: dict[str, str],
    archive: Archive,
    report: Report,
) -> Iterator[Trace]:
    for i, window in enumerate(windows):
        if i % 50 == 0:
            note = f"{i:,} of {len(windows):,} windows"
            report({"kind": "progress", "stage": "cutting", "done": i, "total": len(windows), "note": note})
        rows = readings.loc[list(window.readings)]
        picked = tuple(zip(rows["location"], rows["channel"], strict=True))
        piece = archive.window(window.network, window.station, window.first_ns, window.end_ns, picked)
        if piece is None or piece.covered.mean() < _LEAST_COVER:
            name = f"{window.event} at {window.network}.{window.station}"
            found = [name] if rows.empty else names_of(rows)
            what = "windows of noise" if rows.empty else "readings lie in windows that"
            archive.found.add(f"{what} have less than half of their samples; left out", found)
            continue
        labels = _labels(rows, piece, archive.found)
        if not rows.empty and not labels:
            continue
        source = {} if rows.empty else dict(events.get(window.event, {"source_id": window.event}))
        yield {**source, **_station(window, piece), **labels, "split": splits[window.event]}, piece.samples


def _station(window: _Window, piece: Piece) -> dict[str, Any]:
    return {
        "station_network_code": window.network,
        "station_code": window.station,
        "station_location_code": piece.location,
        "trace_channel": piece.instrument,
        "trace_component_order": piece.components,
        "trace_sampling_rate_hz": piece.rate_hz,
        "trace_start_time": f"{np.datetime64(piece.first_ns, 'ns').astype('datetime64[us]')}Z",
        "trace_npts": piece.samples.shape[1],
        "trace_category": "earthquake" if window.readings else "noise",
    }


def _labels(rows: pd.DataFrame, piece: Piece, found: Tally) -> dict[str, Any]:
    """Return the columns of a window's picks; a pick in a gap is none."""
    labels: dict[str, Any] = {}
    firsts: dict[str | None, float] = {}
    order = np.lexsort([rows["time_ns"], rows["status"] != "manual"])
    for index, row in rows.iloc[order].to_dict("index").items():
        phase, status = row["phase"], row["status"] or "manual"
        sample = (int(row["time_ns"]) - piece.first_ns) * piece.rate_hz / _SECOND
        if f"trace_{phase}_arrival_sample" in labels:
            found.add(
                "readings have another of their phase and event at the station", names_of(rows.loc[[index]])
            )
            continue
        if not piece.covered[min(round(sample), len(piece.covered) - 1)]:
            found.add("readings lie in gaps", names_of(rows.loc[[index]]))
            continue
        labels |= {f"trace_{phase}_arrival_sample": round(sample, 3), f"trace_{phase}_status": status}
        firsts[phase_kind(phase)] = min(sample, firsts.get(phase_kind(phase), sample))
    if "P" in firsts and firsts.get("S", np.inf) <= firsts["P"]:
        found.add("readings have S before P at the station; left out", names_of(rows))
        return {}
    return labels
