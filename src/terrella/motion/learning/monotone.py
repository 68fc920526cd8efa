"""What is learned must not turn physics around: motion falls with distance and does not fall with magnitude."""

import numpy as np
import torch

from terrella.motion.flatfile.table import Flatfile, Floats, scenarios
from terrella.motion.learning.features import Scaling, gate, raw_inputs, scaled, supported
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.models.bssa14 import median

_M = np.arange(3.0, 8.01, 0.25)
_R = np.concatenate([[0.0], np.geomspace(1, 400, 40)])
_SHARES = np.linspace(1, 0, 41)


def grid() -> Flatfile:
    """Return scenarios at all magnitudes and distances, (magnitude × distance,), strike-slip on rock."""
    m, r = (each.ravel() for each in np.meshgrid(_M, _R, indexing="ij"))
    return scenarios(m, r, np.full(m.shape, 760.0))


@torch.no_grad()
def keep_monotone(
    network: MotionNetwork, support: Floats, scaling: Scaling, measures: tuple[str, ...]
) -> Floats:
    """Scale what each member has learned by the largest factor that keeps physics; return the factors.

    On a grid of magnitudes and distances, the median of published model and residual must fall with distance and
    must not fall with magnitude, wherever the published model does not itself. Factors are (member, measure).
    """
    records = grid()
    x = torch.as_tensor(scaled(raw_inputs(records), scaling), dtype=torch.float32)
    learned = network.smooth(x).numpy() * gate(supported(support, records))[..., None]
    shape = (len(_M), len(_R))
    base = median(records, measures).reshape(*shape, -1)
    factors = np.zeros((len(learned), len(measures)))
    for member, own in enumerate(learned):
        changed = own.reshape(*shape, -1)
        for share in _SHARES:
            whole = base + share * changed
            falls = (np.diff(whole, axis=1) <= np.maximum(np.diff(base, axis=1), 0) + 1e-9).all((0, 1))
            grows = (np.diff(whole, axis=0) >= np.minimum(np.diff(base, axis=0), 0) - 1e-9).all((0, 1))
            factors[member] = np.where((factors[member] == 0) & falls & grows, share, factors[member])
    scale = torch.as_tensor(factors, dtype=torch.float32)[:, None]
    network.slope.mul_(scale)
    network.out.mul_(scale)
    return factors
