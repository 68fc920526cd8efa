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
        "weather predict missing.nc --bundle runs/x -o out.nc",
        "weather show missing.nc -o out.png",
        "weather judge --run runs/x",
        "motion data missing.csv -o out.csv",
        "motion judge --run runs/x",
        "motion predict missing.csv --bundle runs/x -o out.csv",
        "motion show runs/x",
        "field data missing -o out.csv",
        "field judge --run runs/x",
        "field predict missing.csv --bundle runs/x -o out.csv",
        "field show missing.shc",
        "interior data missing.tab -o out.csv",
        "interior judge --run runs/x",
        "interior predict missing.csv --bundle runs/x -o out.csv",
        "interior show runs/x",
        "literature data missing.txt -o out.txt",
        "literature judge --run runs/x",
        "literature predict missing.csv --bundle runs/x -o out",
        "literature search gold missing.csv",
        "literature show runs/x",
        "motion explain missing.csv --bundle runs/x -o out.nc",
        "literature explain missing.bib --bundle runs/x -o out.nc",
        "pick explain test.csv --bundle runs/x -o out.nc",
        "surface data missing.csv -o out.nc",
        "surface judge --run runs/x",
        "surface predict missing.tif --bundle runs/x -o out.tif",
        "surface show runs/x",
        "pick judge --run runs/x",
        "pick associate missing.csv --stations test.csv -o out.csv",
        "pick associate test.csv --stations missing.csv -o out.csv",
        "pick associate test.csv --stations test.csv --velocity-model missing.csv -o out.csv",
        "pick data missing/set -o out",
        "pick data missing --picks test.csv -o out",
        "pick data test.csv --picks missing.csv -o out",
        "pick train missing/set --run runs/x",
        "pick predict missing.mseed --bundle runs/x -o out",
        "pick predict test.csv --bundle runs/x -o out",
        "pick show missing.mseed test.csv -o out.png",
        "pick show test.csv missing.csv -o out.png",
        "forecast judge --run runs/x",
        "forecast predict --bundle runs/x --catalogue missing.csv",
        "forecast simulate --bundle runs/x --catalogue missing.csv",
        "forecast show missing.csv",
        "forecast show missing.nc --interactive",
        "forecast data missing.csv -o out.csv",
    ],
)
def test_a_missing_input_is_told_at_once(typed, tmp_path):
    (tmp_path / "test.csv").touch()
    command = [sys.executable, "-c", _TYPED, *typed.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Errno" not in done.stderr
    assert not done.stdout.split()
