"""A stage: one phase of a training with its own length and learning rate."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """Epochs at one peak learning rate: a linear warm-up, then a half cosine down to zero, or constant."""

    name: str
    epochs: int
    learning_rate: float
    warmup_steps: int = 50
    patience: int | None = None  # epochs without a better validation loss before the stage ends
    schedule: Literal["cosine", "constant"] = "cosine"

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate at a step of `steps` in this stage."""
        warm = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        if self.schedule == "constant":
            return self.learning_rate * warm
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0)))
