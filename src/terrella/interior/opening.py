"""The rocks of a task's settings: tables, or minerals simulated by their equation of state."""

from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.interior.minerals.assemblage import rock
from terrella.interior.settings import DataSettings
from terrella.interior.tables.grid import Grid
from terrella.interior.tables.read import joined, read_table

SIMULATED = "simulated"
_PRESSURES_GPA = np.arange(1.0, 30.01, 0.25)
_TEMPERATURES_K = np.arange(1000.0, 2601.0, 50.0)


def open_grid(data: DataSettings, report: Report) -> Grid:
    """Return the rocks of the settings on their grid; findings are reported.

    Raises:
        InputError: where a table or a setting is at fault.
    """
    if SIMULATED in data.tables:
        if len(data.tables) > 1:
            raise InputError("data.tables: simulated rocks stand alone; give tables, or none")
        return simulated(data.iron)
    grid = joined([read_table(Path(table)) for table in data.tables])
    for finding in grid.findings:
        report({"kind": "message", "message": finding})
    return grid


def simulated(iron: tuple[float, ...]) -> Grid:
    """Return (Mg,Fe)₂SiO₄ of several shares of iron, at 1 to 30 GPa and 1,000 to 2,600 K.

    Raises:
        InputError: where a share is none of 0 to 0.3.
    """
    if any(not 0 <= share <= 0.3 for share in iron) or len(set(iron)) < len(iron):
        raise InputError("data.iron: shares of Fe in Mg + Fe lie between 0 and 0.3, each once")
    pressure, temperature = np.meshgrid(_PRESSURES_GPA, _TEMPERATURES_K)
    rocks = [rock(pressure, temperature, share) for share in iron]
    ln = np.log([np.stack([each.vp, each.vs, each.density], -1) for each in rocks])
    names = tuple(f"Fe {share:g}" for share in iron)
    entropy = np.array([each.entropy for each in rocks])
    return Grid(names, _PRESSURES_GPA, _TEMPERATURES_K, ln, entropy)


def mark_of(grid: Grid) -> str:
    """Return the fingerprint of rocks, whatever files they came from."""
    return fingerprint(
        grid.pressure_gpa.tobytes(), grid.temperature_k.tobytes(), grid.ln.tobytes(), *grid.names
    )
