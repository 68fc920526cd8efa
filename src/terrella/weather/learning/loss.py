"""What is made small: errors of the roll-out, weighted by area and channel."""

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
    noise: int = (
        0  # numbers of noise that a member gets at each step; above 0 the loss is the CRPS of two members
    )

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        if self.noise:
            return self.crps(network, batch)
        found = network(batch["past"], batch["forcings"])
        return self.mean(self.scaled(found - batch["future"]).square())

    def crps(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the fair CRPS of two members (Ferro 2014, equation 8): what it would be of very many."""
        past, forcings = (torch.cat([batch[name]] * 2) for name in ("past", "forcings"))
        drawn = torch.randn(len(past), batch["future"].shape[1], self.noise, device=past.device)
        one, other = network(past, forcings, drawn).chunk(2)
        errors = ((one - batch["future"]).abs() + (other - batch["future"]).abs() - (one - other).abs()) / 2
        return self.mean(self.scaled(errors))

    def scaled(self, errors: Tensor) -> Tensor:
        """Return errors in units of a step's differences."""
        return errors / self.difference_scale.to(errors.device)

    def mean(self, errors: Tensor) -> Tensor:
        """Return the weighted mean of errors (batch, step, point, channel)."""
        area, channel = self.area.to(errors.device), self.channel.to(errors.device)
        with torch.autocast(errors.device.type, enabled=False):
            return (errors @ channel).mean((0, 1)) @ area / len(area)
