"""A network that serves regions where it was not trained: its weights, and what each region adds.

Most of what the network sees is the same anywhere: what happened beside what ETAS expected of the same time and
place, magnitudes above the smallest, days and km. What is not, the logarithms of ETAS's and the background's rates
(the channels named ETAS and background), is taken relative to the region: a cell's rate beside that of the places
where its earthquakes come from. The network's own standardisation does this, so that its weights stay as they are.
"""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.tensor_file import tensors_below
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_network, checked_values, layout_of, values_layout
from terrella.errors import InputError
from terrella.forecast.calibration import Calibration
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.channels import channel_count, feature_names, features
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.models import Gain, Models, make_forecaster, swept_maps
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import TASK, from_bundle
from terrella.formats.catalogues.catalogue import Catalogue

_PREFIX = "network."
_RATES = ("ETAS", "background")  # what names of channels begin with that hold logarithms of rates


@dataclass(frozen=True, eq=False)
class Prior:
    """What a region where the network was trained says of one whose own data do not tell."""

    bounds: tuple[float, float, float, float]  # west, east, south, north in degrees
    etas: ETAS  # without background
    calibrations: Mapping[str, tuple[Calibration, ...]]  # by model and horizon: dispersions alone

    def holds(self, longitude: float, latitude: float) -> bool:
        """Return whether a point lies inside the bounds."""
        west, east, south, north = self.bounds
        return west <= longitude <= east and south <= latitude <= north


@dataclass(frozen=True, eq=False)
class General:
    """A network with feature means relative to the region, what it gained elsewhere, and regional priors."""

    settings: ForecastSettings  # horizons and network
    network: ForecastNetwork
    by_span: bool
    gains: tuple[Gain, ...]  # over ETAS by horizon, in regions that were left out of the training
    priors: Mapping[str, Prior]  # by region, the smallest first
    smooth: bool = True  # whether it sees kernels of some km, or boxes of cells (earlier versions)


_PRIOR: Any = layout_of(
    Prior,
    ("etas", "calibrations"),
    etas=layout_of(ETAS, ("background",)),
    calibrations=dict[str, tuple[Calibration, ...]],
)
_LAYOUT = values_layout(
    "general", by_span=bool, smooth=(bool, None), gains=tuple[Gain, ...], priors=dict[str, _PRIOR]
)


def is_general(bundle: Bundle) -> bool:
    """Return whether a bundle is one of `to_general_bundle`."""
    return bool(dict(bundle.values).get("general"))


def to_general_bundle(general: General, fingerprint: str, card: str) -> Bundle:
    """Return the bundle; `fingerprint` is that of settings and data."""
    values = {
        "general": True,
        "fingerprint": fingerprint,
        "by_span": general.by_span,
        "smooth": general.smooth,
        "gains": [asdict(gain) for gain in general.gains],
        "priors": {name: _prior_values(prior) for name, prior in general.priors.items()},
    }
    tensors = {f"{_PREFIX}{name}": value for name, value in general.network.state_dict().items()}
    return Bundle(TASK, tensors, values, settings_text(general.settings), card)


def _prior_values(prior: Prior) -> dict[str, Any]:
    lines = {name: [asdict(c) for c in each] for name, each in prior.calibrations.items()}
    return {"bounds": prior.bounds, "etas": prior.etas.to_dict(), "calibrations": lines}


def from_general_bundle(bundle: Bundle) -> General:
    """Return what `to_general_bundle` was given.

    Raises:
        InputError: where something is missing, or of another type, shape or size than the rest asks for.
    """
    settings = parse_settings(ForecastSettings, bundle.settings, bundle.where)
    values = checked_values(bundle, _LAYOUT)
    weights = tensors_below(bundle.tensors, _PREFIX)
    smooth = bool(values.get("smooth"))
    size = channel_count(settings, smooth), len(settings.horizons_days)
    network = checked_network(
        lambda: ForecastNetwork(*size, settings.network, values["by_span"]),
        weights,
        f"{bundle.where}, network",
    )
    priors = {
        name: Prior(
            bounds=each["bounds"],
            etas=ETAS(**each["etas"]),
            calibrations={
                model: tuple(Calibration(**line) for line in lines)
                for model, lines in each["calibrations"].items()
            },
        )
        for name, each in values["priors"].items()
    }
    gains = tuple(Gain(**gain) for gain in values["gains"])
    return General(settings, network, values["by_span"], gains, priors, smooth)


@torch.no_grad()
def rates_of_region(models: Models, catalogue: Catalogue) -> Tensor:
    """Return what each channel is relative to in a region, (channel,); zero for those that are the same anywhere.

    Logarithms of rates are relative to their mean over the background's events when nothing has happened yet.
    """
    forecaster = make_forecaster(replace(models, network=None), catalogue)
    before = torch.tensor(
        [min(models.start_day, float(forecaster.sources.days[0]), models.fold_limits[0]) - 1]
    )
    _, maps = next(iter(swept_maps(forecaster, before.numpy())))
    layers, columns = maps.log_background.shape[1:]
    layer, column = (
        each.flatten() for each in torch.meshgrid(torch.arange(layers), torch.arange(columns), indexing="ij")
    )
    seen = features(maps, torch.zeros_like(layer), layer, column)
    weight = torch.exp(maps.log_background[0, layer, column]).double()
    mean = (seen.double() * (weight / weight.sum())[:, None]).sum(0).float()
    return torch.where(_absolute(models), mean, torch.zeros(()))


def _absolute(models: Models) -> Tensor:
    """Return which channels are logarithms of rates, (channel,)."""
    names = feature_names(models.settings, models.smooth)
    return torch.tensor([name.startswith(_RATES) for name in names])


def on_region(general: General, models: Models, catalogue: Catalogue) -> ForecastNetwork:
    """Return the network as it is in the region of classical models that are fitted to a catalogue."""
    network = copy.deepcopy(general.network)
    network.feature_mean += rates_of_region(replace(models, smooth=general.smooth), catalogue)
    return network


def like_its_start(settings: ForecastSettings, models: Models) -> Models:
    """Return models whose network sees what that of the bundle sees from which the settings start, if any."""
    if settings.start_from is None:
        return models
    return replace(models, smooth=bool(load_bundle(Path(settings.start_from), TASK).values.get("smooth")))


def started(settings: ForecastSettings, models: Models, catalogue: Catalogue) -> ForecastNetwork:
    """Return the network of the bundle that the settings start from, for a training in another region.

    Raises:
        InputError: where it has other horizons or another shape.
    """
    assert settings.start_from is not None
    bundle = load_bundle(Path(settings.start_from), TASK)
    given = from_general_bundle(bundle) if is_general(bundle) else from_bundle(bundle)
    for name, theirs, ours in (
        ("horizons_days", given.settings.horizons_days, settings.horizons_days),
        ("network", given.settings.network, settings.network),
        ("by_span", given.by_span, models.by_span),
        ("smooth", given.smooth, models.smooth),
    ):
        if theirs != ours:
            raise InputError(
                f"{settings.start_from} has other {name} than the settings: {theirs}, not {ours}"
            )
    if isinstance(given, General):
        return on_region(given, models, catalogue).train()
    if given.network is None:
        raise InputError(f"{settings.start_from} holds no network to start from")
    if not isinstance(given.network, ForecastNetwork):
        raise InputError(f"{settings.start_from} is compressed ({bundle.form}); start from its run")
    return given.network.train()
