"""From a SeisBench data set to a store: once, block by block, with picks as integers of the new sampling rate."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_folder
from terrella.formats.waveforms.components import COMPONENTS, component_places
from terrella.formats.waveforms.resampling import rate_ratio, resampled
from terrella.formats.waveforms.seisbench import DataSet, Slab, joined, read_data_set, read_slabs
from terrella.formats.waveforms.seisbench_table import pick_samples, with_column
from terrella.pick.data.lock import alone
from terrella.pick.data.store_files import SAMPLES, check_place, holds_store, load_store, write_tables
from terrella.pick.data.tally import Tally
from terrella.pick.store import Store

SPLITS = ("train", "dev", "test")
_SLAB_BYTES = 16 << 20
_FLOAT16_PEAK = 8192.0  # far from the largest number, 65504, and from those of few digits
_FORM = 1  # of the files; another one makes stores anew

Precision = Literal["float32", "float16"]


def make_store(
    source: Path | Sequence[Path],
    output: Path | None = None,
    rate_hz: float = 100.0,
    dtype: Precision = "float32",
    report: Report = lambda event: None,
    name: str | None = None,
) -> Store:
    """Return the store of a SeisBench data set, in RAM, or memory-mapped from the folder `output`.

    `source` is its folder; several make one store. Components are brought into the order Z, N, E; each trace is
    resampled to `rate_hz` with an anti-alias filter without phase shift, and its picks with it. NaN and infinite
    samples become zero, picks outside their trace −1, both reported. With float16 each component loses its mean and
    each trace is divided by the column `trace_store_scale` of the table. A folder that holds the store of the same
    files is only opened.

    Parameters
    ----------
    source : Path or sequence of Path
        Folders of data sets.
    output : Path, optional
        Folder of the store; without it, the store is in RAM.
    rate_hz : float
        In Hz.
    dtype : {"float32", "float16"}
        Of the samples.
    report : callable
        Takes events as dicts.
    name : str, optional
        Of the store; by default those of the folders.

    Raises
    ------
    InputError
        Where the data set cannot be read or has no splits, or `output` holds something else.
    """
    folders = [source] if isinstance(source, Path) else list(source)
    name = name or "+".join(folder.name for folder in folders)
    if output is None:
        return _made(_read(folders), name, rate_hz, dtype, report, lambda n: np.zeros(n, dtype))[0]
    fingerprint = store_fingerprint(folders, rate_hz, dtype)
    check_place(output)
    if holds_store(output) == fingerprint:
        return load_store(output)
    with alone(output, report):
        if holds_store(output) != fingerprint:
            _write(output, _read(folders), name, rate_hz, dtype, report, fingerprint)
    return load_store(output)


def store_fingerprint(folders: Sequence[Path], rate_hz: float, dtype: str) -> str:
    """Return a text that changes with the data sets' files (their names, sizes and times) and the settings."""
    patterns = ("metadata*.csv", "waveforms*.hdf5", "chunks")
    files = [path for folder in folders for pattern in patterns for path in sorted(folder.glob(pattern))]
    about = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps([_FORM, about, rate_hz, dtype]).encode()).hexdigest()


def _write(
    output: Path,
    data_set: DataSet,
    name: str,
    rate_hz: float,
    dtype: Precision,
    report: Report,
    fingerprint: str,
) -> None:
    def write(temporary: Path) -> None:
        def on_disk(n: int) -> npt.NDArray[Any]:
            # A file of no byte cannot be mapped.
            return np.lib.format.open_memmap(temporary / SAMPLES, "w+", np.dtype(dtype), (max(n, 1),))

        store, findings = _made(data_set, name, rate_hz, dtype, report, on_disk)
        store.samples.flush()  # type: ignore[attr-defined]
        write_tables(store, temporary, fingerprint, findings)

    replace_folder(output, write)


def _read(folders: Sequence[Path]) -> DataSet:
    return joined([read_data_set(folder) for folder in folders])


@dataclass(frozen=True)
class _Way:
    """How traces of one order, rate and shape get into the store."""

    places: dict[int, int]
    ratio: Fraction  # new over old sampling rate


