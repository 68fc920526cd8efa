"""Histograms of residuals with the Laplace distribution that fits them."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

REACH_S = 1.5
_BIN_S = 0.025


def laplace(residual_s: npt.ArrayLike) -> tuple[float, float]:
    """Return location and scale of the likeliest Laplace distribution: median, and mean distance from it."""
    values = np.asarray(residual_s, float)
    location = float(np.median(values))
    return location, float(np.abs(values - location).mean())


def histogram(residual_s: Floats, rate_hz: float) -> dict[str, Any]:
    """Return counts of residuals within 1.5 s in bins of whole samples, the number beyond, and a fit to the others.

    Raises:
        ValueError: where there are no residuals.
    """
    if not len(residual_s):
        raise ValueError("no residuals")
    # Odd numbers of samples, so that no residual lies on an edge.
    width = (2 * math.ceil((_BIN_S * rate_hz - 1) / 2) + 1) / rate_hz
    half = math.ceil(REACH_S / width - 0.5)
    edges = (np.arange(2 * half + 2) - half - 0.5) * width
    inside = residual_s[np.abs(residual_s) < edges[-1]]
    location, scale = laplace(inside) if len(inside) else (math.nan, math.nan)
    return {
        "edges_s": edges.round(6).tolist(),
        "counts": np.histogram(inside, edges)[0].tolist(),
        "beyond": int(len(residual_s) - len(inside)),
        "laplace": {"location_s": location, "scale_s": scale},
    }
