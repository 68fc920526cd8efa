"""A trained model of temperatures as a bundle, and what predicting needs of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_values, values_layout
from terrella.engine.use.forms import bundle_network
from terrella.interior.choosing import INVERSION, Models
from terrella.interior.learning.features import INPUTS, scaling_of
from terrella.interior.learning.network import TemperatureNetwork
from terrella.interior.models.distribution import LEVELS, calibrated, cumulated, edges_of, quantiles
from terrella.interior.models.inversion import invert
from terrella.interior.models.regression import ADIABATIC, Adiabat, Regression
from terrella.interior.settings import InteriorSettings
from terrella.interior.tables.grid import Floats, Grid, Observed

TASK = "interior"
WEIGHTS = "layers."  # the names of the network's tensors begin with it
QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
INSIDE, OUTSIDE, UNEXPLAINED, EDGE = range(4)
WHY = (
    "",
    "pressure outside the table",
    "no rock of the table explains what is seen",
    "the interval reaches the table's first or last temperature",
)
_MISFIT = 13.8  # χ² of two degrees of freedom that one row in a thousand exceeds
_NEAR = 0.02  # of the table's temperatures: how near an end an interval reaches it
_LAYOUT = values_layout(
    TASK, trusted=str, names=tuple[str, ...], models=tuple[str, ...], deviations=tuple[float, ...]
)
_AT_ONCE = 50_000  # rows


@dataclass(frozen=True, eq=False)
class Temperatures:
    """What is told of rows.

    Parameters
    ----------
    quantiles_k : array (row, 5)
        Temperatures in K below which a row's lies with probability 0.05, 0.25, 0.5, 0.75, 0.95; NaN outside the
        table's pressures.
    compositions : array (row, composition)
        Probabilities by the table's inversion.
    why : array (row,)
        A position in `WHY`: 0 inside the table, else the reason why a row is extrapolated.
    """

    quantiles_k: Floats
    compositions: Floats
    why: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InteriorModel:
    """A model of temperatures ready for use: all models, their calibration, and which one predicts."""

    models: Models
    stated: dict[str, Floats]
    trusted: str
    settings: InteriorSettings

    @property
    def names(self) -> tuple[str, ...]:
        """The compositions."""
        return self.models.grid.names

    def cumulative(self, name: str, seen: Observed) -> Floats:
        """Return a model's calibrated cumulative probabilities at the edges of its steps, (row, edge)."""
        return calibrated(self.models.raw(name, seen), self.stated[name])

    def temperatures(self, seen: Observed) -> Temperatures:
        """Return temperatures of rows by the model that is trusted, and where they are extrapolated."""
        parts = [
            self._temperatures(seen.rows(slice(n, n + _AT_ONCE)))
            for n in range(0, max(len(seen), 1), _AT_ONCE)
        ]
        return Temperatures(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in Temperatures.__annotations__
            )
        )

    def _temperatures(self, seen: Observed) -> Temperatures:
        grid, edges = self.models.grid, self.models.edges
        found = invert(grid, edges, self.models.scaling.noise, seen)
        raw = cumulated(found.steps) if self.trusted == INVERSION else self.models.raw(self.trusted, seen)
        t = quantiles(calibrated(raw, self.stated[self.trusted]), edges, QUANTILES)
        near = _NEAR * (edges[-1] - edges[0])
        why = np.where((t[:, 0] <= edges[0] + near) | (t[:, -1] >= edges[-1] - near), EDGE, INSIDE)
        why = np.where(found.misfit > _MISFIT, UNEXPLAINED, why)
        p = seen.pressure_gpa
        outside = ~((p >= grid.pressure_gpa[0]) & (p <= grid.pressure_gpa[-1]))
        return Temperatures(
            np.where(outside[:, None], np.nan, t),
            np.asarray(found.compositions, float),
            np.where(outside, OUTSIDE, why),
        )


def load_model(where: Path | str) -> InteriorModel:
    """Return a trained model ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/interior`.

    Returns
    -------
    InteriorModel
        Temperatures in K of what is seen at pressures in GPa.

    Raises
    ------
    InputError
        Where there is no bundle, or it is damaged.
    """
    return model_of(load_bundle(Path(where), TASK))


def model_of(bundle: Bundle) -> InteriorModel:
    """Return the model of a bundle.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(InteriorSettings, bundle.settings, bundle.where)
    values = checked_values(bundle, _LAYOUT)
    pressure, temperature = (checked_array(bundle, name, None) for name in ("pressure_gpa", "temperature_k"))
    names, models = values["names"], values["models"]
    ln = checked_array(bundle, "ln", len(names), len(temperature), len(pressure), 3)
    grid = Grid(names, pressure, temperature, ln)
    kinds = models[2:]
    path = None
    if ADIABATIC in kinds:
        path = Adiabat(pressure, checked_array(bundle, "adiabat", len(pressure), 4))
    regressions = tuple(
        Regression(name, checked_array(bundle, f"regression_{n}", None), values["deviations"][n],
                   path if name == ADIABATIC else None)
        for n, name in enumerate(kinds)
    )  # fmt: skip
    weights = {name: each for name, each in bundle.tensors.items() if name.startswith(WEIGHTS)}
    bins = settings.network.bins
    network: nn.Module = bundle_network(
        bundle, lambda: TemperatureNetwork(INPUTS, settings.network.hidden, bins, len(names)), weights
    )
    noise = checked_array(bundle, "noise", 3)
    stated = {name: checked_array(bundle, f"stated_{n}", len(LEVELS)) for n, name in enumerate(models)}
    of = Models(network, scaling_of(grid, noise), grid, edges_of(grid, bins), regressions)
    return InteriorModel(of, stated, values["trusted"], settings)
