"""Each record's motion as predicted by models that saw neither its event nor its station."""

from collections.abc import Callable

import numpy as np
import torch

from terrella.motion.flatfile.table import Flatfile, Floats
from terrella.motion.learning.features import drift_features, gate, raw_inputs, scaled, supported
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared
from terrella.motion.models.linear import fit_linear

NETWORK, PUBLISHED, SHIFTED, LINEAR = "network", "BSSA14", "BSSA14 shifted", "linear mixed-effects"
CLASSICAL = (
    PUBLISHED,
    SHIFTED,
    LINEAR,
)  # that a bundle holds, and predicts with where the network is no better
Fit = Callable[[Flatfile, Floats], Callable[[Flatfile, Floats], Floats]]  # of records and BSSA14's medians


@torch.no_grad()
def member_medians(network: MotionNetwork, given: Prepared, asked: Flatfile, base: Floats) -> Floats:
    """Return ln motion as each member has it, (member, record, measure)."""
    x = scaled(raw_inputs(asked), given.scaling)
    z = drift_features(asked, given.drift)
    share = gate(supported(given.support, asked))[..., None]
    tensors = (torch.as_tensor(each, dtype=torch.float32) for each in (x, z, share))
    return np.asarray(base + network(*tensors).numpy())


def network_held_out(network: MotionNetwork, given: Prepared) -> Floats:
    """Return the network's ln motion (record, measure), each record's by the member that saw nothing of it."""
    every = member_medians(network, given, given.records, given.published)
    return every[given.folds.judging(), np.arange(len(given.records))]


def fitted_held_out(given: Prepared, fit: Fit) -> Floats:
    """Return a model's ln motion (record, measure), fitted anew for each pair of folds."""
    found = np.full(given.published.shape, np.nan)
    judging = given.folds.judging()
    for member in range(given.folds.members - 1):
        learned, judged = given.folds.learned(member), judging == member
        if judged.any():
            model = fit(given.records.rows(learned), given.published[learned])
            found[judged] = model(given.records.rows(judged), given.published[judged])
    return found


def fit_shift(records: Flatfile, base: Floats) -> Callable[[Flatfile, Floats], Floats]:
    """Return a published model with its mean residual taken out."""
    shift = np.nanmean(records.ln_motion - base, 0)
    return lambda asked, published: published + shift


def fit_mixed(records: Flatfile, base: Floats) -> Callable[[Flatfile, Floats], Floats]:
    """Return a linear mixed-effects model."""
    model = fit_linear(records)
    return lambda asked, published: model(asked)
