"""Scores of distributions of temperature against the truth, with whole pressures resampled."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from terrella.engine.judge.bootstrap import Blocks, label_blocks
from terrella.engine.judge.comparing import intervals, smaller_by
from terrella.engine.judge.document import Pair, Scores
from terrella.interior.learning.samples import Rocks
from terrella.interior.model import QUANTILES, InteriorModel
from terrella.interior.models.distribution import crps, quantiles, share_below
from terrella.interior.tables.grid import Floats

UNITS = {"crps": "K", "rmse": "K", "bias": "K", "cover50": "", "cover90": "", "width50": "K", "width90": "K",
         "composition": ""}  # fmt: skip
_PAIRED = ("crps", "rmse")


@dataclass(frozen=True, eq=False)
class Scored:
    """What is known of one model, row by row."""

    crps_k: Floats
    error_k: Floats  # of the median
    below: Floats  # the probability given to less than the truth
    quantiles_k: Floats
    right: Floats | None  # whether the likeliest composition is the true one


def score(model: InteriorModel, name: str, rocks: Rocks) -> Scored:
    """Return the rows' scores of one of the models."""
    edges, truth = model.models.edges, rocks.temperature_k
    cumulative = model.cumulative(name, rocks.seen)
    t = quantiles(cumulative, edges, QUANTILES)
    compositions = model.models.compositions(name, rocks.seen) if len(model.names) > 1 else None
    right = None if compositions is None else (compositions.argmax(1) == rocks.composition).astype(float)
    return Scored(
        crps(cumulative, edges, truth), t[:, 2] - truth, share_below(cumulative, edges, truth), t, right
    )


def resampled(scored: Scored, truth: Floats, blocks: Blocks) -> dict[str, Floats]:
    """Return each score of the data and of every resample, (1 + resample,)."""
    t = scored.quantiles_k
    rows = blocks.sums(np.ones(len(truth)))
    means = {
        "crps": scored.crps_k, "bias": scored.error_k, "width50": t[:, 3] - t[:, 1], "width90": t[:, 4] - t[:, 0],
        "cover50": (truth >= t[:, 1]) & (truth <= t[:, 3]), "cover90": (truth >= t[:, 0]) & (truth <= t[:, 4]),
    }  # fmt: skip
    if scored.right is not None:
        means["composition"] = scored.right
    found = {name: blocks.sums(values) / rows for name, values in means.items()}
    found["rmse"] = np.sqrt(blocks.sums(scored.error_k**2) / rows)
    return {name: found[name] for name in UNITS if name in found}


def compared(scored: Mapping[str, Scored], rocks: Rocks, resamples: int) -> tuple[Scores, list[Pair]]:
    """Return scores of all models with 95 % intervals, and how much smaller the first model's are."""
    blocks = label_blocks(rocks.pressure, resamples)
    found = {name: resampled(each, rocks.temperature_k, blocks) for name, each in scored.items()}
    return intervals(found), smaller_by(found, next(iter(found)), _PAIRED)
