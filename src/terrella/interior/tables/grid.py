"""Properties of rocks on a grid of pressures and temperatures, and what lies between."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
KINDS = ("vp", "vs", "density")


@dataclass(frozen=True, eq=False)
class Grid:
    """Rocks of several compositions on one grid.

    Parameters
    ----------
    names : tuple of str
        The compositions.
    pressure_gpa, temperature_k : array (pressure,), array (temperature,)
        The axes, rising.
    ln : array (composition, temperature, pressure, 3)
        Natural logarithms of vp and vs in m/s and of density in kg/m³.
    entropy : array (composition, temperature, pressure) or None
        In J/(K kg), where the table has it.
    findings : tuple of str
        What reading it found.
    """

    names: tuple[str, ...]
    pressure_gpa: Floats
    temperature_k: Floats
    ln: Floats
    entropy: Floats | None = None
    findings: tuple[str, ...] = ()

    def part(self, pressures: Ints, temperatures: Ints) -> "Grid":
        """Return the grid of some of the pressures and temperatures, by their numbers."""
        entropy = None if self.entropy is None else self.entropy[:, temperatures][:, :, pressures]
        return replace(
            self, pressure_gpa=self.pressure_gpa[pressures], temperature_k=self.temperature_k[temperatures],
            ln=self.ln[:, temperatures][:, :, pressures], entropy=entropy,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Observed:
    """What is seen of rocks: pressure (row,) in GPa, and ln of vp, vs (m/s) and density (kg/m³), (row, 3)."""

    pressure_gpa: Floats
    ln: Floats

    def __len__(self) -> int:
        return len(self.pressure_gpa)

    def rows(self, which: slice | npt.NDArray[np.generic]) -> "Observed":
        """Return some of the rows."""
        return Observed(self.pressure_gpa[which], self.ln[which])


def between(axis: Floats, at: Floats) -> tuple[Ints, Floats]:
    """Return which interval of a rising axis each value lies in, and how far in it; clipped to the axis."""
    left = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    return left, np.clip((at - axis[left]) / (axis[left + 1] - axis[left]), 0, 1)


def steps_at(axis: Floats, at: Floats) -> Floats:
    """Return the length of the interval of a rising axis that each value lies in."""
    left, _ = between(axis, at)
    return np.asarray(axis[left + 1] - axis[left])


def values_at(grid: Grid, pressure_gpa: Floats, temperature_k: Floats, composition: Ints) -> Floats:
    """Return ln of vp, vs and density at points (point,), linear between the grid's, (point, 3)."""
    p, of_p = between(grid.pressure_gpa, pressure_gpa)
    t, of_t = between(grid.temperature_k, temperature_k)
    of_p, of_t = of_p[:, None], of_t[:, None]
    low, high = (
        (1 - of_p) * grid.ln[composition, row, p] + of_p * grid.ln[composition, row, p + 1]
        for row in (t, t + 1)
    )
    return np.asarray((1 - of_t) * low + of_t * high)


def adiabat(grid: Grid, start_k: float, composition: int) -> Floats:
    """Return the temperature (pressure,) in K of equal entropy from `start_k` at the first pressure on.

    It ends on the grid's first or last temperature where it would leave it.
    """
    assert grid.entropy is not None
    entropy = grid.entropy[composition]
    wanted = np.interp(start_k, grid.temperature_k, entropy[:, 0])
    columns = entropy.T
    return np.array([np.interp(wanted, np.maximum.accumulate(s), grid.temperature_k) for s in columns])
