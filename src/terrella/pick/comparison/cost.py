"""What each picker costs: CPU seconds and peak memory of its training and of its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrella.pick.comparison.matrix import Judged


@dataclass(frozen=True)
class Cost:
    """CPU seconds and peak memory of a picker; NaN where it was not trained or not measured."""

    training_cpu_seconds: float
    training_peak_mib: float
    inference_cpu_seconds: float  # per 1,000 windows
    inference_peak_mib: float


def costs(judged: Sequence[Judged], trainings: Mapping[str, Mapping[str, Any]]) -> dict[str, Cost]:
    """Return the cost of every picker by its name; of inference at the native rate, over all its test sets.

    `trainings` holds `cost` of each picker's training, by the picker's name. A picker that was selected per task
    from several trainings costs all of them.
    """
    found = {}
    for name in dict.fromkeys(each.picker for each in judged):
        own = [each.cell.get("cost", {}) for each in judged if each.picker == name and each.native]
        windows = sum(cost.get("windows", 0) for cost in own)
        seconds = sum(cost.get("cpu_seconds", 0.0) for cost in own)
        training = trainings.get(name, {})
        found[name] = Cost(
            training_cpu_seconds=float(training.get("cpu_seconds", np.nan)),
            training_peak_mib=float(training.get("peak_mib", np.nan)),
            inference_cpu_seconds=1000 * seconds / windows if windows else np.nan,
            inference_peak_mib=max((cost.get("peak_mib", np.nan) for cost in own), default=np.nan),
        )
    return found
