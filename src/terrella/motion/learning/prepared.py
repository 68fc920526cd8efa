"""Records with all that a training and its judging need of them, and the tensors that are learned from."""

from dataclasses import dataclass

import numpy as np
import torch

from terrella.engine.feed import Batch
from terrella.motion.flatfile.table import Flatfile, Floats, numbered
from terrella.motion.learning.features import (
    Drift,
    Scaling,
    drift_features,
    gate,
    make_drift,
    raw_inputs,
    scaled,
    scaling_of,
    support_of,
    supported,
)
from terrella.motion.learning.folds import Folds, make_folds
from terrella.motion.models.bssa14 import median
from terrella.motion.models.variance import crossed
from terrella.motion.settings import MotionSettings


@dataclass(frozen=True, eq=False)
class Prepared:
    """Records with all that a training and its judging need of them."""

    records: Flatfile
    folds: Folds
    scaling: Scaling
    drift: Drift
    support: Floats  # (member, magnitude, ln distance)
    published: Floats  # ln median of BSSA14, (record, measure)
    mark: str


def prepare(records: Flatfile, settings: MotionSettings, mark: str) -> Prepared:
    """Return records prepared for training.

    Raises:
        InputError: where there are fewer events or stations than folds.
    """
    data, network = settings.data, settings.network
    folds = make_folds(records, data.event_folds, data.station_folds, data.seed)
    support = np.stack([support_of(records.rows(folds.learned(member))) for member in range(folds.members)])
    drift = make_drift(records, network.drift_years)
    scaling = scaling_of(raw_inputs(records))
    published = median(records, records.measures)
    return Prepared(records, folds, scaling, drift, support, published, mark)


def samples_of(given: Prepared) -> Batch:
    """Return the tensors (record, …) that a training reads."""
    records, folds = given.records, given.folds
    target = records.ln_motion - given.published
    event, station = numbered(records.event), numbered(records.station)
    learned = np.stack([folds.learned(member) for member in range(folds.members)], 1)
    size = (folds.members, len(records.measures), 3)
    deviations = np.ones(size)
    for member in range(folds.members):
        own = learned[:, member]
        for measure in range(size[1]):
            residual = target[own, measure]
            if np.isfinite(residual).sum() > 1:
                deviations[member, measure] = crossed(residual, event[own], station[own])[2]
    known = np.isfinite(target)
    arrays = {
        "x": scaled(raw_inputs(records), given.scaling),
        "z": drift_features(records, given.drift),
        "y": np.nan_to_num(target),
        "known": known,
        "learned": learned,
        "gate": gate(supported(given.support, records)).T,
        "event_share": 1 / np.bincount(event)[event],
        "station_share": 1 / np.bincount(station)[station],
    }
    made = {name: torch.as_tensor(np.array(values, np.float32)) for name, values in arrays.items()}
    # The same for all records: a batch holds what its loss needs.
    made["deviations"] = torch.as_tensor(deviations, dtype=torch.float32).expand(len(records), *size)
    return made | {"event": torch.as_tensor(event), "station": torch.as_tensor(station)}
