"""A missing input is told before anything heavy is imported."""

import subprocess
import sys

import pytest

_TYPED = """
import sys
from terrella.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*(name for name in ("torch", "obspy", "matplotlib", "xarray") if name in sys.modules))
"""


@pytest.mark.parametrize(
    "typed",
    [
        "segment predict missing.sgy --bundle runs/x -o out.zarr",
        "segment show missing.sgy -o out.png",
        "segment data missing.sgy -o out.zarr",
        "segment judge --run runs/x",
        "pick judge --run runs/x",
        "forecast judge --run runs/x",
        "forecast predict --bundle runs/x --catalogue missing.csv",
        "forecast simulate --bundle runs/x --catalogue missing.csv",
        "forecast show missing.csv",
        "forecast data missing.csv -o out.csv",
    ],
)
def test_a_missing_input_is_told_at_once(typed, tmp_path):
    command = [sys.executable, "-c", _TYPED, *typed.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not done.stdout.split()
