"""What compressing needs of temperatures: the perceptron with fewer units, and what it learns of the full one."""

from dataclasses import replace

import torch
from torch import nn

from terrella.engine.feed import Batch
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.interior.learning.network import TemperatureNetwork
from terrella.interior.model import WEIGHTS, model_of
from terrella.interior.settings import InteriorSettings
from terrella.nets.narrowing import narrowed_perceptron

_NARROW = 2  # by which the number of units is divided


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network."""
    return model_of(bundle).models.network


def narrower(network: nn.Module, bundle: Bundle) -> tuple[nn.Module, Bundle]:
    """Return a network with half the hidden units, and the bundle with the settings that make one.

    Raises:
        InputError: where it has too few of them.
    """
    assert isinstance(network, TemperatureNetwork)
    network.layers = narrowed_perceptron(network.layers, _NARROW)
    settings = parse_settings(InteriorSettings, bundle.settings, bundle.where)
    fewer = settings.network.model_copy(update={"hidden": settings.network.hidden // _NARROW})
    return network, replace(bundle, settings=settings_text(settings.model_copy(update={"network": fewer})))


def imitated(full: nn.Module, batch: Batch, bundle: Bundle) -> Batch:
    """Return a batch with the full network's probabilities as labels."""
    return {**batch, "y": torch.softmax(full(batch["x"]), 1)}


compression = Compression(
    network=network_of,
    scores={"crps": False, "rmse": False, "composition": True},
    timed=4096,
    weights=lambda name: name.startswith(WEIGHTS),
    predicts=lambda bundle: (bundle.values["trusted"],),
    narrowed=narrower,
    imitated=imitated,
)
