"""What is minimised: minus the log of the joint density of motions and terms, for all members at once.

Minimising it over the fixed part and the terms together gives the estimate by generalised least squares, that of
the marginal likelihood, once the variances are known (Henderson 1975). These come from `variance.crossed`.
"""

import torch
from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.fit.parts import Loss
from terrella.motion.learning.network import SHIFT, MotionNetwork
from terrella.motion.learning.start import mixed_solution
from terrella.motion.models.variance import TAILS


def make_loss(stiffness: float, records: int) -> Loss:
    """Return the loss of a batch: minus the log of the joint density, for each record, member and measure."""

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        plain = getattr(network, "module", network)  # as it is under several processes
        assert isinstance(plain, MotionNetwork)
        tau, s2s, within = batch["deviations"][0].unbind(-1)
        fixed = network(batch["x"], batch["z"], batch["gate"].T[..., None])
        of_event, of_station = plain.event[:, batch["event"]], plain.station[:, batch["station"]]
        misfit = (batch["y"] - fixed - of_event - of_station) / within[:, None]
        seen = batch["learned"].T[..., None] * batch["known"]
        terms = (of_event / tau[:, None]).square() * batch["event_share"][:, None]
        # Student's t: a station in another unit, or a wrong gain, must not move the others.
        tails = (TAILS + 1) * torch.log1p((of_station / s2s[:, None]).square() / TAILS)
        terms = terms + tails * batch["station_share"][:, None]
        each = 0.5 * (seen * misfit.square() + terms).sum((0, 2)).mean()
        return (each + plain.penalty(stiffness) / records) / (fixed.shape[0] * fixed.shape[2])

    return loss


@torch.no_grad()
def started(network: MotionNetwork, samples: Batch) -> MotionNetwork:
    """Put a network where its linear part is the best without a perceptron, and return it."""
    x = torch.cat([torch.ones(len(samples["x"]), 1), samples["x"], samples["z"]], 1).double()
    inputs = samples["x"].shape[1]
    event, station = samples["event"].numpy(), samples["station"].numpy()
    sizes = (network.event.shape[1], network.station.shape[1])
    shift, slopes = torch.tensor([SHIFT]), network.slope_priors()
    prior = torch.cat([shift, slopes, torch.ones(samples["z"].shape[1])]).double().numpy()
    for member in range(network.shift.shape[0]):
        gated = x.clone()
        gated[:, 1 : 1 + inputs] *= samples["gate"][:, member, None]
        for measure in range(network.shift.shape[2]):
            own = ((samples["learned"][:, member] > 0) & (samples["known"][:, measure] > 0)).numpy()
            if not own.any():
                continue
            found, of_event, of_station = mixed_solution(
                gated.numpy()[own], samples["y"][:, measure].double().numpy()[own], event[own], station[own],
                samples["deviations"][0, member, measure].double().numpy(), prior, sizes,
            )  # fmt: skip
            coefficients = torch.as_tensor(found, dtype=torch.float32)
            network.shift[member, 0, measure] = coefficients[0]
            network.slope[member, :, measure] = coefficients[1 : 1 + inputs]
            network.drift[member, :, measure] = coefficients[1 + inputs :]
            network.event[member, :, measure] = torch.as_tensor(of_event, dtype=torch.float32)
            network.station[member, :, measure] = torch.as_tensor(of_station, dtype=torch.float32)
    return network
