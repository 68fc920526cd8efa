"""A replay that is killed at fifty random moments (kill -9) beside one that is left alone: their records' hashes.

The region is the small simulated one of the tests. The moments are drawn along what the replay writes, entries and
files, so that they fit a slow machine as well: a life ends when it has come to the next one, or, where one step had
gone past it, while that is made anew. The last one is left to its end, and verified.
"""

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from _result import write_result

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "live"))

from live_cases import quiet, replayed

from terrella.live.commands import verify_command
from terrella.live.issuing import FORECAST
from terrella.live.opening import reopen

_SPAN = {"start": "2008-01-01", "end": "2008-12-25"}


def main() -> None:
    """Measure, and write benchmarks/results/live_kills.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="five moments")
    quick = parser.parse_args().quick
    moments, drawn = 5 if quick else 50, random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        killed = Path(folder) / "killed"
        _life(Path(folder) / "whole")
        whole = _place(Path(folder) / "whole")
        grew = anew = 0
        # Before the last of the twelve months, so that there is always something left to kill.
        for aim in sorted(drawn.uniform(0, 0.9 * whole) for _ in range(moments)):
            before = _place(killed)
            _killed_at(killed, aim, drawn.uniform(0, 0.4))
            grew += _place(killed) > before
            anew += before >= aim
        _life(killed)
        stores = [reopen(Path(folder) / name).store for name in ("whole", "killed")]
        verify_command(killed, None, quiet)
        ends = [each.records(latest=1)[0] for each in stores]
        forecasts = [len(each.records(FORECAST)) for each in stores]
    same = int((ends[0].number, ends[0].hash) == (ends[1].number, ends[1].hash))
    rows = [
        _row("kills", moments, moments, "asked"),
        _row("kills after which there was more than before", grew, None, ""),
        _row("kills while what was lost was made anew", anew, None, ""),
        _row("forecasts in the record", forecasts[1], forecasts[0], "left alone"),
        _row("entries in the record", ends[1].number, ends[0].number, "left alone"),
        _row("the last hash is that of the replay left alone (1: yes)", same, 1, "aim"),
    ]
    write_result("live_kills", rows, "verified by terrella live verify", quick)
    sys.exit(0 if same else 1)


def _life(folder: Path) -> None:
    """Replay in a process of its own to the end."""
    if os.waitpid(_begun(folder), 0)[1] != 0:
        sys.exit("the replay failed")


def _killed_at(folder: Path, aim: float, after_s: float) -> None:
    """Kill a replay when it has come so far; where it had come as far before, a drawn time after its begin."""
    before = _place(folder)
    until = time.monotonic() + after_s if before >= aim else float("inf")
    process = _begun(folder)
    while time.monotonic() < until and _place(folder) <= max(before, aim):
        if os.waitpid(process, os.WNOHANG)[0]:
            sys.exit(f"the replay ended by itself before {aim:.0f} entries and files")
        time.sleep(0.001)
    os.kill(process, signal.SIGKILL)
    if not os.WIFSIGNALED(os.waitpid(process, 0)[1]):
        sys.exit("the replay had ended before it was killed")


def _begun(folder: Path) -> int:
    process = os.fork()
    if process == 0:
        replayed(folder, **_SPAN)
        os._exit(0)
    return process


def _place(folder: Path) -> int:
    """Return how far a replay has come: the entries of its record and the files of its forecasts."""
    files = len(list((folder / "forecasts").glob("*.nc")))
    try:
        with closing(sqlite3.connect(f"file:{folder / 'record.sqlite'}?mode=ro", uri=True)) as database:
            return files + int(database.execute("select count(*) from records").fetchone()[0])
    except sqlite3.OperationalError:  # killed before there was one
        return files


def _row(what: str, ours: int, peer: int | None, name: str) -> dict:
    return {"what": what, "ours": ours, "peer": peer, "peer_name": name, "unit": "", "ratio": None}


if __name__ == "__main__":
    main()
