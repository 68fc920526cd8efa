"""NumPy's npy files and the arrays of HDF5 and NetCDF-4 files, in chunks of records."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.hdf5_chunks import chunk_reader
from terrella.formats.records.hdf5_links import refuse_links
from terrella.formats.records.record_store import (
    Reader,
    RecordStore,
    Unchanged,
    Variable,
    checked_dtype,
    even_borders,
    flat_reader,
    kept_if_small,
    readable,
    shared_axis,
    whole_pieces,
)


def open_npy(paths: Mapping[str, Path], records_per_chunk: int | None = None) -> RecordStore:
    """Open npy files, one per name, that share their leading axis; a chunk is about 1 MiB where nothing is said.

    Raises:
        InputError: for files that are missing or cut short, not in C order, or whose leading axes differ.
    """
    unchanged, variables, readers = Unchanged(), {}, {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, path in paths.items():
        with readable(path):
            array = np.lib.format.open_memmap(path, mode="r")
            unchanged.note(path, path.stat())
        if not array.flags.c_contiguous:
            raise InputError(
                f"{path}: in Fortran order, where a record is not in one piece; save it in C order"
            )
        dtype, shapes[name] = array.dtype, array.shape
        variables[name] = Variable(array.shape[1:], checked_dtype(path, name, dtype))
        # The offset of the data, which a memory map always has.
        readers[name] = flat_reader(path, unchanged, array.offset, dtype, variables[name].record_bytes)
    where = next(iter(paths.values())) if len(paths) == 1 else Path(os.path.commonpath(paths.values()))
    names = shared_axis(where, shapes, list(paths))
    per_chunk = records_per_chunk or whole_pieces(1, sum(each.record_bytes for each in variables.values()))
    return RecordStore(where, variables, even_borders(shapes[names[0]][0], per_chunk), readers)


def open_hdf5(path: Path, names: Sequence[str] | None = None) -> RecordStore:
    """Open arrays of an HDF5 or NetCDF-4 file; without names, all that share the leading axis of the largest.

    A chunk is as many of the file's own chunks of the largest array as make about 1 MiB.

    Raises:
        InputError: for a file that is no HDF5, for names it lacks, where the leading axes differ, where anything
            of it lies in another file, and for packed numbers.
    """
    unchanged = Unchanged()
    with readable(path):
        file = h5py.File(path, "r")
        unchanged.note(path, path.stat())
        refuse_links(file, path)
        found: dict[str, h5py.Dataset] = {}

        def collect(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub":
                found[name] = item

        file.visititems(collect)
        names = shared_axis(path, {name: tuple(each.shape) for name, each in found.items()}, names)
        largest = max(names, key=lambda name: found[name].nbytes)
        each = {name: _variable(path, unchanged, found[name], name, name != largest) for name in names}
    variables = {name: variable for name, (variable, _) in each.items()}
    chunk_records = found[largest].chunks[0] if found[largest].chunks else 1
    per_chunk = whole_pieces(chunk_records, variables[largest].record_bytes)
    borders = even_borders(found[largest].shape[0], per_chunk)
    return RecordStore(path, variables, borders, {name: reader for name, (_, reader) in each.items()})


def _variable(
    path: Path, unchanged: Unchanged, array: h5py.Dataset, name: str, small: bool
) -> tuple[Variable, Reader]:
    reader = raw_reader(path, unchanged, array)
    variable = Variable(tuple(array.shape[1:]), checked_dtype(path, name, array.dtype))
    if small:
        reader = kept_if_small(variable, array.shape[0], reader)
    return variable, reader


def raw_reader(path: Path, unchanged: Unchanged, array: h5py.Dataset) -> Reader:
    """Return the reader of an array's numbers as they are stored, without HDF5's lock where that can be."""
    if packed := sorted({"scale_factor", "add_offset"} & set(array.attrs)):
        raise InputError(
            f"{path}: {array.name} holds packed numbers ({', '.join(packed)}), which are not unpacked here; write "
            "it as floats"
        )
    record_bytes = int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize
    if array.chunks is None and (offset := array.id.get_offset()) is not None:
        return flat_reader(path, unchanged, offset, array.dtype, record_bytes)
    if (reader := chunk_reader(path, unchanged, array)) is not None:
        return reader

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        unchanged.note(path, path.stat())
        array.read_direct(out, np.s_[first:end])

    return read
