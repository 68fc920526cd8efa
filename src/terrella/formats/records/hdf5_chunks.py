"""Chunks of HDF5 arrays read and decompressed without HDF5's lock, so that several threads do so at once."""

import threading
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from terrella.formats.records.past_cache import read_file
from terrella.formats.records.record_store import Reader, tiles
from terrella.formats.records.unchanged import Unchanged

_DEFLATE, _SHUFFLE, _FLETCHER = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32


def chunk_reader(path: Path, unchanged: Unchanged, array: h5py.Dataset) -> Reader | None:
    """Return a reader for an array in chunks with none or the usual filters (gzip, shuffle, Fletcher's checksum).

    None where the array uses other filters: HDF5 must read it. The reader raises ValueError for a wrong checksum.
    """
    created = array.id.get_create_plist()
    filters = [created.get_filter(k)[0] for k in range(created.get_nfilters())]
    if array.chunks is None or not set(filters) <= {_DEFLATE, _SHUFFLE, _FLETCHER}:
        return None
    sizes: tuple[int, ...] = array.chunks
    dtype, shape, fill = array.dtype, array.shape, array.fillvalue
    lock = threading.Lock()

    def read_chunk(start: tuple[int, ...]) -> npt.NDArray[Any] | None:
        with lock:
            info = array.id.get_chunk_info_by_coord(start)
        if info.byte_offset is None:
            return None
        raw = np.empty(info.size, np.uint8)
        read_file(path, unchanged, info.byte_offset, raw)
        for number in reversed(range(len(filters))):
            if not info.filter_mask >> number & 1:
                raw = _undo(filters[number], raw, dtype.itemsize)
        return raw.view(dtype).reshape(sizes)

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        for start, into, part in tiles(first, end, shape, sizes):
            values = read_chunk(start)
            out[into] = fill if values is None else values[part]

    return read


def _undo(code: int, raw: npt.NDArray[np.uint8], itemsize: int) -> npt.NDArray[np.uint8]:
    if code == _DEFLATE:
        return np.frombuffer(zlib.decompress(raw.data), np.uint8)
    if code == _SHUFFLE:
        whole = len(raw) - len(raw) % itemsize
        plain = raw[:whole].reshape(itemsize, -1).T.reshape(-1)
        return np.concatenate([plain, raw[whole:]]) if whole < len(raw) else plain
    stored = int(raw[-4:].view("<u4")[0])
    if _fletcher(raw[:-4]) != (stored >> 16) % 65535 << 16 | (stored & 0xFFFF) % 65535:
        raise ValueError("wrong checksum")
    return raw[:-4]


def _fletcher(raw: npt.NDArray[np.uint8]) -> int:
    """Return Fletcher's checksum (1982) of big-endian words of two bytes, both sums modulo 65535."""
    words = np.append(raw, np.zeros(len(raw) % 2, np.uint8)).view(">u2").astype(np.uint64)
    one = int(words.sum()) % 65535
    two = int((words * np.arange(len(words), 0, -1, dtype=np.uint64)).sum()) % 65535
    return two << 16 | one
