"""Building an ONNX model node by node, for ONNX Runtime."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[np.float32]

_OPSET = 17
_IR = 9  # of the file format, old enough for every ONNX Runtime that knows this opset


class Graph:
    """Nodes and constants, in the order in which they are made; inputs and results are names of tensors.

    Signals are (batch, channel, 1, sample): ONNX Runtime has fast kernels for 2-D convolutions, none for 1-D ones.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: npt.ArrayLike, kind: type = np.float32) -> str:
        """Return a constant."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, kind), name))
        return name

    def integers(self, *values: int) -> str:
        """Return a constant of whole numbers, such as axes and shapes."""
        return self.constant(values, np.int64)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Return the first result of a node of some kind."""
        from onnx import helper

        name = f"node{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(
        self,
        x: str,
        weights: tuple[Array, Array],
        before: int,
        after: int,
        stride: int = 1,
        relu: bool = True,
    ) -> str:
        """Return a convolution with zeros `before` and `after` the samples, and its ReLU; weights are 1-D ones."""
        kernel, bias = weights
        constants = (self.constant(kernel[:, :, None]), self.constant(bias))
        size = {"kernel_shape": [1, kernel.shape[-1]], "strides": [1, stride], "pads": [0, before, 0, after]}
        x = self.add("Conv", x, *constants, **size)
        return self.add("Relu", x) if relu else x

    def summed(
        self, signals: Sequence[str], weights: tuple[Array, Array], before: int, after: int, stride: int = 1
    ) -> str:
        """Return the ReLU of a convolution of signals side by side, as a sum, which spares putting them there."""
        kernel, bias = weights
        parts = np.split(kernel, len(signals), axis=1)
        sums = [
            self.conv(x, (part, bias if i == 0 else np.zeros_like(bias)), before, after, stride, relu=False)
            for i, (x, part) in enumerate(zip(signals, parts, strict=True))
        ]
        return self.add("Relu", functools.reduce(functools.partial(self.add, "Add"), sums))

    def interleaved(self, x: str, channels: int, phases: int, samples: int) -> str:
        """Return (batch, channel and phase, 1, sample) as (batch, channel, 1, sample and phase)."""
        x = self.add("Reshape", x, self.integers(0, channels, phases, samples))
        x = self.add("Transpose", x, perm=[0, 1, 3, 2])
        return self.add("Reshape", x, self.integers(0, channels, 1, phases * samples))

    def cut(self, x: str, first: int, end: int) -> str:
        """Return the samples from `first` to `end`."""
        return self.add("Slice", x, self.integers(first), self.integers(end), self.integers(3))

    def model(self, result: str, inputs: tuple[int, int], outputs: tuple[int, int]) -> bytes:
        """Return the model that gives the signal `result` as "logits"; the sizes are without the batch."""
        from onnx import TensorProto, helper

        nodes = [*self.nodes, helper.make_node("Squeeze", [result, self.integers(2)], ["logits"])]
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in (("windows", inputs), ("logits", outputs))
        ]
        made = helper.make_graph(nodes, "network", ends[:1], ends[1:], self.constants)
        opset = [helper.make_opsetid("", _OPSET)]
        content: bytes = helper.make_model(made, opset_imports=opset, ir_version=_IR).SerializeToString()
        return content

    def windows(self) -> str:
        """Return the model's input as a signal."""
        return self.add("Unsqueeze", "windows", self.integers(2))


def phases(weights: tuple[Array, Array], number: int) -> tuple[Array, Array]:
    """Return the weights of a convolution that gives `number` consecutive samples as channels, at that stride.

    Kernels compute 16 channels in the time of fewer.
    """
    kernel, bias = weights
    taps = kernel.shape[-1]
    many = np.zeros((len(bias), number, kernel.shape[1], taps + number - 1), np.float32)
    for phase in range(number):
        many[:, phase, :, phase : phase + taps] = kernel
    return many.reshape(-1, *many.shape[2:]), bias.repeat(number)


def folded(layer: Any, norm: Any, transposed: bool = False) -> tuple[Array, Array]:
    """Return weights and biases of a convolution with the batch norm that follows it."""
    with torch.no_grad():
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        bias = norm.bias - norm.running_mean * gain
        if layer.bias is not None:
            bias = bias + layer.bias * gain
        return array(layer.weight * gain.reshape((1, -1, 1) if transposed else (-1, 1, 1))), array(bias)


def array(tensor: torch.Tensor) -> Array:
    """Return a tensor's numbers."""
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())
