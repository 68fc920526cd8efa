"""What a training leaves beside its network: the choice of the model that predicts, and how wide it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from terrella.engine.judge.bootstrap import Interval, label_blocks
from terrella.engine.judge.comparing import choose
from terrella.engine.judge.document import signed
from terrella.field.harmonics.schmidt import Floats
from terrella.field.learning.folds import areas
from terrella.field.learning.held_out import NETWORK, issued_held_out, judged_pairs, spreads
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import RAD_YR
from terrella.field.learning.prepared import Prepared

_RESAMPLES, _AREAS = 500, 40


@dataclass(frozen=True, eq=False)
class Finished:
    """The choice, the network's gain over the best classical method, and all models' widths."""

    trusted: str
    best: str
    gain: Interval  # nT RMS
    spreads: Mapping[str, Floats]
    drift: float  # degrees a year, westward

    def said(self) -> list[str]:
        """Return lines on the choice."""
        how = "the network predicts" if self.trusted == NETWORK else f"{self.trusted} predicts"
        return [
            f"RMS less by {signed(self.gain)} nT than that of {self.best}, the best classical method, held "
            f"out: {how}",
            f"the rotation that was learned drifts westward by {self.drift:.2f}° a year",
        ]


def finish(network: FieldNetwork, given: Prepared) -> Finished:
    """Choose the model that predicts by the RMS of held-out pairs, whole areas resampled.

    The network is chosen where the interval of its gain over the best classical method lies above zero.
    """
    judged = judged_pairs(given)
    pairs, sites = given.pairs.rows(judged), given.observatories
    of_site = areas(sites.latitude, sites.longitude, _AREAS)
    blocks = label_blocks(of_site[pairs.site], _RESAMPLES)
    number = 3 * blocks.sums(np.ones(len(pairs)))
    issued = issued_held_out(network, given)
    rms = {
        name: np.sqrt(blocks.sums(((pairs.change - each.change) ** 2).sum(1)) / number)
        for name, each in issued.items()
    }
    choice = choose(rms, NETWORK)
    drift = -np.degrees(RAD_YR * float(network.turn.detach()[-1, 0]))
    return Finished(*choice, spreads(network, given), drift)
