"""Files that must stay as they are while they are read."""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from terrella.errors import InputError


@dataclass(frozen=True)
class Unchanged:
    """Files as they were when a store was opened; a training on files that change underneath is refused."""

    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: Path, status: os.stat_result) -> None:
        """Remember a file, or raise InputError where it was remembered otherwise."""
        now = (status.st_size, status.st_mtime_ns)
        with self.lock:
            before = self.seen.setdefault(path, now)
        if before != now:
            raise InputError(
                f"{path}: changed since it was opened ({before[0]:,} bytes then, {now[0]:,} now, modified "
                f"{(now[1] - before[1]) / 1e9:+.1f} s later); leave data alone while they are read, and start again"
            )
