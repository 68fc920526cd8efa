"""What a forecast says in words: against counts drawn from its own law."""

from types import SimpleNamespace

import numpy as np
import torch

from terrella.forecast import outlook
from terrella.forecast.issuing import Issued


def test_probabilities_of_the_region_are_those_of_thinned_counts(monkeypatch):
    mean, alpha, beta = np.array([0.4, 0.05, 2.0]), np.array([1.5, 8.0, 0.2]), 2.0
    issued = Issued(torch.from_numpy(mean)[None], torch.from_numpy(alpha)[None], ("ETAS",))
    monkeypatch.setattr(outlook, "issue", lambda *_: issued)
    models = SimpleNamespace(
        epoch=np.datetime64("2000-01-01", "us"),
        etas=SimpleNamespace(beta=beta),
        min_magnitude=3.0,
        horizons_days=(1.0,),
    )
    given = SimpleNamespace(models=models), np.datetime64("2001-01-01", "us"), np.array([3.0, 4.0, 5.0])
    found = outlook.region_probabilities(*given)[:, 0]
    random = np.random.default_rng(0)
    counts = random.poisson(random.gamma(1 / alpha, alpha * mean, (400_000, 3)))
    for step, probability in enumerate(found):
        larger = random.binomial(counts, np.exp(-beta * step)).sum(1)
        assert abs((larger > 0).mean() - probability) < 4 * np.sqrt(probability / len(counts))
