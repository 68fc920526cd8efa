"""What compressing needs of forecasts: the perceptron that is evaluated in all cells of a map."""

from dataclasses import replace

from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.task import NETWORK, Compression
from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import WEIGHTS, from_bundle
from terrella.nets.narrowing import narrowed_perceptron

_NARROW = 2  # by which the number of units is divided


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network.

    Raises:
        InputError: where it is a U-Net, or there is none.
    """
    network = from_bundle(bundle).network
    if network is None:
        raise InputError(f"{bundle.where} holds no network")
    if getattr(network, "context", None) is not None:
        raise InputError("a U-Net over maps has no smaller forms here; perceptrons have")
    return network


def taken(batch: Batch) -> tuple[Tensor, ...]:
    """Return features and ETAS of cells."""
    return batch["features"], batch["log_etas"]


def narrower(network: nn.Module, bundle: Bundle) -> tuple[nn.Module, Bundle]:
    """Return a network with half the hidden units, and the bundle with the settings that make one.

    Raises:
        InputError: where it has too few of them.
    """
    assert isinstance(network, ForecastNetwork)
    *body, head = narrowed_perceptron(nn.Sequential(*network.body, network.head), _NARROW)
    network.body = nn.Sequential(*body)
    assert isinstance(head, nn.Linear)
    network.head = head
    settings = parse_settings(ForecastSettings, bundle.settings, bundle.where)
    hidden = tuple(width // _NARROW for width in settings.network.hidden)
    less = settings.model_copy(update={"network": settings.network.model_copy(update={"hidden": hidden})})
    return network, replace(bundle, settings=settings_text(less))


def predicts(bundle: Bundle) -> tuple[str, ...]:
    """Return the models that predict uses, horizon by horizon."""
    models = from_bundle(bundle)
    used = tuple(map(models.used, range(len(models.horizons_days))))
    return (*used, NETWORK) if models.trusted else used


compression = Compression(
    network=network_of,
    scores={"information_gain": True, "auc": True},
    taken=taken,
    timed=16384,
    weights=lambda name: name.startswith(WEIGHTS),
    predicts=predicts,
    narrowed=narrower,
)
