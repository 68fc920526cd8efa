"""Zarr version 3, sharded or not, in chunks of records; zarr-python reads the metadata, the bytes are read here.

Reading a chunk through zarr-python takes about a millisecond of Python, which a training would wait for; version 2
and rare codecs are read so.
"""

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_file
from terrella.formats.records.record_store import (
    Reader,
    RecordStore,
    Variable,
    checked_dtype,
    even_borders,
    kept_if_small,
    readable,
    shared_axis,
    tiles,
    whole_pieces,
)
from terrella.formats.records.unchanged import Unchanged
from terrella.formats.records.zarr_codecs import decoder

if TYPE_CHECKING:
    import zarr

_ABSENT = 2**64 - 1  # in a shard's index: the chunk holds nothing but the fill value
_DAMAGE = (ValueError, RuntimeError, EOFError, zlib.error)
_INDICES = 4096  # shards whose indices are kept


def open_zarr(path: Path, names: Sequence[str] | None = None, fill_missing: bool = False) -> RecordStore:
    """Open arrays of a zarr store; without names, all that share the leading axis of the largest.

    A chunk is as many of the store's own (inner) chunks of the largest array as make about 1 MiB, over the whole
    of the other axes. Numbers are read as they are stored. A file that is not there is an error unless
    `fill_missing`: zarr leaves it out where all values are the fill value, and a copy that broke off leaves it out
    too.

    Raises:
        InputError: for a store that cannot be opened, names that it lacks, leading axes that differ.
    """
    try:
        import zarr
    except ImportError:
        raise InputError(
            f"{path}: reading zarr needs the package zarr; pip install 'terrella[segment]'"
        ) from None
    unchanged = Unchanged()
    with readable(path):
        opened = zarr.open(path, mode="r")
        arrays = {"": opened} if isinstance(opened, zarr.Array) else _arrays(opened)
        for name in arrays:
            description = path / name / ("zarr.json" if opened.metadata.zarr_format == 3 else ".zarray")
            unchanged.note(description, description.stat())
        found = {name or path.stem: array for name, array in arrays.items() if array.dtype.kind in "fiub"}
        names = shared_axis(path, {name: tuple(array.shape) for name, array in found.items()}, names)
        largest = max(names, key=lambda name: found[name].nbytes)
        variables, readers = {}, {}
        for name in names:
            array = found[name]
            readers[name] = _reader(array, path / array.path, unchanged, fill_missing)
            variables[name] = Variable(tuple(array.shape[1:]), checked_dtype(path, name, array.dtype))
            if name != largest:
                readers[name] = kept_if_small(variables[name], array.shape[0], readers[name])
    per_chunk = whole_pieces(found[largest].chunks[0], variables[largest].record_bytes)
    return RecordStore(path, variables, even_borders(found[largest].shape[0], per_chunk), readers)


def _arrays(group: "zarr.Group") -> "dict[str, zarr.Array[Any]]":
    import zarr

    return {name: member for name, member in group.members(max_depth=None) if isinstance(member, zarr.Array)}


def _reader(array: "zarr.Array[Any]", folder: Path, unchanged: Unchanged, fill_missing: bool) -> Reader:
    """Return the reader of an array: by its bytes where its codecs are the usual ones, else through zarr-python."""
    from zarr.codecs import ShardingCodec

    if array.metadata.zarr_format == 2:
        return _reader_of_version_2(array, folder, unchanged, fill_missing)
    codecs: Any = getattr(array.metadata, "codecs", ())
    sharding = codecs[0] if isinstance(codecs[0], ShardingCodec) and len(codecs) == 1 else None
    decode = decoder(sharding.codecs if sharding else codecs, array.dtype)
    if decode is None:
        return _slow_reader(array)
    dtype, undos = decode
    find = _shards(array, folder, sharding, unchanged) if sharding else _whole_files(array, folder)
    sizes, fill = array.chunks, array.fill_value
    tile_bytes = int(np.prod(sizes)) * dtype.itemsize

    def read_tile(start: tuple[int, ...], part: tuple[slice, ...], out: npt.NDArray[Any]) -> None:
        path, offset, size = find(start)
        if size == 0:
            out[...] = fill
            return
        size = path.stat().st_size if size < 0 else size
        if not undos and size == tile_bytes == out.nbytes and out.flags.c_contiguous:
            read_file(path, unchanged, offset, out)
            if not dtype.isnative:
                out.byteswap(inplace=True)
            return
        raw = np.empty(size, np.uint8)
        read_file(path, unchanged, offset, raw)
        for undo in undos:
            raw = undo(raw)
        out[...] = raw.view(dtype).reshape(sizes)[part]

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        for start, into, part in tiles(first, end, array.shape, sizes):
            try:
                read_tile(start, part, out[into])
            except FileNotFoundError as error:
                missing = Path(error.filename)
                if not fill_missing or missing in unchanged.seen:
                    raise InputError(_missing(missing, start[0])) from None
                out[into] = fill
            except _DAMAGE as error:
                raise InputError(
                    f"{find(start)[0]}: the chunk from record {start[0]:,} on is cut short or damaged "
                    f"({error}); fetch it again"
                ) from error

    return read


