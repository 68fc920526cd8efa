"""The training of the network, for the plan and for the fit."""

from collections.abc import Sequence

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.interior.learning.features import INPUTS, features, scaling_of
from terrella.interior.learning.network import TemperatureNetwork, loss
from terrella.interior.learning.samples import Prepared, Rocks
from terrella.interior.models.distribution import edges_of
from terrella.interior.opening import SIMULATED
from terrella.interior.settings import InteriorSettings


def stages(settings: InteriorSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many rocks."""
    data, bins = settings.data, settings.network.bins
    number = samples or data.draws
    known = len(data.iron) if SIMULATED in data.tables else len(data.tables)
    compositions = known if given is None else len(given.grid.names)

    def make_batch(n: int) -> Batch:
        return {"x": torch.randn(n, INPUTS), "y": torch.randint(0, bins * compositions, (n,))}

    def fed(given: Prepared) -> Fed:
        learned, checked = (samples_of(given, given.parts[part], bins) for part in ("train", "dev"))
        return fed_samples(settings.fit, learned, checked, checked_at_once=8192)

    step = Step(lambda: _network(settings, compositions), make_batch, loss, settings.fit.batch)
    return one_stage("temperature", settings.fit, step, given, number, fed, warmup_steps=50)


def network_for(settings: InteriorSettings, given: Prepared) -> TemperatureNetwork:
    """Return a network before its training."""
    return _network(settings, len(given.grid.names))


def samples_of(given: Prepared, rocks: Rocks, bins: int) -> Batch:
    """Return the network's inputs and the number of each rock's step and composition."""
    edges = edges_of(given.grid, bins)
    step = np.clip(np.searchsorted(edges, rocks.temperature_k, side="right") - 1, 0, bins - 1)
    x = features(rocks.seen, scaling_of(given.grid, given.noise))
    y = step * len(given.grid.names) + rocks.composition
    return {"x": torch.as_tensor(x, dtype=torch.float32), "y": torch.as_tensor(y)}


def _network(settings: InteriorSettings, compositions: int) -> TemperatureNetwork:
    return TemperatureNetwork(INPUTS, settings.network.hidden, settings.network.bins, compositions)
