"""The CPU seconds of one `terrella` command, in a process of its own with one thread."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TIMED = """
import contextlib, importlib, json, sys, time
for name in sys.argv[2].split():
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
from terrella.cli.main import main
began = time.process_time()
try:
    main(sys.argv[3:])
except SystemExit as left:
    if left.code:
        raise
json.dump({"cpu_seconds": time.process_time() - began}, open(sys.argv[1], "w"))
"""


def command_seconds(
    words: Sequence[str], work: Path, untimed: Sequence[str], more: Mapping[str, str] | None = None
) -> float:
    """Run a command, such as forecast predict …; return its CPU seconds.

    Imports of `untimed` modules do not count; one that is not installed is passed over. `more` is put into the
    environment, and `work` holds what was measured.

    Raises:
        CalledProcessError: where the command fails.
    """
    out = work / "took.json"
    subprocess.run(
        [sys.executable, "-c", _TIMED, str(out), " ".join(untimed), *words],
        env={**os.environ, **_THREADS, **(more or {})}, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return float(json.loads(out.read_text())["cpu_seconds"])
