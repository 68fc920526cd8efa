"""Targets as files: task1.csv and task23.csv, with the columns of the study's published targets."""

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.judging.targets import Targets
from terrella.pick.picker import Samples, Windows
from terrella.pick.store import Store

DETECTION_FILE = "task1.csv"
PHASE_FILE = "task23.csv"

_NUMBERS = ("trace_idx", "sampling_rate", "start_sample", "end_sample")


def write_targets(targets: Targets, store: Store, folder: Path) -> None:
    """Write both files into a folder; samples are the store's, and so is their rate."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = np.where(targets.event, "earthquake", "noise")
    detection = _table(targets.detection, store).assign(trace_type=kind)
    phase = _table(targets.phase, store).assign(
        phase_label=np.where(targets.is_p, "P", "S"),
        full_phase_label=targets.label,
        phase_onset=targets.onset,
    )
    for name, table in ((DETECTION_FILE, detection), (PHASE_FILE, phase)):
        replace_file(folder / name, partial(table.to_csv, index=False))


def read_targets(folder: Path, store: Store, split: str) -> Targets:
    """Return the targets of a split, or of all for "all", from the files of a folder; a missing file has none.

    Traces are found by their names where these are the store's, each only once, else by their numbers. Samples at
    another rate are brought to the store's.

    Raises:
        InputError: where a file cannot be read, or speaks of traces that the store does not have.
    """
    if not any((folder / name).is_file() for name in (DETECTION_FILE, PHASE_FILE)):
        raise InputError(f"{folder}: no targets; {DETECTION_FILE} or {PHASE_FILE} was expected there")
    table = _read(folder / DETECTION_FILE, ("trace_type",), split)
    windows, _ = _windows(table, store, folder / DETECTION_FILE)
    picks = _read(folder / PHASE_FILE, ("phase_label", "phase_onset"), split)
    phase, ratio = _windows(picks, store, folder / PHASE_FILE)
    onset = np.rint(picks["phase_onset"].to_numpy(float) * ratio).astype(np.int64)
    name = picks["phase_label"].astype(str)
    full = picks["full_phase_label"].astype(str) if "full_phase_label" in picks else name
    kinds = [phase_kind(each) for each in name]
    if None in kinds:
        raise InputError(
            f"{folder / PHASE_FILE}: phase_label {name.iloc[kinds.index(None)]!r}; expected P or S"
        )
    event = (table["trace_type"] == "earthquake").to_numpy(bool)
    is_p = np.array([kind == "P" for kind in kinds], bool)
    return Targets(windows, event, phase, is_p, onset, full.to_numpy("U"))


def _table(windows: Windows, store: Store) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trace_name": _names(store)[windows.trace],
            "trace_idx": windows.trace,
            "trace_split": store.split[windows.trace],
            "sampling_rate": store.rate_hz,
            "start_sample": windows.start,
            "end_sample": windows.end,
        }
    )


def _names(store: Store) -> npt.NDArray[np.object_]:
    if "trace_name" in store.table:
        return store.table["trace_name"].to_numpy(object)
    return np.array([f"{store.name}_{i}" for i in range(len(store))], object)


def _read(path: Path, more: tuple[str, ...], split: str) -> pd.DataFrame:
    columns = ["trace_name", *_NUMBERS, "trace_split", *more]
    if not path.is_file():
        return pd.DataFrame(
            {name: pd.Series(dtype=float if name in _NUMBERS else object) for name in columns}
        )
    try:
        table = pd.read_csv(path, dtype={"trace_name": str, "trace_split": str})
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: no readable table ({str(error).splitlines()[0]})") from error
    for name in columns:
        if name not in table:
            raise InputError(f"{path}: no column {name}; targets have {', '.join(columns)}")
    numbers = [*_NUMBERS, *(["phase_onset"] if "phase_onset" in more else [])]
    found = table[numbers].apply(pd.to_numeric, errors="coerce")
    bad = ~np.isfinite(found.to_numpy(float)).all(1) | (found["sampling_rate"].to_numpy() <= 0)
    if bad.any():
        raise InputError(f"{path}: row {int(bad.argmax()) + 1} has no number in one of {', '.join(numbers)}")
    table[numbers] = found
    return table if split == "all" else table[table["trace_split"] == split]


def _windows(table: pd.DataFrame, store: Store, path: Path) -> tuple[Windows, npt.NDArray[np.float64]]:
    """Return windows in samples of the store, and the ratio of its rate to the table's, (window,)."""
    ratio = store.rate_hz / table["sampling_rate"].to_numpy(float)
    trace = _traces(table, store, path)
    start = np.rint(table["start_sample"].to_numpy(float) * ratio).astype(np.int64)
    end = np.rint(table["end_sample"].to_numpy(float) * ratio).astype(np.int64)
    # A trace of another rate may be a sample shorter than the window that ended with it.
    end = np.minimum(end, store.length[trace])
    bad = (start < 0) | (start >= end)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{path}: {table['trace_name'].iloc[row]} has samples 0 to {int(store.length[trace[row]])}, the window "
            f"{int(start[row])} to {int(end[row])}; these are targets of another data set"
        )
    return Windows(trace, start, end), ratio


def _traces(table: pd.DataFrame, store: Store, path: Path) -> Samples:
    names = pd.Index(_names(store))
    if names.is_unique:
        found = names.get_indexer(pd.Index(table["trace_name"]))
        if (found >= 0).all():
            return found.astype(np.int64)
    numbers = table["trace_idx"].to_numpy(np.int64)
    outside = (numbers < 0) | (numbers >= len(store))
    if outside.any() or names.is_unique:
        row = int(outside.argmax()) if outside.any() else int((found < 0).argmax())
        raise InputError(f"{path}: no trace {table['trace_name'].iloc[row]} in {store.name}")
    return numbers
