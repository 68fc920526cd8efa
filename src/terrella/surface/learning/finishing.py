"""Which method predicts: the network where it was better on blocks held out, else the classical one."""

from collections.abc import Mapping

import numpy as np

from terrella.engine.judge.bootstrap import Blocks, label_blocks
from terrella.engine.judge.comparing import Choice
from terrella.engine.judge.comparing import choose as choose_by
from terrella.engine.judge.document import signed
from terrella.errors import InputError
from terrella.surface.grids.grid import Floats
from terrella.surface.learning.blocks import HeldOut, gaps_in_blocks, refined_blocks
from terrella.surface.learning.held_out import CLASSICAL, NETWORK, surfaces
from terrella.surface.learning.network import SurfaceNetwork
from terrella.surface.learning.prepared import Prepared
from terrella.surface.learning.windows import FILL, REFINE
from terrella.surface.settings import SurfaceSettings

_RESAMPLES = 500


def held_out(given: Prepared, settings: SurfaceSettings, split: str) -> dict[str, HeldOut]:
    """Return the held-out windows of a split, refined and filled.

    Raises:
        InputError: where all of them have gaps around them.
    """
    found = {
        REFINE: refined_blocks(given.blocks, split, settings.data),
        FILL: gaps_in_blocks(given.blocks, split, settings.data),
    }
    if not all(len(each.windows) for each in found.values()):
        raise InputError(
            f"each {split} block of {given.grid.name} has a gap beside it; coarser cells, or another "
            "data.seed, are needed"
        )
    return found


def resampled_rmse(held: HeldOut, estimate: Floats, blocks: Blocks) -> Floats:
    """Return the RMSE over judged pixels, and those of resampled blocks, (1 + resample,)."""
    square = np.where(held.judged, (estimate - held.windows.truth) ** 2, 0.0).sum((1, 2))
    number = held.judged.sum((1, 2)).astype(float)
    return np.sqrt(blocks.sums(square) / np.maximum(blocks.sums(number), 1e-12))


def choose(network: SurfaceNetwork, given: Prepared, settings: SurfaceSettings) -> Mapping[str, Choice]:
    """Return the choice for refining and for filling, by the dev blocks.

    The network is chosen where the interval of its gain over the best classical method lies above zero.
    """
    chosen = {}
    for kind, held in held_out(given, settings, "dev").items():
        blocks = label_blocks(held.block, _RESAMPLES)
        found = {
            name: resampled_rmse(held, each, blocks)
            for name, each in surfaces(network, given, settings, held, 0).estimates.items()
        }
        choice = choose_by(found, NETWORK)
        chosen[kind] = choice if choice.trusted == NETWORK else choice._replace(trusted=CLASSICAL[kind])
    return chosen


def said(chosen: Mapping[str, Choice]) -> list[str]:
    """Return lines on the choices."""
    verbs = {REFINE: "block means refined", FILL: "gaps filled"}
    return [
        f"{verbs[kind]}: RMSE less by {signed(each.gain)} than that of {each.best} on the dev blocks: "
        f"{'the ' if each.trusted == NETWORK else ''}{each.trusted} predicts"
        for kind, each in chosen.items()
    ]
