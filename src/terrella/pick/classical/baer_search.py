"""The study's search for Baer & Kradolfer's parameters: Gaussian-process optimisation by RMSE on P picks."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.pick.classical.baer_kradolfer import (
    BaerKradolferParameters,
    Record,
    cut_record,
    longest_record,
    onsets,
)
from terrella.pick.classical.segments import batches
from terrella.pick.picker import Windows
from terrella.pick.store import Store

# The study's ranges, and three starts that are common practice (New Manual of Seismological Observatory Practice).
_RANGES = {
    "min_hz": (0.001, 5.0),
    "max_hz": (1.0, 49.0),
    "tdownmax_s": (0.5, 15.0),
    "tupevent_s": (0.3, 3.0),
    "threshold": (1.0, 40.0),
}
_STARTS = (
    BaerKradolferParameters(3.0, 49.0, 2.0, 1.5, 10.0),
    BaerKradolferParameters(1.0, 5.0, 3.0, 1.5, 5.0),
    BaerKradolferParameters(0.1, 2.0, 5.0, 1.5, 2.0),
)
_BAND_HZ = 0.01  # at least between the corners


@dataclass(frozen=True)
class BaerKradolferSearch:
    """What a search found."""

    parameters: BaerKradolferParameters
    rmse_s: float  # on the picks that it was given
    picks: int  # how many these were
    evaluations: int  # of the RMSE, initial points included


def search_baer_kradolfer(
    store: Store,
    windows: Windows,
    onset: npt.NDArray[np.int64],
    initial_points: int = 25,
    evaluations: int = 500,
    picks: int = 2500,
    seed: int = 0,
    report: Report = lambda event: None,
) -> BaerKradolferSearch:
    """Return the parameters of the smallest RMSE on windows that hold one P onset each.

    `onset` (window,) is in samples of the trace. Of more than `picks` windows, as many are drawn. Three starts of
    common practice and `initial_points` random ones precede `evaluations` that a Gaussian process proposes, as in
    Münchmeyer et al. (2022). The same seed finds the same parameters.

    Raises:
        InputError: where there is no pick, or optuna is not installed.
    """
    optuna = _optuna()
    if len(windows) == 0:
        raise InputError(
            f"{store.name}: no P picks to search Baer and Kradolfer's parameters on; give a set with P picks"
        )
    misfit = _misfit(store, *_drawn(windows, onset, picks, seed))
    with warnings.catch_warnings():
        # The sampler, or its setting, is called experimental; what it proposes is scored all the same.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.GPSampler(
            seed=seed, n_startup_trials=initial_points + len(_STARTS), deterministic_objective=True
        )
    study = optuna.create_study(sampler=sampler)
    for start in _STARTS:
        study.enqueue_trial({name: getattr(start, name) for name in _RANGES})
    total = len(_STARTS) + initial_points + evaluations

    def score(trial: Any) -> float:
        drawn = {name: trial.suggest_float(name, *limits) for name, limits in _RANGES.items()}
        rmse = misfit(_ordered(drawn))
        note = f"RMSE {rmse:.3f} s"
        event = {"kind": "progress", "stage": f"tuning Baer-Kradolfer on {store.name}", "note": note}
        report({**event, "done": trial.number + 1, "total": total})
        return rmse

    study.optimize(score, n_trials=total)
    best = _ordered(study.best_params)
    return BaerKradolferSearch(best, float(study.best_value), min(picks, len(windows)), total)


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise InputError(
            "the search for Baer and Kradolfer's parameters needs optuna; pip install 'terrella[pick]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a line per evaluation would drown ours
    return optuna


def _drawn(
    windows: Windows, onset: npt.NDArray[np.int64], picks: int, seed: int
) -> tuple[Windows, npt.NDArray[np.int64]]:
    """Return at most so many windows, in order, and their onsets."""
    chosen = np.arange(len(windows))
    if len(windows) > picks:
        chosen = np.sort(np.random.default_rng(seed).choice(len(windows), picks, replace=False))
    return Windows(windows.trace[chosen], windows.start[chosen], windows.end[chosen]), onset[chosen]


def _misfit(
    store: Store, windows: Windows, onset: npt.NDArray[np.int64]
) -> Callable[[BaerKradolferParameters], float]:
    """Return the function from parameters to RMSE in seconds; the records are cut once."""
    true = onset - windows.start
    records: list[tuple[npt.NDArray[np.int64], Record]] = [
        (of, cut_record(store, windows, of))
        for of in batches(windows, longest_record(windows, store.rate_hz))
    ]

    def rmse(parameters: BaerKradolferParameters) -> float:
        error = np.empty(len(windows))
        for of, record in records:
            error[of] = onsets(record, parameters, store.rate_hz) - true[of]
        return float(np.sqrt(np.mean(error**2))) / store.rate_hz

    return rmse


def _ordered(drawn: dict[str, float]) -> BaerKradolferParameters:
    """Return parameters whose upper corner lies above the lower one."""
    return BaerKradolferParameters(**{**drawn, "max_hz": max(drawn["max_hz"], drawn["min_hz"] + _BAND_HZ)})
