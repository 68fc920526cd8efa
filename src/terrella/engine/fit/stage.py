"""A stage: one phase of a training with its own length and learning rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import nn

from terrella.engine.feed import Feed
from terrella.engine.fit.parts import Loss, Precision

Validate = Callable[[nn.Module], float]  # lower is better


class Observer(Protocol):
    """Who looks at a stage as it goes, such as the plan's check; what is returned is shown to the user."""

    def step(self) -> list[str]:
        """Note a finished step."""
        ...

    def over(self) -> bool:
        """Return whether more memory was held than is allowed; asked after each step."""
        ...

    def pause(self) -> None:
        """Leave out the time since the last step."""
        ...

    def end(self) -> list[str]:
        """Note the end."""
        ...


@dataclass(frozen=True)
class Stage:
    """Epochs at one peak learning rate: a linear warm-up, then a half cosine down to zero, or constant.

    What is None is that of the training. A stage with a loss, or a validation, of its own finds its best weights
    anew: losses of two kinds cannot be compared.
    """

    name: str
    epochs: int
    learning_rate: float
    warmup_steps: int = 50
    patience: int | None = None  # epochs without a better validation loss before the stage ends
    schedule: Literal["cosine", "constant"] = "cosine"
    feed: Feed | None = None
    loss: Loss | None = None
    validate: Validate | None = None
    weight_decay: float | None = None
    averaging: float | None = None
    clip: float | None = None
    accumulation: int | None = None
    precision: Precision | None = None
    observer: Observer | None = None  # of the first process

    @property
    def anew(self) -> bool:
        """Whether its losses are of another kind than those of the stage before."""
        return self.loss is not None or self.validate is not None

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate at a step of `steps` in this stage."""
        warm = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        if self.schedule == "constant":
            return self.learning_rate * warm
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0)))
