"""Onsets by Akaike's information criterion, of P on the vertical and of S on the horizontal components."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.pick.classical.segments import HORIZONTAL, VERTICAL, Floats, band_pass, batches, cut
from terrella.pick.picker import Answers, Windows
from terrella.pick.store import Store

_LEAD_S = 10.0  # of record before the window, in which the filter settles
_EDGE_S = 0.2  # at the beginning, of which a variance says little
_STRONG_S = 0.5  # of the largest energy: the record's end, so that a decaying coda is not split off
_SMALLEST = 1e-10  # variance, as a share of the window's, so that a gap has a logarithm


@dataclass(frozen=True)
class AIC:
    """The onset is where a window is best split into two stationary parts (Maeda 1985).

    The criterion takes samples themselves, not the residuals of autoregressive models. P is sought on the vertical
    component; S on the sum of the criteria of both horizontals, or on the vertical where there are none. A window
    is split up to the end of its strongest half second: beyond, it is the coda's decay that splits it best.
    """

    band_hz: tuple[float, float] = (1.0, 20.0)
    name: str = "AIC"

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return onsets of P and of S; detection and phase are NaN."""
        p, s = (np.full(len(windows), np.nan, np.float32) for _ in range(2))
        lead = round(_LEAD_S * store.rate_hz)
        longest = int((windows.end - windows.start).max(initial=0))
        for of in batches(windows, 3 * (longest + lead)):
            z, n, e = (self._criterion(store, windows, of, c, lead) for c in VERTICAL + HORIZONTAL)
            known = store.recorded[windows.trace[of]]
            known_n, known_e = (known[:, [c]] for c in HORIZONTAL)
            horizontal = np.where(known_n, n, 0) + np.where(known_e, e, 0)
            p[of] = windows.start[of] + _smallest(z, store.rate_hz)
            s[of] = windows.start[of] + _smallest(np.where(known_n | known_e, horizontal, z), store.rate_hz)
        none = np.full(len(windows), np.nan, np.float32)
        return Answers(none, none.copy(), p, s)

    def _criterion(
        self, store: Store, windows: Windows, of: npt.NDArray[np.int64], component: int, lead: int
    ) -> Floats:
        length = int(windows.end[of[0]] - windows.start[of[0]])
        values, _ = cut(store, windows.trace[of], windows.start[of] - lead, length + lead, component)
        filtered = band_pass(values, self.band_hz, store.rate_hz)[:, lead:]
        return aic(filtered, _strongest(filtered, min(round(_STRONG_S * store.rate_hz), length - 1)))


def aic(values: npt.NDArray[np.floating], end: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return Akaike's information criterion of each split of each record's first `end` samples.

    Both are (record, sample). Entry k is k ln var(first k samples) + (end − k − 1) ln var(the others) (Maeda 1985),
    infinite where that is no split. Without `end` (record,), the whole record is split.
    """
    values = np.asarray(values, np.float64)
    n = values.shape[1]
    last = np.full((len(values), 1), n) if end is None else end[:, None]
    k = np.arange(1, n)
    # Sums of samples about the record's mean lose no digits to it.
    centred = values - values.mean(1, keepdims=True)
    sums, squares = centred.cumsum(1), (centred**2).cumsum(1)
    all_sums, all_squares = (np.take_along_axis(c, last - 1, 1) for c in (sums, squares))
    others = np.maximum(last - k, 1)
    before = squares[:, :-1] / k - (sums[:, :-1] / k) ** 2
    after = (all_squares - squares[:, :-1]) / others - ((all_sums - sums[:, :-1]) / others) ** 2
    least = _SMALLEST * all_squares / last + np.finfo(float).tiny
    made = k * np.log(np.maximum(before, least)) + (last - k - 1) * np.log(np.maximum(after, least))
    no_split = np.full((len(values), 1), np.inf)
    return np.concatenate([no_split, np.where(k < last, made, np.inf)], axis=1)


def _strongest(values: Floats, length: int) -> npt.NDArray[np.int64]:
    """Return the end of the strongest `length` samples of each record."""
    energy = (values**2).cumsum(1)
    sliding = energy[:, length:] - energy[:, :-length]
    return np.asarray(1 + length + sliding.argmax(1), np.int64)


def _smallest(criterion: Floats, rate_hz: float) -> npt.NDArray[np.int64]:
    """Return where each row is smallest, away from its beginning."""
    edge = min(max(round(_EDGE_S * rate_hz), 1), criterion.shape[1] - 1)
    return np.asarray(edge + criterion[:, edge:].argmin(1), np.int64)
