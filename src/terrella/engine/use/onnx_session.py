"""ONNX models ready to run, without torch."""

import os
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

ONNX_BFLOAT16 = "onnx-bf16"  # the form whose model OpenVINO evaluates in bfloat16
_ROUNDED = 0.2  # of an answer's length: rounding makes a fiftieth, a wrong convolution all of it

Floats = npt.NDArray[np.float32]
Evaluate = Callable[[Floats], Floats]


def onnx_evaluation(model: bytes, form: str = "", cache: Path | None = None) -> Evaluate:
    """Return what evaluates a model of one input and one result on the CPU, as a bundle's form says.

    That is OpenVINO for bfloat16, ONNX Runtime otherwise, with the threads that OMP_NUM_THREADS allows. What it
    returns is valid until the next evaluation. In the folder `cache` OpenVINO keeps what it has compiled.

    Raises:
        InputError: where the library is not installed, or cannot read the model.
    """
    return _by_openvino(model, cache) if form == ONNX_BFLOAT16 else _by_onnxruntime(model)


def onnx_session(model: bytes) -> Any:
    """Return a model's session of ONNX Runtime on the CPU, with the threads that OMP_NUM_THREADS allows.

    Raises:
        InputError: where ONNX Runtime is not installed, or cannot read the model.
    """
    if find_spec("onnxruntime") is None:
        raise InputError("the bundle holds an ONNX model, which needs ONNX Runtime: pip install onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads()  # 0: one for each core
    options.log_severity_level = 3  # errors alone
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises kinds of its own
        raise InputError(f"ONNX Runtime cannot read the model: {str(error).splitlines()[0]}") from None


def _by_onnxruntime(model: bytes) -> Evaluate:
    session = onnx_session(model)
    name = session.get_inputs()[0].name

    def evaluate(inputs: Floats) -> Floats:
        answer: Floats = session.run(None, {name: inputs})[0]
        return answer

    return evaluate


def _by_openvino(model: bytes, cache: Path | None) -> Evaluate:
    """Return the evaluation in bfloat16; on a processor without it OpenVINO takes single precision.

    OpenVINO 2026.4 computes some convolutions wrongly in bfloat16 (of 8 channels with 8 weights along a line). So
    numbers drawn by chance go through ONNX Runtime too; where the two do not agree, that evaluates all.
    """
    if find_spec("openvino") is None:
        raise InputError("the bundle is one of bfloat16 by OpenVINO, which is missing: pip install openvino")
    import openvino

    core = openvino.Core()
    try:
        whole = core.read_model(model)
    except Exception as error:  # OpenVINO raises kinds of its own
        raise InputError(f"OpenVINO cannot read the model: {str(error).splitlines()[0]}") from None
    settings = {"INFERENCE_PRECISION_HINT": "bf16", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": _threads()}
    if cache is not None:
        with suppress(RuntimeError):  # a folder that cannot be made keeps nothing
            core.set_property({"CACHE_DIR": str(cache)})

    def ready(shape: tuple[int, ...] | None) -> Evaluate:
        made = whole.clone()
        if shape is not None:
            made.reshape(list(shape))
        request = core.compile_model(made, "CPU", settings).create_infer_request()

        def run(inputs: Floats) -> Floats:
            given = np.ascontiguousarray(inputs)  # must live as long as it is read
            request.set_input_tensor(openvino.Tensor(given, shared_memory=True))
            request.infer(share_outputs=True)
            return cast(Floats, request.get_output_tensor().data)

        return run

    # A shape that is known before saves a fifth of the time; making ready costs as much as hundreds of windows.
    requests: dict[tuple[int, ...] | None, Evaluate] = {}

    def evaluate(inputs: Floats) -> Floats:
        shape = None if requests and inputs.shape not in requests else inputs.shape
        if shape not in requests:
            made = ready(shape)
            requests[shape] = made if _agree(made, exact := _by_onnxruntime(model), inputs.shape) else exact
        return requests[shape](inputs)

    return evaluate


def _agree(fast: Evaluate, exact: Evaluate, shape: tuple[int, ...]) -> bool:
    """Return whether two evaluations differ by little more than bfloat16's rounding."""
    drawn = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    some = [0, -1]  # of the batch
    expected = exact(drawn[some])
    return bool(np.linalg.norm(fast(drawn)[some] - expected) <= _ROUNDED * np.linalg.norm(expected))


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS") or 0)
