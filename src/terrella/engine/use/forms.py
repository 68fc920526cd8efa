"""The network of a compressed bundle, as an ONNX model or in bfloat16, used as the one that it was made of."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from terrella.engine.use.bundle import Bundle
from terrella.engine.use.checked import Network, checked_network
from terrella.engine.use.header import checksum
from terrella.engine.use.onnx_session import ONNX_BFLOAT16, Evaluate, onnx_evaluation, onnx_session

BFLOAT16 = "bf16"


class OnnxNetwork(nn.Module):
    """A network as an ONNX model, which the library of its form evaluates on the CPU; it has no gradient.

    It takes and gives what the network does that it was made of, on whatever device its parameters are said to be.
    """

    def __init__(self, model: bytes, form: str = "") -> None:
        super().__init__()
        self.model, self.form = model, form
        self.session: Any = None
        self.alone: Evaluate | None = None  # what evaluates a model of one input
        if form == ONNX_BFLOAT16:
            self.alone = onnx_evaluation(model, form)
        else:
            self.session = onnx_session(model)
        self.place = nn.Parameter(torch.zeros(()), requires_grad=False)
        # What tells it from others that have the same shapes.
        self.register_buffer("mark", torch.tensor(list(bytes.fromhex(checksum(model))), dtype=torch.uint8))

    def __deepcopy__(self, memo: dict[int, object]) -> "OnnxNetwork":
        return OnnxNetwork(self.model, self.form)

    def only(self, number: int, least: int, inputs: Tensor) -> Tensor:
        """Return the answer of one of several networks that the model holds side by side, each with an input.

        ONNX Runtime evaluates all of them: the others have inputs of `least` points along each free axis.
        """
        asked = self.session.get_inputs()
        sizes = {each.name: [n if isinstance(n, int) else least for n in each.shape] for each in asked}
        given = {name: np.zeros(size, np.float32) for name, size in sizes.items()}
        given[asked[number].name] = _plain(inputs)
        (found,) = self.session.run([self.session.get_outputs()[number].name], given)
        return torch.from_numpy(found).to(inputs.device)

    def forward(self, *inputs: Tensor) -> Any:
        """Return the network's answer, or all that it gives."""
        if self.alone is not None:
            return torch.from_numpy(self.alone(_plain(inputs[0])).copy()).to(inputs[0].device)
        names = (each.name for each in self.session.get_inputs())
        found = self.session.run(None, dict(zip(names, map(_plain, inputs), strict=True)))
        answers = [torch.from_numpy(each).to(inputs[0].device) for each in found]
        return answers[0] if len(answers) == 1 else tuple(answers)


class Bfloat16Network(nn.Module):
    """A network in bfloat16 that takes and gives single precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        volumes = any(weight.ndim == 5 for weight in network.parameters())
        order = torch.channels_last_3d if volumes else torch.channels_last  # a third of the time
        self.network = network.bfloat16().to(memory_format=order)  # type: ignore[call-overload]

    def forward(self, *inputs: Tensor) -> Any:
        """Return the network's answer, or all that it gives."""
        found = self.network(*(each.bfloat16() if each.is_floating_point() else each for each in inputs))
        return _single(found)


class MixedNetwork(nn.Module):
    """A network of single precision whose products are in bfloat16."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor | None, **options: Any) -> Any:
        """Return the network's answer."""
        with torch.autocast(next(self.network.parameters()).device.type, torch.bfloat16):
            return _single(self.network(*inputs, **options))

    def __getattr__(self, name: str) -> Any:
        """Return what the network has, in whose place it stands."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("network"), name)


def _single(found: Any) -> Any:
    return found.float() if isinstance(found, Tensor) else tuple(each.float() for each in found)


def _plain(values: Tensor) -> npt.NDArray[Any]:
    values = values.float() if values.is_floating_point() else values
    return values.detach().cpu().contiguous().numpy()


def bundle_network(
    bundle: Bundle,
    make: Callable[[], Network],
    weights: Mapping[str, Tensor] | None = None,
    mixed: bool = False,
) -> Network:
    """Return the network of a bundle, ready for use, in the form that the bundle has it; `make` makes a fresh one.

    `weights` are the network's own, where the bundle holds other tensors besides. `mixed` says that of its
    numbers in bfloat16 only products are, as where steps add up.

    Raises:
        InputError: where tensors or ONNX model are at fault, or what evaluates it is not installed.
    """
    weights = bundle.tensors if weights is None else weights
    if bundle.onnx is not None:
        return cast(Network, OnnxNetwork(bundle.onnx, bundle.form).eval())
    if bundle.form == BFLOAT16:
        whole = {name: value.float() if value.dtype == torch.bfloat16 else value
                 for name, value in weights.items()}  # fmt: skip
        kind = MixedNetwork if mixed else Bfloat16Network
        return cast(Network, kind(checked_network(make, whole, bundle.where)).eval())
    return checked_network(make, weights, bundle.where)
