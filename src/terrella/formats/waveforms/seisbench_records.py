"""A SeisBench data set as records of equal length, in chunks of its arrays on disk."""

from collections.abc import Sequence

import h5py
import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.array_files import raw_reader
from terrella.formats.records.record_store import (
    PIECE_BYTES,
    Counts,
    Reader,
    RecordStore,
    Unchanged,
    Variable,
    readable,
    whole_pieces,
)
from terrella.formats.waveforms.seisbench import DataSet

Floats = npt.NDArray[np.float32]


def seisbench_records(
    data_set: DataSet, n_samples: int | None = None, columns: Sequence[str] = ()
) -> RecordStore:
    """Return the traces as `trace`, (component, sample) float32, and numeric columns of the metadata by name.

    Records come in the order in which they lie on disk; `row`, int64, is each one's row of the metadata. Shorter
    traces are padded with zeros to `n_samples`, by default the longest, and longer ones cut.

    Raises:
        InputError: where traces differ in their components, for columns that are missing or hold no numbers, and
            for damaged files.
    """
    components = np.unique(data_set.n_components)
    if len(components) != 1:
        raise InputError(
            f"{data_set.folder}: traces of {components.tolist()} components cannot be fed together"
        )
    rows = np.lexsort([data_set.index, data_set.block])
    longest = int(data_set.n_samples.max()) if n_samples is None else n_samples
    variables = {
        "trace": Variable((int(components[0]), longest), np.dtype(np.float32)),
        "row": Variable((), np.dtype(np.int64)),
    }
    with readable(data_set.folder):
        arrays = _open_arrays(data_set)
        borders = _borders(data_set, rows, arrays)
        readers: dict[str, Reader] = {"trace": _trace_reader(data_set, rows, arrays), "row": _kept(rows)}
    for name in columns:
        values = data_set.metadata[name].to_numpy() if name in data_set.metadata else np.empty(0, object)
        if values.dtype.kind not in "fiub":
            raise InputError(f"{data_set.folder}: no column {name!r} of numbers in the metadata")
        readers[name] = _kept(values[rows])
        variables[name] = Variable((), values.dtype)
    return RecordStore(data_set.folder, variables, borders, readers)


def _open_arrays(data_set: DataSet) -> list[h5py.Dataset]:
    files = {path: h5py.File(path, "r") for path, _ in data_set.blocks}
    return [files[path]["data"][name] for path, name in data_set.blocks]


def _borders(data_set: DataSet, rows: Counts, arrays: list[h5py.Dataset]) -> Counts:
    """Return where a chunk of an array on disk begins, several to a piece where they are small."""
    pieces = np.zeros(len(arrays), np.int64)
    for code, array in enumerate(arrays):
        if array.ndim == 3:
            record = array.dtype.itemsize * array.shape[1] * array.shape[2]
            pieces[code] = whole_pieces(array.chunks[0] if array.chunks else 1, record)
    block, index = data_set.block[rows], data_set.index[rows]
    single = pieces[block] == 0
    # Arrays that hold one trace each are read several at a time.
    bytes_before = np.cumsum(np.where(single, data_set.n_samples[rows] * data_set.n_components[rows] * 4, 0))
    number = np.where(single, bytes_before // PIECE_BYTES, index // np.maximum(pieces[block], 1))
    group = np.where(single, -1, block)
    changes = np.flatnonzero((np.diff(number) != 0) | (np.diff(group) != 0)) + 1
    return np.concatenate([[0], changes, [len(rows)]]).astype(np.int64)


def _trace_reader(data_set: DataSet, rows: Counts, arrays: list[h5py.Dataset]) -> Reader:
    unchanged = Unchanged()
    for path in {path for path, _ in data_set.blocks}:
        unchanged.note(path, path.stat())
    raw = [
        raw_reader(path, unchanged, array) for (path, _), array in zip(data_set.blocks, arrays, strict=True)
    ]
    turned = data_set.data_format["dimension_order"] == "WC"

    def read(first: int, end: int, out: Floats) -> None:
        out[:] = 0
        chosen = rows[first:end]
        block = data_set.block[chosen]
        for code in np.unique(block).tolist():
            array, here = arrays[code], np.flatnonzero(block == code)
            index = np.maximum(data_set.index[chosen[here]], 0)
            low, high = int(index.min()), int(index.max()) + 1
            shape = array.shape[1:] if array.ndim == 3 else array.shape
            samples = np.empty((high - low, *shape), array.dtype.newbyteorder("="))
            if array.ndim == 3:
                raw[code](low, high, samples)
            else:
                raw[code](0, shape[0], samples[0])
            if turned:
                samples = samples.transpose(0, 2, 1)
            for place, at, (c0, c1, w0, w1) in zip(
                here, index - low, data_set.span[chosen[here]], strict=True
            ):
                trace = samples[at, c0:c1, w0:w1][:, : out.shape[2]]
                out[place, :, : trace.shape[1]] = trace

    return read


def _kept(values: npt.NDArray[np.generic]) -> Reader:
    def read(first: int, end: int, out: npt.NDArray[np.generic]) -> None:
        out[:] = values[first:end]

    return read
