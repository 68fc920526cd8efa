"""A table of mineral physics in our own columns and units, which `read_table` reads again."""

from pathlib import Path

import numpy as np
import pandas as pd

from terrella.files import check_table_output, write_table
from terrella.interior.tables.grid import KINDS, Grid
from terrella.interior.tables.read import read_table

_UNITS = {"vp": "vp_m_s", "vs": "vs_m_s", "density": "density_kg_m3"}


def convert(table: Path, output: Path) -> list[str]:
    """Write a table in our columns; return lines on what was found.

    Raises:
        InputError: where the table or the output's name is at fault.
    """
    check_table_output(output)
    grid = read_table(table)
    write_table(as_table(grid), output, "%.9g")
    p, t = grid.pressure_gpa, grid.temperature_k
    ranges = [np.exp(grid.ln[..., kind][..., [0, -1]]) for kind in range(3)]
    shown = ", ".join(
        f"{name} {each.min():.0f}–{each.max():.0f}" for name, each in zip(KINDS, ranges, strict=True)
    )
    return [
        *grid.findings,
        f"{len(p)} pressures {p[0]:.3g}–{p[-1]:.3g} GPa, {len(t)} temperatures {t[0]:.0f}–{t[-1]:.0f} K",
        f"at the first and last pressure: {shown}",
        "entropy: "
        + ("in the table, so that it has adiabats" if grid.entropy is not None else "not in the table"),
        f"{len(p) * len(t):,} cells written to {output}",
    ]


def as_table(grid: Grid) -> pd.DataFrame:
    """Return the cells of the first composition as a table: GPa, K, m/s, kg/m³ and J/(K kg)."""
    t, p = np.meshgrid(grid.temperature_k, grid.pressure_gpa, indexing="ij")
    columns = {"pressure_gpa": p.ravel(), "temperature_k": t.ravel()}
    columns |= {_UNITS[name]: np.exp(grid.ln[0, ..., kind]).ravel() for kind, name in enumerate(KINDS)}
    if grid.entropy is not None:
        columns["entropy_j_k_kg"] = grid.entropy[0].ravel()
    return pd.DataFrame(columns)
