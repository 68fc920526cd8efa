"""A replay that is killed at fifty random moments (kill -9) beside one that is left alone: their records' hashes.

The region is the small simulated one of the tests. Each life of the replay ends some time after it began to write,
drawn anew; what it had not finished, the next takes up. The last one is left to its end, and verified.
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

_SPAN = {"start": "2008-01-01", "end": "2008-12-25"}


def main() -> None:
    """Measure, and write benchmarks/results/live_kills.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="five moments")
    quick = parser.parse_args().quick
    moments, drawn = 5 if quick else 50, random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        _life(Path(folder) / "whole")
        alone = time.monotonic() - began
        killed = grew = 0
        last = 0
        while killed < moments:
            process = os.fork()
            if process == 0:
                replayed(Path(folder) / "killed", **_SPAN)
                os._exit(0)
            time.sleep(drawn.uniform(0.02, 1.2) * alone / moments + 0.3)
            os.kill(process, signal.SIGKILL)
            if not os.WIFSIGNALED(os.waitpid(process, 0)[1]):
                sys.exit(f"the replay came to its end after {killed} kills: it is too short for {moments}")
            killed += 1
            entries = _entries(Path(folder) / "killed")
            grew += entries > last
            last = entries
        _life(Path(folder) / "killed")
        whole, other = (replayed(Path(folder) / name, **_SPAN).store for name in ("whole", "killed"))
        verify_command(Path(folder) / "killed", None, quiet)
        ends = [each.records(latest=1)[0] for each in (whole, other)]
        forecasts = [len(each.records(FORECAST)) for each in (whole, other)]
    same = int((ends[0].number, ends[0].hash) == (ends[1].number, ends[1].hash))
    rows = [
        _row("kills", killed, moments, "asked"),
        _row("kills after which the record had grown", grew, None, ""),
        _row("forecasts in the record", forecasts[1], forecasts[0], "left alone"),
        _row("entries in the record", ends[1].number, ends[0].number, "left alone"),
        _row("the last hash is that of the replay left alone (1: yes)", same, 1, "aim"),
    ]
    write_result("live_kills", rows, "verified by terrella live verify", quick)
    sys.exit(0 if same else 1)


def _life(folder: Path) -> None:
    """Replay in a process of its own to the end."""
    process = os.fork()
    if process == 0:
        replayed(folder, **_SPAN)
        os._exit(0)
    if os.waitpid(process, 0)[1] != 0:
        sys.exit("the replay failed")


def _entries(folder: Path) -> int:
    """Return how many entries a record has."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'record.sqlite'}?mode=ro", uri=True)) as database:
            return int(database.execute("select count(*) from records").fetchone()[0])
    except sqlite3.OperationalError:  # killed before there was one
        return 0


def _row(what: str, ours: int, peer: int | None, name: str) -> dict:
    return {"what": what, "ours": ours, "peer": peer, "peer_name": name, "unit": "", "ratio": None}


if __name__ == "__main__":
    main()