def _made(
    data_set: DataSet,
    name: str,
    rate_hz: float,
    dtype: str,
    report: Report,
    allocate: Callable[[int], npt.NDArray[Any]],
) -> tuple[Store, list[str]]:
    """Return the store and the lines on what was found."""
    found = Tally()
    ways, way = _ways(data_set, rate_hz, found)
    up = np.array([one.ratio.numerator for one in ways])[way]
    down = np.array([one.ratio.denominator for one in ways])[way]
    length = -(-data_set.n_samples * up // down)
    offset = np.concatenate([[0], np.cumsum(3 * length)])
    phases, picks = _picks(data_set, up / down, length, found)
    split, table = _splits(data_set, found), data_set.metadata
    noise = _noise(table, np.asarray((picks >= 0).any(axis=1)), found)
    samples = allocate(int(offset[-1]))

    def show(done: int) -> None:
        note = f"{done:,} of {len(data_set):,} traces"
        event = {"kind": "progress", "stage": f"storing {name}", "note": note}
        report({**event, "done": done, "total": len(data_set)})

    recorded, scale = _fill(samples, offset, data_set, ways, way, found, show)
    if dtype == "float16":
        table = with_column(table, "trace_store_scale", scale)
    for line in found.lines():
        report({"kind": "message", "message": f"{name}: {line}"})
    parts = (samples, offset[:-1], length, recorded, rate_hz, phases, picks, split, noise, table)
    return Store(name, *parts), found.lines()


def _fill(
    samples: npt.NDArray[Any],
    offset: npt.NDArray[np.int64],
    data_set: DataSet,
    ways: list[_Way],
    way: npt.NDArray[np.int64],
    found: Tally,
    show: Callable[[int], None],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Put all traces into the store's samples; return which components hold any, and what float16 is scaled by."""
    recorded = np.zeros((len(data_set), len(COMPONENTS)), bool)
    scale = np.ones(len(data_set), np.float32)
    names, done = data_set.metadata["trace_name"].to_numpy(object), 0
    for slab in read_slabs(data_set, slab_bytes=_SLAB_BYTES):
        for rows, block in _equal(slab, way):
            made = _converted(block, ways[way[rows[0]]], names[rows], found)
            recorded[rows] = (made != 0).any(axis=2)
            if samples.dtype == np.float16:
                made, scale[rows] = _scaled(made)
            _put(samples, offset[rows], made)
        done += len(slab.row)
        show(done)
    return recorded, scale


def _ways(data_set: DataSet, rate_hz: float, found: Tally) -> tuple[list[_Way], npt.NDArray[np.int64]]:
    """Return the kinds of traces by component order and rate, and each trace's kind."""
    columns = data_set.metadata[["trace_component_order", "trace_sampling_rate_hz"]]
    way, kinds = pd.factorize(pd.MultiIndex.from_frame(columns))
    ways = []
    longest = int(data_set.n_samples.max(initial=0))
    for code, (order, rate) in enumerate(kinds):
        places = component_places(order, str(data_set.folder))
        left = "".join(letter for i, letter in enumerate(order) if i not in places.values())
        if left:
            found.add(
                f"traces have components {left} that are left out",
                data_set.metadata["trace_name"][way == code],
            )
        ways.append(_Way(places, rate_ratio(rate_hz, float(rate), longest, str(data_set.folder))))
    return ways, np.asarray(way, np.int64)


def _picks(
    data_set: DataSet, ratio: npt.NDArray[np.float64], length: npt.NDArray[np.int64], found: Tally
) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    phases, fractional = pick_samples(data_set.metadata, data_set.folder)
    with np.errstate(over="ignore"):
        at = np.rint(fractional * ratio[:, None])
    outside = (at < 0) | (at >= length[:, None])
    names = data_set.metadata["trace_name"].to_numpy(object)
    found.add(
        "picks lie outside their trace and are taken for missing",
        (f"{phases[p]} at {fractional[t, p]:g} of {names[t]}" for t, p in np.argwhere(outside)),
    )
    return phases, np.where(outside | np.isnan(at), -1, at).astype(np.int32)


def _splits(data_set: DataSet, found: Tally) -> npt.NDArray[np.str_]:
    """Return train, dev, test or, with a finding, blank."""
    if "split" not in data_set.metadata:
        raise InputError(
            f"{data_set.folder}: no column split in the metadata; give each trace train, dev or test, and all "
            "traces of an event the same"
        )
    column = data_set.metadata["split"]
    known = column.isin(SPLITS).to_numpy()
    found.add(
        "traces are of none of the splits train, dev and test",
        (
            f"{name} ({split})"
            for name, split in zip(data_set.metadata["trace_name"][~known], column[~known], strict=True)
        ),
    )
    if not known.any():
        raise InputError(f"{data_set.folder}: no trace has a split of train, dev or test")
    return np.where(known, column.to_numpy(object), "").astype("U5")


def _noise(metadata: pd.DataFrame, has_pick: npt.NDArray[np.bool_], found: Tally) -> npt.NDArray[np.bool_]:
    """Return which traces are called noise or, being called nothing, have neither pick nor source."""
    sources = metadata[[name for name in metadata if str(name).startswith("source_")]]
    noise = ~has_pick & sources.isna().all(axis=1).to_numpy()
    if "trace_category" in metadata:
        category = metadata["trace_category"]
        called = (category.str.strip().str.lower() == "noise").fillna(False).to_numpy(bool)
        found.add(
            "traces are called noise and have picks; they are not used as noise",
            metadata["trace_name"][called & has_pick],
        )
        noise = np.where(category.notna(), called & ~has_pick, noise)
    return noise


def _equal(
    slab: Slab, way: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]]:
    """Yield the traces of a slab in groups of one way and shape: their rows and (trace, component, sample)."""
    kinds, kind = np.unique(np.column_stack([way[slab.row], slab.span]), axis=0, return_inverse=True)
    for code, (_, c0, c1, w0, w1) in enumerate(kinds):
        of = np.flatnonzero(kind.reshape(-1) == code)
        place = slab.place[of]
        run = slice(place[0], place[-1] + 1) if (np.diff(place) == 1).all() else place
        yield slab.row[of], slab.samples[run, c0:c1, w0:w1]


def _converted(
    block: npt.NDArray[Any], way: _Way, names: npt.NDArray[np.object_], found: Tally
) -> npt.NDArray[np.float32]:
    """Return finite samples at the new rate in the order Z, N, E, (trace, 3, sample)."""
    with np.errstate(over="ignore"):
        block = block.astype(np.float32, copy=False)
    if block.shape[2] == 0:
        found.add("traces have no samples", names)
        return np.zeros((len(block), 3, 0), np.float32)
    low, high = block.min(axis=2), block.max(axis=2)
    found.add("traces do not vary", names[(low == high).all(axis=1)])
    unsound = ~(np.isfinite(low) & np.isfinite(high))
    if unsound.any():
        bad = ~np.isfinite(block)
        count = bad.sum(axis=(1, 2))
        found.add(
            "traces have NaN or infinite samples, which become zero",
            (f"{names[t]} ({count[t]:,} of {bad[t].size:,})" for t in np.flatnonzero(count)),
        )
        block = np.where(bad, np.float32(0), block)
    block = resampled(block, way.ratio)
    if list(way.places.items()) == [(0, 0), (1, 1), (2, 2)] and block.shape[1] == 3:
        return block
    made = np.zeros((len(block), len(COMPONENTS), block.shape[2]), np.float32)
    for slot, place in way.places.items():
        made[:, slot] = block[:, place]
    return made


def _scaled(block: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return traces without their means and with one peak, and what they were divided by."""
    if block.shape[2] == 0:
        return block, np.ones(len(block), np.float32)
    block = block - block.mean(axis=2, keepdims=True, dtype=np.float64).astype(np.float32)
    peak = np.abs(block).max(axis=(1, 2))
    scale = np.where(peak > 0, peak / np.float32(_FLOAT16_PEAK), np.float32(1)).astype(np.float32)
    return block / scale[:, None, None], scale


def _put(samples: npt.NDArray[Any], offset: npt.NDArray[np.int64], made: npt.NDArray[np.float32]) -> None:
    """Copy traces to their places, in one go where these follow one another."""
    size = made.shape[1] * made.shape[2]
    if (np.diff(offset) == size).all():
        samples[offset[0] : offset[0] + len(made) * size].reshape(made.shape)[...] = made
        return
    for first, trace in zip(offset.tolist(), made, strict=True):
        samples[first : first + size] = trace.reshape(-1)
