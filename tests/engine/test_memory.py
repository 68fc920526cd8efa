"""Freed memory is kept: the same arrays, asked for again, cost no page faults."""

import subprocess
import sys

import pytest

_CODE = """
import resource, sys
import torch
if sys.argv[1] == "kept":
    from terrella.engine.memory import keep_freed_memory
    keep_freed_memory()
def step():
    for _ in range(4):
        torch.ones(4_000_000)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings exist on Linux alone")
def test_arrays_asked_for_again_are_there():
    faults = {
        how: int(subprocess.run([sys.executable, "-c", _CODE, how], capture_output=True, check=True).stdout)
        for how in ("kept", "default")
    }
    assert faults["kept"] < 1000
    assert faults["kept"] < faults["default"]
