"""Whether annual means can be the Earth's: what a wrong unit, sign, place or order of columns makes cannot."""

import numpy as np

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import elements, to_north_east_down
from terrella.field.harmonics.normalisation import main_field
from terrella.field.harmonics.schmidt import field_at
from terrella.field.observatories.table import Observatories

_WEAKEST_NT, _STRONGEST_NT = 15_000.0, 80_000.0
# Degrees 1 to 3 miss the 218 observatories of 1997 to 2023 by 23 % of the field and 13° of declination at most.
_OFF, _OFF_DEG = 0.4, 15.0
_LEAST_H_NT = 10_000.0  # nearer to a pole the declination is anything
_SHOWN = 4


def with_doubts(given: Observatories, where: str) -> Observatories:
    """Return annual means with a finding on those that lie far from degrees 1 to 3 of the main field.

    Raises:
        InputError: where a field is weaker or stronger than the Earth's anywhere.
    """
    doubts = []
    for k, site in enumerate(given.sites):
        known = np.isfinite(given.field[:, k]).all(axis=1)
        if not known.any():
            continue
        b, year = np.median(given.field[known, k], axis=0), float(np.median(given.years[known]))
        if not _WEAKEST_NT < np.linalg.norm(b) < _STRONGEST_NT:
            raise InputError(
                f"{where}: the field of {site.code} is {np.linalg.norm(b):,.0f} nT strong, and the Earth's is "
                f"{_WEAKEST_NT:,.0f} to {_STRONGEST_NT:,.0f}; give its components in nT"
            )
        r, latitude, longitude = np.array([[site.radius_km], [site.latitude], [site.longitude]])
        usual = field_at(main_field(np.array([year]))[0], r, latitude, longitude, 3)[0]
        own, known_there = (elements(to_north_east_down(each, np.array(0.0))) for each in (b, usual))
        turned = abs((own["D"] - known_there["D"] + 180) % 360 - 180)
        steady = min(own["H"], known_there["H"]) > _LEAST_H_NT
        if np.linalg.norm(b - usual) > _OFF * np.linalg.norm(usual) or (steady and turned > _OFF_DEG):
            doubts.append(f"{site.code} (D {own['D']:.1f}° for {known_there['D']:.0f}°, "
                          f"I {own['I']:.1f}° for {known_there['I']:.0f}°)")  # fmt: skip
    if not doubts:
        return given
    more = f" and {len(doubts) - _SHOWN} more" if len(doubts) > _SHOWN else ""
    said = (
        f"far from the Earth's main field at its place: {', '.join(doubts[:_SHOWN])}{more}; check the units of "
        "angles, the signs, the place, and which column is which"
    )
    return Observatories(given.sites, given.years, given.field, (*given.findings, said))
