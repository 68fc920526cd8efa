"""How the C library hands memory back."""

import ctypes
import sys

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 1 << 30


def keep_freed_memory() -> None:
    """Let glibc keep the large arrays that are freed, for the next ones; elsewhere nothing changes.

    A training step frees what the next one asks for again, in the same sizes. By default such arrays are mapped
    from the kernel and given back each time; clearing their pages costs a quarter to half of such a step.
    """
    if sys.platform != "linux":
        return
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGE - 1)
    except (AttributeError, OSError):  # another C library, such as musl
        return
