"""What compressing needs of surfaces: both U-Nets as one ONNX model, narrower ones, and what these learn."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from terrella.engine.compress.export import exported
from terrella.engine.feed import Batch
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.nets.narrowing import narrowed_unet
from terrella.surface.learning.network import Condition, SurfaceNetwork
from terrella.surface.learning.training import FULL
from terrella.surface.model import PARTS, RATIOS, network_of
from terrella.surface.settings import SurfaceSettings

_NARROW = 2  # by which the number of filters is divided
_POINTS = 8  # multiples of the coarsest level's point in the input that the export looks at


class Parts(nn.Module):
    """The regression and the denoiser side by side: what one step of a sample costs, and the mean before it."""

    def __init__(self, network: SurfaceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, seen: Tensor, noisy: Tensor) -> tuple[Tensor, Tensor]:
        """Return the answers of both."""
        return self.network.regression(seen), self.network.denoiser(noisy)


def parts_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's U-Nets."""
    return Parts(network_of(bundle))


def taken(batch: Batch) -> tuple[Tensor, ...]:
    """Return what both U-Nets take, the denoiser as if the mean were the truth."""
    seen, sigma = batch["seen"], batch["level"][:, None, None, None]
    noisy = sigma / torch.sqrt(sigma**2 + 1) * batch["noise"] * seen[:, 1:2]
    told = (sigma.log() / 4).expand_as(noisy)
    return seen, torch.cat([noisy, told, batch["truth"], seen], 1)


def onnx_of(network: nn.Module, bundle: Bundle) -> bytes:
    """Return the ONNX model of both U-Nets, each of inputs that are multiples of its size."""
    both = network if isinstance(network, Parts) else Parts(_surface(network))
    size = _POINTS * both.network.regression.multiple
    example = [torch.zeros(1, channels, size, size) for channels in (2, 5)]
    return exported(both, example, (2, 3), PARTS)


def narrower(network: nn.Module, bundle: Bundle) -> tuple[nn.Module, Bundle]:
    """Return both with half the filters, and the bundle with the settings that make them.

    Raises:
        InputError: where they have too few of them.
    """
    assert isinstance(network, Parts)
    full = network.network
    parts = {name: narrowed_unet(getattr(full, name), _NARROW) for name in PARTS}
    made = SurfaceNetwork(full.factor, parts[PARTS[0]].widths)
    for name, part in parts.items():
        getattr(made, name).load_state_dict(part.state_dict())
    settings = parse_settings(SurfaceSettings, bundle.settings, bundle.where)
    fewer = settings.network.model_copy(update={"widths": parts[PARTS[0]].widths})
    return made, replace(bundle, settings=settings_text(settings.model_copy(update={"network": fewer})))


def imitated(full: nn.Module, batch: Batch, bundle: Bundle) -> Batch:
    """Return a batch with the full network's errors, which a narrower one shall make too."""
    assert isinstance(full, Parts)
    given = Condition(batch["seen"], batch["refined"])
    errors = full.network(given, batch["truth"], batch["noise"], batch["level"])
    return {**batch, **dict(zip(FULL, errors, strict=True))}


def _surface(network: nn.Module) -> SurfaceNetwork:
    assert isinstance(network, SurfaceNetwork)
    return network


compression = Compression(
    network=parts_of,
    scores={"rmse": False, "crps": False},
    taken=taken,
    weights=lambda name: name != RATIOS,
    onnx=onnx_of,
    narrowed=narrower,
    imitated=imitated,
)
