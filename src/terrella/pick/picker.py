"""What every picker answers, a network as well as a classical method."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from terrella.pick.store import Store

Samples = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows [start, end) of a store's traces, in samples of the store."""

    trace: Samples  # (window,)
    start: Samples  # (window,)
    end: Samples  # (window,)

    def __len__(self) -> int:
        return len(self.trace)


@dataclass(frozen=True, eq=False)
class Answers:
    """What a picker says of each window, (window,) each; NaN where it does not answer that question."""

    detection: Values  # larger: more likely that an event's first arrival lies in the window
    p_over_s: Values  # larger: more likely that the window's one phase is P
    p_sample: Values  # onset of P if there is one, in samples of the store from the trace's start
    s_sample: Values  # onset of S, likewise


class Picker(Protocol):
    """A method that detects events, names phases and picks onsets."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        ...

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return the answers for all windows; it may look at the trace around a window, but answers inside."""
        ...
