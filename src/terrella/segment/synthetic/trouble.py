"""Receivers that are dead or write spikes."""

import numpy as np
import numpy.typing as npt

from terrella.segment.synthetic.noise import Samples
from terrella.segment.synthetic.survey import Survey


def spoil(samples: Samples, survey: Survey, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Silence receivers and add spikes to (trace, sample) in place; return which receivers are dead.

    Half of the dead ones write zeros, the others a faint noise. Spikes last one to three samples.
    """
    traces, length = samples.shape
    dead = np.asarray(rng.random(traces) < survey.faulty.dead)
    faint = np.where(rng.random(int(dead.sum())) < 0.5, 0.0, 0.01)
    samples[dead] = faint[:, None] * rng.standard_normal((len(faint), length))
    for _ in range(rng.poisson(survey.faulty.spikes * samples.size / 2**20)):
        trace, first = rng.integers(traces), rng.integers(length)
        height = rng.choice([-1, 1]) * rng.uniform(8, 40)
        samples[trace, first : first + rng.integers(1, 4)] += np.float32(height)
    return dead
