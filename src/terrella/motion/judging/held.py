"""The records that are judged, and every model's medians of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.engine.task import Asked
from terrella.errors import InputError
from terrella.motion.flatfile.table import Flatfile, Floats, numbered
from terrella.motion.learning.held_out import (
    LINEAR,
    NETWORK,
    PUBLISHED,
    SHIFTED,
    Fit,
    fit_mixed,
    fit_shift,
    fitted_held_out,
    member_medians,
    network_held_out,
)
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared, prepare
from terrella.motion.models import boosting, peers
from terrella.motion.models.bssa14 import median
from terrella.motion.opening import mark_of, open_records
from terrella.motion.settings import MotionSettings

TREES, TREES_ON = "boosting", "BSSA14 + boosting"


@dataclass(frozen=True, eq=False)
class Held:
    """Records that are judged, each model's medians of them, and the fold of events that each record is in."""

    records: Flatfile
    medians: Mapping[str, Floats]
    fold: npt.NDArray[np.int64]


def held_records(
    asked: Asked,
    trained: MotionSettings,
    given: Prepared,
    network: MotionNetwork,
    report: Report,
) -> Held:
    """Return what is judged: the training's records by folds, or all records of another flatfile."""
    chosen = trained.judge
    fits: dict[str, Fit] = {SHIFTED: fit_shift, LINEAR: fit_mixed}
    if chosen.boosting and boosting.available():
        fits[TREES] = lambda records, base: boosting.fit_boosting(records, None)
        fits[TREES_ON] = boosting.fit_boosting
    elif chosen.boosting:
        report({"kind": "message", "message": "no gradient boosting: pip install 'terrella[motion]' for it"})
    if asked.data is not None and _is_other(asked, trained):
        where = trained.data.model_copy(update={"flatfile": asked.data, "columns": {}})
        records = open_records(where, report)
        missing = [each for each in given.records.measures if each not in records.measures]
        if missing:
            raise InputError(f"{asked.data} has no {missing[0]}, which {asked.run.bundle} was trained for")
        records = records.of_measures(given.records.measures)
        known = np.isin(records.event, given.records.event) | np.isin(records.station, given.records.station)
        if known.all():
            raise InputError(f"{asked.data}: all its records are of events or stations that the training saw")
        if known.any():
            said = f"{known.sum():,} records of events or stations that the training saw are left out"
            report({"kind": "message", "message": f"{asked.data}: {said}"})
        records = records.rows(~known)
        base = median(records, records.measures)
        medians = {NETWORK: member_medians(network, given, records, base)[-1], PUBLISHED: base}
        for name, fit in fits.items():
            medians[name] = fit(given.records, given.published)(records, base)
        fold = np.arange(len(np.unique(records.event)))[numbered(records.event)] % 5
    elif asked.split == "train":
        records, base, fold = given.records, given.published, given.folds.of_event
        medians = {NETWORK: member_medians(network, given, records, base)[-1], PUBLISHED: base}
        medians |= {name: fit(records, base)(records, base) for name, fit in fits.items()}
    else:
        records, base, fold = given.records, given.published, given.folds.of_event
        medians = {NETWORK: network_held_out(network, given), PUBLISHED: base}
        for name, fit in fits.items():
            report(
                {
                    "kind": "message",
                    "message": f"fitting {name} for each of {given.folds.members - 1} pairs of folds",
                }
            )
            medians[name] = fitted_held_out(given, fit)
    if chosen.pygmm and peers.available():
        report({"kind": "message", "message": f"ASB14 of {len(records):,} records, through pygmm"})
        medians["ASB14"] = peers.peer_median("ASB14", records, records.measures)
    elif chosen.pygmm:
        report(
            {
                "kind": "message",
                "message": "no further published models: pip install 'terrella[motion]' for them",
            }
        )
    return Held(records, medians, np.asarray(fold))


def training_records(asked: Asked, trained: MotionSettings, report: Report) -> Prepared:
    """Return the records of the training, prepared as they were."""
    moved = asked.data is not None and not _is_other(asked, trained)
    data = trained.data.model_copy(update={"flatfile": asked.data}) if moved else trained.data
    records = open_records(data, report)
    if mark_of(records) != asked.bundle.values["data_mark"]:
        raise InputError(
            f"the records of {data.flatfile} are no longer those that {asked.run.bundle} was trained on: "
            "folds would "
            "not be the same. Train again, with another --run"
        )
    return prepare(records, trained, asked.bundle.values["data_mark"])


def _is_other(asked: Asked, trained: MotionSettings) -> bool:
    """Return whether the data asked for are other records than those of the training, not the same moved."""
    where = trained.data.model_copy(update={"flatfile": asked.data})
    return mark_of(open_records(where, lambda event: None)) != asked.bundle.values["data_mark"]
