"""One process at a time makes or downloads a thing; others wait and find it there."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrella.engine.run import Report
from terrella.errors import TerrellaError


@contextmanager
def alone(path: Path, report: Report) -> Iterator[None]:
    """Wait until no other process works on `path`; a claim ends with its process, however that ends.

    Raises:
        TerrellaError: where the folder of `path` cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise TerrellaError(f"{path} could not be written ({error.strerror or error})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report({"kind": "message", "message": f"waiting for another process that works on {path}"})
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
        # Gone while it is held: who waits for this file then finds all done, who comes later makes a new one.
        lock.unlink(missing_ok=True)
