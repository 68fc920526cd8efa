"""How the C library hands memory back."""

import ctypes
import os
import sys
from contextlib import suppress

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 1 << 30
_MAPPED = 128 << 10


def keep_freed_memory() -> None:
    """Let glibc keep the large arrays that are freed, for the next ones; elsewhere nothing changes.

    A training step frees what the next one asks for again, in the same sizes. By default such arrays are mapped
    from the kernel and given back each time; clearing their pages costs a quarter to half of such a step.
    """
    _set_thresholds(_LARGE, 2 * _LARGE - 1)


def return_freed_memory() -> None:
    """Let glibc give arrays of 128 KB and more back to the system when they are freed; elsewhere nothing changes.

    The process then holds no more than what is alive, at the price of clearing pages again and again: a step takes
    up to 2.7 times the CPU time, or 1.1 to 1.8 times with huge pages, which torch asks for where it has not
    allocated anything before this call.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    _set_thresholds(_MAPPED, _MAPPED)


def release_freed_memory() -> None:
    """Have glibc give back now what it keeps of freed memory; elsewhere nothing changes."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


def _set_thresholds(mapped: int, trimmed: int) -> None:
    if sys.platform != "linux":
        return
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, mapped)
        library.mallopt(_TRIM_THRESHOLD, trimmed)
