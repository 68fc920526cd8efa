"""What a training leaves beside its network: classical models, the choice between them, and the deviations."""

from dataclasses import dataclass

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.comparing import choose
from terrella.engine.judge.document import signed
from terrella.motion.flatfile.table import Floats, numbered
from terrella.motion.judging.scores import blocks_of
from terrella.motion.learning.held_out import (
    CLASSICAL,
    LINEAR,
    NETWORK,
    PUBLISHED,
    SHIFTED,
    fit_mixed,
    fit_shift,
    fitted_held_out,
    network_held_out,
)
from terrella.motion.learning.monotone import keep_monotone
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared
from terrella.motion.models.linear import Linear, fit_linear
from terrella.motion.models.variance import by_magnitude, sums_by_event, tau_phi

_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Finished:
    """The choice of each measure's model, and what the bundle holds of it."""

    trusted: tuple[str, ...]
    gains: tuple[Interval, ...]  # in σ over the best classical model
    knots: Floats  # (measure, 2, 2)
    shift: Floats
    linear: Linear
    kept: Floats  # share of what was learned that keeps physics, (member, measure)

    def said(self, measures: tuple[str, ...]) -> list[str]:
        """Return lines on the choice."""
        lines = []
        for measure, trusted, gain in zip(measures, self.trusted, self.gains, strict=True):
            how = "predicts with the network" if trusted == NETWORK else f"predicts with {trusted}, no worse"
            lines.append(
                f"{measure}: σ less by {signed(gain)} than the best classical model's, held out: {how}"
            )
        return lines


def finish(network: MotionNetwork, given: Prepared) -> Finished:
    """Make what was learned monotone, and choose each measure's model by σ of held-out records.

    The network is chosen where the interval of its gain, over resampled events, lies above zero.
    """
    records, measures = given.records, given.records.measures
    kept = keep_monotone(network, given.support, given.scaling, measures)
    medians = {
        NETWORK: network_held_out(network, given),
        PUBLISHED: given.published,
        SHIFTED: fitted_held_out(given, fit_shift),
        LINEAR: fitted_held_out(given, fit_mixed),
    }
    event, blocks = numbered(records.event), blocks_of(records, _RESAMPLES)
    trusted, gains, knots = [], [], []
    for at in range(len(measures)):
        residual = {name: records.ln_motion[:, at] - each[:, at] for name, each in medians.items()}
        sigma = {
            name: np.hypot(*tau_phi(sums_by_event(r, event), blocks.draws)) for name, r in residual.items()
        }
        choice = choose({name: sigma[name] for name in (NETWORK, *CLASSICAL)}, NETWORK)
        gains.append(choice.gain)
        trusted.append(choice.trusted)
        knots.append(by_magnitude(residual[trusted[-1]], event, records.magnitude))
    shift = np.nanmean(records.ln_motion - given.published, 0)
    return Finished(tuple(trusted), tuple(gains), np.stack(knots), shift, fit_linear(records), kept)
