"""What the network gains over each baseline, on the same events or stations."""

from collections.abc import Mapping

import numpy as np

from terrella.engine.judge.bootstrap import interval, label_blocks
from terrella.engine.judge.document import Pair
from terrella.motion.flatfile.table import numbered
from terrella.motion.judging.held import Held
from terrella.motion.judging.scores import Resampled, residuals
from terrella.motion.learning.held_out import NETWORK

_PAIRED = ("sigma", "rms", "llh")


def gains(found: Mapping[str, list[Resampled]], measures: tuple[str, ...]) -> list[Pair]:
    """Return what the network gains over each baseline: how much smaller each score is."""
    pairs = []
    for other in [name for name in found if name != NETWORK]:
        for k, measure in enumerate(measures):
            for score in _PAIRED:
                gain = getattr(found[other][k], score) - getattr(found[NETWORK][k], score)
                pairs.append((f"{score}@{measure}", NETWORK, other, interval(gain)))
    return pairs


def over_stations(held: Held, resamples: int) -> list[dict[str, object]]:
    """Return the network's gains in RMS with whole stations resampled in place of events."""
    blocks = label_blocks(numbered(held.records.station), resamples, 1)
    of_model = residuals(held.records, held.medians)
    rows: list[dict[str, object]] = []
    for k, measure in enumerate(held.records.measures):
        known = np.isfinite(held.records.ln_motion[:, k])
        number = np.maximum(blocks.sums(known.astype(float)), 1)
        rms = {
            name: np.sqrt(blocks.sums(np.nan_to_num(r[:, k]) ** 2) / number) for name, r in of_model.items()
        }
        for other in [name for name in rms if name != NETWORK]:
            gain = interval(rms[other] - rms[NETWORK])
            rows.append(
                {
                    "score": f"rms@{measure}",
                    "over": other,
                    "gain": gain.value,
                    "low": gain.low,
                    "high": gain.high,
                }
            )
    return rows
