"""Scores of refined and filled surfaces: errors, samples, and whether they look like the ground."""

from collections.abc import Mapping

import numpy as np

from terrella.engine.judge.bootstrap import Blocks, label_blocks
from terrella.engine.judge.comparing import fair_crps, smaller_by
from terrella.engine.judge.document import Pair
from terrella.surface.grids.grid import Floats
from terrella.surface.interpolation.spectral import radial_spectrum
from terrella.surface.judging.drainage import channels_found
from terrella.surface.learning.finishing import resampled_rmse
from terrella.surface.learning.held_out import NETWORK, Surfaces
from terrella.surface.learning.windows import FILL

UNITS = {
    "rmse": "",
    "crps": "",
    "coverage80": "1",
    "slope": "1",
    "curvature": "1",
    "spectrum": "decade",
    "drainage": "1",
}


def resampled(found: Surfaces, kind: str, resamples: int) -> dict[str, dict[str, Floats]]:
    """Return each model's scores of the data (first) and of resampled blocks, (1 + resample,) each.

    RMSE and CRPS are in the grid's unit; of an estimate without samples the CRPS is the mean absolute error. Slope
    and curvature are root mean squares over those of the truth, of one sample where there are any; `spectrum` is
    the mean distance of log₁₀ power from the truth's, over wavelengths that are not known; `drainage` is
    the share of the truth's channels that are found.
    """
    held = found.held
    blocks = label_blocks(held.block, resamples)
    number = np.maximum(blocks.sums(held.judged.sum((1, 2)).astype(float)), 1e-12)

    def mean(field: Floats) -> Floats:
        return blocks.sums(np.where(held.judged, field, 0.0).sum((1, 2))) / number

    truth = held.windows.truth
    of: dict[str, dict[str, Floats]] = {}
    for name, estimate in found.estimates.items():
        samples = found.samples.get(name)
        own = {"rmse": resampled_rmse(held, estimate, blocks)}
        own["crps"] = mean(np.abs(estimate - truth) if samples is None else fair_crps(samples, truth))
        of[name] = own | _looks(found, estimate if samples is None else samples[0], blocks, kind)
        if samples is not None:
            own = of[name]
            own["coverage80"] = mean(_inside(samples, truth))
    for name, samples in found.samples.items():
        if name not in found.estimates:
            own = {
                "rmse": resampled_rmse(held, samples.mean(0), blocks),
                "crps": mean(fair_crps(samples, truth)),
            }
            of[name] = (
                own | {"coverage80": mean(_inside(samples, truth))} | _looks(found, samples[0], blocks, kind)
            )
    return {name: {f"{score}@{kind}": each for score, each in own.items()} for name, own in of.items()}


def _inside(samples: Floats, truth: Floats) -> Floats:
    """Return where the truth's rank is such as 80 % of ranks are, in expectation."""
    number = len(samples)
    rank = (samples < truth).sum(0)
    # Ranks 0 to n are as likely; the outer two count for the part that is beyond 80 %.
    outer = (0.2 * (number + 1)) / 2
    low, high = np.clip(outer - rank, 0, 1), np.clip(outer - (number - rank), 0, 1)
    return 1 - low - high


def _looks(found: Surfaces, surface: Floats, blocks: Blocks, kind: str) -> dict[str, Floats]:
    truth, judged = found.held.windows.truth, found.held.judged
    own = {}
    for score, of in (("slope", slope_square), ("curvature", curvature_square)):
        inner = np.where(judged, 1.0, 0.0)
        sums = [blocks.sums((of(each) * inner).sum((1, 2))) for each in (surface, truth)]
        own[score] = np.sqrt(sums[0] / np.maximum(sums[1], 1e-30))
    own["drainage"] = _ratio(blocks, *channels_found(surface, truth, judged))
    if kind != FILL:
        own["spectrum"] = _spectral_distance(found, surface, blocks)
    return own


def _ratio(blocks: Blocks, part: Floats, whole: Floats) -> Floats:
    return np.asarray(blocks.sums(part) / np.maximum(blocks.sums(whole), 1e-12))


def slope_square(fields: Floats) -> Floats:
    """Return squared slopes per pixel."""
    down, across = np.gradient(fields, axis=(1, 2))
    return np.asarray(down**2 + across**2)


def curvature_square(fields: Floats) -> Floats:
    """Return squared Laplacians per pixel squared."""
    down = np.gradient(np.gradient(fields, axis=1), axis=1)
    across = np.gradient(np.gradient(fields, axis=2), axis=2)
    return np.asarray((down + across) ** 2)


def judged_squares(fields: Floats, judged: np.ndarray) -> Floats:
    """Return the judged squares of windows, (window, row, column)."""
    cut = [each[np.ix_(own.any(1), own.any(0))] for each, own in zip(fields, judged, strict=True)]
    return np.stack(cut)


def _spectral_distance(found: Surfaces, surface: Floats, blocks: Blocks) -> Floats:
    judged = found.held.judged
    powers = []
    for each in (surface, found.held.windows.truth):
        squares = judged_squares(each, judged)
        per_window = np.stack([radial_spectrum(own[None])[1] for own in squares])
        powers.append(blocks.sums(per_window))
    wavenumber = radial_spectrum(judged_squares(surface, judged)[:1])[0]
    fine = wavenumber > 1 / 8
    return np.asarray(np.abs(np.log10(powers[0][:, fine] / powers[1][:, fine])).mean(1))


def gains(found: Mapping[str, Mapping[str, Floats]]) -> list[Pair]:
    """Return by how much the network's RMSE and CRPS are smaller than each other model's on the same blocks."""
    scores = [score for score in found[NETWORK] if score.split("@")[0] in ("rmse", "crps")]
    return smaller_by(found, NETWORK, scores)
