"""Scores of forecasts: RMS by component, CRPS, coverage and width of intervals, with intervals over whole areas."""

from collections.abc import Mapping

import numpy as np

from terrella.engine.judge.bootstrap import Blocks, label_blocks
from terrella.engine.judge.comparing import gaussian_crps, smaller_by
from terrella.engine.judge.document import Pair
from terrella.field.harmonics.schmidt import Floats
from terrella.field.judging.held import Held
from terrella.field.learning.calibration import LEVELS
from terrella.field.learning.held_out import NETWORK

UNITS = {
    "rms": "nT", "rms_r": "nT", "rms_theta": "nT", "rms_phi": "nT", "bias_r": "nT", "crps": "nT",
    "coverage50": "", "coverage90": "", "width90": "nT",
}  # fmt: skip
_PAIRED = ("rms", "rms_r", "rms_theta", "rms_phi", "crps")


def resampled(held: Held, blocks: Blocks) -> dict[str, dict[str, Floats]]:
    """Return each model's scores of the data (first) and every resample, (1 + resample,) each."""
    number = np.maximum(blocks.sums(np.ones(len(held.pairs))), 1)
    found = {}
    for name, issued in held.issued.items():
        off = held.pairs.change - issued.change

        def mean(values: Floats) -> Floats:
            return blocks.sums(values) / number

        square = mean(off[:, 0] ** 2), mean(off[:, 1] ** 2), mean(off[:, 2] ** 2)
        own = {
            "rms": np.sqrt(sum(square) / 3), "rms_r": np.sqrt(square[0]), "rms_theta": np.sqrt(square[1]),
            "rms_phi": np.sqrt(square[2]), "bias_r": mean(off[:, 0]),
            "crps": mean(gaussian_crps(off, issued.deviation).mean(1)), "width90": mean(2 * issued.half[1].mean(1)),
        }  # fmt: skip
        for level, half in zip(LEVELS, issued.half, strict=True):
            own[f"coverage{100 * level:.0f}"] = mean((np.abs(off) <= half).mean(1))
        found[name] = {score: own[score] for score in UNITS}
    return found


def over_areas(held: Held, resamples: int) -> dict[str, dict[str, Floats]]:
    """Return scores with whole areas resampled."""
    return resampled(held, label_blocks(held.area, resamples, 0))


def gains(found: Mapping[str, Mapping[str, Floats]]) -> list[Pair]:
    """Return what the network gains over each other model on the same pairs: how much smaller each score is."""
    return smaller_by(found, NETWORK, _PAIRED)


def over_years(held: Held, resamples: int) -> list[dict[str, object]]:
    """Return the network's gains in RMS with whole issue years resampled in place of areas."""
    found = resampled(held, label_blocks(held.pairs.origin, resamples, 1))
    rows: list[dict[str, object]] = []
    for score, _, other, gain in gains(found):
        if score == "rms":
            rows.append(
                {"score": score, "over": other, "gain": gain.value, "low": gain.low, "high": gain.high}
            )
    return rows


def by_year(held: Held) -> dict[str, Floats]:
    """Return each model's RMS in nT of every issue year, (issue year,)."""
    years = np.unique(held.pairs.origin)
    return {
        name: np.array([np.sqrt((off[held.pairs.origin == year] ** 2).mean()) for year in years])
        for name, off in held.errors.items()
    }
