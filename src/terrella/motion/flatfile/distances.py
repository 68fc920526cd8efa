"""Joyner–Boore distances, and what stands in for one that a flatfile does not have: stated for every row."""

import numpy as np

from terrella.earth.sphere import distance_km
from terrella.motion.flatfile.table import Floats

_STRIKES = np.radians((np.arange(12) + 0.5) * 15)  # between the fault and the way to the station
_PLACES = (np.arange(5) + 0.5) / 5  # of the epicentre along the fault


def rupture_length_km(magnitude: Floats) -> Floats:
    """Return the subsurface length of a rupture in km, for all mechanisms (Wells & Coppersmith 1994, table 2A)."""
    return np.asarray(10 ** (-2.44 + 0.59 * magnitude))


def rjb_of_epicentral(repi_km: Floats, magnitude: Floats) -> Floats:
    """Return the Joyner–Boore distance expected of an epicentral one, in km, both (n,).

    The mean over unknown strikes, and epicentres anywhere along a vertical fault of the magnitude's length.
    """
    length = rupture_length_km(magnitude)[:, None, None]
    along = repi_km[:, None, None] * np.cos(_STRIKES)[:, None]
    across = repi_km[:, None, None] * np.sin(_STRIKES)[:, None]
    begin = -_PLACES * length
    beyond = np.maximum(np.maximum(begin - along, along - (begin + length)), 0)
    return np.asarray(np.hypot(beyond, across).mean((1, 2)))


def joyner_boore(columns: dict[str, Floats], magnitude: Floats) -> tuple[Floats, np.ndarray]:
    """Return distances (n,) in km, and for each where it came from: a position in `RJB_FROM`, −1 for nowhere.

    `columns` holds, by our names, the distances, depths and coordinates that there are, NaN where a row has none.
    """
    nothing = np.full(len(magnitude), np.nan)
    rjb = columns.get("rjb_km", nothing).copy()
    source = np.where(np.isfinite(rjb), 0, -1)
    _fill(rjb, source, 1, _from_rupture(columns, nothing))
    repi = columns.get("repi_km", nothing)
    rhyp, depth = columns.get("rhyp_km", nothing), columns.get("depth_km", nothing)
    with np.errstate(invalid="ignore"):
        repi = np.where(np.isfinite(repi), repi, np.sqrt(np.maximum(rhyp**2 - depth**2, 0)))
    _fill(rjb, source, 2, rjb_of_epicentral(repi, magnitude))
    event, station = (
        (columns.get(f"{what}_longitude", nothing), columns.get(f"{what}_latitude", nothing))
        for what in ("event", "station")
    )
    _fill(rjb, source, 3, rjb_of_epicentral(distance_km(*event, *station), magnitude))
    return rjb, source


def _from_rupture(columns: dict[str, Floats], nothing: Floats) -> Floats:
    rrup, top = columns.get("rrup_km", nothing), columns.get("top_km", nothing)
    with np.errstate(invalid="ignore"):
        # Beside a dipping fault this is too short by a little, and never too long.
        return np.where(rrup >= top, np.sqrt(rrup**2 - top**2), np.nan)


def _fill(rjb: Floats, source: np.ndarray, number: int, values: Floats) -> None:
    missing = ~np.isfinite(rjb) & np.isfinite(values)
    rjb[missing], source[missing] = values[missing], number
