"""Windows to judge pickers by, and what is true of each (Münchmeyer et al. 2022, section 3.3)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.picker import Samples, Windows
from terrella.pick.store import Store

DETECTION_S = 30.0
PHASE_S = 10.0

_NO_PICK = np.int64(2**62)
_DETECTION_EDGE_S = 1.0  # an arrival lies this far inside its detection window
_PHASE_EDGE_S = 0.5  # an onset lies this far inside its window, and the next pick this far outside
_SHORTEST_S = 1.0  # of a window; shorter traces are left out


@dataclass(frozen=True, eq=False)
class Targets:
    """What pickers are asked, and the truth.

    A detection window holds an event's first arrival, or noise; never only the coda of an event. A phase window
    holds exactly one pick.

    Parameters
    ----------
    detection, phase : Windows
        Arrays (window,) of trace, start and end, in samples.
    event : array of bool (detection window,)
        Whether it holds an event; else noise.
    is_p : array of bool (phase window,)
        Whether its pick is a P; else S.
    onset : array of int64 (phase window,)
        In samples of the store from the trace's start.
    label : array of str (phase window,)
        The pick's own name, such as Pn.
    """

    detection: Windows
    event: npt.NDArray[np.bool_]  # of each detection window; else noise
    phase: Windows
    is_p: npt.NDArray[np.bool_]  # of each phase window; else S
    onset: Samples  # of each phase window, in samples of the store from the trace's start
    label: npt.NDArray[np.str_]  # of each phase window: the pick's own name, such as Pn

    def p_picks(self) -> tuple[Windows, Samples]:
        """Return the phase windows of P picks, and their onsets (window,)."""
        of = self.phase
        return Windows(of.trace[self.is_p], of.start[self.is_p], of.end[self.is_p]), self.onset[self.is_p]


def make_targets(store: Store, split: str, seed: int = 0) -> Targets:
    """Return random targets of a split, or of all traces for the split "all"; the same for the same seed.

    As in the study, a detection window around the first arrival of each trace, one of noise before it where there
    is room, and one in each trace of noise; and a phase window around each pick that stands alone for 10 s.

    Parameters
    ----------
    store : Store
        Traces with picks, in samples.
    split : str
        train, dev, test or all.
    seed : int
        Of where the windows lie.

    Returns
    -------
    Targets
        Windows (window,) of 30 s and 10 s, [start, end) in samples of their trace, and what is true of each.

    References
    ----------
    Münchmeyer et al. (2022), section 3.3.
    """
    chosen = np.flatnonzero((store.split == split) | (split == "all"))
    draw = np.random.default_rng(seed)
    arrivals, names = _arrivals(store, chosen)
    detection, event = _detection(store, chosen, arrivals[:, 0], draw)
    return Targets(detection, event, *_phases(store, chosen, arrivals, names, draw))


def _arrivals(store: Store, chosen: Samples) -> tuple[Samples, npt.NDArray[np.int64]]:
    """Return the picks of P and S of each trace in time, (trace, pick), and their columns; the missing last."""
    kept = [i for i, name in enumerate(store.phases) if phase_kind(name)]
    picks = store.picks[chosen][:, kept].astype(np.int64)
    there = (picks >= 0) & (picks < store.length[chosen, None])
    picks = np.pad(np.where(there, picks, _NO_PICK), ((0, 0), (0, 1)), constant_values=_NO_PICK)
    order = np.argsort(picks, axis=1, kind="stable")
    columns = np.array([*kept, -1], np.int64)
    return np.take_along_axis(picks, order, 1), columns[order]


def _detection(
    store: Store, chosen: Samples, first: Samples, draw: np.random.Generator
) -> tuple[Windows, npt.NDArray[np.bool_]]:
    window, edge, length = (
        _samples(store, DETECTION_S),
        _samples(store, _DETECTION_EDGE_S),
        store.length[chosen],
    )
    has = first < _NO_PICK
    around = _around(first, np.zeros_like(first), length, window, edge, draw)
    before = _anywhere(np.minimum(first, length), window, draw)
    parts = [
        (around, has & (around[1] - around[0] <= window), True),
        # A shorter window before the arrival would say by its length that it is noise.
        (before, has & (first >= window), False),
        (before, ~has & store.noise[chosen], False),
    ]
    trace, start, end, event = (
        np.concatenate(each)
        for each in zip(
            *(
                (chosen[use], at[0][use], at[1][use], np.full(use.sum(), is_event))
                for at, use, is_event in parts
            ),
            strict=True,
        )
    )
    long = end - start > _samples(store, _SHORTEST_S)
    order = np.argsort(trace[long], kind="stable")
    trace, start, end, event = (each[long][order] for each in (trace, start, end, event))
    return Windows(trace, start, end), event


def _phases(
    store: Store, chosen: Samples, arrivals: Samples, columns: Samples, draw: np.random.Generator
) -> tuple[Windows, npt.NDArray[np.bool_], Samples, npt.NDArray[np.str_]]:
    window, edge = _samples(store, PHASE_S), _samples(store, _PHASE_EDGE_S)
    length = np.broadcast_to(store.length[chosen, None], arrivals.shape)
    earliest = np.concatenate([np.zeros((len(chosen), 1), np.int64), arrivals[:, :-1] + edge], axis=1)
    next_pick = np.concatenate([arrivals[:, 1:], np.full((len(chosen), 1), _NO_PICK)], axis=1)
    latest = np.where(next_pick < _NO_PICK, next_pick - edge, length)
    row, place = np.nonzero((arrivals < _NO_PICK) & (earliest <= arrivals) & (arrivals <= latest))
    onset, low, high = arrivals[row, place], earliest[row, place], latest[row, place]
    start, end = _around(onset, low, high, window, edge, draw)
    alone = (end - start <= window) & (end - start > _samples(store, _SHORTEST_S))
    # A window may be shortened by the end of its trace, not by the next pick: that would tell which phase it is.
    alone &= (high - low >= window) | (next_pick[row, place] == _NO_PICK)
    row, start, end, onset = (each[alone] for each in (row, start, end, onset))
    label = np.array([*store.phases, ""])[columns[row, place[alone]]]
    is_p = np.array([phase_kind(name) == "P" for name in store.phases], bool)[columns[row, place[alone]]]
    return Windows(chosen[row], start, end), is_p, onset, label


def _around(
    wanted: Samples, low: Samples, high: Samples, window: int, edge: int, draw: np.random.Generator
) -> tuple[Samples, Samples]:
    """Return random windows inside [low, high) that hold a sample not near their edge.

    Where there is no such window it is all of [low, high): of use where that is a whole short trace.
    """
    first = np.maximum(low, wanted + edge - window)
    last = np.minimum(high - window, wanted - edge)
    at = _between(first, last, draw)
    fits = (last > first) & (high - low > window)
    return np.where(fits, at, low), np.where(fits, at + window, high)


def _anywhere(length: Samples, window: int, draw: np.random.Generator) -> tuple[Samples, Samples]:
    at = _between(np.zeros_like(length), length - window, draw)
    fits = length > window
    return np.where(fits, at, 0), np.where(fits, at + window, length)


def _between(first: Samples, last: Samples, draw: np.random.Generator) -> Samples:
    """Return random integers from the first to the last, both included; any where the last comes before."""
    room = np.maximum(last - first + 1, 1)
    # The smallest matters where a random number rounds to 1.
    return first + np.minimum((draw.random(len(first)) * room).astype(np.int64), room - 1)


def _samples(store: Store, seconds: float) -> int:
    return round(seconds * store.rate_hz)
