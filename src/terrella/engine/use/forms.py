"""The network of a compressed bundle, as an ONNX model or in bfloat16, used as the one that it was made of."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from terrella.engine.use.bundle import Bundle
from terrella.engine.use.checked import Network, checked_network
from terrella.engine.use.header import checksum
from terrella.engine.use.onnx_session import onnx_evaluation

BFLOAT16 = "bf16"


class OnnxNetwork(nn.Module):
    """A network as an ONNX model, which the library of its form evaluates on the CPU; it has no gradient.

    It takes and gives what the network does that it was made of, on whatever device its parameters are said to be.
    """

    def __init__(self, model: bytes, form: str = "") -> None:
        super().__init__()
        self.model, self.form = model, form
        self.evaluate = onnx_evaluation(model, form)
        self.place = nn.Parameter(torch.zeros(()), requires_grad=False)
        # What tells it from others that have the same shapes.
        self.register_buffer("mark", torch.tensor(list(bytes.fromhex(checksum(model))), dtype=torch.uint8))

    def __deepcopy__(self, memo: dict[int, object]) -> "OnnxNetwork":
        return OnnxNetwork(self.model, self.form)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's answer."""
        given = inputs.detach().cpu().float().contiguous().numpy()
        return torch.from_numpy(self.evaluate(given)).to(inputs.device)


class Bfloat16Network(nn.Module):
    """A network in bfloat16 that takes and gives single precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        volumes = any(weight.ndim == 5 for weight in network.parameters())
        order = torch.channels_last_3d if volumes else torch.channels_last  # a third of the time
        self.network = network.bfloat16().to(memory_format=order)  # type: ignore[call-overload]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's answer."""
        return cast(Tensor, self.network(inputs.bfloat16()).float())


def bundle_network(bundle: Bundle, make: Callable[[], Network]) -> Network:
    """Return the network of a bundle, ready for use, in the form that the bundle has it; `make` makes a fresh one.

    Raises:
        InputError: where tensors or ONNX model are at fault, or what evaluates it is not installed.
    """
    if bundle.onnx is not None:
        return cast(Network, OnnxNetwork(bundle.onnx, bundle.form).eval())
    if bundle.form == BFLOAT16:
        whole = {name: value.float() if value.dtype == torch.bfloat16 else value
                 for name, value in bundle.tensors.items()}  # fmt: skip
        return cast(Network, Bfloat16Network(checked_network(make, whole, bundle.where)).eval())
    return checked_network(make, bundle.tensors, bundle.where)
