"""Profiles of velocities and density: units, order and what cannot be are found before anything is computed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.earth.prem import CORE_DEPTH_KM
from terrella.earth.pressure import prem_pressure_gpa, pressure_gpa
from terrella.earth.sphere import EARTH_RADIUS_KM
from terrella.errors import InputError
from terrella.interior.tables.columns import Columns, read_columns
from terrella.interior.tables.grid import Floats, Ints, Observed
from terrella.interior.tables.units import to_ours

_MANTLE_DENSITY = (1500.0, 7000.0)  # kg/m³: beyond, no rock of the mantle or crust
_TOLD = 0.05  # relative difference of given and integrated pressure that is worth a word
_CORE_KM = 1.0  # two rows at the core's very boundary may be of either side


@dataclass(frozen=True, eq=False)
class Profile:
    """Rows of one profile or many.

    Parameters
    ----------
    depth_km, pressure_gpa : array (row,)
        NaN where the depth is not known.
    vp, vs, density : array (row,)
        In m/s and kg/m³.
    line : array (row,)
        Of the file.
    mantle : array of bool (row,)
        Whether a row is solid and above the core.
    pressure_from : str
    findings : tuple of str
    """

    depth_km: Floats
    pressure_gpa: Floats
    vp: Floats
    vs: Floats
    density: Floats
    line: Ints
    mantle: npt.NDArray[np.bool_]
    pressure_from: str
    findings: tuple[str, ...] = ()

    def observed(self) -> Observed:
        """Return what is seen of the rows of the mantle."""
        kept = [each[self.mantle] for each in (self.vp, self.vs, self.density)]
        return Observed(self.pressure_gpa[self.mantle], np.log(np.stack(kept, 1)))


def read_profile(path: Path) -> Profile:
    """Return the rows of a file with depth or pressure, vp, vs and density.

    Columns of a radius, or of vpv, vph, vsv and vsh (their isotropic means), do as well. Where no column holds the
    pressure it is integrated from the density, profile by profile.

    Raises:
        InputError: where a column is missing, in an unknown unit or out of order, or a row cannot be.
    """
    columns = read_columns(path)
    if not len(columns):
        raise InputError(f"{path} holds no rows")
    findings: list[str] = []
    vp, vs = (_velocity(columns, kind, findings) for kind in ("vp", "vs"))
    density = _ours(columns, "density", "density", findings)
    depth = _depths(columns, findings)
    fluid = vs <= 0
    core = fluid if depth is None else fluid | (depth > CORE_DEPTH_KM + _CORE_KM)
    for name, values in {"vp": vp, "vs": vs, "density": density}.items():
        _refuse(columns, ~np.isfinite(values), f"{name} is missing", "leave the row out, or give it")
    if depth is not None:
        _refuse(
            columns, ~core & (depth < CORE_DEPTH_KM - _CORE_KM) & (density > _MANTLE_DENSITY[1]),
            "a density of the core lies above the core", "correct the depth or the density",
        )  # fmt: skip
    _refuse(columns, ~core & (vp <= vs), "vp is not above vs", "are the columns swapped?")
    pressure, source = _pressures(columns, depth, density, findings)
    mantle = ~core & (density > _MANTLE_DENSITY[0]) & (density <= _MANTLE_DENSITY[1])
    if not mantle.any():
        raise InputError(
            f"{path}: no row is of the solid mantle (vs above 0, depth above {CORE_DEPTH_KM:g} km)"
        )
    if beyond := int((~mantle).sum()):
        findings.append(f"{beyond:,} rows are of the core or of water and have no temperature here")
    known = np.full(len(vp), np.nan) if depth is None else depth
    return Profile(known, pressure, vp, vs, density, columns.line, mantle, source, tuple(findings))


def _ours(columns: Columns, name: str, kind: str, findings: list[str]) -> Floats:
    column = columns.needed(name)
    values, told = to_ours(column.values, kind, column.unit, columns.file, column.name)
    findings += [told] if told else []
    return values


def _velocity(columns: Columns, kind: str, findings: list[str]) -> Floats:
    """Return vp or vs, else Voigt's mean of their polarisations (Panning & Romanowicz 2006, equations 1 and 2)."""
    polarised = [f"{kind}v", f"{kind}h"]
    if kind in columns.known or not all(each in columns.known for each in polarised):
        return _ours(columns, kind, "velocity", findings)
    vertical, horizontal = (_ours(columns, each, "velocity", findings) for each in polarised)
    findings.append(f"{kind} is the isotropic mean of {polarised[0]} and {polarised[1]}")
    if kind == "vs":
        return np.sqrt((2 * vertical**2 + horizontal**2) / 3)
    return np.sqrt((vertical**2 + 4 * horizontal**2) / 5)


