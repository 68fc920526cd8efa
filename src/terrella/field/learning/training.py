"""The training of the acceleration, for the plan and for the fit."""

from collections.abc import Sequence

import torch

from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, fed_samples, one_stage
from terrella.field.learning.likelihood import make_loss
from terrella.field.learning.network import members_of, network_for
from terrella.field.learning.pairs import INPUTS
from terrella.field.learning.prepared import Prepared, samples_of
from terrella.field.secular_variation.rotation import AXES
from terrella.field.settings import FieldSettings

_USUAL = 12  # pairs an observatory has, in a plan without data


def stages(settings: FieldSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many pairs."""
    number = (
        len(given.learned)
        if given is not None
        else samples or _USUAL * (settings.data.sites + settings.data.virtual)
    )
    members = members_of(settings)

    def make_batch(n: int) -> Batch:
        return {
            "inputs": torch.randn(n, len(INPUTS)), "turned": torch.randn(n, 3, AXES), "y": torch.randn(n, 3),
            "weight": torch.ones(n), "learned": torch.ones(n, members),
        }  # fmt: skip

    def fed(given: Prepared) -> Fed:
        return fed_samples(settings.fit, samples_of(given))

    likelihood = make_loss(settings.network.stiffness, number)
    step = Step(lambda: network_for(settings), make_batch, likelihood, settings.fit.batch)
    return one_stage("acceleration", settings.fit, step, given, number, fed, warmup_steps=20, clip=1e3)
