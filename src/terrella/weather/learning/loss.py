"""What is made small: errors of the roll-out, weighted by area and channel."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch


@dataclass(frozen=True, eq=False)
class WeatherLoss:
    """Mean over samples, steps and area of the channels' weighted squared errors (Lam et al. 2023, equation 19).

    Batches hold `past` (batch, 2, point, channel), `forcings` (batch, 2 + steps, point, forcing) and `future`
    (batch, steps, point, channel), normalised.
    """

    area: Tensor  # (point), of mean 1
    channel: Tensor  # (channel)
    difference_scale: Tensor  # (channel)
    noise: int = (
        0  # numbers of noise that a member gets at each step; above 0 the loss is the CRPS of two members
    )

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        if self.noise:
            return self.crps(network, batch)
        future = batch["future"]
        area, channel = (each.to(future) for each in (self.area, self.channel / self.difference_scale**2))

        def squares(step: int, found: Tensor) -> Tensor:
            with torch.autocast(found.device.type, enabled=False):
                return weighted_squares(found.float(), future[:, step], area, channel)

        return torch.stack(network(batch["past"], batch["forcings"], each=squares)).mean()

    def crps(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the fair CRPS of two members (Ferro 2014, equation 8): what it would be of very many."""
        past, forcings = (torch.cat([batch[name]] * 2) for name in ("past", "forcings"))
        future = batch["future"]
        drawn = torch.randn(len(past), future.shape[1], self.noise, device=past.device)

        def spread(step: int, found: Tensor) -> Tensor:
            (one, other), truth = found.chunk(2), future[:, step]
            return self.mean(
                self.scaled(((one - truth).abs() + (other - truth).abs() - (one - other).abs()) / 2)
            )

        return torch.stack(network(past, forcings, drawn, spread)).mean()

    def scaled(self, errors: Tensor) -> Tensor:
        """Return errors in units of a step's differences."""
        return errors / self.difference_scale.to(errors.device)

    def mean(self, errors: Tensor) -> Tensor:
        """Return the weighted mean of errors (batch, point, channel)."""
        area, channel = self.area.to(errors.device), self.channel.to(errors.device)
        with torch.autocast(errors.device.type, enabled=False):
            return (errors @ channel).mean(0) @ area / len(area)


def weighted_squares(found: Tensor, future: Tensor, area: Tensor, channel: Tensor) -> Tensor:
    """Return the mean of squared errors (batch, point, channel), weighted by point and channel."""
    mean: Tensor = _WeightedSquares.apply(found, future, area, channel)
    return mean


class _WeightedSquares(torch.autograd.Function):
    """Mean of weighted squared errors that keeps no tensor of its own: at 0.25° each takes a gigabyte a step."""

    @staticmethod
    def forward(ctx: Any, found: Tensor, future: Tensor, area: Tensor, channel: Tensor) -> Tensor:
        ctx.save_for_backward(found, future, area, channel)
        return ((found - future).square_() @ channel).mean(0) @ area / len(area)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        found, future, area, channel = ctx.saved_tensors
        scale = 2 * gradients[0] / (found.shape[0] * len(area))
        made = (found - future).mul_(channel).mul_(area[:, None] * scale)
        return made, None, None, None
