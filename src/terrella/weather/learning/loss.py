"""What is made small: errors of the roll-out in units of a step's differences, weighted by area and channel."""

from dataclasses import dataclass

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

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        found = network(batch["past"], batch["forcings"])
        return self.mean(((found - batch["future"]) / self.difference_scale.to(found.device)).square())

    def mean(self, errors: Tensor) -> Tensor:
        """Return the weighted mean of errors (batch, step, point, channel)."""
        area, channel = self.area.to(errors.device), self.channel.to(errors.device)
        return torch.einsum("btnc,n,c->", errors, area, channel) / errors[..., 0].numel()
