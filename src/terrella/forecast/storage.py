"""Models to and from a bundle."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from pydantic import NaiveDatetime
from torch import nn

from terrella.earth.grid import Grid
from terrella.earth.region import Region
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.tensor_file import tensors_below
from terrella.engine.use.bundle import Bundle
from terrella.engine.use.checked import (
    checked_array,
    checked_values,
    layout_of,
    values_layout,
)
from terrella.engine.use.forms import bundle_network
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.persistence import Persistence
from terrella.forecast.baselines.reasenberg_jones import ReasenbergJones
from terrella.forecast.calibration import Calibration
from terrella.forecast.etas.background import Background
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.channels import channel_count
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.models import Gain, Models
from terrella.forecast.settings import ForecastSettings
from terrella.formats.catalogues.catalogue import Floats

TASK = "forecast"
WEIGHTS = "network."  # the names of its tensors begin with it
# Each with the name of its rates.
_BASELINES: dict[str, tuple[Any, str]] = {
    "climatology": (Climatology, "rate_per_day"),
    "persistence": (Persistence, "floor_per_day"),
    "reasenberg_jones": (ReasenbergJones, "rate_per_day"),
}
_MAPS = ("background", "fold_limits", "depth_shares")
_EDGES = ("longitude_edges", "latitude_edges", "depth_edges_km")
_EVENTS = ("longitude", "latitude", "weight", "bandwidth_km")
_RATES = ("uniform_rate", "smoothed_rate")
_LAYOUT = values_layout(
    TASK,
    region=tuple[tuple[float, float], ...],
    epoch=NaiveDatetime,
    min_magnitude=float,
    start_day=float,
    etas=layout_of(ETAS, ("background",)),
    background=(layout_of(Background, _EVENTS), None),
    by_span=(bool, None),
    smooth=(bool, None),
    calibrations=dict[str, tuple[Calibration, ...]],
    gains=tuple[Gain, ...],
    **{name: layout_of(kind, (rate,)) for name, (kind, rate) in _BASELINES.items()},
)


def to_bundle(models: Models, fingerprint: str) -> Bundle:
    """Return a bundle of all models of a run; `fingerprint` is that of its settings and data."""
    arrays: dict[str, Floats] = {f"maps.{name}": getattr(models, name) for name in _MAPS}
    arrays |= {f"grid.{name}": getattr(models.grid, name) for name in (*_EDGES, "mask")}
    values = {
        "region": models.region.corners,
        "fingerprint": fingerprint,
        "epoch": str(models.epoch),
        "min_magnitude": models.min_magnitude,
        "start_day": models.start_day,
        "by_span": models.by_span,
        "smooth": models.smooth,
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
        tensors |= {f"{WEIGHTS}{name}": value for name, value in models.network.state_dict().items()}
    return Bundle(TASK, tensors, values, settings_text(models.settings), card="")


def from_bundle(bundle: Bundle) -> Models:
    """Return the models of a bundle, the network on the CPU.

    Raises:
        InputError: where something is missing, or of another type, shape or size than the rest asks for.
    """
    if dict(bundle.values).get("general"):
        raise InputError(
            f"{bundle.where} serves any region once it is fitted to a catalogue there: `terrella forecast "
            "predict` does that and leaves a bundle of the region; or train with --start-from"
        )
    settings = parse_settings(ForecastSettings, bundle.settings, bundle.where)
    values = checked_values(bundle, _LAYOUT)
    grid = _grid(bundle)
    layers, columns = grid.shape[0], int(grid.mask.sum())
    baselines = {
        name: kind.from_dict(values[name], {rate: checked_array(bundle, f"{name}.{rate}", layers * columns)})
        for name, (kind, rate) in _BASELINES.items()
    }
    etas = ETAS(**values["etas"])
    if "background" in values:
        etas = replace(etas, background=_background(bundle, values["background"]))
    # Earlier versions did not say: they changed horizons, and saw boxes.
    by_span, smooth = bool(values.get("by_span")), bool(values.get("smooth"))
    calibrations = {
        name: tuple(Calibration(**each) for each in of_horizons)
        for name, of_horizons in values["calibrations"].items()
    }
    if any(len(each) != len(settings.horizons_days) for each in calibrations.values()):
        raise InputError(f"{bundle.where}: calibrations of other horizons than the settings'; train it again")
    return Models(
        settings=settings,
        region=Region(values["region"]),
        grid=grid,
        min_magnitude=values["min_magnitude"],
        epoch=np.datetime64(values["epoch"], "us"),
        start_day=values["start_day"],
        etas=etas,
        background=checked_array(bundle, "maps.background", None, columns),
        fold_limits=checked_array(bundle, "maps.fold_limits", None),
        depth_shares=checked_array(bundle, "maps.depth_shares", layers, columns),
        **baselines,
        network=_network(bundle, settings, by_span, smooth),
        by_span=by_span,
        smooth=smooth,
        calibrations=calibrations,
        gains=tuple(Gain(**gain) for gain in values["gains"]),
    )


def _grid(bundle: Bundle) -> Grid:
    edges = {name: checked_array(bundle, f"grid.{name}", None) for name in _EDGES}
    for name, each in edges.items():
        if len(each) < 2 or not (np.diff(each) > 0).all():
            raise InputError(f"{bundle.where}: the tensor grid.{name} does not rise; copy or train it again")
    rows, columns = len(edges["latitude_edges"]) - 1, len(edges["longitude_edges"]) - 1
    mask = checked_array(bundle, "grid.mask", rows, columns, truth=True)
    if not mask.any():
        raise InputError(f"{bundle.where}: the tensor grid.mask has no cell; copy or train it again")
    return Grid(**edges, mask=mask)


def _background(bundle: Bundle, rates: dict[str, Any]) -> Background:
    number = len(checked_array(bundle, "background.longitude", None))
    held: dict[str, Any] = {name: checked_array(bundle, f"background.{name}", number) for name in _EVENTS}
    if not (held["bandwidth_km"] > 0).all():
        raise InputError(
            f"{bundle.where}: the tensor background.bandwidth_km is not positive; copy or train it again"
        )
    return Background(**held, **rates)


def _network(bundle: Bundle, settings: ForecastSettings, by_span: bool, smooth: bool) -> nn.Module | None:
    weights = tensors_below(bundle.tensors, WEIGHTS)
    if not weights and bundle.onnx is None:
        return None
    channels, horizons = channel_count(settings, smooth), len(settings.horizons_days)
    layers = len(settings.data.depth_edges_km) - 1
    return bundle_network(
        replace(bundle, where=f"{bundle.where}, network"),
        lambda: ForecastNetwork(channels, horizons, settings.network, by_span, layers),
        weights,
        mixed=True,
    )
