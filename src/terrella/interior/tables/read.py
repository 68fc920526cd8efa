"""A table of mineral physics as a grid: Perple_X's own format, or a row for each pressure and temperature."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.interior.tables.columns import Column, name_and_unit, read_columns, read_text
from terrella.interior.tables.grid import KINDS, Floats, Grid
from terrella.interior.tables.units import to_ours

_PERPLEX = "|6.6.6"
CRUST_GPA = 0.1  # below this pressure lies no mantle
_FEWEST = (8, 3)  # pressures and temperatures
_JUMP = 0.15  # relative change between neighbouring pressures that is worth a word
_KIND = {"vp": "velocity", "vs": "velocity", "density": "density", "entropy": "entropy"}


def read_table(path: Path) -> Grid:
    """Return the grid of one table; its composition bears the file's name.

    Raises:
        InputError: where the file is no table, is cut off, has an unknown unit, or lacks a property.
    """
    must_exist(path, "a table of mineral physics (Perple_X .tab, CSV, Parquet)")
    perplex = path.suffix != ".parquet" and read_text(path).startswith(_PERPLEX)
    axes, columns, findings = _perplex(path) if perplex else _listed(path)
    values = {}
    for name in (*KINDS, "entropy"):
        if name not in columns:
            if name == "entropy":
                continue
            raise InputError(
                f"{path}: no column of {name}; a table has vp, vs and density (rho) with their units"
            )
        found, told = to_ours(
            columns[name].values, _KIND[name], columns[name].unit, str(path), columns[name].name
        )
        values[name] = found.reshape(len(axes["temperature"]), len(axes["pressure"]))
        findings += [told] if told else []
    pressure, temperature = axes["pressure"], axes["temperature"]
    finite = np.isfinite([values[name] for name in KINDS]).all((0, 1)) & (np.array(values["vs"]) > 0).all(0)
    if (bad := int((~finite & (pressure >= CRUST_GPA)).sum())) > 0:
        findings.append(f"{bad} pressures have cells without numbers and are left out")
    kept = np.flatnonzero(finite & (pressure >= CRUST_GPA))
    if len(kept) < _FEWEST[0] or len(temperature) < _FEWEST[1]:
        raise InputError(
            f"{path}: {len(kept)} pressures from {CRUST_GPA} GPa on at {len(temperature)} temperatures; "
            f"{_FEWEST[0]} and {_FEWEST[1]} are needed"
        )
    with np.errstate(invalid="ignore", divide="ignore"):  # of pressures that are left out
        ln = np.log(np.stack([values[name] for name in KINDS], -1))[None]
    entropy = values["entropy"][None] if np.isfinite(values.get("entropy", np.nan)).all() else None
    grid = Grid((path.stem,), pressure, temperature, ln, entropy)
    grid = grid.part(kept, np.arange(len(temperature)))
    return replace(grid, findings=tuple(findings + _jumps(grid)))


def joined(grids: list[Grid]) -> Grid:
    """Return one grid of several compositions.

    Raises:
        InputError: where their axes differ.
    """
    first = grids[0]
    for other in grids[1:]:
        for name, mine, theirs in (
            ("pressures", first.pressure_gpa, other.pressure_gpa),
            ("temperatures", first.temperature_k, other.temperature_k),
        ):
            if len(mine) != len(theirs) or not np.allclose(mine, theirs, rtol=1e-6):
                raise InputError(
                    f"the tables {first.names[0]} and {other.names[0]} have other {name}; make them on one grid"
                )
    names = tuple(name for each in grids for name in each.names)
    if len(set(names)) < len(names):
        raise InputError("two tables bear one name; rename one of the files")
    entropies = [each.entropy for each in grids if each.entropy is not None]
    return replace(
        first, names=names, ln=np.concatenate([each.ln for each in grids]),
        entropy=np.concatenate(entropies) if len(entropies) == len(grids) else None,
        findings=tuple(f"{each.names[0]}: {told}" for each in grids for told in each.findings),
    )  # fmt: skip


def _perplex(path: Path) -> tuple[dict[str, Floats], Mapping[str, Column], list[str]]:
    """Return axes, columns and findings of Perple_X's format for two variables (its version 6.6.6)."""
    lines = read_text(path).splitlines()
    at = 2
    try:
        if int(lines[at]) != 2:
            raise InputError(
                f"{path} has {lines[at].strip()} variables; a table of pressure and temperature has 2"
            )
        axes, order = {}, []
        for number in range(2):
            heading, start, step, count = (
                each.strip() for each in lines[at + 1 + 4 * number : at + 5 + 4 * number]
            )
            kind, unit = name_and_unit(heading)
            if kind not in ("pressure", "temperature"):
                raise InputError(
                    f"{path}: its variable {heading} is none of P and T; make a table of P(bar) and T(K)"
                )
            axis = np.asarray(float(start) + float(step) * np.arange(int(count)), float)
            axes[kind] = to_ours(axis, kind, unit, str(path), heading)[0]
            order.append(kind)
        width, headings = int(lines[at + 9]), lines[at + 10].split()
    except (ValueError, IndexError):
        raise InputError(
            f"{path}: its head is not that of a Perple_X table; write it again with WERAMI"
        ) from None
    cells = [line.split() for line in lines[at + 11 :] if line.strip()]
    expected = len(axes["pressure"]) * len(axes["temperature"])
    if len(headings) != width or len(cells) != expected or any(len(each) != width for each in cells):
        raise InputError(
            f"{path} is cut off or changed: {len(cells):,} rows, expected {expected:,} of {width} numbers each"
        )
    try:
        values = np.array(cells, float)
    except ValueError as error:
        raise InputError(f"{path}: {error}; expected numbers below the names of the columns") from None
    # The first variable changes fastest.
    values = values.reshape(*(len(axes[kind]) for kind in reversed(order)), width)
    if order[0] == "temperature":
        values = values.swapaxes(0, 1)
    columns = {}
    for number, heading in enumerate(headings):
        ours, unit = name_and_unit(heading)
        if ours is not None:
            columns[ours] = Column(heading, unit, values[..., number].ravel())
    return axes, columns, []


