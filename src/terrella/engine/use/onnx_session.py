"""ONNX models ready to run, without torch."""

import os
from importlib.util import find_spec
from typing import Any

from terrella.errors import InputError


def onnx_session(model: bytes) -> Any:
    """Return a model's session on the CPU, with the threads that OMP_NUM_THREADS allows.

    Raises:
        InputError: where ONNX Runtime is not installed, or cannot read the model.
    """
    if find_spec("onnxruntime") is None:
        raise InputError("the bundle holds an ONNX model, which needs ONNX Runtime: pip install onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)  # 0: one for each core
    options.log_severity_level = 3  # errors alone
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises kinds of its own
        raise InputError(f"ONNX Runtime cannot read the model: {str(error).splitlines()[0]}") from None
