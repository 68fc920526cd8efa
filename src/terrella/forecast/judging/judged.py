"""What judging found."""

from collections.abc import Mapping
from dataclasses import dataclass

from terrella.engine.judge import Blocks
from terrella.forecast.judging.after_shocks import AfterShocks
from terrella.forecast.judging.breakdown import Breakdown
from terrella.forecast.judging.csep_tests import CsepTests
from terrella.forecast.judging.molchan import Molchan
from terrella.forecast.judging.scores import Scores
from terrella.forecast.judging.sequences import Followed
from terrella.formats.catalogues.catalogue import Floats


@dataclass(frozen=True, eq=False)
class Judged:
    """What judging one horizon found: scores, and each issue time's events and losses, for figures."""

    horizon_days: float
    issue_days: Floats
    events: Floats
    losses: dict[str, Floats]
    scores: Scores
    blocks: Blocks
    molchan: Mapping[str, Molchan]
    breakdown: Breakdown

    @property
    def label(self) -> str:
        """The horizon as the names of scores have it."""
        return f"{self.horizon_days:g}d"


@dataclass(frozen=True, eq=False)
class Closer:
    """What a closer look at the forecasts of the shortest horizon found, and at those after large shocks."""

    horizon_days: float
    sequences: tuple[Followed, ...]
    csep: CsepTests | None  # none where pyCSEP is not installed
    hours: AfterShocks | None = None  # none where no shock is large enough
