"""What the network sees of a rock: how it differs from the table's mean at its pressure, and what noise hides."""

from dataclasses import dataclass

import numpy as np

from terrella.interior.tables.grid import Floats, Grid, Observed, between

# Waves of pressure let a small network follow changes of minerals, which are sharp (Tancik et al. 2020).
_WAVES = (1, 2, 4, 8, 16)
INPUTS = 7 + 2 * len(_WAVES)  # pressure; anomalies; ratios of the table's scatter to the noise; waves


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and scatter of ln of vp, vs and density over temperatures and compositions, (pressure, 3)."""

    pressure_gpa: Floats
    mean: Floats
    scatter: Floats
    noise: Floats


def scaling_of(grid: Grid, noise: Floats) -> Scaling:
    """Return the scaling of a table of the training."""
    flat = grid.ln.reshape(-1, *grid.ln.shape[2:])
    return Scaling(grid.pressure_gpa, flat.mean(0), flat.std(0), noise)


def usual(scaling: Scaling, pressure_gpa: Floats) -> tuple[Floats, Floats]:
    """Return mean and scatter of ln of vp, vs and density at pressures, (row, 3) each."""
    at, share = between(scaling.pressure_gpa, pressure_gpa)
    share = share[:, None]
    mean, scatter = ((1 - share) * of[at] + share * of[at + 1] for of in (scaling.mean, scaling.scatter))
    return mean, scatter


def features(seen: Observed, scaling: Scaling) -> Floats:
    """Return the network's inputs, (row, input)."""
    axis = scaling.pressure_gpa
    mean, scatter = usual(scaling, seen.pressure_gpa)
    p = 2 * (np.clip(seen.pressure_gpa, axis[0], axis[-1]) - axis[0]) / (axis[-1] - axis[0]) - 1
    anomaly = (seen.ln - mean) / np.hypot(scatter, scaling.noise)
    waves = np.multiply.outer(p, np.pi * np.array(_WAVES))
    told = np.log(scatter / scaling.noise + 1e-3)
    return np.concatenate([p[:, None], np.clip(anomaly, -6, 6), told, np.sin(waves), np.cos(waves)], 1)
