"""Samples as SEG-Y stores them, as numbers of this machine."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Format:
    """How one sample is stored, and the smallest of our types that holds it."""

    name: str
    stored: str  # NumPy's type without byte order; u1 where a sample is `size` bytes of it
    size: int  # bytes
    held: str


# By the code in the binary header. Integers of up to 24 bits are exact as float32.
FORMATS = {
    1: Format("IBM float", "u4", 4, "f4"),
    2: Format("int32", "i4", 4, "i4"),
    3: Format("int16", "i2", 2, "f4"),
    4: Format("fixed point with gain", "u4", 4, "f8"),
    5: Format("IEEE float", "f4", 4, "f4"),
    6: Format("IEEE double", "f8", 8, "f8"),
    7: Format("int24", "u1", 3, "f4"),
    8: Format("int8", "i1", 1, "f4"),
    9: Format("int64", "i8", 8, "i8"),
    10: Format("uint32", "u4", 4, "u4"),
    11: Format("uint16", "u2", 2, "f4"),
    12: Format("uint64", "u8", 8, "u8"),
    15: Format("uint24", "u1", 3, "f4"),
    16: Format("uint8", "u1", 1, "f4"),
}
IBM, FIXED, IEEE, INT24, UINT24 = 1, 4, 5, 7, 15


def numbers(raw: npt.NDArray[np.uint8], code: int, little_endian: bool) -> npt.NDArray[Any]:
    """Return the numbers of stored samples (trace, byte)."""
    stored = FORMATS[code].stored
    if code in (INT24, UINT24):
        return _three_bytes(raw.reshape(len(raw), -1, 3), code == INT24, little_endian)
    values = raw.view(("<" if little_endian else ">") + stored)
    if code == IBM:
        from terrella.formats.sections.ibm_floats import from_ibm

        return from_ibm(values.astype(np.uint32))
    if code == FIXED:  # 8 empty bits, 8 of a gain, 16 of a signed number that counts 2^gain
        words = values.astype(np.uint32)
        return np.ldexp(words.astype(np.int16).astype(float), (words >> 16 & 0xFF).astype(np.int32))
    return values


def _three_bytes(raw: npt.NDArray[np.uint8], signed: bool, little_endian: bool) -> npt.NDArray[np.int32]:
    word = np.zeros((*raw.shape[:2], 4), np.uint8)
    word[..., :3] = raw if little_endian else raw[..., ::-1]
    values = word.view("<i4")[..., 0]
    return values - ((values & 0x800000) << 1) if signed else values
