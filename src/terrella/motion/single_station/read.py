"""Traces of a data set in SeisBench's format, cut around P block by block."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.waveforms.components import component_places
from terrella.formats.waveforms.resampling import rate_ratio, resampled
from terrella.formats.waveforms.seisbench import DataSet, Slab, read_data_set, read_slabs
from terrella.motion.single_station.metadata import Told, told_by
from terrella.motion.single_station.traces import BEFORE_S, SCALARS, Floats, Traces
from terrella.motion.single_station.windows import Windowing, windows_of

_AT_ONCE = 256  # traces


def read_traces(folder: Path, cut: Windowing, learned: bool, report: Report) -> Traces:
    """Return the traces of a data set that have a pick of P, and for a training magnitude and distance too.

    Raises:
        InputError: where the data set cannot be read, or there is no such trace.
    """
    if (folder / "store.json").is_file():
        raise InputError(f"{folder} is a store of `terrella pick`; give the data set that it was made from")
    data_set = read_data_set(folder)
    told = told_by(data_set, learned)
    findings = list(told.findings)
    keep = np.isfinite(told.p_sample)
    _left_out(findings, ~keep, "have no pick of P")
    if learned:
        known = np.isfinite(told.magnitude) & np.isfinite(told.distance_km) & (told.event != "")
        _left_out(findings, keep & ~known, "lack magnitude, distance or event")
        keep &= known
    keep &= np.isfinite(told.gain).all(1)
    window, scalars, unsound = _cut(data_set, told, np.flatnonzero(keep), cut, report)
    silent = scalars[:, SCALARS.index("peak_horizontal")] < -20
    _left_out(findings, silent, "hold nothing after P")
    if unsound:
        findings.append(f"{unsound:,} traces have NaN or infinite samples, which become zero")
    rows = np.flatnonzero(keep)[~silent]
    if not len(rows):
        raise InputError(f"{folder}: no trace is left to use; {'; '.join(findings)}")
    rate = data_set.metadata["trace_sampling_rate_hz"].to_numpy(float)
    return Traces(
        window[~silent], scalars[~silent], ((told.s_sample - told.p_sample) / rate)[rows], told.magnitude[rows],
        told.distance_km[rows], told.event[rows], told.station[rows],
        _names(data_set)[rows], rows + 1, told.kind, told.unit, tuple(findings),
    )  # fmt: skip


def _left_out(findings: list[str], which: npt.NDArray[np.bool_], why: str) -> None:
    if which.any():
        findings.append(f"{which.sum():,} traces {why}: left out")


def _names(data_set: DataSet) -> npt.NDArray[Any]:
    table = data_set.metadata
    column = "trace_name_original" if "trace_name_original" in table else "trace_name"
    return np.asarray(table[column].astype(str).to_numpy(object))


def _cut(
    data_set: DataSet, told: Told, rows: npt.NDArray[np.int64], cut: Windowing, report: Report
) -> tuple[npt.NDArray[np.float16], Floats, int]:
    """Return windows and scalars of rows, in their order, and how many traces have samples that are no numbers."""
    window = np.zeros((len(rows), 3, cut.samples), np.float16)
    scalars = np.zeros((len(rows), len(SCALARS)))
    place = np.full(len(data_set), -1)
    place[rows] = np.arange(len(rows))
    rates = data_set.metadata["trace_sampling_rate_hz"].to_numpy(float)
    unsound = done = 0
    for slab in read_slabs(data_set, rows, slab_bytes=16 << 20):
        for rate in np.unique(rates[slab.row]):
            same = np.flatnonzero(rates[slab.row] == rate)
            for some in np.array_split(same, -(-len(same) // _AT_ONCE)):
                at = place[slab.row[some]]
                window[at], scalars[at], odd = _block(data_set, told, slab, some, float(rate), cut)
                unsound += odd
        done += len(slab.row)
        event = {"kind": "progress", "stage": "cutting windows", "note": f"{done:,} of {len(rows):,} traces"}
        report({**event, "done": done, "total": len(rows)})
    return window, scalars, unsound


def _block(
    data_set: DataSet, told: Told, slab: Slab, some: npt.NDArray[np.int64], rate: float, cut: Windowing
) -> tuple[npt.NDArray[np.float16], Floats, int]:
    """Return windows, scalars and the number of unsound traces, of some traces of one rate in a slab."""
    where, orders = str(data_set.folder), data_set.metadata["trace_component_order"].to_numpy(object)
    before, length = round(BEFORE_S * rate), round((cut.seconds + BEFORE_S) * rate)
    raw = np.zeros((len(some), 3, length), np.float32)
    there = np.zeros((len(some), 3), bool)
    seen, unsound = np.zeros(len(some)), 0
    for k, of in enumerate(some):
        row, trace = int(slab.row[of]), slab.trace(int(of)).astype(np.float64)
        first = round(told.p_sample[row]) - before
        unsound += not np.isfinite(trace).all()
        for slot, index in component_places(orders[row], where).items():
            part, there[k, slot] = _part(trace[index], first, length, before)
            raw[k, slot] = part / told.gain[row, index]
        seen[k] = min((trace.shape[1] - first) / length, 1.0)
    motion = np.zeros((len(some), 3, cut.samples), np.float32)
    made = resampled(raw, rate_ratio(cut.rate_hz, rate, length, where))[..., : cut.samples]
    motion[..., : made.shape[2]] = made
    window, scalars = windows_of(motion, there, cut, told.measured)
    scalars[:, SCALARS.index("elevation")] = told.elevation_km[slab.row[some]]
    scalars[:, SCALARS.index("sampling_rate")] = np.log10(rate)
    scalars[:, SCALARS.index("seen")] = seen
    scalars[told.p_sample[slab.row[some]] < before / 2, SCALARS.index("noise")] = np.nan
    return window, scalars, unsound


def _part(samples: Floats, first: int, length: int, before: int) -> tuple[Floats, bool]:
    """Return a stretch of a component less its mean before P, zero where there is none, and whether it varies.

    Where hardly a quarter of the time before P was recorded, the mean is that of the stretch.
    """
    part = np.zeros(length)
    low, high = max(first, 0), min(first + length, len(samples))
    own = samples[low:high]
    known = np.isfinite(own)
    if not known.any():
        return part, False
    quiet = own[: max(before - (low - first), 0)]
    quiet = quiet[np.isfinite(quiet)]
    level = quiet.mean() if len(quiet) > before / 4 else own[known].mean()
    part[low - first : high - first] = np.where(known, own - level, 0.0)
    return part, bool(np.ptp(own[known]) > 0)
