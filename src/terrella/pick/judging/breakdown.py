"""How a picker's scores depend on signal-to-noise ratio and distance."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.judging.scores import Answered, Thresholds
from terrella.pick.picker import Samples
from terrella.pick.store import Store

Floats = npt.NDArray[np.float64]

_AROUND_S = 5.0  # before and after the first arrival, for its signal-to-noise ratio
_GAP_S = 0.2  # before the arrival, left out: picks are late at times
_KM_PER_DEGREE = 111.195

# Where classes begin and end.
SNR_DB = (-np.inf, 0.0, 10.0, 20.0, 30.0, np.inf)
DISTANCE_KM = (0.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 3000.0, np.inf)


def breakdown(of: Answered, thresholds: Thresholds, store: Store) -> list[dict[str, Any]]:
    """Return scores in classes of what holds any windows; NaN where a class answers nothing of a kind."""
    rows = []
    for by, measure, edges in _MEASURES:
        of_trace = measure(
            store, np.unique(np.concatenate([of.targets.detection.trace, of.targets.phase.trace]))
        )
        for low, high in pairwise(edges):
            inside = (of_trace >= low) & (of_trace < high)
            row = _scores(of, thresholds, inside[of.targets.detection.trace], inside[of.targets.phase.trace])
            if row["n"] or row["p_n"] or row["s_n"]:
                rows.append({"by": by, "low": float(low), "high": float(high), **row})
    return rows


def snr_db(store: Store, traces: Samples) -> Floats:
    """Return the signal-to-noise ratio of each trace's first arrival, (trace of the store,), NaN for the others.

    Power in the 5 s after it over that in 5 s before it, of all components together, in dB.
    """
    found = np.full(len(store), np.nan)
    kinds = [i for i, name in enumerate(store.phases) if phase_kind(name)]
    around, gap = round(_AROUND_S * store.rate_hz), round(_GAP_S * store.rate_hz)
    for trace in traces:
        picks = store.picks[trace, kinds]
        if not (picks >= 0).any():
            continue
        first = int(picks[picks >= 0].min())
        values = store.trace(int(trace))[:, max(first - around, 0) : first + around].astype(float)
        arrival = first - max(first - around, 0)
        noise, signal = values[:, : max(arrival - gap, 0)], values[:, arrival:]
        if noise.shape[1] and signal.shape[1]:
            # The noise's mean is the signal's too: over a short signal its own mean would take away some of it.
            mean = noise.mean(1, keepdims=True)
            below, above = (((each - mean) ** 2).mean(1).sum() for each in (noise, signal))
            if below > 0 and above > 0:
                found[trace] = 10 * np.log10(above / below)
    return found


def distance_km(store: Store, traces: Samples) -> Floats:
    """Return the epicentral distance from the table, (trace of the store,), NaN where it tells none."""
    for name, factor in (
        ("path_ep_distance_km", 1.0),
        ("source_distance_km", 1.0),
        ("path_hyp_distance_km", 1.0),
        ("path_ep_distance_deg", _KM_PER_DEGREE),
        ("source_distance_deg", _KM_PER_DEGREE),
    ):
        if name in store.table:
            return np.asarray(pd.to_numeric(store.table[name], errors="coerce"), float) * factor
    return np.full(len(store), np.nan)


_MEASURES: tuple[tuple[str, Callable[[Store, Samples], Floats], tuple[float, ...]], ...] = (
    ("snr_db", snr_db, SNR_DB),
    ("distance_km", distance_km, DISTANCE_KM),
)


def _scores(
    of: Answered, thresholds: Thresholds, windows: npt.NDArray[np.bool_], picks: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    detections = of.detection[windows & of.targets.event]
    detections = detections[~np.isnan(detections)]
    row: dict[str, Any] = {
        "n": int((windows & of.targets.event).sum()),
        "detection_recall": np.nan,
    }
    if len(detections) and thresholds.detection is not None:
        row["detection_recall"] = float((detections >= thresholds.detection).mean())
    for phase, own in (("p", of.targets.is_p), ("s", ~of.targets.is_p)):
        errors = np.abs(of.residual_s[picks & own])
        errors = errors[~np.isnan(errors)]
        row[f"{phase}_mae_s"] = float(errors.mean()) if len(errors) else np.nan
        row[f"{phase}_n"] = len(errors)
    return row
