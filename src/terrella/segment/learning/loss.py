"""Losses for labels that are rare: means over the labelled samples of a patch, then over patches."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from terrella.engine.feed import Batch
from terrella.errors import InputError
from terrella.segment.data.labelled import LABELLED, UNLABELLED
from terrella.segment.settings import LossSettings

_SMOOTH = 1.0  # keeps Dice defined, and false alarms punished, where a patch holds no label
_STRIP_LEVELS = 2  # levels that are evaluated in strips

SampleLoss = Callable[[Tensor, Tensor], Tensor]
Loss = Callable[[nn.Module, Batch], Tensor]


def make_loss(settings: LossSettings, strip_rows: int = 0) -> Loss:
    """Return the loss of a network on batches of x (patch, 1, …) and y (patch, …).

    Every patch counts the same, so that a batch in parts has the gradient of the whole. With `strip_rows` the
    outer levels of the network pass so many traces at once, at the same gradients (see nets/strips.py).

    Raises:
        InputError: where strips are asked for with Dice, which is no sum over samples.
    """
    if strip_rows and settings.name == "dice":
        raise InputError(
            "fit.strips needs a loss that is a sum over samples, which Dice is not; choose another loss.name"
        )
    if settings.name == "dice":
        return lambda network, batch: dice(network(batch["x"]).squeeze(1), batch["y"]).mean()
    each = sample_loss(settings)

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        labels, weights = batch["y"], sample_weights(batch["y"])
        if strip_rows:
            return _in_strips(network, batch["x"], labels, weights, each, strip_rows)
        return (each(network(batch["x"]).squeeze(1), labels) * weights).sum()

    return loss


def sample_loss(settings: LossSettings) -> SampleLoss:
    """Return the loss of single samples: a function of logits and labels, all of the same shape."""
    if settings.name == "focal":
        return lambda logits, labels: focal(logits, labels, settings.focal_gamma, settings.focal_alpha)
    weight = settings.positive_weight if settings.name == "weighted" else 1.0
    return lambda logits, labels: cross_entropy(logits, labels, weight)


def sample_weights(labels: Tensor) -> Tensor:
    """Return the weight of every sample of labels (patch, …): 0 without a label, the same sum for every patch."""
    known = (labels != UNLABELLED).float()
    number = known.flatten(1).sum(1).clamp(min=1) * len(labels)
    return known / number.view(-1, *[1] * (labels.ndim - 1))


def cross_entropy(logits: Tensor, labels: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the binary cross-entropy in nats, where labelled samples count `positive_weight` times."""
    weight = torch.as_tensor(positive_weight, dtype=logits.dtype, device=logits.device)
    truth = (labels == LABELLED).to(logits.dtype)
    return binary_cross_entropy_with_logits(logits, truth, pos_weight=weight, reduction="none")


def focal(logits: Tensor, labels: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Return the focal loss −α_t (1 − p_t)^γ log p_t (Lin et al. 2017, eq. 5)."""
    signed = torch.where(labels == LABELLED, logits, -logits)  # p_t is its sigmoid
    balance = torch.where(labels == LABELLED, alpha, 1 - alpha)
    return -balance * torch.sigmoid(-signed) ** gamma * logsigmoid(signed)


def dice(logits: Tensor, labels: Tensor) -> Tensor:
    """Return 1 − D of every patch, (patch,), of logits and labels (patch, …).

    D = 2 Σ p g / (Σ p² + Σ g²) (Milletari et al. 2016, section 3), with 1 added above and below.
    """
    known = (labels != UNLABELLED).to(logits.dtype)
    probability, truth = torch.sigmoid(logits) * known, (labels == LABELLED).to(logits.dtype)
    both = (probability * truth).flatten(1).sum(1)
    squares = (probability**2 + truth**2).flatten(1).sum(1)
    return 1 - (2 * both + _SMOOTH) / (squares + _SMOOTH)


def _in_strips(
    network: nn.Module, inputs: Tensor, labels: Tensor, weights: Tensor, each: SampleLoss, rows: int
) -> Tensor:
    from terrella.nets.strips import Strips, strip_loss
    from terrella.nets.unet import UNet

    if not isinstance(network, UNet):
        raise InputError("fit.strips trains in one process; leave it at 0 with torchrun")
    if network.levels < 2:
        raise InputError(
            "fit.strips needs a network of two levels or more; give network.widths, or no strips"
        )

    def summed(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        return (each(logits, labels) * weights).sum()

    strips = Strips(min(_STRIP_LEVELS, network.levels - 1), rows)
    return strip_loss(network, strips, inputs, summed, labels[:, None], weights[:, None])
