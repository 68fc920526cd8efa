"""The forms of a network, made of it one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import nn

from terrella.engine.compress.export import exported, quantised
from terrella.engine.feed import Batch, Feed
from terrella.engine.fit import Report, Training
from terrella.engine.fit import train as fit
from terrella.engine.fit.parts import Loss
from terrella.engine.run import Run
from terrella.engine.task import Compression, Fed, StageSpec
from terrella.engine.use.bundle import Bundle
from terrella.engine.use.forms import BFLOAT16
from terrella.engine.use.onnx_session import ONNX_BFLOAT16
from terrella.engine.workflow import fed_stage
from terrella.errors import InputError

Array = npt.NDArray[Any]
FORMS: Mapping[str, str] = {
    "onnx": "float32 by ONNX Runtime",
    "int8": "8 bits by ONNX Runtime, calibrated on the dev split",
    BFLOAT16: "bfloat16 by torch",
    ONNX_BFLOAT16: "bfloat16 by OpenVINO",
    "pruned": "the half of the channels with the largest weights, trained on, by ONNX Runtime",
    "distilled": "as pruned, but trained to give the full network's answers",
    "distilled-int8": "the distilled one in 8 bits",
}
_NEEDED = {BFLOAT16: (), ONNX_BFLOAT16: ("openvino", "onnx")}
_CALIBRATING = 256  # samples of dev whose activations are looked at
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Making:
    """What forms are made of."""

    ways: Compression
    bundle: Bundle
    spec: StageSpec
    fed: Fed
    folder: Path  # where trainings leave their checkpoints
    epochs: int
    seed: int
    mark: str
    report: Report


def made(name: str, making: Making, before: Mapping[str, Bundle]) -> Bundle | str:
    """Return the bundle of a form, or why there can be none; `before` holds those made of the forms before it."""
    ways = making.ways
    if missing := [each for each in _NEEDED.get(name, ("onnxruntime", "onnx")) if not find_spec(each)]:
        return f"{missing[0]} is not installed"
    if name in ("pruned", "distilled") and ways.narrowed is None:
        return "this network has no narrower one"
    if name == "distilled" and ways.imitated is None:
        return "its loss does not take the full network's answers for labels"
    if name == "distilled-int8":
        return (
            _in_8_bits(making, before["distilled"]) if "distilled" in before else "there is no distilled one"
        )
    try:
        return _MAKERS[name](making)
    except InputError as error:
        return str(error)


def inputs(making: Making, number: int) -> list[Array]:
    """Return what the network takes of the dev split, (sample, …) each, at most so many."""
    checked = making.fed.checked
    assert checked is not None
    taken = making.ways.taken(checked.read(torch.arange(min(number, len(checked)))))
    return [(each.float() if each.is_floating_point() else each).cpu().numpy() for each in taken]


def _by_onnx(making: Making, form: str = "onnx") -> Bundle:
    if form == ONNX_BFLOAT16 and len(inputs(making, 1)) > 1:
        raise InputError("this network takes several inputs, which are not passed to OpenVINO")
    return _exported(making, making.ways.network(making.bundle), making.bundle, form)


def _in_bfloat16(making: Making) -> Bundle:
    tensors = {
        name: value.bfloat16() if value.dtype == torch.float32 and making.ways.weights(name) else value
        for name, value in making.bundle.tensors.items()
    }
    return replace(making.bundle, tensors=tensors, form=BFLOAT16)


def _pruned(making: Making) -> Bundle:
    return _narrower(making, "pruned", lambda loss: loss)


def _distilled(making: Making) -> Bundle:
    full, imitated = making.ways.network(making.bundle).eval(), making.ways.imitated
    assert imitated is not None

    def taught(loss: Loss) -> Loss:
        def like_the_full(network: nn.Module, batch: Batch) -> torch.Tensor:
            with torch.no_grad():
                labelled = imitated(full.to(next(iter(batch.values())).device), batch, making.bundle)
            return loss(network, labelled)

        return like_the_full

    return _narrower(making, "distilled", taught)


def _narrower(making: Making, name: str, loss_of: Callable[[Loss], Loss]) -> Bundle:
    """Return the narrower network, trained on with a loss made of the task's own (Hinton et al. 2015)."""
    assert making.ways.narrowed is not None
    network, bundle = making.ways.narrowed(making.ways.network(making.bundle), making.bundle)
    stage = fed_stage(making.spec, making.fed, making.seed)
    loss = loss_of(making.fed.loss or making.spec.need.step.loss)
    checked = fed_stage(making.spec, replace(making.fed, loss=loss), making.seed).validate
    stage = replace(
        stage, epochs=making.epochs, patience=making.epochs, loss=loss, validate=checked, averaging=0.0
    )
    assert isinstance(stage.feed, Feed)
    training = Training(
        network=network.train().to(_device(making)), loss=loss, feed=stage.feed, stages=(stage,), validate=checked,
        fingerprint=f"{making.mark} {name} {making.epochs}", make_optimiser=making.spec.need.step.make_optimiser,
    )  # fmt: skip
    run = Run(making.folder / name)
    trained = fit(training, run, making.report).to("cpu")
    return _exported(making, trained, bundle, name)


def as_onnx(
    ways: Compression, network: nn.Module, bundle: Bundle, form: str, example: Callable[[], Sequence[Array]]
) -> Bundle:
    """Return a bundle whose network is an ONNX model; an example of inputs is asked for where torch exports it."""
    network = network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    write = ways.plain_onnx if form == ONNX_BFLOAT16 and ways.plain_onnx else ways.onnx
    made = write(network, bundle) if write else exported(network, [*map(torch.from_numpy, example())])
    rest = {name: value for name, value in bundle.tensors.items() if not ways.weights(name)}
    values = {**bundle.values, **ways.described(bundle)}
    return replace(bundle, tensors=rest, values=values, form=form, onnx=made)


def _exported(making: Making, network: nn.Module, bundle: Bundle, form: str) -> Bundle:
    return as_onnx(making.ways, network, bundle, form, lambda: inputs(making, 1))


def _in_8_bits(making: Making, bundle: Bundle) -> Bundle:
    assert bundle.onnx is not None
    seen = inputs(making, _CALIBRATING)
    batches = [[each[n : n + _BATCH] for each in seen] for n in range(0, len(seen[0]), _BATCH)]
    return replace(
        bundle, onnx=quantised(bundle.onnx, batches), form=f"{bundle.form}-int8".removeprefix("onnx-")
    )


def _device(making: Making) -> torch.device:
    return next(iter(making.fed.learned.read(torch.arange(1)).values())).device


_MAKERS: dict[str, Callable[[Making], Bundle]] = {
    "onnx": _by_onnx,
    "int8": lambda making: _in_8_bits(making, _by_onnx(making)),
    BFLOAT16: _in_bfloat16,
    ONNX_BFLOAT16: lambda making: _by_onnx(making, ONNX_BFLOAT16),
    "pruned": _pruned,
    "distilled": _distilled,
}
