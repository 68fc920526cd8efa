"""Continuous records to picks of P and S without any training: STA/LTA triggers, AIC times."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.pick.classical.aic import AIC
from terrella.pick.classical.segments import HORIZONTAL, VERTICAL, Floats, band_pass
from terrella.pick.classical.sta_lta import sta_lta
from terrella.pick.picker import Windows
from terrella.pick.store import Store

BAND_HZ = (2.0, 15.0)
_STA_S, _LTA_S = 0.5, 20.0
_ON, _OFF = 5.0, 2.0  # of the ratio
_BEFORE_S, _AFTER_S = 3.0, 1.5  # of the trigger, between which P lies
_S_WITHIN_S = 30.0  # of P
_S_AFTER_S = 0.8  # of P at least
_S_BEFORE_PEAK_S = 4.0


@dataclass(frozen=True)
class RecordPick:
    """An onset in a record."""

    phase: str  # P or S
    sample: int
    ratio: float  # the largest STA/LTA of the trigger
    amplitude: float  # largest of the record's filtered components in the 2 s from the onset, in its units


def pick_record(record: npt.NDArray[np.floating], rate_hz: float) -> list[RecordPick]:
    """Return the picks of one record, Z, N, E (3, sample), in order of time; a missing component is zero.

    Each trigger of the vertical's STA/LTA gives a P by AIC, and an S by AIC before the largest horizontal motion
    of the half minute that follows. A trigger that is such an S gives none.
    """
    store = _store(record, rate_hz)
    filtered = band_pass(record - record.mean(1, keepdims=True), BAND_HZ, rate_hz)
    lta = round(_LTA_S * rate_hz)
    ratio = sta_lta(filtered[VERTICAL[0]], round(_STA_S * rate_hz), lta)
    ratio[:lta] = 0
    starts, peaks = triggers(ratio, _ON, _OFF)
    if len(starts) == 0:
        return []
    p = _onsets(store, starts - round(_BEFORE_S * rate_hz), starts + round(_AFTER_S * rate_hz), "P")
    s = _onsets(store, *_before_largest(filtered, p, rate_hz), "S")
    found: list[RecordPick] = []
    for trigger in range(len(starts)):
        known = [pick.sample for pick in found if pick.phase == "S"]
        if any(abs(p[trigger] - sample) < rate_hz for sample in known):
            continue
        for phase, at in (("P", int(p[trigger])), ("S", int(s[trigger]))):
            if phase == "P" or at - p[trigger] >= round(_S_AFTER_S * rate_hz):
                found.append(RecordPick(phase, at, float(peaks[trigger]), _amplitude(filtered, at, rate_hz)))
    return sorted(found, key=lambda pick: pick.sample)


def _before_largest(
    filtered: Floats, p: npt.NDArray[np.int64], rate_hz: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the seconds before the largest horizontal motion after each P, empty where the record ends."""
    motion = (filtered[list(HORIZONTAL)] ** 2).sum(0)
    first = p + round(_S_AFTER_S * rate_hz)
    largest = [
        at + int(motion[at : at + round(_S_WITHIN_S * rate_hz)].argmax())
        for at in np.minimum(first, len(motion) - 1)
    ]
    end = np.array(largest) + 1
    return np.maximum(first, end - round(_S_BEFORE_PEAK_S * rate_hz)), end


def triggers(ratio: Floats, on: float, off: float) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return where a ratio rises above `on`, once until it is below `off`, and its largest value in between."""
    state = np.where(ratio >= on, 1, np.where(ratio < off, -1, 0))
    # The last state that was not 0 holds.
    at = np.where(state != 0, np.arange(len(ratio)), 0)
    held = state[np.maximum.accumulate(at)] == 1
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    return starts, np.array([ratio[a:b].max() for a, b in zip(starts, ends, strict=True)])


def _onsets(
    store: Store, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], phase: str
) -> npt.NDArray[np.int64]:
    end = np.clip(end, 2, int(store.length[0]))
    start = np.clip(start, 0, end - 2)  # at the least two samples
    answers = AIC(BAND_HZ).answer(store, Windows(np.zeros(len(start), np.int64), start, end))
    return np.asarray(answers.p_sample if phase == "P" else answers.s_sample, np.int64)


def _amplitude(filtered: Floats, at: int, rate_hz: float) -> float:
    return float(np.abs(filtered[:, at : at + round(2 * rate_hz)]).max(initial=0.0))


def _store(record: npt.NDArray[np.floating], rate_hz: float) -> Store:
    """Return a store of one trace."""
    return Store(
        name="record",
        samples=np.ascontiguousarray(record, np.float32).reshape(-1),
        offset=np.zeros(1, np.int64),
        length=np.array([record.shape[1]]),
        recorded=np.asarray(record.any(1))[None],
        rate_hz=rate_hz,
        phases=(),
        picks=np.empty((1, 0), np.int32),
        split=np.array([""]),
        noise=np.zeros(1, bool),
        table=pd.DataFrame(index=[0]),
    )
