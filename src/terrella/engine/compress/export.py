"""Networks as ONNX models, whole or with weights and activations of 8 bits."""

import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

_OPSET = 18
Array = npt.NDArray[Any]


def exported(
    network: nn.Module,
    example: Sequence[Tensor],
    axes: Iterable[int] = (),
    outputs: Sequence[str] | None = None,
) -> bytes:
    """Return the ONNX model of a network that takes inputs like an example, of any length along some axes."""
    free = dict.fromkeys((0, *axes), torch.export.Dim.DYNAMIC)
    # A size of one would be taken for fixed.
    two = tuple(each[:1].repeat(2, *[1] * (each.ndim - 1)) for each in example)
    names = [f"inputs_{number}" for number in range(len(two))] if len(two) > 1 else ["inputs"]
    with _quiet():
        made: Any = torch.onnx.export(
            network.eval(), two, dynamo=True, opset_version=_OPSET, input_names=names,
            output_names=outputs, dynamic_shapes=(free,) * len(two), verbose=False,
        )  # fmt: skip
    content: bytes = made.model_proto.SerializeToString()
    return content


def quantised(model: bytes, batches: Sequence[Sequence[Array]]) -> bytes:
    """Return a model with its products in 8 bits: weights by output channel, activations by tensor.

    The ranges of activations are those met on some batches of its inputs (Jacob et al. 2018, section
    2.1; Krishnamoorthi 2018).
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, names: Sequence[str]) -> None:
            self._left = iter([dict(zip(names, each, strict=True)) for each in batches])

        def get_next(self) -> Any:
            return next(self._left, None)

    import onnx

    names = [each.name for each in onnx.load_from_string(model).graph.input]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole, ready, small = (Path(folder, each) for each in ("whole.onnx", "ready.onnx", "small.onnx"))
        whole.write_bytes(model)
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready), str(small), Reader(names), quant_format=QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=["Conv", "ConvTranspose", "MatMul", "Gemm", "Add", "Relu", "Concat", "MaxPool"],
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        return small.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' notes of what they lack, and of what will change in them, from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
