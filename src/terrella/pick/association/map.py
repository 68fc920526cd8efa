"""A map of the stations and the events that were found."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.files import replace_file
from terrella.pick.association.sites import Stations


def draw_map(axes: Axes, events: pd.DataFrame, stations: Stations) -> Axes:
    """Draw stations as triangles and events as circles that grow with the magnitude.

    Degrees are stretched so that distances are equal in both directions in the middle of the map.
    """
    west = float(stations.longitude[0])

    def near(longitude: pd.Series) -> pd.Series:
        return (longitude - west + 180) % 360 - 180 + west  # a network may lie across the date line

    size = events["magnitude"].fillna(events["magnitude"].min()).fillna(1.0)
    drawn = axes.scatter(
        near(events["longitude"]), events["latitude"], s=20 * 2 ** (size - size.min()), c=events["depth_km"],
        cmap="viridis_r", edgecolors="black", linewidths=0.4, label="event", zorder=2,
    )  # fmt: skip
    longitude = near(pd.Series(stations.longitude))
    axes.scatter(
        longitude,
        stations.latitude,
        marker="^",
        s=36,
        c="white",
        edgecolors="black",
        label="station",
        zorder=3,
    )
    axes.set_aspect(1 / max(np.cos(np.radians(float(np.mean(stations.latitude)))), 0.05))
    axes.set_xlabel("longitude (°)")
    axes.set_ylabel("latitude (°)")
    axes.figure.colorbar(drawn, ax=axes, label="depth (km)", shrink=0.8).ax.invert_yaxis()
    axes.legend(loc="best", fontsize=8)
    return axes


def write_map(path: Path, events: pd.DataFrame, stations: Stations) -> None:
    """Write the map as a PNG."""
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    draw_map(figure.subplots(), events, stations)
    replace_file(path, lambda temporary: figure.savefig(temporary, format="png", dpi=150))
