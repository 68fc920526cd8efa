"""All that a comparison found, as its report and its tables show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terrella.pick.comparison.cost import Cost
from terrella.pick.comparison.matrix import Judged
from terrella.pick.comparison.recommendation import Advice
from terrella.pick.comparison.settings import CompareSettings


@dataclass(frozen=True, eq=False)
class Findings:
    """All that a comparison found."""

    judged: Sequence[Judged]
    classical: Sequence[str]  # pickers that are no networks
    costs: Mapping[str, Cost]
    advice: Sequence[Advice]
    overall: Sequence[str]  # the one picker for all questions, in words, for each target
    resampling: Sequence[str]  # what it gains, in words
    failures: Sequence[str]
    settings: CompareSettings

    @property
    def pickers(self) -> list[str]:
        """Names of the pickers, in the order in which they come."""
        return list(dict.fromkeys(each.picker for each in self.judged))

    @property
    def tests(self) -> list[str]:
        """Names of the test sets, in the order in which they come."""
        return list(dict.fromkeys(each.test_set for each in self.judged))

    def on(self, test_set: str) -> list[Judged]:
        """Return what was judged on a test set at the common rate."""
        return [each for each in self.judged if each.native and each.test_set == test_set]
