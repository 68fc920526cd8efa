"""A trained surface as a bundle, and what predicting needs of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_values, values_layout
from terrella.engine.use.forms import Bfloat16Network, OnnxNetwork, bundle_network
from terrella.engine.use.unet_forms import OtherUNet
from terrella.errors import InputError
from terrella.surface.grids.grid import Floats
from terrella.surface.learning.held_out import CLASSICAL, NETWORK
from terrella.surface.learning.network import SurfaceNetwork, network_for
from terrella.surface.learning.windows import FILL, REFINE
from terrella.surface.settings import SurfaceSettings

TASK = "surface"
RATIOS = "ratios"  # beside the weights
PARTS = "regression", "denoiser"
_LAYOUT = values_layout(TASK, trusted_refine=str, trusted_fill=str)


@dataclass(frozen=True, eq=False)
class SurfaceModel:
    """A surface ready for use.

    Parameters
    ----------
    trusted : dict
        Which method refines and which fills: the network, or the classical one where that was no worse.
    ratios : array (2,)
        What is missing beside the roughness: in gaps, and of block means.
    """

    network: SurfaceNetwork
    trusted: dict[str, str]
    ratios: Floats
    settings: SurfaceSettings


def load_model(where: Path | str) -> SurfaceModel:
    """Return a trained surface from a bundle's folder, its run's, or the name of a run in `runs/surface`.

    Raises:
        InputError: where there is no bundle, or it is damaged.
    """
    bundle = load_bundle(Path(where), TASK)
    values = checked_values(bundle, _LAYOUT)
    trusted = {kind: values[f"trusted_{kind}"] for kind in (REFINE, FILL)}
    for kind, name in trusted.items():
        if name not in (NETWORK, CLASSICAL[kind]):
            raise InputError(f"{bundle.where}: {name!r} is no method; copy or train it again")
    settings = parse_settings(SurfaceSettings, bundle.settings, bundle.where)
    return SurfaceModel(network_of(bundle), trusted, ratios_of(bundle), settings)


def ratios_of(bundle: Bundle) -> Floats:
    """Return what is missing beside the roughness, (2,)."""
    return np.asarray(checked_array(bundle, RATIOS, 2), float)


def network_of(bundle: Bundle) -> SurfaceNetwork:
    """Return the network.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(SurfaceSettings, bundle.settings, bundle.where)
    weights = {name: each for name, each in bundle.tensors.items() if name != RATIOS}
    made: nn.Module = bundle_network(bundle, lambda: network_for(settings), weights)
    if isinstance(made, SurfaceNetwork):
        return made
    network = network_for(settings)
    for number, name in enumerate(PARTS):
        like = getattr(network, name)
        if isinstance(made, OnnxNetwork):
            part: Callable[[Tensor], Tensor] = partial(made.only, number, like.multiple)
        else:
            part = _in_bfloat16(made, name)
        setattr(network, name, OtherUNet(part, like))
    return network.eval()


def _in_bfloat16(made: nn.Module, name: str) -> Bfloat16Network:
    assert isinstance(made, Bfloat16Network)
    return Bfloat16Network(getattr(made.network, name))
