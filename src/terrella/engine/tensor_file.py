"""Tensors and JSON values in one safetensors file that proves itself whole when it is read."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from terrella.errors import InputError


def write_tensors(path: Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Write tensors by name, and JSON values in the file's header; the same ones give the same bytes.

    Raises:
        OSError: where the disk is full or the path cannot be written.
    """
    # Clones, since the format refuses shared storage (tied weights).
    own = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    text = json.dumps(values)
    try:
        save_file(own, path, metadata={"values": text, "crc32": _checksum(own, text)})
        _order_header(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what `write_tensors` wrote, the tensors on the CPU.

    Raises:
        InputError: where the file cannot be read, is cut off, or a byte of it has changed.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        whole = header["crc32"] == _checksum(tensors, header["values"])
        values = json.loads(header["values"]) if whole else {}
        if not isinstance(values, dict):
            raise ValueError("its header is no table of values")
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error})") from None
    if not whole:
        raise InputError(f"{path} is damaged (its checksum is another)")
    return tensors, values


def tensors_below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, under what follows it."""
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


def tensor_bytes(tensor: Tensor) -> memoryview:
    """Return the bytes of a tensor's elements, in order; of one on the CPU without a copy."""
    if not tensor.numel():  # an empty one from numpy has strides that no view takes
        return memoryview(b"")
    return tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data


def _order_header(path: Path) -> None:
    """Put the two texts of the header in order: safetensors writes them in another one each time."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(ordered) <= size
        file.seek(8)
        file.write(ordered.ljust(size))


def _checksum(tensors: Mapping[str, Tensor], text: str) -> str:
    """The format checks a file's length only; this finds changed bytes too."""
    crc = zlib.crc32(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        described = f"{name} {value.dtype} {tuple(value.shape)}"
        crc = zlib.crc32(described.encode(), crc)
        crc = zlib.crc32(tensor_bytes(value), crc)
    return f"{crc:08x}"
