"""The probabilities of a network for batches of windows: by ONNX Runtime where it is faster, else by torch."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terrella.engine.use.onnx_session import onnx_session
from terrella.pick.networks.architecture import Architecture

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = npt.NDArray[np.float32]
# Prepared windows (batch, component, sample) to probabilities (batch, output, frame).
Evaluate = Callable[[Floats], Floats]

_CLOSE = 1e-4  # of the two, in probability
_AT_ONCE = (
    15_000  # samples of one component, so that layers stay near the cache; a GPU takes 200 times as many
)


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


def by_onnx(model: bytes, architecture: Architecture) -> Evaluate:
    """Return the evaluation of a model by ONNX Runtime on the CPU."""
    session = onnx_session(model)
    name = session.get_inputs()[0].name

    def evaluate(windows: Floats) -> Floats:
        return _probabilities(session.run(None, {name: windows})[0], architecture)

    return evaluate


def by_torch(network: "nn.Module", architecture: Architecture, device: "torch.device") -> Evaluate:
    """Return the evaluation of a network by torch."""
    import torch

    network = network.eval().to(device)

    def evaluate(windows: Floats) -> Floats:
        with torch.inference_mode():
            logits = network(torch.from_numpy(windows).to(device))
            return architecture.probabilities(logits).float().cpu().numpy()

    return evaluate


def batch_size(architecture: Architecture, on_cpu: bool) -> int:
    """Return how many windows to evaluate at once."""
    return max(1, (_AT_ONCE if on_cpu else _AT_ONCE * 200) // architecture.window)


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
