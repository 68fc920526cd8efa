"""The probabilities of a network for batches of windows: as an ONNX model where it is faster, else by torch.

Evaluations take prepared windows (batch, component, sample) to probabilities (batch, output, frame).
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from terrella.engine.use.onnx_session import ONNX_BFLOAT16, Evaluate, Floats, onnx_evaluation
from terrella.pick.networks.architecture import Architecture

if TYPE_CHECKING:
    import torch
    from torch import nn

_CLOSE = 1e-4  # of the two, in probability
# Samples of one component, so that layers stay near the cache; a call to OpenVINO costs as much as two windows, and
# seven of so many hold the windows of half an hour, where few are left over; a GPU's calls cost far more.
_AT_ONCE, _AT_ONCE_BY_OPENVINO, _AT_ONCE_ON_GPU = 15_000, 54_100, 3_000_000


def onnx_model(network: "nn.Module", architecture: Architecture) -> bytes | None:
    """Return the model of a network that ONNX Runtime evaluates faster than torch, and as torch does; else None.

    That is PhaseNet (in less than half of torch's time) and EQTransformer (in a third), where ONNX is installed.
    """
    from terrella.engine.use.forms import OnnxNetwork
    from terrella.pick.networks.eqtransformer import EQTransformer
    from terrella.pick.networks.phasenet import PhaseNet

    if isinstance(network, OnnxNetwork):  # of a compressed bundle
        return network.model
    if not (find_spec("onnxruntime") and find_spec("onnx")):
        return None
    if isinstance(network, PhaseNet):
        from terrella.pick.continuous.phasenet_graph import phasenet_model

        model = phasenet_model(network, architecture.window)
    elif isinstance(network, EQTransformer):
        from terrella.pick.continuous.eqtransformer_graph import eqtransformer_model

        model = eqtransformer_model(network)
    else:
        return None
    import torch

    one, other = by_onnx(model, architecture), by_torch(network, architecture, torch.device("cpu"))
    return model if _agree(one, other, architecture) else None


def by_onnx(model: bytes, architecture: Architecture, form: str = "", cache: Path | None = None) -> Evaluate:
    """Return the evaluation of a model on the CPU, in a bundle's form; see `onnx_evaluation`."""
    run = onnx_evaluation(model, form, cache)
    if form == ONNX_BFLOAT16:
        run = _of_one_size(run, batch_size(architecture, True, form))
    return lambda windows: _probabilities(run(windows), architecture)


def by_torch(network: "nn.Module", architecture: Architecture, device: "torch.device") -> Evaluate:
    """Return the evaluation of a network by torch."""
    import torch

    network = network.eval().to(device)

    def evaluate(windows: Floats) -> Floats:
        with torch.inference_mode():
            logits = network(torch.from_numpy(windows).to(device))
            return architecture.probabilities(logits).float().cpu().numpy()

    return evaluate


def batch_size(architecture: Architecture, on_cpu: bool, form: str = "") -> int:
    """Return how many windows to evaluate at once."""
    by_openvino = _AT_ONCE_BY_OPENVINO if form == ONNX_BFLOAT16 else _AT_ONCE
    return max(1, (by_openvino if on_cpu else _AT_ONCE_ON_GPU) // architecture.window)


def _of_one_size(run: Evaluate, size: int) -> Evaluate:
    """Return an evaluation that is given full batches alone: what lacks is zero."""

    def evaluate(windows: Floats) -> Floats:
        if len(windows) >= size:
            return run(windows)
        whole = np.zeros((size, *windows.shape[1:]), np.float32)
        whole[: len(windows)] = windows
        return run(whole)[: len(windows)]

    return evaluate


def _probabilities(logits: Floats, architecture: Architecture) -> Floats:
    """Return what `Architecture.probabilities` does, in place."""
    if architecture.activation == "softmax":
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(1, keepdims=True)
        return logits
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), np.float32)


def _agree(one: Evaluate, other: Evaluate, architecture: Architecture) -> bool:
    """Return whether two evaluations say the same of a window with an onset in noise."""
    draw = np.random.default_rng(0)
    window = draw.normal(size=(1, len(architecture.components), architecture.window)).astype(np.float32)
    window[..., architecture.window // 2 :] *= 10
    window /= window.std()
    return bool(np.abs(one(window) - other(window)).max() < _CLOSE)
