"""Annual means of observatories, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import geocentric

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Site:
    """Where an observatory stands: geocentric latitude, longitude in degrees, radius in km, and ψ in radians.

    ψ, geodetic less geocentric latitude, is zero where the components themselves are geocentric.
    """

    code: str
    latitude: float
    longitude: float
    radius_km: float
    tilt: float = 0.0


@dataclass(frozen=True, eq=False)
class Series:
    """Annual means of one observatory: decimal years (time,) and B_r, B_θ, B_φ in nT (time, 3), geocentric."""

    site: Site
    years: Floats
    field: Floats


@dataclass(frozen=True, eq=False)
class Observatories:
    """Annual means of all observatories on common years, NaN where there is none.

    Parameters
    ----------
    sites : tuple of Site
    years : array (time,)
        Decimal years, one apart: 2015.5 is the mean of 2015.
    field : array (time, site, 3)
        B_r, B_θ, B_φ in nT, geocentric.
    """

    sites: tuple[Site, ...]
    years: Floats
    field: Floats
    findings: tuple[str, ...] = ()

    @property
    def latitude(self) -> Floats:
        """Geocentric latitudes in degrees, (site,)."""
        return np.array([each.latitude for each in self.sites])

    @property
    def longitude(self) -> Floats:
        """Longitudes in degrees, (site,)."""
        return np.array([each.longitude for each in self.sites])

    @property
    def radius_km(self) -> Floats:
        """Distances from the Earth's centre, (site,)."""
        return np.array([each.radius_km for each in self.sites])

    @property
    def tilt(self) -> Floats:
        """ψ in radians, (site,)."""
        return np.array([each.tilt for each in self.sites])

    def until(self, year: float) -> "Observatories":
        """Return what was known at the end of a year."""
        kept = self.years <= year + 1e-6
        return replace(self, years=self.years[kept], field=self.field[kept])


def geodetic_site(code: str, latitude: float, longitude: float, height_km: float, where: str) -> Site:
    """Return a site of geodetic latitude and height.

    Raises:
        InputError: where no observatory can stand.
    """
    if not (abs(latitude) <= 90 and -180 <= longitude <= 360 and -5 <= height_km <= 9):
        raise InputError(
            f"{where}: {code} lies at latitude {latitude:g}, longitude {longitude:g}, {1000 * height_km:g} m high; "
            "degrees are expected, and a height of -5000 to 9000 m"
        )
    r, below, tilt = geocentric(np.array(latitude), np.array(height_km))
    return Site(code, float(below), longitude, float(r), float(tilt))


def side_by_side(series: Sequence[Series], findings: Sequence[str], where: str) -> Observatories:
    """Return series on common years; those of one code that do not overlap are joined by the caller.

    Raises:
        InputError: where there is none, or years are no annual means.
    """
    series = [each for each in series if len(each.years)]
    if not series:
        raise InputError(f"{where} holds no annual mean of any observatory")
    parts = np.unique(np.round(np.concatenate([each.years for each in series]) % 1, 2))
    if len(parts) > 1:
        raise InputError(
            f"{where}: annual means are one year apart; these lie at "
            f"{', '.join(f'{p:.2f}' for p in parts[:4])} of a year"
        )
    if parts[0] == 0:
        findings = [*findings, "years are whole numbers: taken as the middle of each mean, so that 2015 is of half "
                    "of 2014 and half of 2015; write 2015.5 for the mean of 2015"]  # fmt: skip
    first = min(each.years.min() for each in series)
    last = max(each.years.max() for each in series)
    years = np.round(first, 2) + np.arange(round(last - first) + 1)
    field = np.full((len(years), len(series), 3), np.nan)
    for k, each in enumerate(series):
        field[np.round(each.years - first).astype(int), k] = each.field
    return Observatories(tuple(each.site for each in series), years, field, tuple(findings))
