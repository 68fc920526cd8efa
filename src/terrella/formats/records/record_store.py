"""Arrays on disk that share their leading axis, read in whole chunks of records."""

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_file
from terrella.formats.records.unchanged import Unchanged

Counts = npt.NDArray[np.int64]
Arrays = Mapping[str, npt.NDArray[Any]]
Reader = Callable[
    [int, int, npt.NDArray[Any]], None
]  # fills an array with the records from first to before end

PIECE_BYTES = 1 << 20  # below this, asking for a piece costs more than reading it
KEPT_BYTES = 32 << 20  # variables smaller than this are read once and kept


@dataclass(frozen=True)
class Variable:
    """One array: the shape of a record, without the leading axis, and the type of its numbers in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def record_bytes(self) -> int:
        """Bytes of one record."""
        return self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class RecordStore:
    """Named arrays with one leading axis, whose records lie in chunks that are best read whole."""

    path: Path
    variables: Mapping[str, Variable]
    borders: Counts  # (chunk + 1,): the first record of each chunk, and the number of records
    readers: Mapping[str, Reader]

    def __len__(self) -> int:
        return int(self.borders[-1])

    def read_chunk(self, chunk: int, out: Arrays) -> None:
        """Fill `out`, (record of the chunk, …) for each name; several threads may call this at once.

        Raises:
            InputError: naming file and chunk, where it is missing or damaged, or changed since it was opened.
        """
        first, end = int(self.borders[chunk]), int(self.borders[chunk + 1])
        for name, reader in self.readers.items():
            with readable(self.path, f"chunk {chunk} (records {first:,} to {end - 1:,}) of {name!r}"):
                reader(first, end, out[name])


def even_borders(records: int, per_chunk: int) -> Counts:
    """Return the borders of chunks of `per_chunk` records; the last may be shorter."""
    return np.append(np.arange(0, records, max(per_chunk, 1), dtype=np.int64), np.int64(records))


def whole_pieces(chunk_records: int, record_bytes: int, piece_bytes: int = PIECE_BYTES) -> int:
    """Return the records of as many whole chunks as make up about `piece_bytes`, at least one chunk."""
    chunk_records = max(chunk_records, 1)
    return chunk_records * max(1, piece_bytes // max(1, chunk_records * record_bytes))


def shared_axis(path: Path, shapes: Mapping[str, tuple[int, ...]], names: Sequence[str] | None) -> list[str]:
    """Return the names to read: those asked for, or all that share the leading axis of the largest."""
    found = {name: shape for name, shape in shapes.items() if shape}
    if not found:
        raise InputError(
            f"{path}: no arrays of numbers; at least one with a leading axis of records was expected"
        )
    for name in names or ():
        if name not in found:
            raise InputError(f"{path}: no variable {name!r}; there are {', '.join(found)}")
    if names is None:
        largest = max(found, key=lambda name: int(np.prod(found[name], dtype=np.int64)))
        names = [name for name, shape in found.items() if shape[0] == found[largest][0]]
    lengths = {name: found[name][0] for name in names}
    if len(set(lengths.values())) != 1:
        raise InputError(
            f"{path}: all variables need the same leading axis; got {lengths}; name those that share it"
        )
    if not next(iter(lengths.values())):
        raise InputError(f"{path}: {names[0]!r} has no records")
    return list(names)


def checked_dtype(path: Path, name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in this machine's byte order; only numbers and truth values are fed to a network."""
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise InputError(
            f"{path}: {name!r} holds {dtype}, which no network takes; name the numeric variables to read"
        )
    return dtype.newbyteorder("=")


def flat_reader(
    path: Path, unchanged: Unchanged, offset: int, dtype: np.dtype[Any], record_bytes: int
) -> Reader:
    """Return the reader of records that lie one after another in a file, from a byte on, as `dtype`."""

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        read_file(path, unchanged, offset + first * record_bytes, out)
        if not dtype.isnative:
            out.byteswap(inplace=True)

    return read


def kept_if_small(variable: Variable, records: int, reader: Reader) -> Reader:
    """Return a reader from memory where a variable takes little; its chunks may end elsewhere than the store's."""
    if records * variable.record_bytes > KEPT_BYTES:
        return reader
    values = np.empty((records, *variable.shape), variable.dtype)
    reader(0, records, values)

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        out[:] = values[first:end]

    return read


def tiles(
    first: int, end: int, shape: tuple[int, ...], sizes: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...], tuple[slice, ...]]]:
    """Yield first corner, place among the records and part of each tile of `sizes` that holds some of them."""
    along = range(first - first % sizes[0], end, sizes[0])
    others = [range(0, n, size) for n, size in zip(shape[1:], sizes[1:], strict=True)]
    for start in itertools.product(along, *others):
        low, high = max(start[0], first), min(start[0] + sizes[0], end)
        ends = [min(a + size, n) for a, size, n in zip(start[1:], sizes[1:], shape[1:], strict=True)]
        rest = list(zip(start[1:], ends, strict=True))
        into = (slice(low - first, high - first), *(slice(a, b) for a, b in rest))
        part = (slice(low - start[0], high - start[0]), *(slice(b - a) for a, b in rest))
        yield start, into, part


@contextmanager
def readable(path: Path, what: str = "") -> Iterator[None]:
    """Say which file and part cannot be read, and why, where a library meets damage in any of its ways."""
    try:
        yield
    except InputError:
        raise
    except (
        OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, EOFError, zlib.error,
    ) as error:  # fmt: skip
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        where = f"{path}, {what}" if what else f"{path}"
        raise InputError(f"{where}: missing, cut short or damaged ({reason}); fetch it again") from error
