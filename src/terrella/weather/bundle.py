"""A trained weather network as a bundle, and what forecasting needs of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.settings import parse_settings
from terrella.engine.tensor_file import tensors_below
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_values, values_layout
from terrella.engine.use.forms import bundle_network
from terrella.errors import InputError
from terrella.weather.data.statistics import Statistics
from terrella.weather.data.store import Channel
from terrella.weather.layout import Layout
from terrella.weather.model.network import MeshNetwork
from terrella.weather.settings import WeatherSettings

TASK = "weather"
STATIC = "static"
WEIGHTS = "network."  # the names of the network's tensors begin with it
_LAYOUT = values_layout(
    "weather",
    latitude=tuple[float, ...],
    longitude=tuple[float, ...],
    variables=tuple[str, ...],
    levels=tuple[int | None, ...],
    forcings=tuple[Literal["sun", "hour", "season"], ...],
    statistics=dict[str, tuple[float, ...]],
    step_hours=int,
    simulated=bool,
)


@dataclass(frozen=True, eq=False)
class WeatherModel:
    """A network ready for use, with what it was trained for."""

    network: MeshNetwork
    layout: Layout
    settings: WeatherSettings
    simulated: bool  # whether it learned a simulated planet


def bundle_tensors(network: nn.Module, layout: Layout) -> dict[str, Tensor]:
    """Return the tensors of a bundle: the network's, and the static features of points."""

    own = {f"{WEIGHTS}{name}": values for name, values in network.state_dict().items()}
    return {**own, STATIC: torch.from_numpy(layout.static)}


def load_weather(where: Path | str) -> WeatherModel:
    """Return a trained network ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/weather`.

    Returns
    -------
    WeatherModel
        Its layout says grid (degrees), channels and step (h).

    Raises
    ------
    InputError
        Where there is none, or it cannot be read.
    """
    return weather_of(load_bundle(Path(where), TASK))


def weather_of(bundle: Bundle) -> WeatherModel:
    """Return the network that a bundle holds.

    Raises:
        InputError: where it cannot be read.
    """
    settings = parse_settings(WeatherSettings, bundle.settings, bundle.where)
    values = checked_values(bundle, _LAYOUT)
    channels = tuple(Channel(*each) for each in zip(values["variables"], values["levels"], strict=False))
    latitude, longitude = (np.array(values[name]) for name in ("latitude", "longitude"))
    try:
        statistics = Statistics.parsed(values["statistics"])
        sizes = {
            len(each)
            for each in (statistics.mean, statistics.std, statistics.difference_std, values["levels"])
        }
    except KeyError as error:
        raise InputError(f"{bundle.where} lacks the statistics' {error}; copy or train it again") from None
    if (
        sizes != {len(channels)}
        or not (np.diff(latitude) > 0).all()
        or len(longitude) < 4
        or len(latitude) < 4
    ):
        raise InputError(
            f"{bundle.where}: its channels, statistics and grid do not agree; copy or train it again"
        )
    static = checked_array(bundle, STATIC, len(latitude) * len(longitude), None).astype(np.float32)
    layout = Layout(
        latitude, longitude, channels, values["forcings"], static, statistics, values["step_hours"]
    )
    tensors = tensors_below(bundle.tensors, WEIGHTS)
    network = bundle_network(bundle, lambda: layout.network(settings.network), tensors, mixed=True)
    return WeatherModel(network, layout, settings, values["simulated"])
