"""What the figures of temperatures are drawn with: one function each, of data and axes."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from terrella.interior.tables.grid import Floats

_PUBLISHED = (
    ("#0072B2", (0, (7, 1.5))),
    ("#009E73", (0, (3, 1, 1, 1))),
    ("#CC79A7", "-."),
    ("#8C6D1F", (0, (1, 1))),
)


def draw_profile(axes: Axes, depth_km: Floats, quantiles_k: Floats, beyond: npt.NDArray[np.bool_]) -> Axes:
    """Draw median and intervals of temperature over depth, grey at the side where extrapolated."""
    colour = "#D55E00"
    axes.fill_betweenx(
        depth_km, quantiles_k[:, 0], quantiles_k[:, 4], color=colour, alpha=0.18, lw=0, label="90 %"
    )
    axes.fill_betweenx(
        depth_km, quantiles_k[:, 1], quantiles_k[:, 3], color=colour, alpha=0.35, lw=0, label="50 %"
    )
    axes.plot(quantiles_k[:, 2], depth_km, color=colour, lw=1.4, label="median")
    side = axes.get_yaxis_transform()
    axes.plot(
        np.where(beyond, 0.015, np.nan), depth_km, color="#555555", lw=4, transform=side, label="extrapolated"
    )
    return axes


def draw_published(axes: Axes, of: Mapping[str, tuple[Floats, Floats]]) -> Axes:
    """Draw published temperatures in K over depth in km."""
    for (colour, style), (name, (depth, temperature)) in zip(_PUBLISHED, of.items(), strict=False):
        axes.plot(temperature, depth, color=colour, linestyle=style, lw=1.3, label=name)
    return axes


def draw_adiabats(axes: Axes, depth_km: Floats, temperatures_k: Sequence[Floats]) -> Axes:
    """Draw adiabats of the table."""
    for number, temperature in enumerate(temperatures_k):
        axes.plot(
            temperature, depth_km, color="#333333", lw=0.7, label="" if number else "adiabats of the table"
        )
    return axes
