"""Reference models of the Earth, and published temperatures, where their files are at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from terrella.earth.prem import layer_depths_km, prem
from terrella.earth.pressure import prem_pressure_gpa
from terrella.interior.profiles.read import Profile, read_profile
from terrella.interior.tables.columns import read_text
from terrella.interior.tables.grid import Floats

_FILES = {"ak135": "ak135.txt", "STW105": "STW105.txt"}
_GEOTHERMS = {
    "Brown & Shankland (1981)": "brown_81.txt",
    "Stacey (1977), oceans": "Stacey_1977_oceans.txt",
    "Stacey (1977), continents": "Stacey_1977_continents.txt",
}
_BY_PRESSURE = {"Anzellini et al. (2013)": "Anzellini_2013_PT.txt"}
_STEP_KM = 20.0


@dataclass(frozen=True, eq=False)
class Geotherm:
    """A published temperature: depth in km and temperature in K, (point,) each."""

    depth_km: Floats
    temperature_k: Floats


def reference_profiles(folder: Path) -> dict[str, Profile]:
    """Return PREM, and ak135 and STW105 where a folder has them."""
    found = {"PREM": prem_profile()}
    found |= {name: read_profile(folder / file) for name, file in _FILES.items() if (folder / file).is_file()}
    return found


def prem_profile() -> Profile:
    """Return PREM's solid mantle at steps of 20 km, with both sides of its discontinuities."""
    tops = [each for each in layer_depths_km() if 24 < each < 2892]
    depths = []
    for top, bottom in pairwise(tops):
        inner = np.arange(np.ceil(top / _STEP_KM) * _STEP_KM, bottom, _STEP_KM)
        depths += [[top + 1e-6], inner[inner > top], [bottom - 1e-6]]
    depth = np.concatenate(depths)
    density, vp, vs = prem(depth)
    return Profile(
        depth, prem_pressure_gpa(depth), vp, vs, density, np.arange(len(depth)), vs > 0, "density, integrated"
    )


def geotherms(folder: Path) -> Mapping[str, Geotherm]:
    """Return the published temperatures of a folder; none where it has none."""
    found = {}
    for name, file in {**_GEOTHERMS, **_BY_PRESSURE}.items():
        if not (folder / file).is_file():
            continue
        first, temperature = np.loadtxt(read_text(folder / file).splitlines(), unpack=True)
        if name in _BY_PRESSURE:
            depths = np.arange(0.0, 6371.0, 5.0)
            first = 1000 * np.interp(first / 1e9, prem_pressure_gpa(depths), depths)
        found[name] = Geotherm(first / 1000, temperature)
    return found
