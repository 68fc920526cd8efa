"""Settings, tables and profiles of `interior` that train in a second."""

import numpy as np
import pandas as pd

from terrella.cli.main import main
from terrella.earth.prem import prem
from terrella.interior.minerals.assemblage import rock

SMALL = [
    "--data.draws",
    3000,
    "--data.repeats",
    2,
    "--fit.epochs",
    2,
    "--judge.resamples",
    20,
    "--network.bins",
    20,
]


def run(*arguments) -> int:
    """Run a command of the task in this process and return its exit code."""
    try:
        main(["interior", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def write_perplex(path, iron=0.1, pressures=(1.0, 0.5, 24), temperatures=(1400.0, 100.0, 7)) -> None:
    """Write a table of simulated rock in Perple_X's format, with pressure the first variable."""
    p = pressures[0] + pressures[1] * np.arange(pressures[2])
    t = temperatures[0] + temperatures[1] * np.arange(temperatures[2])
    made = rock(*np.meshgrid(p, t), iron)
    head = ["|6.6.6", path.stem, "2", "P(bar)", 1e4 * pressures[0], 1e4 * pressures[1], pressures[2]]
    head += ["T(K)", *temperatures, 4, "rho,kg/m3 vp,km/s vs,km/s s,J/K/kg"]
    cells = np.stack([made.density, made.vp / 1000, made.vs / 1000, made.entropy], -1).reshape(-1, 4)
    lines = [*map(str, head), *(" ".join(f"{each:.7g}" for each in row) for row in cells)]
    path.write_text("\n".join(lines) + "\n")


def prem_table(depths=None) -> pd.DataFrame:
    """Return PREM's upper mantle as a user would have it."""
    z = np.arange(50.0, 801, 50) if depths is None else np.asarray(depths, float)
    density, vp, vs = prem(z)
    return pd.DataFrame({"depth_km": z, "vp_km_s": vp / 1000, "vs_km_s": vs / 1000, "density_kg_m3": density})
