"""What judging one horizon found."""

from dataclasses import dataclass

from terrella.engine.judge import Scores
from terrella.formats.catalogue import Floats


@dataclass(frozen=True, eq=False)
class Judged:
    """What judging one horizon found: scores, and each issue time's events and losses, for figures."""

    horizon_days: float
    issue_days: Floats
    events: Floats
    losses: dict[str, Floats]
    scores: Scores

    @property
    def label(self) -> str:
        """The horizon as the names of scores have it."""
        return f"{self.horizon_days:g}d"
