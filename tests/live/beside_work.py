"""Work for a process of its own, in a module that costs little to load there."""

import os
import time

from terrella.errors import InputError
from terrella.live.beside import computing


def tell(report, word):
    """Say where and how this runs, and fail."""
    report({"pid": os.getpid(), "nice": os.nice(0), "word": word})
    raise InputError("no more of it")


def wait(report):
    """Say where this runs, and go on."""
    report({"pid": os.getpid()})
    time.sleep(60)


def hold():
    """Compute for a minute."""
    with computing(lambda event: print(event["pid"], flush=True), wait):
        time.sleep(60)
