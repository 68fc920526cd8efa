"""SeisBench's data set format (Woollam et al. 2022): metadata.csv beside waveforms.hdf5, perhaps in chunks.

A row of the metadata names its trace as `block$location` with a location in the manner of NumPy, `5,:3,:6000`, or
as the array itself where that holds one trace. Reading goes block by block, never trace by trace.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.formats.records.hdf5_links import refuse_link
from terrella.formats.waveforms.seisbench_table import (
    chunk_names,
    component_orders,
    decoded,
    read_metadata,
    sampling_rates,
)

SLAB_BYTES = 64 << 20  # read at once
Counts = npt.NDArray[np.int64]
_COMMON = re.compile(r"(\d+),:(\d+),:(\d+)")  # what every writer makes; others are read slowly


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set on disk: its metadata, and where each trace lies.

    `metadata` has a row per trace and, whatever the files say, the columns `trace_chunk`,
    `trace_sampling_rate_hz` (finite, positive) and `trace_component_order`.
    """

    folder: Path
    metadata: pd.DataFrame
    data_format: Mapping[str, Any]
    block: Counts  # (trace,): which of `blocks`
    blocks: tuple[tuple[Path, str], ...]  # file and name of each array that is used
    index: Counts  # (trace,): the row of the array, −1 where the array is the trace
    span: Counts  # (trace, 4): first component and the one after the last, first sample and the one after

    def __len__(self) -> int:
        return len(self.metadata)

    @property
    def n_components(self) -> Counts:
        """Components of each trace, (trace,)."""
        return np.asarray(self.span[:, 1] - self.span[:, 0])

    @property
    def n_samples(self) -> Counts:
        """Samples of each trace's components, (trace,)."""
        return np.asarray(self.span[:, 3] - self.span[:, 2])


@dataclass(frozen=True, eq=False)
class Slab:
    """Traces that were read at once: `samples[place[k], c0:c1, w0:w1]` with `span[k]` is trace `row[k]`."""

    row: Counts  # (trace,), in the data set's metadata
    place: Counts  # (trace,)
    span: Counts  # (trace, 4)
    samples: npt.NDArray[Any]  # (place, component, sample)

    def trace(self, k: int) -> npt.NDArray[Any]:
        """Return one trace, (component, sample), without a copy."""
        c0, c1, w0, w1 = self.span[k]
        return self.samples[self.place[k], c0:c1, w0:w1]


def read_data_set(folder: Path) -> DataSet:
    """Read the metadata of a data set and find every trace, without its samples.

    Raises:
        InputError: for files that are missing, cut short or damaged; for metadata without trace names, sampling
            rates or component orders; for names that no array has, or that reach past its end; for arrays that lie
            in another file.
    """
    folder = folder.parent if folder.suffix in (".csv", ".hdf5") else folder
    names = chunk_names(folder)
    tables = [read_metadata(folder, name) for name in names]
    data_format = _common_format(folder, names)
    metadata = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    if not len(metadata):
        raise InputError(f"{folder}: the metadata have no row; a data set has at least one trace")
    metadata = sampling_rates(metadata, data_format, folder)
    metadata = component_orders(metadata, data_format, folder)
    found = [
        _locate(
            folder / f"waveforms{name}.hdf5", table["trace_name"].tolist(), data_format["dimension_order"]
        )
        for name, table in zip(names, tables, strict=True)
    ]
    before = np.cumsum([0, *(len(blocks) for blocks, *_ in found)])
    data_set = DataSet(
        folder,
        metadata,
        data_format,
        np.concatenate([block + first for (_, block, _, _), first in zip(found, before, strict=False)]),
        tuple(key for blocks, *_ in found for key in blocks),
        np.concatenate([index for _, _, index, _ in found]),
        np.concatenate([span for *_, span in found]),
    )
    _check_components(data_set)
    return data_set


