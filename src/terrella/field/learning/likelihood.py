"""The loss: minus the log posterior of all members, for each pair."""

from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.fit.parts import Loss
from terrella.field.learning.network import ALIKE, FieldNetwork


def make_loss(stiffness: float, pairs: int) -> Loss:
    """Return the loss of a batch: normal errors, each pair for 1/30 of one, and the prior's share."""

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        plain = getattr(network, "module", network)  # as it is under several processes
        assert isinstance(plain, FieldNetwork)
        mean, log_deviation = network(batch["inputs"], batch["turned"])
        off = (batch["y"] - mean) * (-log_deviation).exp()
        each = (0.5 * off.square() + log_deviation).sum(-1)
        weight = (batch["learned"] * batch["weight"][:, None]).T
        return ((each * weight).mean(1).sum() + plain.penalty(stiffness) * ALIKE / pairs) / mean.shape[0]

    return loss
