"""The published variants of GraphCast, and the stages that they were trained in (Lam et al. 2023)."""

from dataclasses import dataclass

import numpy as np

from terrella.errors import InputError
from terrella.weather.learning.settings import NetworkSettings, StageSettings
from terrella.weather.mesh.icosahedron import Floats

_ROLLOUTS = range(2, 13)
_RATE, _ROLLED_RATE = 1e-3, 3e-7


@dataclass(frozen=True)
class Variant:
    """A published network: grid in degrees with its poles, channels of a state, and what else is forecast."""

    name: str
    resolution: float
    levels: int
    mesh: int
    channels: int
    diagnosed: int
    stages: tuple[StageSettings, ...]
    forcings: int = 5
    static: int = 2

    @property
    def network(self) -> NetworkSettings:
        """Size of mesh and network."""
        return NetworkSettings(mesh=self.mesh, latent=512, steps=16)

    def axes(self) -> tuple[Floats, Floats]:
        """Return the grid's latitudes and longitudes in degrees."""
        number = round(180 / self.resolution)
        return np.linspace(-90, 90, number + 1), np.linspace(0, 360, 2 * number, endpoint=False)


def _single(name: str, steps: int) -> StageSettings:
    return StageSettings(name=name, steps=steps, batch=32, learning_rate=_RATE, warmup=1000)


def _rolled(rollouts: range) -> tuple[StageSettings, ...]:
    return tuple(
        StageSettings(
            name=f"{steps} steps",
            steps=1000,
            batch=32,
            learning_rate=_ROLLED_RATE,
            schedule="constant",
            rollout=steps,
        )
        for steps in rollouts
    )


_PUBLISHED = (_single("single", 300_000), *_rolled(_ROLLOUTS))
_TUNED = StageSettings(name="tuned", steps=30_000, batch=32, learning_rate=_RATE / 10, warmup=1000)
VARIANTS = {
    each.name: each
    for each in (
        Variant("0.25-37", 0.25, 37, 6, 227, 0, _PUBLISHED),
        # Precipitation is forecast and not fed back: HRES, on which it is tuned, has none.
        Variant("0.25-13-operational", 0.25, 13, 6, 82, 1, (_PUBLISHED[0], _TUNED, *_PUBLISHED[1:])),
        Variant("1.0-13-small", 1.0, 13, 5, 83, 0, _PUBLISHED),
    )
}


def find_variant(name: str) -> Variant:
    """Return a variant by its name.

    Raises:
        InputError: naming those that there are.
    """
    if name not in VARIANTS:
        raise InputError(f"there is no variant {name!r}; published are {', '.join(VARIANTS)}")
    return VARIANTS[name]
