"""Annual means as a table: CSV, gzipped or not, one row for each observatory and year."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import from_north_east_down
from terrella.field.observatories.table import Series, Site, geodetic_site

_NAMES: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "observatory", "site", "station", "iaga_code", "iaga", "obs"),
    "year": ("t", "year", "epoch", "decimal_year", "decyear"),
    "latitude": ("lat", "latitude"),
    "geocentric_latitude": ("geocentric_latitude", "gc_lat", "latitude_geocentric"),
    "geodetic_latitude": ("geodetic_latitude", "gd_lat", "latitude_geodetic"),
    "longitude": ("lon", "longitude", "long"),
    "radius_km": ("r", "radius", "radius_km", "r_km"),
    "height_m": ("height_m", "elevation_m", "alt_m", "elevation", "height", "altitude_m"),
    "r": ("br", "b_r", "br_nt", "b_r_nt"), "theta": ("bt", "b_theta", "btheta", "b_t", "b_theta_nt"),
    "phi": ("bp", "b_phi", "bphi", "b_p", "b_phi_nt"),
    "x": ("x", "x_nt", "bx"), "y": ("y", "y_nt", "by"), "z": ("z", "z_nt", "bz"),
    "h": ("h", "h_nt"), "d_deg": ("d_deg", "declination_deg"), "d_min": ("d_min", "d_arcmin", "declination_min"),
}  # fmt: skip
_COMPONENTS: Mapping[str, tuple[str, str, str]] = {
    "r θ φ": ("r", "theta", "phi"), "XYZ": ("x", "y", "z"), "HDZ": ("h", "d_deg", "z"), "HDZ′": ("h", "d_min", "z"),
}  # fmt: skip
_MISSING = (99999.0, 88888.0, 999999.0, -9999.0)
_LARGEST_NT = 80_000.0


def read_csv(path: Path, text: str) -> tuple[list[Series], list[str]]:
    """Return the series of a table; latitudes beside a radius are geocentric, beside a height geodetic.

    Raises:
        InputError: where columns are missing, ambiguous or hold no field in nT.
    """
    from io import StringIO

    try:
        table = pd.read_csv(StringIO(text), comment="#")
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"{path} is no table ({str(error).splitlines()[0][:100]}); CSV with a line of names is expected"
        ) from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(
            f"{path}: its rows have more cells than its line of names, so that no cell has a name"
        )
    columns = {c.strip().lower(): c for c in table.columns.map(str)}
    has = {name: columns[a] for name, every in _NAMES.items() for a in every if a in columns}
    for name in ("code", "year", "longitude"):
        if name not in has:
            raise InputError(
                f"{path} has no column {name} (known names: {', '.join(_NAMES[name])}); it has "
                f"{', '.join(map(str, table.columns[:12]))}"
            )
    spherical = all(name in has for name in ("r", "theta", "phi"))
    kind = next((name for name, parts in _COMPONENTS.items() if all(each in has for each in parts)), "")
    if not kind:
        raise InputError(
            f"{path} has no three components: br, bt, bp or x, y, z or h, z in nT with d_deg (degrees) or d_min "
            "(minutes of arc) are expected"
        )
    geocentric_, place = _latitude(path, has, spherical)
    numbers = {
        name: pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        for name, column in has.items()
        if name != "code"
    }
    for name in ("year", "longitude", place):
        if len(bad := np.flatnonzero(~np.isfinite(numbers[name]))):
            raise InputError(f"{path}, row {bad[0] + 2}: {has[name]} is no number")
    b = np.stack([numbers[name] for name in _COMPONENTS[kind]], 1)
    b[np.isin(b, _MISSING)] = np.nan
    if kind.startswith("HDZ"):
        degrees = 1.0 if "d_deg" in _COMPONENTS[kind] else 1 / 60
        if len(bad := np.flatnonzero(np.abs(b[:, 1] * degrees) > 360)):
            raise InputError(
                f"{path}, row {bad[0] + 2}: {b[bad[0], 1]:g} is no declination {_COMPONENTS[kind][1]}"
            )
        b = hdz_to_xyz(b, degrees)
    if len(bad := np.flatnonzero((np.abs(b) > _LARGEST_NT).any(axis=1))):
        raise InputError(
            f"{path}, row {bad[0] + 2}: {np.nanmax(np.abs(b[bad[0]])):g} is no component of the Earth's field in nT"
        )
    found = []
    codes = table[has["code"]].astype(str).to_numpy()
    for code in pd.unique(codes):
        own = np.flatnonzero(codes == code)
        site = _site(path, code, numbers, place, own, geocentric_)
        years = numbers["year"][own]
        if len(np.unique(years)) < len(years):
            raise InputError(
                f"{path}: {code} has a year twice; its parts after a jump need codes of their own"
            )
        known = own[np.isfinite(b[own]).all(axis=1)]
        field = b[known] if spherical else from_north_east_down(b[known], np.full(len(known), site.tilt))
        found.append(Series(site, numbers["year"][known], field))
    said = "geocentric" if geocentric_ else "geodetic (WGS 84)"
    lost = int((~np.isfinite(b).all(axis=1)).sum())
    return found, [f"latitudes are {said}", *([f"{lost:,} of {len(b):,} rows have no value"] if lost else [])]


def hdz_to_xyz(hdz: np.ndarray, degrees: float) -> np.ndarray:
    """Return X, Y, Z of H, D, Z (…, 3); D in `degrees` of a degree: 1, or 1/60 for minutes of arc."""
    h, d, z = np.moveaxis(hdz, -1, 0)
    angle = np.radians(d * degrees)
    return np.stack([h * np.cos(angle), h * np.sin(angle), z], -1)


def _latitude(path: Path, has: Mapping[str, str], spherical: bool) -> tuple[bool, str]:
    """Return whether latitudes are geocentric, and which column holds them."""
    for name in ("geocentric_latitude", "geodetic_latitude"):
        if name in has:
            if name.startswith("geodetic") and spherical:
                raise InputError(
                    f"{path}: B_r, B_θ, B_φ are geocentric: give geocentric_latitude and radius_km beside them"
                )
            return name.startswith("geocentric"), name
    if "latitude" not in has:
        raise InputError(f"{path} has no column latitude")
    radius, height = "radius_km" in has, "height_m" in has
    if radius == height or (spherical and not radius):
        raise InputError(
            f"{path} does not say whether latitude is geodetic or geocentric: name it geodetic_latitude "
            "(with height_m) or geocentric_latitude (with radius_km)"
        )
    return radius, "latitude"


def _site(
    path: Path, code: str, numbers: Mapping[str, np.ndarray], place: str, own: np.ndarray, geocentric_: bool
) -> Site:
    latitude, longitude = numbers[place][own], numbers["longitude"][own]
    if np.ptp(latitude) > 0.02 or np.abs(np.exp(1j * np.radians(longitude - longitude[0])) - 1).max() > 4e-4:
        raise InputError(f"{path}: {code} moves; give each of its places a code of its own")
    if abs(latitude[0]) > 90 or not -180 <= longitude[0] <= 360:
        raise InputError(
            f"{path}: {code} has the latitude {latitude[0]:g} and the longitude {longitude[0]:g}"
        )
    if geocentric_:
        radius = numbers["radius_km"][own[0]] if "radius_km" in numbers else 6371.2
        if not 6000 < radius < 8000:
            raise InputError(f"{path}: {code} has the radius {radius:g}; km are expected")
        return Site(code, float(latitude[0]), float(longitude[0]), float(radius))
    height = numbers["height_m"][own[0]] if "height_m" in numbers else 0.0
    height_km = float(np.nan_to_num(height)) / 1000
    return geodetic_site(code, float(latitude[0]), float(longitude[0]), height_km, str(path))
