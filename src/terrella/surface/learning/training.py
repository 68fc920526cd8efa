"""The training of mean and samples, for the plan and for the fit."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch
from terrella.engine.plan.step import Step
from terrella.engine.task import Fed, StageSpec, one_stage
from terrella.surface.learning.blocks import gaps_in_blocks, refined_blocks
from terrella.surface.learning.network import Condition, network_for
from terrella.surface.learning.prepared import DrawnWindows, Prepared, noised
from terrella.surface.learning.windows import Windows, coarsened, joined, window_pixels
from terrella.surface.settings import SurfaceSettings

FULL = "full_mean", "full_deviation"  # errors of a network that a narrower one imitates
_SAMPLES = 0.3  # weight of the diffusion's loss beside the mean's


def loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return the squared errors of the mean and of the denoised deviations, over unknown pixels.

    Where the batch holds another network's errors, they are measured from these.
    """
    given = Condition(batch["seen"], batch["refined"])
    errors = network(given, batch["truth"], batch["noise"], batch["level"])
    if FULL[0] in batch:
        errors = [own - batch[name] for own, name in zip(errors, FULL, strict=True)]
    unknown = batch["seen"][:, 1:2]
    of_mean, of_samples = (
        ((each**2).sum((1, 2, 3)) / unknown[: len(each)].sum((1, 2, 3))).mean() for each in errors
    )
    return of_mean + _SAMPLES * of_samples


def stages(settings: SurfaceSettings, given: Prepared | None, samples: int | None) -> Sequence[StageSpec]:
    """Return the only stage of a training; without data, of so many windows in an epoch."""
    data, fit = settings.data, settings.fit
    number, width = samples or fit.windows, window_pixels(data.factor, data.gap_pixels)

    def make_batch(n: int) -> Batch:
        field = torch.randn(n, 1, width, width)
        return {
            "seen": torch.randn(n, 2, width, width), "refined": torch.ones(n), "truth": field,
            "noise": field.clone(), "level": torch.ones(n),
        }  # fmt: skip

    def fed(given: Prepared) -> Fed:
        device = choose_device(fit.device)
        draw = np.random.default_rng((fit.seed, 1))
        checked = noised(_checked(given, settings), given.ratios, data.factor, draw, device)
        return Fed(DrawnWindows(given, settings, device), checked)

    step = Step(lambda: network_for(settings), make_batch, loss, fit.batch)
    return one_stage("surface", fit, step, given, number, fed, warmup_steps=20, clip=1.0)


def _checked(given: Prepared, settings: SurfaceSettings) -> Windows:
    """Return windows of the dev blocks, as wide as those that are learned."""
    data = settings.data
    width = window_pixels(data.factor, data.gap_pixels)
    coarse = refined_blocks(given.blocks, "dev", data).windows
    cut = (slice(None), slice(0, width), slice(0, width))
    return joined(
        [coarsened(coarse.truth[cut], data.factor), gaps_in_blocks(given.blocks, "dev", data).windows]
    )
