"""What compressing needs of weather: products in bfloat16, with states in single precision."""

from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError
from terrella.weather.bundle import WEIGHTS, weather_of
from terrella.weather.data.windows import PAST


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network."""
    return weather_of(bundle).network


def taken(batch: Batch) -> tuple[Tensor, ...]:
    """Return two states and the forcings of the step after them."""
    return batch["past"], batch["forcings"][:, : PAST + 1]


def onnx_of(network: nn.Module, bundle: Bundle) -> bytes:
    """Make no ONNX model.

    Raises:
        InputError: always.
    """
    raise InputError("messages along its mesh pass kernels of its own, for which ONNX has no operator")


compression = Compression(
    network=network_of,
    scores={"rmse": False},
    taken=taken,
    timed=4,
    weights=lambda name: name.startswith(WEIGHTS),
    onnx=onnx_of,
    judge={"leads_hours": (72,)},
)
