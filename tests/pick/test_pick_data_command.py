"""`terrella pick data`, from its arguments to its files."""

import subprocess
import sys

import numpy as np
import pytest
from cyclopts import App

from terrella.cli.pick import data
from terrella.errors import InputError
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.data.command import make
from terrella.pick.data.store_files import load_store


@pytest.fixture
def command():
    """The command as a user types it, without the doors around it."""
    app = App()
    app.default(data)
    return lambda *words: app(list(map(str, words)), exit_on_error=False, result_action="return_value")


@pytest.fixture
def data_set(tmp_path):
    samples = np.random.default_rng(1).normal(size=(3, 400)).astype(np.float32)
    rows = [
        {"split": split, "trace_P_arrival_sample": 10.0, "trace_category": "earthquake"}
        for split in ("train", "dev", "test", "train")
    ]
    folder = tmp_path / "mine"
    write_data_set(
        folder, [(row, samples) for row in rows], {"component_order": "ZNE", "sampling_rate": 100.0}
    )
    return folder


def test_a_store_of_a_folder(command, data_set, tmp_path, capsys):
    command(data_set, "-o", tmp_path / "store", "--rate-hz", "50", "--precision", "float16")
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'store'}: 4 traces (2 train, 1 dev, 1 test; 0 of noise), 0.0 h",
        "picks: 4 P",
        "50 Hz, float16, 0 MiB, memory-mapped",
        f"next: terrella pick train {tmp_path / 'store'} --run runs/pick/store",
    ]
    store = load_store(tmp_path / "store")
    assert (store.rate_hz, store.samples.dtype, store.picks[:, 0].tolist()) == (50, np.float16, [5] * 4)


def test_the_list(command, capsys):
    command("--list")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "ETHZ", "GEOFON", "INSTANCE", "Iquique", "LenDB", "NEIC", "SCEDC", "STEAD",
    ]  # fmt: skip


def test_what_does_not_go_together(data_set, tmp_path, monkeypatch):
    monkeypatch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="name a data set and an output"):
        make(None, tmp_path / "x", print)
    with pytest.raises(InputError, match="--rate-hz 0"):
        make(str(data_set), tmp_path / "x", print, rate_hz=0.0)
    with pytest.raises(InputError, match="neither a folder nor one of the data sets"):
        make("nothing", tmp_path / "x", print)
    with pytest.raises(InputError, match="no such file or folder"):
        make(str(tmp_path / "none"), tmp_path / "x", print, picks=tmp_path / "p.csv")
    assert not (tmp_path / "x").exists()


def test_nothing_heavy_is_imported_with_the_command():
    code = (
        "import sys, terrella.cli.pick; heavy = ('torch', 'obspy', 'scipy', 'h5py', 'pooch', 'numpy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
