"""Pieces of work that outlive the process: one line per finished piece, beside the output."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrella.errors import InputError, TerrellaError
from terrella.files import lock, write_text


class Journal:
    """Which pieces of one piece of work are finished, and what each of them found.

    The first line says what work it is. A line that a kill cut in half does not count.
    """

    def __init__(self, path: Path, work: Mapping[str, Any]) -> None:
        self.path = path
        self.work = json.loads(json.dumps(work))
        self.found: dict[int, dict[str, Any]] = {}

    def resume(self) -> bool:
        """Take up the same work where it stopped; return False where there is none of it."""
        try:
            lines = self.path.read_text("utf-8").splitlines(keepends=True)
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        held = [value for line in lines if line.endswith("\n") and (value := _parsed(line)) is not None]
        if not held or held[0] != self.work:
            return False
        self.found = {int(line["piece"]): line["found"] for line in held[1:]}
        # Written again, for a line that follows half a line would be lost.
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in held))
        return True

    def begin(self) -> None:
        """Begin the work anew."""
        self.found = {}
        write_text(self.path, json.dumps(self.work) + "\n")

    def add(self, piece: int, found: Mapping[str, Any]) -> None:
        """Note that a piece is finished."""
        line = json.dumps({"piece": piece, "found": found}) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)
        self.found[piece] = dict(found)

    def end(self) -> None:
        """Forget the work, which is done."""
        self.path.unlink(missing_ok=True)


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Let one process at a time make an output; a lock ends with its process.

    Raises:
        InputError: where another process is at it.
    """
    path = output.with_name(f".{output.name}.lock")
    with room_needed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        lock(file, InputError(f"another process is writing {output}; let it end, or choose another name"))
        yield
        path.unlink(missing_ok=True)


@contextmanager
def room_needed(path: Path) -> Iterator[None]:
    """Say, where the disk refuses, what was being written, and that the work can go on."""
    try:
        yield
    except OSError as error:
        raise TerrellaError(
            f"{path} could not be written ({error.strerror or error}); what is finished stays: make room and type "
            "the same command again"
        ) from error


def source_state(path: Path) -> dict[str, Any]:
    """Return name, size and time of change of a file, or of a zarr folder's description.

    Raises:
        InputError: where there is none.
    """
    if path.is_dir():
        path = next(
            (path / name for name in ("zarr.json", ".zarray", ".zgroup") if (path / name).exists()), path
        )
    try:
        state = os.stat(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    return {"path": str(path.resolve()), "bytes": state.st_size, "modified_ns": state.st_mtime_ns}


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