def _slow_reader(array: "zarr.Array[Any]") -> Reader:
    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        out[:] = array[first:end]

    return read


def _reader_of_version_2(
    array: "zarr.Array[Any]", folder: Path, unchanged: Unchanged, fill_missing: bool
) -> Reader:
    """Return a reader through zarr-python, before which each chunk's file is looked for."""
    find, slow = _whole_files(array, folder), _slow_reader(array)

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        for start, _, _ in tiles(first, end, array.shape, array.chunks):
            file = find(start)[0]
            if file.exists():
                unchanged.note(file, file.stat())
            elif not fill_missing or file in unchanged.seen:
                raise InputError(_missing(file, start[0]))
        slow(first, end, out)

    return read


def _missing(file: Path, record: int) -> str:
    return (
        f"{file}: the chunk from record {record:,} on is missing; fetch it again, or set fill_missing if it was "
        "left out because all its values are the fill value"
    )


Find = Callable[
    [tuple[int, ...]], tuple[Path, int, int]
]  # corner → file, offset, bytes: 0 absent, −1 the whole file


def _whole_files(array: "zarr.Array[Any]", folder: Path) -> Find:
    def find(start: tuple[int, ...]) -> tuple[Path, int, int]:
        key = tuple(a // size for a, size in zip(start, array.chunks, strict=True))
        return folder / array.metadata.encode_chunk_key(key), 0, -1

    return find


def _shards(array: "zarr.Array[Any]", folder: Path, sharding: Any, unchanged: Unchanged) -> Find:
    """Return the finder of inner chunks by the index that each shard has at its end or start."""
    shard = array.shards or array.chunks
    counts = tuple(n // size for n, size in zip(shard, array.chunks, strict=True))
    codecs = decoder(sharding.index_codecs, np.dtype(np.uint64))
    if codecs is None:
        raise InputError(f"{folder}: its shards have a compressed index, which is not supported")
    dtype, checks = codecs
    # The checksum is the only codec of an index that adds bytes.
    index_bytes = 16 * int(np.prod(counts)) + 4 * len(checks)
    at_start = str(getattr(sharding.index_location, "value", sharding.index_location)) == "start"

    @lru_cache(maxsize=_INDICES)
    def index(key: tuple[int, ...]) -> npt.NDArray[np.uint64]:
        path = folder / array.metadata.encode_chunk_key(key)
        size, raw = path.stat().st_size, np.empty(index_bytes, np.uint8)
        if size < index_bytes:
            raise InputError(f"{path}: cut short: {size:,} bytes are less than a shard's index")
        read_file(path, unchanged, 0 if at_start else size - index_bytes, raw)
        try:
            for check in checks:
                raw = check(raw)
        except ValueError as error:
            raise InputError(
                f"{path}: the shard's index is cut short or damaged ({error}); fetch it again"
            ) from error
        return raw.view(dtype).reshape(*counts, 2)

    def find(start: tuple[int, ...]) -> tuple[Path, int, int]:
        key = tuple(a // n for a, n in zip(start, shard, strict=True))
        inner = tuple(a % n // size for a, n, size in zip(start, shard, array.chunks, strict=True))
        offset, size = (int(value) for value in index(key)[inner])
        path = folder / array.metadata.encode_chunk_key(key)
        return (path, 0, 0) if offset == size == _ABSENT else (path, offset, size)

    return find
