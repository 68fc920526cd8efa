"""Rocks drawn from a table, seen with noise; whole pressures and temperatures are held out."""

from dataclasses import dataclass

import numpy as np

from terrella.interior.settings import DataSettings
from terrella.interior.tables.grid import Floats, Grid, Ints, Observed, steps_at, values_at


@dataclass(frozen=True, eq=False)
class Rocks:
    """Rocks of known temperature in K and composition, as they are seen; `pressure` numbers the table's rows."""

    seen: Observed
    temperature_k: Floats
    composition: Ints
    pressure: Ints


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table with what is learned from it."""

    whole: Grid
    grid: Grid  # the pressures and temperatures of the training
    noise: Floats  # relative standard errors of vp, vs, density
    parts: dict[str, Rocks]  # train, dev, test
    mark: str


def prepare(grid: Grid, data: DataSettings, mark: str) -> Prepared:
    """Return a table split by whole rows.

    Every fourth pressure is of the test split and every eighth of dev, and in both every second temperature: no
    model sees a cell of the pressure, or of the temperature, of one that it is judged by.
    """
    pressures, temperatures = np.arange(len(grid.pressure_gpa)), np.arange(len(grid.temperature_k))
    inner_p, inner_t = pressures < pressures[-1], temperatures < temperatures[-1]
    held = {"dev": (pressures % 8 == 4) & inner_p, "test": (pressures % 4 == 2) & inner_p}
    held_t = temperatures[(temperatures % 2 == 1) & inner_t]
    learned_p = pressures[~held["dev"] & ~held["test"]]
    learned = grid.part(learned_p, np.setdiff1d(temperatures, held_t))
    noise = noise_of(data)
    draw = np.random.default_rng([data.seed, 0])
    parts = {"train": drawn(learned, data.draws, noise, draw)}
    for number, (name, rows) in enumerate(held.items(), 1):
        draw = np.random.default_rng([data.seed, number])
        parts[name] = of_cells(grid, pressures[rows], held_t, data.repeats, noise, draw)
    return Prepared(grid, learned, noise, parts, mark)


def noise_of(data: DataSettings) -> Floats:
    """Return relative standard errors of vp, vs and density, (3,)."""
    return np.array([data.velocity_noise, data.velocity_noise, data.density_noise])


def drawn(grid: Grid, number: int, noise: Floats, draw: np.random.Generator) -> Rocks:
    """Return rocks anywhere on a grid: pressure, temperature and composition are uniform.

    A rock is that of a pressure up to half a step of the grid away, which is how well the grid knows where minerals
    change.
    """
    pressure = draw.uniform(grid.pressure_gpa[0], grid.pressure_gpa[-1], number)
    temperature = draw.uniform(grid.temperature_k[0], grid.temperature_k[-1], number)
    composition = draw.integers(0, len(grid.names), number)
    off = draw.uniform(-0.5, 0.5, number) * steps_at(grid.pressure_gpa, pressure)
    ln = values_at(grid, pressure + off, temperature, composition)
    row = np.abs(grid.pressure_gpa - pressure[:, None]).argmin(1)
    return Rocks(Observed(pressure, _seen(ln, noise, draw)), temperature, composition, row)


def of_cells(
    grid: Grid, pressures: Ints, temperatures: Ints, repeats: int, noise: Floats, draw: np.random.Generator
) -> Rocks:
    """Return the rocks of cells of a grid, each seen so many times."""
    axes = np.meshgrid(np.arange(len(grid.names)), temperatures, pressures, np.arange(repeats), indexing="ij")
    composition, t, p, _ = (each.ravel() for each in axes)
    ln = grid.ln[composition, t, p]
    return Rocks(
        Observed(grid.pressure_gpa[p], _seen(ln, noise, draw)), grid.temperature_k[t], composition, p
    )


def _seen(ln: Floats, noise: Floats, draw: np.random.Generator) -> Floats:
    return np.asarray(ln + np.log1p(noise * draw.normal(size=ln.shape)))
