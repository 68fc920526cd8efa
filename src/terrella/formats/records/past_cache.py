"""Reading files past the page cache, which a store larger than memory only pushes other files out of.

A copy through the page cache takes seven times the CPU of the disk's own transfer into memory (0.06 s per GB), and
the system's read-ahead fetches what chunks in random order do not need.
"""

import errno
import mmap
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.records.unchanged import Unchanged

_SMALL = 64 << 10  # below this the page cache serves as well: indices, and chunks that are neighbours on disk
_BLOCK = 4096  # direct reads begin and end at multiples of it, in the file and in memory
_PIECE = 2 << 20
_DIRECT = getattr(os, "O_DIRECT", 0)
_REFUSED = (errno.EINVAL, errno.ENOTSUP)  # by file systems that cannot pass by the page cache

_of_thread = threading.local()


def read_file(path: Path, unchanged: Unchanged, offset: int, out: npt.NDArray[Any]) -> None:
    """Fill a contiguous array with a file's bytes from `offset` on.

    Raises:
        EOFError: where the file ends before.
        InputError: where the file is not as it was remembered.
    """
    raw = out.reshape(-1).view(np.uint8)
    try:
        _read(path, unchanged, offset, raw, _DIRECT if len(raw) >= _SMALL else 0)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        _read(path, unchanged, offset, raw, 0)


def _read(path: Path, unchanged: Unchanged, offset: int, raw: npt.NDArray[np.uint8], flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        unchanged.note(path, os.fstat(descriptor))
        if flags:
            _read_blocks(descriptor, offset, raw)
        else:
            read_bytes(descriptor, offset, raw)
    finally:
        os.close(descriptor)


def read_bytes(descriptor: int, offset: int, out: npt.NDArray[Any]) -> None:
    """Fill a contiguous array with a file's bytes from `offset` on; EOFError where the file ends before."""
    view = memoryview(out.reshape(-1).view(np.uint8).data)
    while view:
        read = os.preadv(descriptor, [view], offset)
        if read == 0:
            raise _ended(offset, len(view))
        view, offset = view[read:], offset + read


def _read_blocks(descriptor: int, offset: int, raw: npt.NDArray[np.uint8]) -> None:
    """Read whole blocks into memory that begins with one, and copy what was asked for."""
    blocks = _blocks()
    done = 0
    while done < len(raw):
        skipped = (offset + done) % _BLOCK
        wanted = min(skipped + len(raw) - done + -(skipped + len(raw) - done) % _BLOCK, _PIECE)
        read = os.preadv(descriptor, [blocks[:wanted].data], offset + done - skipped)
        part = blocks[skipped:read][: len(raw) - done]
        if not len(part):
            raise _ended(offset + done, len(raw) - done)
        raw[done : done + len(part)] = part
        done += len(part)


def _blocks() -> npt.NDArray[np.uint8]:
    """Return this thread's memory for blocks."""
    if not hasattr(_of_thread, "blocks"):
        _of_thread.blocks = np.frombuffer(mmap.mmap(-1, _PIECE), np.uint8)
    blocks: npt.NDArray[np.uint8] = _of_thread.blocks
    return blocks


def _ended(offset: int, missing: int) -> EOFError:
    return EOFError(f"the file ends at byte {offset:,}, {missing:,} bytes too soon")
