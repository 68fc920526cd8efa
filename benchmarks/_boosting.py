"""Gradient boosting of trees on the network's features, from ETAS: a rival for benchmarks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from terrella.forecast.calibration import Cells, calibrate, spans_of
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.learning.samples import Samples
from terrella.formats.catalogues.catalogue import Floats

try:
    import lightgbm
except ImportError:
    lightgbm = None

_SETTINGS = {
    "learning_rate": 0.03,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "min_sum_hessian_in_leaf": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "verbose": -1,
}


def boosted(training: Samples, validation: Samples, trees: int) -> tuple[Tensor, int]:
    """Return log expected counts of validation (sample, horizon), and the number of leaves and thresholds.

    Each horizon has up to `trees` trees, stopped early on validation. They start from ETAS, calibrated on
    training, and raise the likelihood of negative binomials of its dispersion.
    """
    features = [each.features.float().numpy() for each in (training, validation)]
    found = [_one_horizon(training, validation, features, h, trees) for h in range(training.counts.shape[1])]
    return torch.stack([log_mean for log_mean, _ in found], dim=1), sum(number for _, number in found)


def _one_horizon(
    training: Samples, validation: Samples, features: list[np.ndarray], horizon: int, trees: int
) -> tuple[Tensor, int]:
    log_etas, counts = training.log_etas[:, horizon], training.counts[:, horizon].float()
    span = spans_of(np.arange(int(training.issue.max()) + 1.0))[training.issue.long()]
    etas = calibrate([Cells(log_etas, counts, training.weight, torch.zeros_like(log_etas), span)])[0]
    starts = [etas.log_mean(each.log_etas[:, horizon]) for each in (training, validation)]
    dispersions = [etas.dispersion(start).double() for start in starts]
    sets = [
        lightgbm.Dataset(
            seen,
            samples.counts[:, horizon].numpy(),
            weight=samples.weight.numpy(),
            init_score=start.double().numpy(),
        )
        for seen, samples, start in zip(features, (training, validation), starts, strict=True)
    ]
    booster = lightgbm.train(
        {"objective": _objective(dispersions[0].numpy()), "seed": 0, **_SETTINGS},
        sets[0],
        trees,
        valid_sets=[sets[1]],
        feval=_metric(validation, horizon, dispersions[1]),
        callbacks=[lightgbm.early_stopping(30, verbose=False)],
    )
    change = torch.from_numpy(booster.predict(features[1], raw_score=True)).float()
    used = booster.dump_model(num_iteration=booster.best_iteration)["tree_info"]
    return starts[1] + change, sum(2 * tree["num_leaves"] - 1 for tree in used)


def _objective(dispersion: Floats) -> Callable[[Floats, Any], tuple[Floats, Floats]]:
    """Return first and second derivatives of the loss by log μ, at fixed dispersion."""

    def objective(log_mean: Floats, data: Any) -> tuple[Floats, Floats]:
        counts, weight, mean = data.get_label(), data.get_weight(), np.exp(log_mean)
        spread = 1 + dispersion * mean
        return weight * (mean - counts) / spread, weight * mean * (1 + dispersion * counts) / spread**2

    return objective


def _metric(
    samples: Samples, horizon: int, dispersion: Tensor
) -> Callable[[Floats, Any], tuple[str, float, bool]]:
    counts, weight = samples.counts[:, horizon].double(), samples.weight.double()

    def metric(log_mean: Floats, _: Any) -> tuple[str, float, bool]:
        loss = negative_log_likelihood(counts, torch.from_numpy(log_mean), dispersion)
        return "loss", float((weight * loss).mean()), False

    return metric
