"""Each pair as forecast by models that knew neither its region nor anything after its block began."""

from collections.abc import Mapping

import numpy as np
import torch

from terrella.field.harmonics.schmidt import Floats
from terrella.field.learning.calibration import Issued, issue, spread_of
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import Numbers, Pairs
from terrella.field.learning.prepared import Prepared

NETWORK = "network"


@torch.no_grad()
def member_changes(network: FieldNetwork, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return changes and their deviations in nT as each member has them, (member, pair, 3) each."""
    inputs, turned = (torch.as_tensor(each, dtype=torch.float32) for each in (pairs.inputs, pairs.turned))
    mean, log_deviation = network(inputs, turned)
    return pairs.filtered + mean.double().numpy(), np.exp(log_deviation.double().numpy())


def judged_pairs(given: Prepared) -> Numbers:
    """Return the numbers of the pairs that are judged."""
    return np.flatnonzero(given.folds.block >= 0)


def issued_held_out(network: FieldNetwork, given: Prepared) -> Mapping[str, Issued]:
    """Return every model's forecasts of the judged pairs, the network's first.

    Widths come from errors that were known when the pair's block began; the network's from regions its members
    never saw.
    """
    pairs, folds, judged = given.pairs, given.folds, judged_pairs(given)
    every, deviation = member_changes(network, pairs)
    all_pairs = np.arange(len(pairs))
    parts: dict[str, list[Issued]] = {}
    for block in range(folds.blocks):
        own, known = judged[folds.block[judged] == block], folds.known(block)
        member = folds.member(folds.region, block)
        changes = {NETWORK: (every[member, all_pairs], deviation[member, all_pairs])}
        changes |= {name: (each, np.ones_like(each)) for name, each in pairs.own.items()}
        for name, (change, wide) in changes.items():
            spread = spread_of((pairs.change - change)[known], wide[known])
            parts.setdefault(name, []).append(issue(change[own], wide[own], spread))
    order = np.argsort(
        np.concatenate([judged[folds.block[judged] == block] for block in range(folds.blocks)])
    )
    return {name: _joined(own).rows(order) for name, own in parts.items()}


def spreads(network: FieldNetwork, given: Prepared) -> Mapping[str, Floats]:
    """Return every model's widths from all epochs, the network's from regions left out, (3, 3) each."""
    pairs, folds = given.pairs, given.folds
    every, deviation = member_changes(network, pairs)
    member, at = folds.member(folds.region, folds.blocks), np.arange(len(pairs))
    found = {NETWORK: spread_of(pairs.change - every[member, at], deviation[member, at])}
    return found | {
        name: spread_of(pairs.change - each, np.ones_like(each)) for name, each in pairs.own.items()
    }


def _joined(parts: list[Issued]) -> Issued:
    return Issued(
        np.concatenate([each.change for each in parts]), np.concatenate([each.deviation for each in parts]),
        np.concatenate([each.half for each in parts], 1),
    )  # fmt: skip
