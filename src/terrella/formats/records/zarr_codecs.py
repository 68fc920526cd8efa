"""Undoing the usual codecs of zarr's chunks, without Python's lock where their libraries let go of it."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Raw = npt.NDArray[np.uint8]
Undo = Callable[[Raw], Raw]


def decoder(codecs: Sequence[Any], dtype: np.dtype[Any]) -> tuple[np.dtype[Any], list[Undo]] | None:
    """Return the numbers' type as stored, and how to undo what follows, last first; None for other codecs.

    What undoes a codec raises ValueError, RuntimeError or zlib.error for damaged bytes.
    """
    first, *rest = codecs
    found = [_undo(codec) for codec in rest]
    known = [undo for undo in found if undo is not None]
    if type(first).__name__ != "BytesCodec" or len(known) < len(found):
        return None
    big = first.endian is not None and first.endian.value == "big"
    return dtype.newbyteorder(">" if big else "<"), known[::-1]


def _undo(codec: Any) -> Undo | None:
    name = type(codec).__name__
    if name == "Crc32cCodec":
        return _checked
    if name == "GzipCodec":
        return lambda raw: np.frombuffer(zlib.decompress(raw.data, wbits=31), np.uint8)
    if name in ("ZstdCodec", "BloscCodec"):
        import numcodecs

        decode = (numcodecs.Zstd() if name == "ZstdCodec" else numcodecs.Blosc()).decode
        return lambda raw: np.frombuffer(decode(raw), np.uint8)
    return None


def _checked(raw: Raw) -> Raw:
    import google_crc32c

    plain, stored = raw[:-4], int.from_bytes(raw[-4:].tobytes(), "little")
    if google_crc32c.value(plain) != stored:
        raise ValueError("wrong checksum")
    return plain
