"""Whether an explanation can be believed: weights drawn anew, noise, and parts taken away in its order."""

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import nn

from terrella.engine.explain.methods import repeated
from terrella.engine.explain.question import Explanation, Question, Values, left_out

DESTROYED, KEPT = 0.5, 0.8  # rank correlations below and above which a check is passed
_FEWEST_DRAWS, _SPREAD = 2, 0.15  # and what the mean correlation of unlike parts may deviate from zero
_NOISE = 0.05  # of what an element varies by
_ORDERS = 20  # at random
_POINTS = 20  # of a curve


@dataclass(frozen=True)
class Sanity:
    """Rank correlations of the parts with those of networks of random weights, and of noisy inputs."""

    random_weights: float
    noise: float

    @property
    def lines(self) -> list[str]:
        """What they tell."""
        destroyed, kept = abs(self.random_weights) < DESTROYED, self.noise > KEPT
        return [
            f"weights drawn anew: rank correlation {self.random_weights:+.2f}, "
            + (
                "the parts are lost, as they must be"
                if destroyed
                else "THE PARTS SURVIVE: do not believe them"
            ),
            f"noise on the input: rank correlation {self.noise:+.2f}, "
            + ("the parts stay" if kept else "THE PARTS MOVE: do not read single ones"),
        ]


@dataclass(frozen=True, eq=False)
class Curves:
    """Answers as parts are taken away or put in, (point,), beside random orders (order, point)."""

    share: Values  # of the parts
    deletion: Values
    insertion: Values
    random_deletion: Values
    random_insertion: Values
    output: float
    reference: float

    def areas(self) -> dict[str, float]:
        """Return the mean height of each curve, from 0 at the baseline's answer to 1 at the input's."""
        named = {
            "deletion": self.deletion, "insertion": self.insertion,
            "random deletion": self.random_deletion, "random insertion": self.random_insertion,
        }  # fmt: skip
        span = self.output - self.reference
        return {
            name: float(np.trapezoid((each - self.reference) / span, self.share, axis=-1).mean())
            for name, each in named.items()
        }

    @property
    def line(self) -> str:
        """What the areas tell."""
        found = self.areas()
        return (
            "parts in this order, beside random orders: taken away, the mean answer is "
            f"{found['deletion']:.2f} beside {found['random deletion']:.2f} of the whole difference; put in, "
            f"{found['insertion']:.2f} beside {found['random insertion']:.2f}"
        )


def sanity(found: Explanation, seed: int = 0) -> Sanity:
    """Return how the parts change with weights drawn anew (Adebayo et al. 2018, section 3) and with noise.

    Weights of each tensor are drawn from a normal distribution of its mean and deviation; noise is 5 % of what an
    element varies by. Both are of what the weights decide, means over draws: the more, the fewer parts there are.
    """
    question = found.question
    own = found.values
    if question.learned is not None:
        own = repeated(question, found, question.network, question.inputs, seed)
    random, noisy = [], []
    generator = torch.Generator().manual_seed(seed)
    # Ranks of n unlike parts correlate with a deviation of 1/√(n − 1).
    draws = math.ceil(1 / (_SPREAD**2 * max(len(question.names) - 1, 1)))
    for _ in range(max(_FEWEST_DRAWS, draws)):
        network = randomised(question.network, generator)
        random.append(_correlation(question, own, repeated(question, found, network, question.inputs, seed)))
        noise = torch.randn(question.inputs.shape, generator=generator, dtype=question.inputs.dtype)
        inputs = question.inputs + _NOISE * question.scale * noise
        noisy.append(_correlation(question, own, repeated(question, found, question.network, inputs, seed)))
    return Sanity(float(np.mean(random)), float(np.mean(noisy)))


def randomised(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """Return a copy of a network whose weights are drawn anew, each tensor's from its own mean and deviation."""
    copy = deepcopy(network)
    with torch.no_grad():
        for each in copy.parameters():
            if each.numel() > 1:
                draw = torch.randn(each.shape, generator=generator, dtype=each.dtype)
                each.copy_(each.mean() + each.std() * draw)
    return copy


def curves(found: Explanation, seed: int = 0) -> Curves:
    """Return the answers as parts are taken away and put in, largest first (Petsiuk et al. 2018, section 3.2)."""
    question, by_part = found.question, found.by_part
    sign = np.sign(found.output - found.reference)
    number = len(by_part)
    points = np.unique(np.linspace(0, number, min(number, _POINTS) + 1).round().astype(int))
    random = np.random.default_rng(seed)
    orders = [np.argsort(-sign * by_part, kind="stable")]
    orders += [random.permutation(number) for _ in range(_ORDERS)]
    deletion, insertion = (_along(question, orders, points, keep) for keep in (True, False))
    return Curves(
        points / number, deletion[0], insertion[0], deletion[1:], insertion[1:], found.output, found.reference
    )


def _along(question: Question, orders: Sequence[Values], points: Values, delete: bool) -> Values:
    rank = np.stack([np.argsort(order) for order in orders])
    changed = torch.from_numpy(rank[:, None] < points[:, None])  # (order, point, part)
    keep = ~changed if delete else changed
    answers = [
        question.of(question.network, left_out(question, some)).double()
        for some in torch.split(keep.flatten(0, 1), question.at_once)
    ]
    return torch.cat(answers).view(len(orders), len(points)).numpy()


def _correlation(question: Question, a: Values, b: Values) -> float:
    parts, number = question.parts.numpy().ravel(), len(question.names)
    summed = [np.bincount(parts, each.ravel(), minlength=number) for each in (a, b)]
    if any(np.ptp(each) == 0 for each in summed):
        return 0.0
    first, second = (rankdata(each) for each in summed)
    return float(np.corrcoef(first, second)[0, 1])
