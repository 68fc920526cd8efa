"""Whether floats are those that the format code says: IBM and IEEE floats pass for each other."""

from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_bytes
from terrella.formats.sections.segy_layout import Layout
from terrella.formats.sections.segy_values import FORMATS, IBM, IEEE

_TRACES, _SAMPLES = 64, 512  # that are looked at
_FEWEST = 500  # different numbers
_BOTH_SIGNS = 0.1  # share of either; other quantities than amplitudes may lie in a narrow range
# The first four bits of a normalised IBM fraction are never 0. In IEEE floats these bits are the last one of the
# exponent and three of the fraction, 0 in about one of twelve, and from 8 on in about a half.
_SOME, _NONE = 0.04, 0.004
_HALF = (0.35, 0.65)


def code_note(path: Path, layout: Layout) -> str | None:
    """Return what speaks against the format code, or None."""
    if layout.code not in (IBM, IEEE):
        return None
    words = _some_words(path, layout)
    negative = float((words >> 31).mean()) if len(words) else 0.0
    if len(words) < _FEWEST or not _BOTH_SIGNS < negative < 1 - _BOTH_SIGNS:
        return None
    first = words >> 20 & 15
    none, upper = float((first == 0).mean()), float((first >= 8).mean())
    looks = IBM if none < _NONE else IEEE if none > _SOME and _HALF[0] < upper < _HALF[1] else layout.code
    if looks == layout.code:
        return None
    return (
        f"samples look like {FORMATS[looks].name}s, code {looks}, and not like {layout.format_name}s as the format "
        "code says (bytes 3225-3226); if so, amplitudes are wrong until it is put right"
    )


def _some_words(path: Path, layout: Layout) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return the different words of samples, but 0, of some traces."""
    n = min(layout.n_samples, _SAMPLES)
    raw = np.empty((min(layout.n_traces, _TRACES), n * layout.size), np.uint8)
    begin = layout.header_bytes + (layout.n_samples - n) // 2 * layout.size
    some = np.linspace(0, layout.n_traces - 1, len(raw)).astype(int).tolist()
    try:
        with path.open("rb", buffering=0) as file:
            for row, trace in zip(raw, some, strict=True):
                read_bytes(file.fileno(), layout.first_byte + trace * layout.trace_bytes + begin, row)
    except EOFError:
        raise InputError(f"{path} became shorter while it was opened") from None
    words = np.unique(raw.view("<u4" if layout.little_endian else ">u4").astype(np.uint32))
    return words[words & 0x7FFFFFFF != 0]
