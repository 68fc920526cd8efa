"""The pairs that are judged, and every model's forecasts of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from terrella.engine.run import Report
from terrella.engine.task import Asked
from terrella.errors import InputError
from terrella.field.learning.calibration import Issued, issue
from terrella.field.learning.folds import areas
from terrella.field.learning.held_out import NETWORK, issued_held_out, judged_pairs, member_changes, spreads
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import Pairs, make_pairs
from terrella.field.learning.prepared import Prepared, prepare
from terrella.field.observatories.table import Observatories
from terrella.field.opening import mark_of, open_observatories
from terrella.field.secular_variation.baselines import BACK
from terrella.field.secular_variation.filter import filtered
from terrella.field.settings import FieldSettings


@dataclass(frozen=True, eq=False)
class Held:
    """Pairs that no network knew, each model's forecasts of them, and the small area each pair lies in."""

    observatories: Observatories
    pairs: Pairs
    issued: Mapping[str, Issued]
    area: np.ndarray

    @property
    def errors(self) -> dict[str, np.ndarray]:
        """Each model's errors in nT, (pair, 3)."""
        return {name: self.pairs.change - each.change for name, each in self.issued.items()}


def held_pairs(
    asked: Asked, trained: FieldSettings, given: Prepared, network: FieldNetwork, number: int, report: Report
) -> Held:
    """Return what is judged: held-out pairs of the training, or of other means what came after its end.

    Raises:
        InputError: where other means hold nothing that came after the training's.
    """
    sites, issued = given.observatories, issued_held_out(network, given)
    pairs = given.pairs.rows(judged_pairs(given))
    if asked.data is not None:
        sites = open_observatories(trained.data.model_copy(update={"observatories": asked.data}), report)
        if mark_of(sites) != given.mark:
            pairs, issued = _later(asked.data, sites, trained, given, network)
        else:
            sites = given.observatories
    of_site = areas(sites.latitude, sites.longitude, number)
    return Held(sites, pairs, issued, of_site[pairs.site])


def training_means(asked: Asked, trained: FieldSettings, report: Report) -> Prepared:
    """Return the annual means of the training, prepared as they were.

    Raises:
        InputError: where they are no longer what they were.
    """
    mark = asked.bundle.values["data_mark"]
    for where in dict.fromkeys((asked.data or trained.data.observatories, trained.data.observatories)):
        found = open_observatories(trained.data.model_copy(update={"observatories": where}), report)
        if mark_of(found) == mark:
            return prepare(found, trained, mark)
    raise InputError(
        f"the annual means of {trained.data.observatories} are no longer those that {asked.run.bundle} was "
        "trained on: folds would not be the same. Train again, with another --run"
    )


def _later(
    where: str, sites: Observatories, trained: FieldSettings, given: Prepared, network: FieldNetwork
) -> tuple[Pairs, Mapping[str, Issued]]:
    data, end = trained.data, given.observatories.years[-1]
    begin = max(BACK, int(np.searchsorted(sites.years, end - data.horizon_years + 0.5)))
    origins = np.arange(begin, len(sites.years) - data.horizon_years)
    if not len(origins):
        raise InputError(
            f"{where} has no annual means after {end:g}, where the training's end: nothing there is unseen"
        )
    pairs = make_pairs(sites, filtered(sites, data.degree, data.noise_nt), data.horizon_years, origins)
    pairs = pairs.rows(pairs.known)
    if not len(pairs):
        raise InputError(
            f"{where}: no observatory has means in four years running and again {data.horizon_years} years "
            f"later, after {end:g}"
        )
    wide = spreads(network, given)
    change, deviation = (each[-1] for each in member_changes(network, pairs))
    issued = {NETWORK: issue(change, deviation, wide[NETWORK])}
    issued |= {name: issue(each, np.ones_like(each), wide[name]) for name, each in pairs.own.items()}
    return pairs, issued
