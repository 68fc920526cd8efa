"""The fastest evaluation says what the network says."""

import importlib.util

import numpy as np
import pytest
import torch

from terrella.pick.continuous import evaluate
from terrella.pick.continuous.onnx_graph import Graph, phases
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
def test_onnx_runtime_gives_the_logits_of_the_network(name):
    network, known = made(name)
    model = evaluate._onnx_model(network, known)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = windows(known)
    with torch.inference_mode():
        expected = network(torch.from_numpy(x)).numpy()
    said = session.run(None, {"windows": x})[0]
    assert said.shape == expected.shape
    np.testing.assert_allclose(said, expected, atol=2e-5 * max(1, np.abs(expected).max()))


def test_the_published_weights_give_the_same_probabilities(shared_data):
    from terrella.pick.bundle import load_picker_network

    network, known, _ = load_picker_network(shared_data / "pick" / "phasenet_original.safetensors")
    x = windows(known)
    fast = evaluate.make_evaluator(network, known, CPU)
    np.testing.assert_allclose(fast(x), evaluate._by_torch(network, known, CPU)(x), atol=1e-5)


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer"])
def test_onnx_runtime_is_used_where_it_is_installed_and_torch_elsewhere(name, monkeypatch):
    network, known = made(name)
    used = []
    by_onnx = evaluate._by_onnx
    monkeypatch.setattr(evaluate, "_by_onnx", lambda *a: used.append("onnx") or by_onnx(*a))
    x = windows(known, 1)
    fast = evaluate.make_evaluator(network, known, CPU)(x)
    assert used == ["onnx"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    slow = evaluate.make_evaluator(network, known, CPU)(x)
    assert used == ["onnx"]
    np.testing.assert_allclose(fast, slow, atol=1e-5)


def test_torch_is_used_where_the_model_says_something_else(monkeypatch):
    network, known = made("phasenet")
    other, _ = made("phasenet", seed=1)
    model = evaluate._onnx_model(other, known)
    monkeypatch.setattr(evaluate, "_onnx_model", lambda *a: model)
    x = windows(known, 1)
    with torch.inference_mode():
        expected = known.probabilities(network(torch.from_numpy(x))).numpy()
    np.testing.assert_allclose(evaluate.make_evaluator(network, known, CPU)(x), expected, atol=1e-5)


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
