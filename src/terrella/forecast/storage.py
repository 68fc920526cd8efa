"""Models to and from a bundle."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.earth.region import Region
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.persistence import Persistence
from terrella.forecast.baselines.reasenberg_jones import ReasenbergJones
from terrella.forecast.counts import Calibration
from terrella.forecast.etas.background import Background
from terrella.forecast.etas.model import ETAS
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.models import Gain, Models
from terrella.forecast.settings import ForecastSettings
from terrella.formats.catalogues.catalogue import Floats

TASK = "forecast"
_BASELINES: dict[str, Any] = {
    "climatology": Climatology,
    "persistence": Persistence,
    "reasenberg_jones": ReasenbergJones,
}
_MAPS = ("background", "fold_limits", "depth_shares")
_GRID = ("longitude_edges", "latitude_edges", "depth_edges_km", "mask")
_EVENTS = ("longitude", "latitude", "weight", "bandwidth_km")
_RATES = ("uniform_rate", "smoothed_rate")


def to_bundle(models: Models, fingerprint: str, card: str = "") -> Bundle:
    """Return a bundle of all models of a run; `fingerprint` is that of its settings and data."""
    arrays: dict[str, Floats] = {f"maps.{name}": getattr(models, name) for name in _MAPS}
    arrays |= {f"grid.{name}": getattr(models.grid, name) for name in _GRID}
    values = {
        "region": models.region.corners,
        "fingerprint": fingerprint,
        "epoch": str(models.epoch),
        "min_magnitude": models.min_magnitude,
        "start_day": models.start_day,
        "etas": models.etas.to_dict(),
        "calibrations": {name: [asdict(c) for c in each] for name, each in models.calibrations.items()},
        "gains": [asdict(gain) for gain in models.gains],
    }
    for name in _BASELINES:
        baseline = getattr(models, name)
        values[name] = baseline.to_dict()
        arrays |= {f"{name}.{key}": value for key, value in baseline.arrays().items()}
    if models.etas.background is not None:
        values["background"] = {name: getattr(models.etas.background, name) for name in _RATES}
        arrays |= {f"background.{name}": getattr(models.etas.background, name) for name in _EVENTS}
    tensors = {name: torch.as_tensor(np.ascontiguousarray(value)) for name, value in arrays.items()}
    if models.network is not None:
        tensors |= {f"network.{name}": value for name, value in models.network.state_dict().items()}
    return Bundle(TASK, tensors, values, settings_text(models.settings), card)


def from_bundle(bundle: Bundle) -> Models:
    """Return the models of a bundle, the network on the CPU.

    Raises:
        InputError: where the bundle was written by another version and lacks something.
    """
    try:
        return _models(bundle)
    except KeyError as missing:
        raise InputError(
            f"the bundle lacks {missing}: another version of Terrella wrote it; train it again"
        ) from None


def _models(bundle: Bundle) -> Models:
    settings = parse_settings(ForecastSettings, bundle.settings)
    values = bundle.values
    baselines = {
        name: kind.from_dict(values[name], _arrays(bundle, name)) for name, kind in _BASELINES.items()
    }
    etas = ETAS(**values["etas"])
    if "background" in values:
        etas = replace(etas, background=Background(**_arrays(bundle, "background"), **values["background"]))
    return Models(
        settings=settings,
        region=Region(tuple((lon, lat) for lon, lat in values["region"])),
        grid=Grid(**_arrays(bundle, "grid")),
        min_magnitude=values["min_magnitude"],
        epoch=np.datetime64(values["epoch"], "us"),
        start_day=values["start_day"],
        etas=etas,
        **_arrays(bundle, "maps"),
        **baselines,
        network=_network(bundle, settings),
        calibrations={
            name: tuple(Calibration(**c) for c in each) for name, each in values["calibrations"].items()
        },
        gains=tuple(Gain(**gain) for gain in values["gains"]),
    )


def _network(bundle: Bundle, settings: ForecastSettings) -> ForecastNetwork | None:
    weights: dict[str, Tensor] = _tensors(bundle, "network")
    if not weights:
        return None
    channels = len(weights["feature_mean"])
    network = ForecastNetwork(channels, len(settings.horizons_days), settings.network)
    network.load_state_dict(weights)
    return network.eval()


def _tensors(bundle: Bundle, part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): v for name, v in bundle.tensors.items() if name.startswith(prefix)}


def _arrays(bundle: Bundle, part: str) -> dict[str, Any]:
    return {name: value.numpy() for name, value in _tensors(bundle, part).items()}
