"""Output files that are never half-written: made under a temporary name, synced, and renamed."""

import fcntl
import json
import os
import platform
import re
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from terrella.errors import InputError, TerrellaError

if TYPE_CHECKING:
    import pandas as pd


def must_exist(path: Path, expected: str) -> None:
    """Refuse an input that is not there, before anything is imported that reads it.

    Raises:
        InputError: where there is no file or folder.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; {expected} expected")


# Other machines may write to the same folder.
_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_TEMPORARY = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)(?:\..*)?")
_TABLES = (".csv", ".parquet")
_MOST_LISTED = 2000  # names in a folder, above which it is looked through once
_crowded: set[Path] = set()


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a file under a temporary name beside `path`, then put it in place of `path`.

    What commands that were killed left in the folder is removed.

    Raises:
        TerrellaError: where the file cannot be written; what was there before stays.
    """
    # The suffix stays, since many writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{_HOST}-{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent)
        mode = _usual_mode(temporary)
        write(temporary)
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(path)
        # The new name lies in the folder, which must reach the disk too.
        _sync(path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def replace_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder under a temporary name beside `path`, then put it in place of `path`.

    Raises:
        TerrellaError: where the folder cannot be written; what was there before stays.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        recover_folder(path)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        mode = _usual_mode(temporary / ".mode")
        write(temporary)
        for made in [*temporary.rglob("*"), temporary]:
            if made.is_file():
                made.chmod(mode)
            _sync(made)
        swap_folder(temporary, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def swap_folder(made: Path, path: Path) -> None:
    """Put a finished folder in place of `path`; killed at any moment, it leaves the one or the other whole.

    `recover_folder` takes up what a kill left.

    Raises:
        OSError: where it cannot; what was there before stays.
    """
    old = _old(path)
    if path.exists():
        path.replace(old)
    try:
        made.replace(path)
    except OSError:
        if old.exists():
            old.replace(path)
        raise
    _sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def claimed(path: Path, busy: TerrellaError) -> Iterator[None]:
    """Keep other processes out of what a lock file stands for; the claim ends with the process, however that ends.

    Raises:
        TerrellaError: `busy`, where another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        lock(file, busy)
        yield


def lock(file: IO[str], busy: TerrellaError) -> None:
    """Lock an open file, until it is closed or the process ends.

    Raises:
        TerrellaError: `busy`, where another process holds it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None


def recover_folder(path: Path) -> None:
    """Bring back the folder that a killed `swap_folder` had put aside, or remove it where it is replaced."""
    old = _old(path)
    if old.exists() and not path.exists():
        old.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    replace_file(path, write)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    write_bytes(path, text.encode())


def write_json(path: Path, values: Any) -> None:
    """Write a JSON file in one step, indented for people."""
    write_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def check_table_output(output: Path) -> None:
    """Refuse a name whose suffix is no table's.

    Raises:
        InputError: naming those that are.
    """
    if output.suffix not in _TABLES:
        raise InputError(f"{output}: name it .csv or .parquet")


def write_table(table: "pd.DataFrame", output: Path, digits: str) -> None:
    """Write a table in one step, in the format of the suffix; `digits` are those of CSV, such as %.6g."""

    def write(temporary: Path) -> None:
        if output.suffix == ".csv":
            table.to_csv(temporary, index=False, float_format=digits)
        else:
            table.to_parquet(temporary, index=False)

    replace_file(output, write)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _remove_leftovers(folder: Path) -> None:
    """Remove temporary files of processes of this machine that are no more."""
    if folder in _crowded:
        return
    names = os.listdir(folder)
    for name in names:
        found = _TEMPORARY.fullmatch(name)
        if found and found[1] == _HOST and not _alive(int(found[2])):
            (folder / name).unlink(missing_ok=True)
    if len(names) > _MOST_LISTED:
        _crowded.add(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _usual_mode(path: Path) -> int:
    """Return what the system lets others do with a new file at a path, by umask or the folder's own rules.

    Some writers, such as safetensors', make files that their owner alone may read.
    """
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return mode


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_written(path: Path, error: OSError) -> TerrellaError:
    return TerrellaError(
        f"{path} could not be written ({error.strerror or error}); what was there before is untouched"
    )