def _listed(path: Path) -> tuple[dict[str, Floats], Mapping[str, Column], list[str]]:
    """Return axes, columns and findings of a list of cells, in any order."""
    found = read_columns(path)
    axes, numbers, findings = {}, {}, []
    for kind in ("pressure", "temperature"):
        column = found.needed(kind)
        values, told = to_ours(column.values, kind, column.unit, found.file, column.name)
        findings += [told] if told else []
        axes[kind], numbers[kind] = np.unique(np.round(values, 9), return_inverse=True)
    cell = numbers["temperature"] * len(axes["pressure"]) + numbers["pressure"]
    expected = len(axes["pressure"]) * len(axes["temperature"])
    if len(cell) != expected or len(np.unique(cell)) != expected:
        raise InputError(
            f"{path}: {len(cell):,} rows of {len(axes['pressure'])} pressures and {len(axes['temperature'])} "
            "temperatures; each pair must be there once"
        )
    order = np.argsort(cell)
    columns = {name: replace(each, values=each.values[order]) for name, each in found.known.items()}
    return axes, columns, findings


def _jumps(grid: Grid) -> list[str]:
    change = np.abs(np.diff(grid.ln, axis=2))
    _, temperature, pressure, kind = np.unravel_index(int(change.argmax()), change.shape)
    if change.max() <= _JUMP:
        return []
    return [
        f"{KINDS[kind]} changes by {100 * np.expm1(change.max()):.0f} % between "
        f"{grid.pressure_gpa[pressure]:.3g} and "
        f"{grid.pressure_gpa[pressure + 1]:.3g} GPa at {grid.temperature_k[temperature]:.0f} K"
    ]
