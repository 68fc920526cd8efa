"""Compressed pickers: equal answers, and picks on a machine that has neither torch nor ObsPy."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import obspy
import pytest
import torch

from terrella.cli.main import main
from terrella.engine.compress.forms import as_onnx
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.errors import InputError
from terrella.formats.waveforms.picks import read_picks
from terrella.pick.bundle import load_picker_network, picker_values
from terrella.pick.compressing import compression, imitated, narrower, network_of
from terrella.pick.continuous.annotate import make_annotator
from terrella.pick.continuous.ready import ready_annotator
from terrella.pick.networks import architecture
from terrella.pick.networks.narrowing import narrowed
from terrella.pick.networks.phasenet import PhaseNet

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

ARCHITECTURE = replace(architecture("phasenet"), threshold=0.6)
# What a small machine lacks.
BLOCKED = (
    "torch",
    "obspy",
    "scipy",
    "pandas",
    "numba",
    "matplotlib",
    "h5py",
    "onnx",
    "distributed",
    "pyarrow",
)
EDGE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
from terrella.cli.main import main
main(["pick", "run", sys.argv[1], "--bundle", sys.argv[2], "--output", sys.argv[3]])
"""


@pytest.fixture(scope="module")
def full():
    """A bundle of a PhaseNet drawn by chance."""
    torch.manual_seed(0)
    tensors = PhaseNet().state_dict()
    tensors["out.weight"] *= 30  # sharp curves
    return Bundle("pick", tensors, picker_values(ARCHITECTURE), "", "# A card\n")


@pytest.fixture
def small(full, tmp_path):
    """The folder of the same network as ONNX."""
    save_bundle(tmp_path / "small", as_onnx(compression, network_of(full), full, "onnx", lambda: None))
    return tmp_path / "small"


@pytest.fixture
def record(tmp_path):
    draw, stream = np.random.default_rng(0), obspy.Stream()
    for letter in "ZNE":
        header = {"network": "XX", "station": "ONE", "channel": f"HH{letter}", "sampling_rate": 100.0}
        stream += obspy.Trace(draw.integers(-999, 999, 9000).astype(np.int32), header)
    stream.write(str(tmp_path / "record.mseed"), format="MSEED", encoding="STEIM2")
    return tmp_path / "record.mseed"


def on_a_small_machine(*arguments):
    command = [sys.executable, "-c", EDGE, *map(str, arguments)]
    return subprocess.run(command, env=os.environ, capture_output=True, text=True)


def test_a_phasenet_with_all_its_filters_is_the_same_network(full):
    network, x = network_of(full), torch.randn(1, 3, 3001)
    with torch.no_grad():
        network.train()(torch.randn(4, 3, 3001))  # statistics of norms that are not 0 and 1
        network.eval()
        torch.testing.assert_close(narrowed(network, 1).eval()(x), network(x))


def test_a_narrower_phasenet_in_a_bundle_answers_as_by_torch(full, tmp_path):
    network, bundle = narrower(network_of(full), full)
    network.eval()
    save_bundle(tmp_path, as_onnx(compression, network, bundle, "pruned", lambda: None))
    loaded, trained, _ = load_picker_network(tmp_path)
    x = torch.randn(2, 3, 3001)
    with torch.no_grad():
        torch.testing.assert_close(loaded(x), network(x), atol=1e-4, rtol=0)
    assert trained.window == 3001
    numbers = [
        sum(each.numel() for each in tensors) for tensors in (network.parameters(), full.tensors.values())
    ]
    assert numbers[0] < 0.3 * numbers[1]
    assert make_annotator(loaded, trained).model == loaded.model


def test_labels_of_the_full_network_are_its_probabilities(full):
    labels = imitated(lambda x: x, {"x": torch.randn(2, 3, 5)}, full)["y"]
    torch.testing.assert_close(labels.sum(1), torch.ones(2, 5))


