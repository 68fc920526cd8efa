"""The network of a compressed bundle, by ONNX Runtime or in bfloat16, used as the one that it was made of."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from terrella.engine.use.bundle import Bundle
from terrella.engine.use.checked import Network, checked_network
from terrella.engine.use.header import checksum
from terrella.engine.use.onnx_session import onnx_session

BFLOAT16 = "bf16"


class OnnxNetwork(nn.Module):
    """A network that ONNX Runtime evaluates on the CPU; it has no gradient.

    It takes and gives what the network does that it was made of, on whatever device its parameters are said to be.
    """

    def __init__(self, model: bytes) -> None:
        super().__init__()
        self.model = model
        self.session = onnx_session(model)
        self.place = nn.Parameter(torch.zeros(()), requires_grad=False)
        # What tells it from others that have the same shapes.
        self.register_buffer("mark", torch.tensor(list(bytes.fromhex(checksum(model))), dtype=torch.uint8))

    def __deepcopy__(self, memo: dict[int, object]) -> "OnnxNetwork":
        return OnnxNetwork(self.model)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's answer."""
        name = self.session.get_inputs()[0].name
        given = inputs.detach().cpu().float().contiguous().numpy()
        return torch.from_numpy(self.session.run(None, {name: given})[0]).to(inputs.device)


class Bfloat16Network(nn.Module):
    """A network in bfloat16 that takes and gives single precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.bfloat16()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's answer."""
        return cast(Tensor, self.network(inputs.bfloat16()).float())


def bundle_network(bundle: Bundle, make: Callable[[], Network]) -> Network:
    """Return the network of a bundle, ready for use, in the form that the bundle has it; `make` makes a fresh one.

    Raises:
        InputError: where tensors or ONNX model are at fault, or ONNX Runtime is not installed.
    """
    if bundle.onnx is not None:
        return cast(Network, OnnxNetwork(bundle.onnx).eval())
    if bundle.form == BFLOAT16:
        whole = {name: value.float() if value.dtype == torch.bfloat16 else value
                 for name, value in bundle.tensors.items()}  # fmt: skip
        return cast(Network, Bfloat16Network(checked_network(make, whole, bundle.where)).eval())
    return checked_network(make, bundle.tensors, bundle.where)
