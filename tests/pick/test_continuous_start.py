"""A network that was used before picks miniSEED without the libraries that take long to import."""

import os
import subprocess
import sys

import numpy as np
import obspy
import pytest
import torch

from terrella.formats.waveforms.picks import read_picks
from terrella.pick.continuous.ready import ready_annotator
from terrella.pick.networks import architecture
from terrella.pick.networks.weights import seisbench_name

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

HEAVY = {"torch", "pandas", "obspy", "numba", "onnx", "scipy", "matplotlib", "distributed", "h5py"}
RUN = """
import sys
from pathlib import Path
from terrella.pick.continuous.command import run
run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), lambda event: None)
print(*{name.split(".")[0] for name in sys.modules})
"""


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    torch.manual_seed(0)
    tensors = architecture("phasenet").make().state_dict()
    path = tmp_path / "phasenet.pt"
    torch.save({seisbench_name("phasenet", name): value for name, value in tensors.items()}, path)
    return path


def test_the_second_run_imports_no_heavy_library(tmp_path, weights):
    ready_annotator(str(weights))
    draw = np.random.default_rng(0)
    stream = obspy.Stream()
    for letter in "ZNE":
        header = {"network": "XX", "station": "ONE", "channel": f"HH{letter}", "sampling_rate": 100.0}
        stream += obspy.Trace(draw.integers(-999, 999, 9000).astype(np.int32), header)
    stream.write(str(tmp_path / "record.mseed"), format="MSEED", encoding="STEIM2")
    arguments = [str(tmp_path / name) for name in ("record.mseed", weights.name, "out")]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], env=os.environ, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())
    assert {"picks.csv", "picks.xml", "picks.json"} <= {each.name for each in (tmp_path / "out").iterdir()}
    assert len(read_picks(tmp_path / "out" / "picks.csv")[1]) > 5


def test_weights_that_change_are_not_taken_for_those_before(weights):
    first, mark = ready_annotator(str(weights))
    tensors = torch.load(weights, weights_only=True)
    tensors["out.bias"] += 1 - torch.arange(3)
    torch.save(tensors, weights)
    second, other = ready_annotator(str(weights))
    assert mark != other
    window = np.random.default_rng(0).normal(size=(1, 3, 3001)).astype(np.float32)
    assert np.abs(first.evaluate(window) - second.evaluate(window)).max() > 0.05
