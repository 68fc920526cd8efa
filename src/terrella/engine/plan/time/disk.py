"""How fast a disk reads blocks of some size at random, past the page cache."""

import json
import mmap
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from terrella.engine.plan.time.calibrate import cache_folder
from terrella.engine.settings import fingerprint
from terrella.errors import TerrellaError
from terrella.files import write_json

_ALIGNED = 4096  # bytes, of blocks that the disk itself knows
_LONGEST_S = 0.5
_TELLING = 1 << 22  # bytes of a file whose reads tell a rate
_LOOKED_AT = 1000  # files of a folder


def data_rate(place: Path, block: int) -> float | None:
    """Return bytes per second of random reads of data, of blocks of about `block` bytes, past the page cache.

    `place` is their file or a folder, of which a large file is read for half a second. Remembered for each disk.
    None where there is nothing large enough to tell, or nothing that may be read.
    """
    with suppress(OSError):
        file = place if place.is_file() else _large_file(place)
        if file is not None and file.stat().st_size >= _TELLING:
            block = 1 << min(max(block, _ALIGNED) - 1, _TELLING).bit_length()
            key = [os.stat(file).st_dev, block, "data"]
            return _remembered(key, lambda: _measured(file, block))
    return None


def _remembered(key: list[Any], measure: Callable[[], float]) -> float:
    """Return a rate that is kept beside the calibration, or else measured and kept."""
    kept = cache_folder() / f"disk-{fingerprint(key)}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(kept.read_text(encoding="utf-8"))["bytes_per_s"])
    rate = measure()
    with suppress(TerrellaError):
        write_json(kept, {"bytes_per_s": rate, "of": key})
    return rate


def _large_file(folder: Path) -> Path | None:
    some = (each for each in islice(folder.rglob("*"), _LOOKED_AT) if each.is_file())
    return max(some, key=lambda each: each.stat().st_size, default=None)


def _measured(path: Path, block: int) -> float:
    size = path.stat().st_size
    block = min(block, size)
    starts = list(range(0, size - block + 1, block))
    random.Random(0).shuffle(starts)
    file, direct = _opened(path)
    try:
        # The kernel writes past the cache only into pages of its own size.
        length = -(-block // _ALIGNED) * _ALIGNED + _ALIGNED
        with mmap.mmap(-1, length) as target:
            return _rate(file, starts, block, direct, target)
    finally:
        os.close(file)


def _rate(file: int, starts: list[int], block: int, direct: bool, target: mmap.mmap) -> float:
    done, began = 0, time.perf_counter()
    for start in starts:
        # Whole pages around the block, as the disk reads them.
        first = start // _ALIGNED * _ALIGNED if direct else start
        end = -(-(start + block) // _ALIGNED) * _ALIGNED if direct else start + block
        os.preadv(file, [memoryview(target)[: end - first]], first)
        done += block
        if time.perf_counter() - began > _LONGEST_S:
            break
    return done / max(time.perf_counter() - began, 1e-9)


def _opened(path: Path) -> tuple[int, bool]:
    """Return a file and whether it is read past the page cache; else what is cached of it is dropped."""
    if hasattr(os, "O_DIRECT"):
        with suppress(OSError):
            file = os.open(path, os.O_RDONLY | os.O_DIRECT)
            try:
                with mmap.mmap(-1, _ALIGNED) as page:
                    os.preadv(file, [page], 0)
                return file, True
            except OSError:
                os.close(file)
    file = os.open(path, os.O_RDONLY)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    return file, False
