"""Annual means with all that a training and its judging need of them, and the tensors that are learned from."""

from dataclasses import dataclass

import numpy as np
import torch

from terrella.earth.sphere import unit_vectors
from terrella.engine.feed import Batch
from terrella.errors import InputError
from terrella.field.learning.folds import Folds, make_folds
from terrella.field.learning.pairs import VIRTUAL_WEIGHT, Pairs, make_pairs, make_virtual
from terrella.field.observatories.table import Observatories
from terrella.field.secular_variation.baselines import BACK
from terrella.field.secular_variation.filter import Rates, filtered
from terrella.field.settings import FieldSettings


@dataclass(frozen=True, eq=False)
class Prepared:
    """Observatories, the filtered secular variation, and all pairs whose outcome is known, with their folds."""

    observatories: Observatories
    rates: Rates
    pairs: Pairs
    folds: Folds
    virtual: Pairs | None
    learned: torch.Tensor  # (pair, member), virtual ones after the others
    mark: str


def prepare(given: Observatories, settings: FieldSettings, mark: str) -> Prepared:
    """Return annual means prepared for training.

    Raises:
        InputError: where there are too few years or observatories.
    """
    data = settings.data
    years, horizon = len(given.years), data.horizon_years
    if years <= BACK + horizon:
        raise InputError(
            f"{years} years are too few to forecast {horizon} years ahead from four; give a longer series"
        )
    rates = filtered(given, data.degree, data.noise_nt)
    origins = np.arange(BACK, years - horizon)
    pairs = make_pairs(given, rates, horizon, origins)
    pairs = pairs.rows(pairs.known)
    if not len(pairs):
        raise InputError(
            f"no observatory has means in four years running and again {horizon} years later; nothing to learn"
        )
    place = unit_vectors(given.longitude, given.latitude)[pairs.site]
    folds = make_folds(pairs, place, years, horizon, data.regions, data.blocks)
    learned, virtual = [folds.learned()], None
    if data.virtual:
        points, virtual = make_virtual(rates, horizon, origins, data.virtual)
        there = unit_vectors(points.longitude, points.latitude)[virtual.site]
        learned.append(folds.of_others(virtual.origin, there))
    return Prepared(
        given,
        rates,
        pairs,
        folds,
        virtual,
        torch.as_tensor(np.concatenate(learned), dtype=torch.float32),
        mark,
    )


def samples_of(given: Prepared) -> Batch:
    """Return the tensors (pair, …) that a training reads."""
    parts = [given.pairs] + ([given.virtual] if given.virtual is not None else [])
    arrays = {
        "inputs": [each.inputs for each in parts],
        "turned": [each.turned for each in parts],
        "y": [each.change - each.filtered for each in parts],
        "weight": [np.where(each.virtual, VIRTUAL_WEIGHT, 1.0) for each in parts],
    }
    made = {
        name: torch.as_tensor(np.concatenate(values), dtype=torch.float32) for name, values in arrays.items()
    }
    return made | {"learned": given.learned}
