"""A made-up comparison, with the collapse across domains that real ones show."""

import itertools
from typing import Any

import numpy as np

from terrella.engine.judge import Interval
from terrella.pick.comparison.cost import Cost
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.matrix import Judged, value_of
from terrella.pick.comparison.recommendation import recommend
from terrella.pick.comparison.settings import CompareSettings
from terrella.pick.comparison.words import resampling_words

SETS = ("synthetic:local", "synthetic:regional", "synthetic:teleseismic")
CLASSICAL = ("STA/LTA and AIC", "Baer–Kradolfer · synthetic:local")


def entry(value: float, spread: float, unit: str = "") -> dict[str, Any]:
    return {"value": value, "low": value - spread, "high": value + spread, "unit": unit}


def cell(far: float, draw: np.random.Generator, phases: bool = True) -> dict[str, Any]:
    """Return a cell, as judging writes it, that is the worse the farther the training domain is."""
    auc, mcc, p, s = 0.99 - 0.15 * far, 0.95 - 0.3 * far, 0.15 + 0.6 * far, 0.3 + 0.8 * far
    found: dict[str, Any] = {"thresholds": {"detection": 0.3}}
    for key in ("scores_dev", "scores"):
        jitter = draw.normal(0, 0.004, 4)
        found[key] = {
            "detection_auc": entry(auc + jitter[0], 0.01),
            "p_rmse_s": entry(p + jitter[2], 0.05, "s"),
            "p_std_s": entry(p * 0.9, 0.05, "s"),
        }
        if phases:
            found[key]["phase_mcc"] = entry(mcc + jitter[1], 0.02)
            found[key] |= {"s_rmse_s": entry(s + jitter[3], 0.05, "s"), "s_std_s": entry(s * 0.9, 0.05, "s")}
            found["thresholds"]["phase"] = 0.5
    rates = np.geomspace(1e-3, 1, 60)
    edges = np.linspace(-3, 3, 61)
    counts = np.histogram(draw.laplace(0.02, p / 2, 400), edges)[0]
    laplace = {"location_s": 0.02, "scale_s": p / 2}
    found["curves"] = {
        "roc": {"fpr": rates.tolist(), "tpr": (rates ** (0.02 + 0.3 * far)).tolist()},
        "residual_p": {"edges_s": edges.tolist(), "counts": counts.tolist(), "beyond": 3, "laplace": laplace},
    }
    found["breakdown"] = [
        {"by": by, "low": low, "high": high, "n": 40, "p_n": 30, "s_n": 2}
        | {"detection_recall": 1 - 0.1 * i - 0.2 * far, "p_mae_s": p * (1 + 0.2 * i), "s_mae_s": s}
        for by, edges_of in (("snr_db", (-10, 0, 10, 20)), ("distance_km", (0, 50, 150, 300)))
        for i, (low, high) in enumerate(itertools.pairwise(edges_of))
    ]
    found["cost"] = {"windows": 1000, "cpu_seconds": 2.0, "peak_mib": 700.0}
    found["windows"] = {"test": {"events": 300, "noise": 300, "p": 200, "s": 190}}
    found["windows"]["dev"] = found["windows"]["test"]
    return found


def findings() -> Findings:
    """Return a comparison of two networks on three domains, two classical methods, and a resampling study."""
    draw = np.random.default_rng(1)
    judged = []
    for test_at, test in enumerate(SETS):
        for method, worse in (("PhaseNet", 0.0), ("GPD", 0.1)):
            for train_at, train in enumerate(SETS):
                far = abs(test_at - train_at) + worse
                made = cell(far, draw)
                judged.append(
                    Judged(
                        method,
                        train,
                        test,
                        test_at == 2,
                        100.0,
                        True,
                        made,
                        {"detection": f"runs/{method}/{train}"},
                    )
                )
                for rate in (20.0, 50.0) if test_at == 2 else ():
                    slow = cell(far * rate / 100, draw)
                    judged.append(Judged(method, train, test, True, rate, False, slow))
        judged.append(
            Judged("STA/LTA and AIC", "", test, test_at == 2, 100.0, True, cell(1.2, draw, phases=False))
        )
        baer = cell(0.8, draw, phases=False)
        judged.append(Judged("Baer–Kradolfer", SETS[0], test, test_at == 2, 100.0, True, baer))
    names = list(dict.fromkeys(each.picker for each in judged))
    costs = {name: Cost(100.0 * i, 900.0, 0.5 * (i + 1), 700.0 + i) for i, name in enumerate(names)}
    costs["STA/LTA and AIC"] = Cost(np.nan, np.nan, 0.02, 300.0)

    def difference(score: str, a: Judged, b: Judged, split: str) -> Interval:
        value = value_of(a, score, split) - value_of(b, score, split)
        return Interval(value, value - 0.02, value + 0.02)

    on = [each for each in judged if each.test_set == SETS[2] and each.native]
    advice = recommend(on, CLASSICAL, {n: c.inference_cpu_seconds for n, c in costs.items()}, difference)
    return Findings(
        judged=judged,
        classical=CLASSICAL,
        costs=costs,
        advice=advice,
        overall=[f"For all of it on {SETS[2]}: PhaseNet · {SETS[2]}."],
        resampling=resampling_words(judged, SETS[2]),
        failures=["judge GPD on broken: the array has two lines"],
        settings=CompareSettings(target=(SETS[2],)),
    )
