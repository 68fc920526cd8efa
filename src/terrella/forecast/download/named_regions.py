"""Regions with a name, as boxes: west, east, south, north in degrees."""

import difflib

from terrella.earth.region import ordered_bounds
from terrella.errors import InputError

Bounds = tuple[float, float, float, float]
WORLD: Bounds = (-180.0, 180.0, -90.0, 90.0)
REGIONS: dict[str, Bounds] = {
    "california": (-125.9, -112.6, 31.0, 43.5),  # around the polygon of EarthquakeNPP's ComCat benchmark
    "italy": (5.5, 20.0, 35.0, 48.5),
    "japan": (122.0, 149.0, 23.0, 47.0),
    "new-zealand": (164.0, 180.0, -49.0, -33.0),
    "world": WORLD,
}


def chosen_bounds(region: str | None, bounds: Bounds | None) -> Bounds | None:
    """Return the box that --region or --bounds gives, or None where neither is given.

    Raises:
        InputError: for an unknown name, for both at once, and for bounds out of order.
    """
    if region is not None and bounds is not None:
        raise InputError("give --region or --bounds, not both")
    if region is not None:
        name = region.lower().replace(" ", "-").replace("_", "-")
        if name not in REGIONS:
            close = difflib.get_close_matches(name, REGIONS, 1)
            hint = f", did you mean {close[0]}?" if close else ""
            raise InputError(
                f"--region {region}: no such region{hint}; expected one of {', '.join(REGIONS)}, or --bounds WEST "
                "EAST SOUTH NORTH"
            )
        return REGIONS[name]
    return None if bounds is None else ordered_bounds(bounds, "--bounds")
