"""The store: all traces of a data set in one contiguous array, with integer picks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, eq=False)
class Store:
    """Traces of one rate, three components each, and their picks.

    `samples` holds trace after trace, component after component: the samples of component c of trace t are
    `samples[offset[t] + c * length[t] :][: length[t]]`. It is in RAM or memory-mapped; a component that was not
    recorded is zero, and so are gaps. A pick is a sample of its own trace, −1 where there is none.

    Parameters
    ----------
    name : str
        Of the data set.
    samples : array of float32 or float16 (total,)
        In whatever unit the data set has.
    offset, length : array of int64 (trace,)
        First sample of each trace, and samples per component.
    recorded : array of bool (trace, 3)
        Which of Z, N, E exist.
    rate_hz : float
        Of every trace, in Hz.
    phases : tuple of str
        Names of the columns of `picks`, such as Pg, Pn, S.
    picks : array of int32 (trace, phase)
        In samples from the trace's start.
    split : array of str (trace,)
        train, dev or test.
    noise : array of bool (trace,)
        True where a trace holds no event.
    table : DataFrame
        A row per trace: the metadata that the data set came with.
    """

    name: str  # of the data set
    samples: npt.NDArray[np.float32 | np.float16]  # (total,)
    offset: npt.NDArray[np.int64]  # (trace,)
    length: npt.NDArray[np.int64]  # (trace,) samples per component
    recorded: npt.NDArray[np.bool_]  # (trace, 3): which of Z, N, E exist
    rate_hz: float  # of every trace
    phases: tuple[str, ...]  # names of the columns of `picks`, such as Pg, Pn, S
    picks: npt.NDArray[np.int32]  # (trace, phase)
    split: npt.NDArray[np.str_]  # (trace,): train, dev or test
    noise: npt.NDArray[np.bool_]  # (trace,): holds no event
    table: pd.DataFrame  # a row per trace: the metadata that the data set came with

    def __len__(self) -> int:
        return len(self.offset)

    def trace(self, index: int) -> npt.NDArray[np.float32]:
        """Return one trace, (3, sample)."""
        first, length = int(self.offset[index]), int(self.length[index])
        return np.asarray(self.samples[first : first + 3 * length], np.float32).reshape(3, length)
