"""The fastest evaluation says what the network says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError
from terrella.pick.bundle import picker_values
from terrella.pick.compressing import onnx_of
from terrella.pick.continuous import evaluate, ready
from terrella.pick.continuous.annotate import make_annotator
from terrella.pick.continuous.onnx_graph import Graph, phases
from terrella.pick.continuous.phasenet_blocks import blocked_phasenet_model
from terrella.pick.continuous.prepare import prepared
from terrella.pick.networks import architecture

CPU = torch.device("cpu")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def made(name, seed=0):
    """Return a network whose norms and biases are not those of a fresh one."""
    torch.manual_seed(seed)
    known = architecture(name)
    network = known.make().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
        for buffer_name, buffer in network.named_buffers():
            if buffer_name.endswith("running_var"):
                buffer.uniform_(0.3, 2)
            elif buffer_name.endswith("running_mean"):
                buffer.normal_(0, 0.3)
    return network, known


def windows(known, number=3):
    draw = np.random.default_rng(1)
    noise = draw.normal(size=(number, len(known.components), known.window)).astype(np.float32)
    noise[:, :, known.window // 3 :] *= 5
    return known.prepared(torch.from_numpy(noise)).numpy()


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer"])
@pytest.mark.parametrize("plain", [False, True])
def test_onnx_runtime_gives_the_logits_of_the_network(name, plain):
    network, known = made(name)
    bundle = Bundle("pick", {}, picker_values(known), "", "")
    model = onnx_of(network, bundle, plain=True) if plain else evaluate.onnx_model(network, known)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = windows(known)
    with torch.inference_mode():
        expected = network(torch.from_numpy(x)).numpy()
    said = session.run(None, {"windows": x})[0]
    assert said.shape == expected.shape
    np.testing.assert_allclose(said, expected, atol=2e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("samples", [64, 997, 2998, 2999, 3000])
def test_blocks_of_four_samples_end_where_the_window_ends(samples):
    network, known = made("phasenet")
    x = windows(replace(known, window=samples))
    session = onnxruntime.InferenceSession(blocked_phasenet_model(network, samples))
    with torch.inference_mode():
        expected = network(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(session.run(None, {"windows": x})[0], expected, atol=1e-4)


def test_the_published_weights_give_the_same_probabilities(shared_data):
    from terrella.pick.bundle import load_picker_network

    network, known, _ = load_picker_network(shared_data / "pick" / "phasenet_original.safetensors")
    x = windows(known)
    fast = make_annotator(network, known)
    assert fast.model is not None
    np.testing.assert_allclose(fast.evaluate(x), evaluate.by_torch(network, known, CPU)(x), atol=1e-5)


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer"])
def test_torch_is_used_where_there_is_no_onnx_runtime(name, monkeypatch):
    network, known = made(name)
    x = windows(known, 1)
    fast = make_annotator(network, known)
    monkeypatch.setattr(evaluate, "find_spec", lambda name: None)
    slow = make_annotator(network, known)
    assert fast.model is not None
    assert slow.model is None
    np.testing.assert_allclose(fast.evaluate(x), slow.evaluate(x), atol=1e-5)


def test_torch_is_used_where_the_model_says_something_else(monkeypatch):
    network, known = made("phasenet")
    other, _ = made("phasenet", seed=1)
    model = evaluate.onnx_model(other, known)
    monkeypatch.setattr(
        "terrella.pick.continuous.phasenet_graph.phasenet_model", lambda network, samples: model
    )
    assert evaluate.onnx_model(network, known) is None


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer", "gpd", "cred"])
@pytest.mark.parametrize("normalise", ["std", "peak"])
@pytest.mark.parametrize("each", [True, False])
def test_windows_are_prepared_as_the_architecture_says(name, normalise, each):
    known = replace(architecture(name), normalise=normalise, normalise_each=each)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(6, len(known.components), known.window)) * 1000 + draw.choice(
        [0, -50], size=(6, 1, 1)
    )
    x[1] += 1e5
    x[2, 0] = 7e6  # dead, on an offset
    x[3] = 0
    x[4] *= 1e-9
    x[5, 1] = 0
    x = x.astype(np.float32)
    expected = known.prepared(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(prepared(x, known), expected, atol=1e-4)


def test_a_network_is_kept_ready_and_what_is_damaged_is_made_anew(tmp_path, monkeypatch, shared_data):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights = str(shared_data / "pick" / "phasenet_original.safetensors")
    first, mark = ready.ready_annotator(weights)
    monkeypatch.setattr("terrella.pick.bundle.load_picker_network", lambda where: pytest.fail("it was kept"))
    again, same = ready.ready_annotator(weights)
    assert same == mark
    assert replace(again.architecture, make=first.architecture.make) == first.architecture
    x = windows(first.architecture)
    np.testing.assert_array_equal(again.evaluate(x), first.evaluate(x))
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (kept,) = tmp_path.rglob("*.onnx")
    kept.write_bytes(kept.read_bytes()[:1000])
    anew, _ = ready.ready_annotator(weights)
    np.testing.assert_array_equal(anew.evaluate(x), first.evaluate(x))
    assert kept.stat().st_size > 1000


def test_no_bundle_is_an_error_in_words():
    with pytest.raises(InputError, match="not there"):
        ready.ready_annotator("nowhere")


@pytest.mark.parametrize("number", [2, 3, 16])
def test_consecutive_samples_as_channels_are_those_of_the_convolution(number):
    draw = np.random.default_rng(0)
    kernel, bias = draw.normal(size=(2, 3, 7)).astype(np.float32), draw.normal(size=2).astype(np.float32)
    graph = Graph()
    x = graph.conv(graph.windows(), phases((kernel, bias), number), 3, 3, number, relu=False)
    x = graph.interleaved(x, 2, number, 48 // number)
    session = onnxruntime.InferenceSession(
        graph.model(x, (3, 48), (2, 48)), providers=["CPUExecutionProvider"]
    )
    signal = draw.normal(size=(1, 3, 48)).astype(np.float32)
    expected = torch.nn.functional.conv1d(*map(torch.from_numpy, (signal, kernel, bias)), padding=3)
    np.testing.assert_allclose(session.run(None, {"windows": signal})[0], expected.numpy(), atol=1e-5)