def test_a_network_without_smaller_forms_is_named():
    made = architecture("gpd")
    bundle = Bundle("pick", made.make().state_dict(), picker_values(made), "", "")
    with pytest.raises(InputError, match="GPD has no smaller forms here; PhaseNet and EQTransformer have"):
        network_of(bundle)


def test_a_machine_without_torch_and_obspy_picks_the_same(full, small, record, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save_bundle(tmp_path / "full", full)
    done = on_a_small_machine(record, small, tmp_path / "edge")
    assert done.returncode == 0, done.stderr
    with pytest.raises(SystemExit):
        main(
            [
                "pick",
                "run",
                str(record),
                "--bundle",
                str(tmp_path / "full"),
                "--output",
                str(tmp_path / "here"),
            ]
        )
    edge, here = (read_picks(tmp_path / name / "picks.csv")[0] for name in ("edge", "here"))
    assert len(edge) > 5
    assert edge.drop(columns="probability").equals(here.drop(columns="probability"))
    np.testing.assert_allclose(edge["probability"], here["probability"], atol=1e-3)


def test_an_onnx_model_from_elsewhere_is_refused_there_too(small, record, tmp_path):
    (small / "model.onnx").write_bytes(b"another")
    done = on_a_small_machine(record, small, tmp_path / "out")
    assert done.returncode == 2
    assert "is not the model that this bundle was made with" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    with pytest.raises(InputError, match="is not the model"):
        load_bundle(small, "pick")


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer"])
def test_bfloat16_by_openvino_moves_probabilities_by_its_rounding_alone(name, tmp_path):
    pytest.importorskip("openvino")
    torch.manual_seed(1)
    known = architecture(name)
    full = Bundle("pick", known.make().state_dict(), picker_values(known), "", "# A card\n")
    network = network_of(full)
    save_bundle(tmp_path, as_onnx(compression, network, full, "onnx-bf16", lambda: None))
    fast, _ = ready_annotator(str(tmp_path))
    draw = np.random.default_rng(0).normal(size=(3, 3, known.window)).astype(np.float32)
    x = known.prepared(torch.from_numpy(draw)).numpy()
    with torch.no_grad():
        expected = known.probabilities(network(torch.from_numpy(x))).numpy()
    np.testing.assert_allclose(fast.evaluate(x), expected, atol=0.01)
    assert fast.evaluate(x[:1]).shape == expected[:1].shape


def test_what_openvino_compiled_is_kept_where_it_can_be(tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    full = Bundle("pick", ARCHITECTURE.make().state_dict(), picker_values(ARCHITECTURE), "", "# A card\n")
    save_bundle(tmp_path / "small", as_onnx(compression, network_of(full), full, "onnx-bf16", lambda: None))
    x = np.random.default_rng(0).normal(size=(3, 3, ARCHITECTURE.window)).astype(np.float32)
    said = []
    for place in ("cache", "cache", "small/model.onnx"):  # a file is no folder
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
        annotator, _ = ready_annotator(str(tmp_path / "small"))
        said.append(annotator.evaluate(x).copy())
    assert len(list((tmp_path / "cache").rglob("*.blob"))) == 1
    np.testing.assert_array_equal(said[1], said[0])
    np.testing.assert_array_equal(said[2], said[0])


def test_answers_of_a_compressed_network_stay_as_they_were(tmp_path):
    pytest.importorskip("openvino")
    full = Bundle("pick", ARCHITECTURE.make().state_dict(), picker_values(ARCHITECTURE), "", "# A card\n")
    save_bundle(tmp_path, as_onnx(compression, network_of(full), full, "onnx-bf16", lambda: None))
    network, _, _ = load_picker_network(tmp_path)
    x = torch.randn(2, 1, 3, ARCHITECTURE.window)
    first = network(x[0])
    kept = first.clone()
    network(x[1])
    torch.testing.assert_close(first, kept)
