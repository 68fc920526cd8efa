"""A bundle: a trained model as a folder with its settings and its card. Never a pickle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.engine.use.find import SETTINGS, WEIGHTS, find_bundle
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


def save_bundle(folder: Path, bundle: Bundle) -> None:
    """Write a bundle in one step.

    Raises:
        TerrellaError: where it cannot be written; what was there before stays.
    """
    header = {"task": bundle.task, "version": VERSION, "values": bundle.values}

    def write(temporary: Path) -> None:
        write_tensors(temporary / WEIGHTS, bundle.tensors, header)
        (temporary / SETTINGS).write_text(bundle.settings, encoding="utf-8")
        (temporary / _CARD).write_text(bundle.card, encoding="utf-8")

    replace_folder(folder, write)


def load_bundle(folder: Path, task: str) -> Bundle:
    """Return a bundle from its folder or its run's, or by the name of a run in `runs/<task>` or of a released one.

    Raises:
        InputError: where there is none, it is damaged, or of another task or a newer Terrella.
    """
    folder = find_bundle(folder, task)
    try:
        tensors, header = read_tensors(folder / WEIGHTS)
        settings = (folder / SETTINGS).read_text(encoding="utf-8")
    except (InputError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"the bundle cannot be read: {error}; copy or train it again") from None
    if header.get("task") != task:
        raise InputError(f"{folder} is a bundle of the task {header.get('task')!r}, not of {task!r}")
    if header["version"] > VERSION:
        raise InputError(
            f"{folder} was written by a newer Terrella (bundle version {header['version']}); update Terrella"
        )
    card = folder / _CARD
    return Bundle(
        task, tensors, header["values"], settings, card.read_text("utf-8") if card.is_file() else ""
    )
