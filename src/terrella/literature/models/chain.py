"""Exact inference on a chain of labels: the likeliest sequence, and every label's probability."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def decode(emissions: Floats, transitions: Floats) -> list[int]:
    """Return the labels with the largest sum of emissions (token, label) and transitions (before, label)."""
    if not len(emissions):
        return []
    score, best = emissions[0], []
    for own in emissions[1:]:
        paths = score[:, None] + transitions
        best.append(paths.argmax(0))
        score = paths.max(0) + own
    found = [int(score.argmax())]
    for before in reversed(best):
        found.append(int(before[found[-1]]))
    return found[::-1]


def marginals(emissions: Floats, transitions: Floats) -> Floats:
    """Return the probability of each label at each token, (token, label), by the forward–backward recursion."""
    if not len(emissions):
        return emissions
    factors = np.exp(transitions.astype(float))
    own = np.exp(emissions.astype(float) - emissions.max(1, keepdims=True))
    forward, backward = np.empty_like(own), np.empty_like(own)
    forward[0] = own[0] / own[0].sum()
    for at in range(1, len(own)):
        step = own[at] * (forward[at - 1] @ factors)
        forward[at] = step / step.sum()
    backward[-1] = 1
    for at in range(len(own) - 2, -1, -1):
        step = factors @ (own[at + 1] * backward[at + 1])
        backward[at] = step / step.sum()
    both = forward * backward
    return np.asarray(both / both.sum(1, keepdims=True), np.float32)