def joined(parts: Sequence[DataSet]) -> DataSet:
    """Return one data set of several, in their order; columns that one of them lacks are missing in its rows.

    Raises:
        InputError: where their arrays have the axes in another order.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        if part.data_format["dimension_order"] != first.data_format["dimension_order"]:
            raise InputError(
                f"{part.folder}: another dimension order than {first.folder}; they cannot be joined"
            )
    before = np.cumsum([0, *(len(part.blocks) for part in parts)])
    return DataSet(
        first.folder,
        pd.concat([part.metadata for part in parts], ignore_index=True),
        first.data_format,
        np.concatenate([part.block + n for part, n in zip(parts, before, strict=False)]),
        tuple(block for part in parts for block in part.blocks),
        np.concatenate([part.index for part in parts]),
        np.concatenate([part.span for part in parts]),
    )


def read_slabs(data_set: DataSet, rows: Counts | None = None, slab_bytes: int = SLAB_BYTES) -> Iterator[Slab]:
    """Yield all traces, or those of the given rows, block by block in slabs of about `slab_bytes`.

    Raises:
        InputError: where a file is cut short or damaged.
    """
    rows = np.arange(len(data_set)) if rows is None else np.asarray(rows, np.int64)
    rows = rows[np.lexsort([data_set.index[rows], data_set.block[rows]])]
    for path, of_file in itertools.groupby(_runs(data_set.block, rows), lambda of: data_set.blocks[of[0]][0]):
        with _whole(path):
            file = h5py.File(path, "r")
        with file:
            for code, of_block in of_file:
                yield from _read_block(file, data_set, data_set.blocks[code][1], of_block, slab_bytes)


def _runs(key: Counts, rows: Counts) -> Iterator[tuple[int, Counts]]:
    """Yield each key with the rows that have it; these come in the order of their keys."""
    if len(rows):
        for some in np.split(rows, np.flatnonzero(np.diff(key[rows])) + 1):
            yield int(key[some[0]]), some


def _read_block(
    file: h5py.File, data_set: DataSet, name: str, rows: Counts, slab_bytes: int
) -> Iterator[Slab]:
    path = Path(file.filename)
    with _whole(path):
        array = file["data"][name]
        slabs = list(_slab_rows(array, data_set.index[rows], slab_bytes))
    for some in slabs:
        chosen = rows[some]
        index = data_set.index[chosen]
        first = max(int(index[0]), 0)
        with _whole(path):
            samples = array[first : int(index[-1]) + 1] if array.ndim == 3 else array[()][None]
        if data_set.data_format["dimension_order"] == "WC":
            samples = samples.transpose(0, 2, 1)
        yield Slab(chosen, np.maximum(index - first, 0), data_set.span[chosen], samples)


def _slab_rows(array: h5py.Dataset, index: Counts, slab_bytes: int) -> Iterator[slice]:
    """Yield runs of the sorted indices that fall into one slab of the array."""
    if array.ndim == 2:
        yield slice(0, len(index))
        return
    per_slab = max(1, slab_bytes // max(1, array.dtype.itemsize * array.shape[1] * array.shape[2]))
    if array.chunks is not None:
        # No compressed chunk is read twice.
        per_slab = max(array.chunks[0], per_slab - per_slab % array.chunks[0])
    borders = np.flatnonzero(np.diff(index // per_slab)) + 1
    edges = [0, *borders.tolist(), len(index)]
    yield from (slice(a, b) for a, b in itertools.pairwise(edges))


def _common_format(folder: Path, names: list[str]) -> dict[str, Any]:
    """Return the group `data_format`, the same in all chunks, its dimension order reduced to CW or WC."""
    first: dict[str, Any] | None = None
    for chunk in names:
        path = folder / f"waveforms{chunk}.hdf5"
        with _whole(path), h5py.File(path, "r") as file:
            for name in ("data_format", "data"):
                if name in file:
                    refuse_link(file[name], file, path)
            group = file.get("data_format", {})
            for name in group:
                refuse_link(group[name], file, path)
            found = {key: decoded(group[key][()]) for key in group}
            if "data" not in file:
                raise InputError(f"{path}: no group `data`; a SeisBench data set keeps its traces there")
        if first is not None and found != first:
            raise InputError(f"{path}: another data_format than in {folder / f'waveforms{names[0]}.hdf5'}")
        first = found
    first = first or {}
    order = "".join(first.get("dimension_order", "CW"))
    # Some files count the traces' axis of their blocks.
    first["dimension_order"] = order.removeprefix("N")
    if first["dimension_order"] not in ("CW", "WC"):
        raise InputError(f"{folder}: dimension order {order!r}; CW, WC, NCW or NWC was expected")
    return first


def _locate(
    path: Path, names: list[str], dimension_order: str
) -> tuple[list[tuple[Path, str]], Counts, Counts, Counts]:
    """Return the arrays that hold the named traces, and for each trace its array, index and span."""
    codes: dict[str, int] = {}
    block = np.empty(len(names), np.int64)
    index = np.empty(len(names), np.int64)
    span = np.empty((len(names), 4), np.int64)
    shapes: list[tuple[int, ...]] = []
    with _whole(path), h5py.File(path, "r") as file:
        data = file["data"]
        for row, name in enumerate(names):
            key, _, location = name.partition("$")
            code = codes.get(key, -1)
            if code < 0:
                code = codes[key] = len(shapes)
                shapes.append(_shape(data, key, path, row, name))
            block[row] = code
            index[row], span[row] = _place(location, shapes[code], f"{path} trace {name!r} (row {row + 1})")
    if dimension_order == "WC":
        span = span[:, [2, 3, 0, 1]]
    return [(path, key) for key in codes], block, index, span


def _shape(data: h5py.Group, key: str, path: Path, row: int, name: str) -> tuple[int, ...]:
    found = data.get(key)
    if not isinstance(found, h5py.Dataset):
        raise InputError(f"{path}: no array {key!r}, which row {row + 1} of the metadata names ({name!r})")
    if found.ndim not in (2, 3) or found.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: array {key!r} is {found.dtype} of shape {found.shape}; 2 or 3 axes of numbers"
        )
    refuse_link(found, data.file, path)
    return tuple(found.shape)


def _place(location: str, shape: tuple[int, ...], where: str) -> tuple[int, tuple[int, int, int, int]]:
    """Return the index in a block, and first and end along the two axes of the trace, from `5,:3,:6000`."""
    if (usual := _COMMON.fullmatch(location)) and len(shape) == 3:
        i, a, b = (int(part) for part in usual.groups())
        if i >= shape[0] or a > shape[1] or b > shape[2]:
            raise InputError(
                f"{where} points past its array of shape {shape}; the metadata are of other waveforms"
            )
        return i, (0, a, 0, b)
    parts = location.replace(" ", "").split(",") if location else []
    index = -1
    try:
        if len(shape) == 3:
            index = int(parts.pop(0))
            index += shape[0] if index < 0 else 0
        if len(parts) > 2:
            raise ValueError
        spans = [_span(part, size) for part, size in zip([*parts, ":", ":"], shape[-2:], strict=False)]
    except (ValueError, IndexError):
        raise InputError(f"{where}: location {location!r}; such as 5,:3,:6000 was expected") from None
    past = any(end > size for (_, end), size in zip(spans, shape[-2:], strict=True))
    if past or (len(shape) == 3 and not 0 <= index < shape[0]):
        raise InputError(
            f"{where} points past its array of shape {shape}; the metadata are of other waveforms"
        )
    return index, (*spans[0], *spans[1])


def _span(part: str, size: int) -> tuple[int, int]:
    """Return first and end of a slice `first:end`; negative ones count from the end."""
    first, end = part.split(":")
    values = [int(text) if text else default for text, default in ((first, 0), (end, size))]
    a, b = (value + size if value < 0 else value for value in values)
    return min(max(a, 0), max(b, 0)), max(b, 0)  # an end before the first: no samples


def _check_components(data_set: DataSet) -> None:
    orders = data_set.metadata["trace_component_order"]
    wrong = np.flatnonzero(orders.str.len().to_numpy() != data_set.n_components)
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            f"{data_set.folder}: {len(wrong):,} traces have another number of components than their component "
            f"order names; first row {row + 1}: order {orders.iloc[row]!r}, {data_set.n_components[row]} components"
        )


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Say that a file is damaged where h5py meets something that HDF5 does not allow, in any of its ways."""
    try:
        yield
    except InputError:
        raise
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{path}: cut short or damaged ({reason}); fetch it again") from error