def _depths(columns: Columns, findings: list[str]) -> Floats | None:
    if "depth" in columns.known:
        depth = _ours(columns, "depth", "depth", findings)
    elif "radius" in columns.known:
        depth = EARTH_RADIUS_KM - _ours(columns, "radius", "depth", findings)
    elif "pressure" in columns.known:
        return None
    else:
        columns.needed("depth")
        raise AssertionError
    _refuse(columns, ~np.isfinite(depth), "the depth is missing", "leave the row out, or give it")
    _refuse(columns, depth < 0, "the depth is negative", "depths count downward from the surface, in km or m")
    return depth


def _pressures(
    columns: Columns, depth: Floats | None, density: Floats, findings: list[str]
) -> tuple[Floats, str]:
    integrated = (
        None if depth is None or "pressure" in columns.known else _integrated(columns, depth, density)
    )
    if integrated is not None:
        return integrated, "density, integrated"
    given = _ours(columns, "pressure", "pressure", findings)
    _refuse(columns, ~np.isfinite(given), "the pressure is missing", "leave the row out, or give it")
    if depth is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.abs(given / prem_pressure_gpa(depth) - 1)[depth > 50]
        if len(off) and np.nanmax(off) > _TOLD:
            findings.append(
                f"the file's pressures are up to {100 * np.nanmax(off):.0f} % off PREM's below 50 km"
            )
    return given, "the file"


def _integrated(columns: Columns, depth: Floats, density: Floats) -> Floats:
    """Return pressures of each profile, whose depths rise or fall throughout."""
    names = [name for name in ("profile", "longitude", "latitude") if name in columns.known]
    keys = np.stack([columns.known[name].values for name in names], 1) if names else np.zeros((len(depth), 1))
    label = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(label, kind="stable")
    grouped, z = label[order], depth[order]
    same, step = grouped[1:] == grouped[:-1], np.diff(z)
    falling = np.zeros(int(label.max()) + 1, bool)
    rising = falling.copy()
    np.logical_or.at(falling, grouped[1:][same & (step < 0)], True)
    np.logical_or.at(rising, grouped[1:][same & (step > 0)], True)
    if (falling & rising).any():
        mixed = (falling & rising)[grouped[1:]] & same & (step < 0)
        line = columns.line[order[1:][mixed][0]]
        raise InputError(
            f"{columns.file}: the depth falls in line {line}, and rises elsewhere in the profile; sort the rows by "
            "depth, or name profiles in a column (profile, or longitude and latitude)"
        )
    # From the centre up: each such profile is turned, as a whole, so that discontinuities keep their sides.
    place = np.arange(len(depth))
    turned = order[np.lexsort((np.where(falling[grouped], -place, place), grouped))]
    found = np.zeros(len(depth))
    found[turned] = pressure_gpa(depth[turned], density[turned], label[turned])
    return found


def _refuse(columns: Columns, wrong: npt.NDArray[np.bool_], what: str, remedy: str) -> None:
    if wrong.any():
        first = columns.line[np.flatnonzero(wrong)[0]]
        more = f", and in {wrong.sum() - 1:,} more" if wrong.sum() > 1 else ""
        raise InputError(f"{columns.file}: {what} in line {first}{more}; {remedy}")
