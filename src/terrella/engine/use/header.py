"""What a bundle says of itself, read without torch: its header, and the ONNX model that belongs to it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from terrella.engine.use.find import ONNX, WEIGHTS
from terrella.errors import InputError

_LONGEST = 1 << 27  # bytes of a header


def read_header(path: Path) -> dict[str, Any]:
    """Return the values in the header of a file of tensors; the tensors are not looked at.

    Raises:
        InputError: where it has none.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _LONGEST:
                raise ValueError("its header is too long")
            whole = json.loads(file.read(size))
        about = whole.pop("__metadata__")
        if not whole and about["crc32"] != f"{crc32(about['values'].encode()):08x}":
            raise ValueError("its checksum is another")
        values = json.loads(about["values"])
        if not isinstance(values, dict):
            raise ValueError("its header is no table of values")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a bundle ({error}); copy or make it again") from None
    return values


def refuse_compressed(folder: Path) -> None:
    """Refuse a bundle of a smaller form where a network with its weights is needed.

    Raises:
        InputError: where it is one.
    """
    if form := read_header(folder / WEIGHTS).get("form"):
        raise InputError(
            f"{folder} is compressed ({form}) and cannot be explained; give the run that it was made of"
        )


def checksum(content: bytes) -> str:
    """Return the checksum by which a bundle knows its ONNX model."""
    return sha256(content).hexdigest()


def own_onnx(folder: Path, header: Mapping[str, Any]) -> bytes | None:
    """Return the ONNX model that a bundle's header names; None where it names none.

    Raises:
        InputError: where it is missing, or another one lies there.
    """
    path, named = folder / ONNX, header.get("onnx_sha256")
    if not path.is_file():
        if named is None:
            return None
        raise InputError(f"{folder} lacks its {ONNX}; copy it again, or compress the run again")
    if named is None:
        raise InputError(f"{path} does not belong to this bundle, whose weights name none; remove it")
    content = path.read_bytes()
    if checksum(content) != named:
        raise InputError(
            f"{path} is not the model that this bundle was made with (its checksum is another); copy it again, or "
            "compress the run again"
        )
    return content
