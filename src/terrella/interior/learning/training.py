"""The training of the network, for the plan and for the fit."""

from collections.abc import Sequence

import numpy as np
import torch

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch, Held
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.task import Fed, StageSpec, stage_of
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

    batch = min(settings.fit.batch, number)
    step = Step(lambda: _network(settings, compositions), make_batch, loss, batch, settings.fit.accumulation)
    need = Need("temperature", step, number, settings.fit.epochs, (4 * INPUTS + 8) * number)

    def fed(placement: Placement | None) -> Fed:
        assert given is not None  # a plan feeds nothing
        device = choose_device(settings.fit.device)
        learned, checked = (
            Held(samples_of(given, given.parts[part], bins), device) for part in ("train", "dev")
        )
        return Fed(learned, checked, checked_at_once=8192)

    return [StageSpec(need, stage_of(settings.fit, "temperature", warmup_steps=50), fed)]


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
