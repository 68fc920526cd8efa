"""A step of the training, described without data: for the plan of a network that is not there yet."""

from functools import partial

import numpy as np
import torch
from torch import nn

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step, rolled
from terrella.weather.learning.loss import WeatherLoss
from terrella.weather.model.network import PAST, weather_network
from terrella.weather.variants import Variant


def variant_step(variant: Variant, batch: int) -> Step:
    """Return the step of a published variant on single forecasts; `engine.plan.step.rolled` gives longer ones."""
    lat, lon = variant.axes()
    points, outputs = len(lat) * len(lon), variant.channels + variant.diagnosed

    def make_network() -> nn.Module:
        static = np.zeros((points, variant.static), np.float32)
        sizes = variant.channels, variant.forcings, static, variant.network
        return weather_network(lat, lon, *sizes, diagnosed=variant.diagnosed)

    def make_rolled(size: int, rollout: int) -> Batch:
        return {
            "past": torch.randn(size, PAST, points, variant.channels),
            "forcings": torch.randn(size, PAST + rollout, points, variant.forcings),
            "future": torch.randn(size, rollout, points, outputs),
        }

    loss = WeatherLoss(torch.ones(points), torch.ones(outputs), torch.ones(outputs))
    step = Step(make_network, partial(make_rolled, rollout=1), loss, batch, make_rolled=make_rolled)
    return rolled(step, 1)
