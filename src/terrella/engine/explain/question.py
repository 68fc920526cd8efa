"""What is to be explained: one number that a network gives, as a function of the parts of its input."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from terrella.engine.judge.report import Picture

Values = npt.NDArray[Any]
Answer = Callable[[nn.Module, Tensor], Tensor]  # of a network and inputs (n, …): (n,)


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of the input: its coordinate, and what else is known along it."""

    name: str
    values: Values
    unit: str = ""
    more: Mapping[str, Values] = field(default_factory=dict)  # such as each event's magnitude


@dataclass(frozen=True, eq=False)
class Question:
    """One number, its input, and what stands for nothing.

    `inputs` and `baseline` have the shape of `axes`; `parts` gives each element of them the number of its part:
    what is left out, drawn or ranked together.
    """

    title: str  # P of CI.CCC at 03:20:12.3
    unit: str  # of the number
    network: nn.Module
    answer: Answer
    inputs: Tensor
    baseline: Tensor
    baseline_means: str
    axes: tuple[Axis, ...]
    parts: Tensor  # int64, from 0 on
    names: Sequence[str]  # of the parts
    scale: Tensor  # how much an element varies, of a shape that broadcasts
    pictures: Callable[["Explanation"], Sequence["Picture"]]
    learned: Answer | None = (
        None  # what of the answer the weights decide, where a fixed model stands below it
    )
    at_once: int = 64  # inputs that are answered at once
    lowest: float = float("-inf")  # that an element can be
    whole: bool = False  # whether the baseline's answer is a part of the answer: shares are of all of it
    said: Sequence[str] = ()
    cites: Sequence[str] = ()

    def of(self, network: nn.Module, inputs: Tensor, learned: bool = False) -> Tensor:
        """Return the answers (n,) to inputs (n, …), some at once, without gradients."""
        answer = self.answer if not learned or self.learned is None else self.learned
        with torch.no_grad():
            return torch.cat([answer(network, some) for some in torch.split(inputs, self.at_once)])


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each element of the input adds to the answer; of gradient ascent, how the input was changed."""

    question: Question
    method: str
    values: Values  # of the input's shape, in the answer's unit
    output: float
    reference: float  # the answer to the baseline; of gradient ascent that to the input
    steps: int  # of the path, draws or steps
    missing: float  # share of the difference that the values leave unexplained; NaN where none is asked for
    said: str  # in words

    @property
    def span(self) -> float:
        """What shares are of: the whole answer, or its difference to the baseline's."""
        return self.output if self.question.whole else self.output - self.reference

    @property
    def by_part(self) -> Values:
        """The sums over each part."""
        parts = self.question.parts.numpy().ravel()
        return np.bincount(parts, self.values.ravel(), minlength=len(self.question.names))


def classical(trusted: str, network: str = "network", of: str = "") -> list[str]:
    """Return a line where `predict` uses a classical method instead of the network, `of` what."""
    return [] if trusted == network else [f"predict uses {trusted}{of}; what is explained is the network"]


def left_out(question: Question, keep: Tensor) -> Tensor:
    """Return inputs (n, …) of which only some parts are kept, by truth values (n, part)."""
    return torch.where(keep[:, question.parts], question.inputs, question.baseline)


def unfinished_share(question: Question, values: Values, output: float, reference: float) -> float:
    """Return by how much the sum of values misses the difference, as a share of it, or of the whole answer."""
    whole = abs(output) if question.whole else 0.0
    most = max(abs(output - reference), whole, 1e-3 * float(np.abs(values).sum()), 1e-30)
    return abs(float(values.sum()) - (output - reference)) / most
