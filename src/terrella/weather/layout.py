"""What a network is made for: grid, channels, forcings; from a store, from settings alone, or in a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.weather.data.forcings import Forcing, forcing_names
from terrella.weather.data.source import static_features
from terrella.weather.data.statistics import Statistics
from terrella.weather.data.store import Channel, Store
from terrella.weather.model.network import MeshNetwork, weather_network
from terrella.weather.planet import held_suarez as planet
from terrella.weather.planet.simulate import planet_channels
from terrella.weather.settings import NetworkSettings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layout:
    """Grid, channels, forcings and statistics."""

    latitude: Floats
    longitude: Floats
    channels: tuple[Channel, ...]
    forcings: tuple[Forcing, ...]
    static: npt.NDArray[np.float32]  # (point, feature)
    statistics: Statistics
    step_hours: int

    @property
    def points(self) -> int:
        """Points of the grid."""
        return len(self.latitude) * len(self.longitude)

    @property
    def seen_forcings(self) -> int:
        """Numbers that the forcings are, of a point at one time."""
        return len(forcing_names(self.forcings))

    def network(self, settings: NetworkSettings) -> MeshNetwork:
        """Return a fresh network for it."""
        return weather_network(
            self.latitude, self.longitude, len(self.channels), self.seen_forcings, self.static, settings,
            self.statistics.difference_scale,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Return what a bundle keeps, but for the static features, for JSON."""
        return {
            "latitude": self.latitude.tolist(), "longitude": self.longitude.tolist(),
            "forcings": list(self.forcings),
            "variables": [each.variable for each in self.channels],
            "levels": [each.level for each in self.channels],
            "statistics": self.statistics.plain(), "step_hours": self.step_hours,
        }  # fmt: skip


def layout_of_store(store: Store, forcings: Sequence[Forcing]) -> Layout:
    """Return the layout of a store; a simulated planet has no forcings."""
    return Layout(
        store.latitude, store.longitude, store.channels, () if store.simulated else tuple(forcings),
        static_features(store), store.statistics, store.step_hours,
    )  # fmt: skip


def planned_planet() -> Layout:
    """Return the layout of the simulated planet before it is simulated; its statistics are not known."""
    rows = 32
    latitude = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(rows)[0]))
    channels = planet_channels()
    ones = np.ones(len(channels))
    static = np.zeros((2 * rows * rows, 0), np.float32)
    longitude = np.arange(2 * rows) * 180.0 / rows
    return Layout(latitude, longitude, channels, (), static, Statistics(ones, ones, ones), planet.STEP_HOURS)
