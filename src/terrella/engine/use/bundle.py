"""A bundle: a trained model as a folder with its settings and its card. Never a pickle."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.engine.use.find import ONNX, SETTINGS, WEIGHTS, find_bundle
from terrella.engine.use.header import checksum, own_onnx
from terrella.errors import InputError
from terrella.files import replace_folder

VERSION = 1
_CARD = "card.md"


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds: tensors by name, JSON values, settings as TOML text, and the card."""

    task: str
    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]
    settings: str
    card: str
    where: str = "the bundle"  # how errors call it
    form: str = ""  # of a compressed one, such as int8
    onnx: bytes | None = None  # what is evaluated in place of the tensors, of which there are none then


def save_bundle(folder: Path, bundle: Bundle) -> None:
    """Write a bundle in one step.

    Raises:
        TerrellaError: where it cannot be written; what was there before stays.
    """
    header = {
        "task": bundle.task,
        "version": VERSION,
        "values": bundle.values,
        "settings_crc32": _checksum(bundle.settings),
        **({"form": bundle.form} if bundle.form else {}),
        **({} if bundle.onnx is None else {"onnx_sha256": checksum(bundle.onnx)}),
    }

    def write(temporary: Path) -> None:
        write_tensors(temporary / WEIGHTS, bundle.tensors, header)
        (temporary / SETTINGS).write_text(bundle.settings, encoding="utf-8")
        (temporary / _CARD).write_text(bundle.card, encoding="utf-8")
        if bundle.onnx is not None:
            (temporary / ONNX).write_bytes(bundle.onnx)

    replace_folder(folder, write)


def load_bundle(folder: Path, task: str) -> Bundle:
    """Return a bundle from its folder or its run's, or by the name of a run in `runs/<task>` or of a released one.

    Raises:
        InputError: where there is none, it is damaged, or of another task or a newer Terrella.
    """
    folder = find_bundle(folder, task)
    card = folder / _CARD
    try:
        tensors, values = read_tensors(folder / WEIGHTS)
        settings = (folder / SETTINGS).read_text(encoding="utf-8")
        told = card.read_text(encoding="utf-8") if card.is_file() else ""
        header = _Header.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"the bundle cannot be read: {folder / WEIGHTS}: {'.'.join(map(str, first['loc']))} in its header: "
            f"{first['msg'].lower()}; copy or train it again"
        ) from None
    except (InputError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"the bundle cannot be read: {error}; copy or train it again") from None
    if header.task != task:
        raise InputError(f"{folder} is a bundle of the task {header.task!r}, not of {task!r}")
    if header.version > VERSION:
        raise InputError(
            f"{folder} was written by a newer Terrella (bundle version {header.version}); update Terrella"
        )
    if header.settings_crc32 not in (None, _checksum(settings)):
        raise InputError(
            f"{folder / SETTINGS} is not the one that its weights were written with; copy or train it again"
        )
    known = _Values(header.values, str(folder))
    return Bundle(task, tensors, known, settings, told, str(folder), header.form, own_onnx(folder, values))


class _Header(BaseModel):
    """What the header of the weights says; the first bundles have no checksum of their settings."""

    model_config = ConfigDict(strict=True)

    task: str
    version: int = Field(ge=1)
    values: dict[str, Any]
    settings_crc32: str | None = None
    form: str = ""


class _Values(dict[str, Any]):
    """Values whose absence is the bundle's fault, not the program's."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        super().__init__(values)
        self._where = where

    def __missing__(self, name: str) -> Any:
        raise InputError(f"{self._where} lacks the value {name}; copy or train it again")


def _checksum(settings: str) -> str:
    return f"{zlib.crc32(settings.encode()):08x}"
