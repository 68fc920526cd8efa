"""The training of the encoder, for the plan and for the fit."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.motion.settings import DataSettings, MotionSettings
from terrella.motion.single_station.classical import MODELS, REGRESSION, Fitted
from terrella.motion.single_station.network import StationNetwork
from terrella.motion.single_station.prepared import Prepared, Scaling, samples_of
from terrella.motion.single_station.traces import SCALARS
from terrella.motion.single_station.windows import Windowing

_ASSUMED = 4000  # traces, in a plan without data
_LOG_DEVIATION = -4.0, 2.0


def windowing(data: DataSettings) -> Windowing:
    """Return how the settings cut windows."""
    return Windowing(data.seconds, data.rate_hz)


def make_network(settings: MotionSettings) -> StationNetwork:
    """Return a network before its training."""
    members, samples = settings.data.event_folds + 1, windowing(settings.data).samples
    return StationNetwork(members, samples, len(SCALARS), settings.network.channels)


@torch.no_grad()
def started(network: StationNetwork, fitted: Fitted, scaling: Scaling) -> StationNetwork:
    """Put a network where it gives what the regressions on the scalars do, and return it."""
    mean, deviation = scaling.target_mean, scaling.target_deviation
    of_regression = MODELS.index(REGRESSION) - 1
    for member, coefficients in enumerate(fitted.regression):
        network.slope[member, :, :2] = torch.as_tensor(coefficients[1:] / deviation)
        network.shift[member, 0, :2] = torch.as_tensor((coefficients[0] - mean) / deviation)
        spread = fitted.deviation[member, of_regression] / deviation
        network.shift[member, 0, 2:] = torch.as_tensor(np.log(np.maximum(spread, np.exp(_LOG_DEVIATION[0]))))
    return network


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return minus the log likelihood of Gaussians, for each member over what it learns from."""
    mean, spread = network(batch["window"].float(), batch["scalars"]).split(2, -1)
    spread = spread.clamp(*_LOG_DEVIATION)
    each = 0.5 * ((batch["y"] - mean) * torch.exp(-spread)).square() + spread
    weight = batch["learned"].T[..., None]
    return (each * weight).sum() / (2 * weight.sum()).clamp(min=1)


def stages(settings: MotionSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many traces."""
    number = len(given.traces) if given is not None else samples or _ASSUMED
    cut, members = windowing(settings.data), settings.data.event_folds + 1

    def make_batch(n: int) -> Batch:
        return {
            "window": torch.randn(n, 3, cut.samples).half(), "scalars": torch.randn(n, len(SCALARS)),
            "y": torch.randn(n, 2), "learned": torch.ones(n, members),
        }  # fmt: skip

    def fed(given: Prepared) -> Fed:
        return fed_samples(settings.fit, samples_of(given))

    step = Step(lambda: make_network(settings), make_batch, loss, settings.fit.batch)
    return one_stage("encoder", settings.fit, step, given, number, fed, clip=1.0)
