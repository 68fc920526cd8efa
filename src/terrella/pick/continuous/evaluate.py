"""The probabilities of a network for batches of windows: by ONNX Runtime where it is faster, else by torch."""

import importlib.util
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from terrella.pick.networks.architecture import Architecture
from terrella.pick.networks.eqtransformer import EQTransformer
from terrella.pick.networks.phasenet import PhaseNet

Floats = npt.NDArray[np.float32]
# Prepared windows (batch, component, sample) to probabilities (batch, output, frame).
Evaluate = Callable[[Floats], Floats]

_CLOSE = 1e-4  # of the two, in probability
_AT_ONCE = (
    1 << 17
)  # samples of one component, so that layers stay near the cache; a GPU takes 64 times as many


def make_evaluator(network: nn.Module, architecture: Architecture, device: torch.device) -> Evaluate:
    """Return the fastest evaluation of a trained network on a device.

    On a CPU that is ONNX Runtime for PhaseNet (half of torch's time) and EQTransformer (a third), where it is
    installed and its answers are the network's own.
    """
    if device.type == "cpu" and importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        made = _onnx_model(network, architecture)
        evaluate = _by_onnx(made, architecture) if made is not None else None
        if evaluate is not None and _agree(evaluate, _by_torch(network, architecture, device), architecture):
            return evaluate
    return _by_torch(network, architecture, device)


def batch_size(architecture: Architecture, device: torch.device) -> int:
    """Return how many windows to evaluate at once."""
    return max(1, (_AT_ONCE if device.type == "cpu" else _AT_ONCE * 64) // architecture.window)


def _onnx_model(network: nn.Module, architecture: Architecture) -> bytes | None:
    if isinstance(network, PhaseNet):
        from terrella.pick.continuous.phasenet_graph import phasenet_model

        return phasenet_model(network, architecture.window)
    if isinstance(network, EQTransformer):
        from terrella.pick.continuous.eqtransformer_graph import eqtransformer_model

        return eqtransformer_model(network)
    return None


def _by_onnx(model: bytes, architecture: Architecture) -> Evaluate:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def evaluate(windows: Floats) -> Floats:
        logits = torch.from_numpy(session.run(None, {"windows": windows})[0])
        return architecture.probabilities(logits).numpy()

    return evaluate


def _by_torch(network: nn.Module, architecture: Architecture, device: torch.device) -> Evaluate:
    network = network.eval().to(device)

    def evaluate(windows: Floats) -> Floats:
        with torch.inference_mode():
            logits = network(torch.from_numpy(windows).to(device))
            return architecture.probabilities(logits).float().cpu().numpy()

    return evaluate


def _agree(one: Evaluate, other: Evaluate, architecture: Architecture) -> bool:
    """Return whether two evaluations say the same of a window with an onset in noise."""
    draw = np.random.default_rng(0)
    window = draw.normal(size=(1, len(architecture.components), architecture.window)).astype(np.float32)
    window[..., architecture.window // 2 :] *= 10
    window /= window.std()
    return bool(np.abs(one(window) - other(window)).max() < _CLOSE)
