"""The training of the residual, for the plan and for the fit."""

from collections.abc import Sequence

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.motion.learning.features import INPUTS
from terrella.motion.learning.joint_density import make_loss
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared, samples_of
from terrella.motion.settings import MotionSettings

Sizes = tuple[int, int, int, int, int, int, int]
_ASSUMED_NODES = 10  # of the drift, in a plan without data
_RECORDS_PER = 5, 15  # of an event and of a station, in a plan without data


def stages(settings: MotionSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many records."""
    number = len(given.records) if given is not None else samples or 10 * settings.data.events
    sizes = _assumed(settings, number) if given is None else _sizes(settings, given)
    members, inputs, nodes, _, measures, events, stations = sizes

    def make_batch(n: int) -> Batch:
        return {
            "x": torch.randn(n, inputs), "z": torch.randn(n, nodes), "y": torch.randn(n, measures),
            "known": torch.ones(n, measures),
            "learned": torch.ones(n, members), "gate": torch.ones(n, members), "event_share": torch.ones(n),
            "station_share": torch.ones(n),
            "deviations": torch.ones(members, measures, 3).expand(n, members, measures, 3),
            "event": torch.randint(0, events, (n,)), "station": torch.randint(0, stations, (n,)),
        }  # fmt: skip

    def fed(given: Prepared) -> Fed:
        return fed_samples(settings.fit, samples_of(given))

    likelihood = make_loss(settings.network.stiffness, number)
    step = Step(lambda: MotionNetwork(*sizes), make_batch, likelihood, settings.fit.batch)
    said = f"{events} events, {stations} stations and {nodes} nodes of the drift"
    return one_stage("residual", settings.fit, step, given, number, fed, said, warmup_steps=20, clip=1e3)


def network_for(settings: MotionSettings, given: Prepared) -> MotionNetwork:
    """Return a network before its training."""
    return MotionNetwork(*_sizes(settings, given))


def _sizes(settings: MotionSettings, given: Prepared) -> Sizes:
    """Return what a network is made of: members, inputs, nodes, hidden units, measures, events, stations."""
    records = given.records
    events, stations = (len(np.unique(labels)) for labels in (records.event, records.station))
    nodes, hidden = len(given.drift.nodes), settings.network.hidden
    return given.folds.members, len(INPUTS), nodes, hidden, len(records.measures), events, stations


def _assumed(settings: MotionSettings, records: int) -> Sizes:
    """Return the sizes that a plan without data assumes."""
    data = settings.data
    members, measures = data.event_folds * data.station_folds + 1, len(data.measures)
    events, stations = (records // each + 1 for each in _RECORDS_PER)
    return members, len(INPUTS), _ASSUMED_NODES, settings.network.hidden, measures, events, stations
