"""Records on disk: where they lie in a file, the size of pieces worth asking for, and what damage looks like."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_file
from terrella.formats.records.unchanged import Unchanged

Counts = npt.NDArray[np.int64]
Reader = Callable[
    [int, int, npt.NDArray[Any]], None
]  # fills an array with the records from first to before end

PIECE_BYTES = 1 << 20  # below this, asking for a piece costs more than reading it


def even_borders(records: int, per_chunk: int) -> Counts:
    """Return the borders of chunks of `per_chunk` records; the last may be shorter."""
    return np.append(np.arange(0, records, max(per_chunk, 1), dtype=np.int64), np.int64(records))


def flat_reader(
    path: Path, unchanged: Unchanged, offset: int, dtype: np.dtype[Any], record_bytes: int
) -> Reader:
    """Return the reader of records that lie one after another in a file, from a byte on, as `dtype`."""

    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        read_file(path, unchanged, offset + first * record_bytes, out)
        if not dtype.isnative:
            out.byteswap(inplace=True)

    return read


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
