"""Several pickers as one, each for its own question."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from terrella.pick.picker import Answers, Picker, Windows
from terrella.pick.store import Store

# The question that each field of the answers belongs to.
QUESTIONS = {"detection": "detection", "p_over_s": "phase", "p_sample": "p", "s_sample": "s"}


@dataclass(frozen=True, eq=False)
class Combined:
    """A method whose questions are answered by different pickers, such as a training for each."""

    name: str
    pickers: Mapping[str, Picker]  # by question: detection, phase, p, s; a missing one is not answered

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return the answers, each by its own picker; one that serves several questions is asked once."""
        different = {id(picker): picker for picker in self.pickers.values()}
        found = {key: picker.answer(store, windows) for key, picker in different.items()}
        none = np.full(len(windows), np.nan, np.float32)
        fields = [
            getattr(found[id(self.pickers[question])], field) if question in self.pickers else none
            for field, question in QUESTIONS.items()
        ]
        return Answers(*fields)
