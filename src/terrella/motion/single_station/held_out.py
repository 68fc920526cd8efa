"""Magnitudes and distances by every model, of traces whose event and station it never saw."""

import numpy as np
import torch

from terrella.motion.single_station.classical import KNOWN, MODELS, NETWORK, Fitted, gaussians
from terrella.motion.single_station.network import StationNetwork
from terrella.motion.single_station.prepared import Prepared, Scaling
from terrella.motion.single_station.traces import Floats, Traces

_AT_ONCE = 512  # traces


@torch.no_grad()
def network_gaussians(network: StationNetwork, scaling: Scaling, traces: Traces) -> Floats:
    """Return what each member says, (member, trace, 2, 2): quantity, and mean or deviation."""
    parts = []
    for n in range(0, len(traces), _AT_ONCE):
        window = torch.from_numpy(traces.window[n : n + _AT_ONCE]).float()
        scalars = torch.as_tensor(scaling.scalars(traces.scalars[n : n + _AT_ONCE]), dtype=torch.float32)
        parts.append(network(window, scalars).numpy().astype(float))
    out = np.concatenate(parts, 1)
    mean = out[..., :2] * scaling.target_deviation + scaling.target_mean
    return np.stack([mean, np.exp(out[..., 2:]) * scaling.target_deviation], -1)


def of_member(
    network: StationNetwork, fitted: Fitted, scaling: Scaling, member: int, traces: Traces
) -> dict[str, Floats]:
    """Return what all models of a member say, (trace, 2, 2) each."""
    own = network_gaussians(network, scaling, traces)[member]
    return _told({NETWORK: own, **gaussians(MODELS[1:], fitted, member, traces, scaling)})


def held_out(network: StationNetwork, fitted: Fitted, given: Prepared) -> dict[str, Floats]:
    """Return what all models say of the judged traces, each by the member that saw nothing of it."""
    judged = given.folds.judged()
    traces, member = given.traces.rows(judged), given.folds.of_event[judged]
    every = network_gaussians(network, given.scaling, traces)
    found = {NETWORK: every[member, np.arange(len(traces))]}
    for k in np.unique(member):
        own = member == k
        for name, each in gaussians(MODELS[1:], fitted, int(k), traces.rows(own), given.scaling).items():
            found.setdefault(name, np.zeros((len(traces), 2, 2)))[own] = each
    return _told(found)


def _told(found: dict[str, Floats]) -> dict[str, Floats]:
    """Return Gaussians without the distance that one of the models was given."""
    found[KNOWN][:, 1] = np.nan
    return found
