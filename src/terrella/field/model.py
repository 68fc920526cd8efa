"""A trained forecast of the main field as a bundle, and what predicting needs of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_network, checked_values, values_layout
from terrella.errors import InputError
from terrella.field.harmonics.schmidt import Floats
from terrella.field.learning.calibration import Issued, issue
from terrella.field.learning.held_out import NETWORK, member_changes
from terrella.field.learning.network import FieldNetwork, network_for
from terrella.field.learning.pairs import RAD_YR, make_pairs
from terrella.field.observatories.table import Observatories
from terrella.field.secular_variation.baselines import BACK, LAST
from terrella.field.secular_variation.filter import filtered
from terrella.field.secular_variation.rotation import accelerations
from terrella.field.settings import FieldSettings

TASK = "field"
SPREADS = ("spread", "spread_last")  # beside the weights
_LAYOUT = values_layout(TASK, trusted=str, observatories=int)
_FEWEST = 0.3  # of the training's observatories, below which the filter says less than it was judged with


@dataclass(frozen=True, eq=False)
class FieldModel:
    """A forecast of the main field ready for use.

    Parameters
    ----------
    network : FieldNetwork
        The member that saw all pairs.
    trusted : str
        Which model predicts: the network, or a classical one where that was no worse.
    spread, spread_last : array (3, 3)
        How wide its forecasts are, and those by the last secular variation.
    usual : int
        Observatories with means in a usual issue year of the training.
    """

    network: FieldNetwork
    trusted: str
    spread: Floats
    spread_last: Floats
    usual: int
    settings: FieldSettings

    def forecast(
        self, given: Observatories, beside: Observatories | None = None
    ) -> tuple[np.ndarray, Issued, str]:
        """Return which sites have a forecast from the last year on, the changes in nT, and which model made them.

        Parameters
        ----------
        given : Observatories
            Annual means; those of the last year and the three before are needed.
        beside : Observatories, optional
            Further observatories, for the filtered secular variation alone.

        Raises
        ------
        InputError
            Where there are fewer than four years, or the years of the others do not meet them.
        """
        if len(given.years) <= BACK:
            raise InputError(f"{len(given.years)} annual means are too few: the last four years are needed")
        data = self.settings.data
        rates = filtered(given if beside is None else together(given, beside), data.degree, data.noise_nt)
        rates = rates.from_year(given.years[0])
        pairs = make_pairs(given, rates, data.horizon_years, np.array([len(given.years) - 1]))
        known = len(pairs) + (0 if beside is None else int(np.isfinite(beside.field[-1]).all(axis=1).sum()))
        name, spread = self.trusted, self.spread
        if known < _FEWEST * self.usual and name != LAST:
            name, spread = LAST, self.spread_last
        if name == NETWORK:
            change, deviation = (each[-1] for each in member_changes(self.network, pairs))
        else:
            change, deviation = pairs.own[name], np.ones((len(pairs), 3))
        return pairs.site, issue(change, deviation, spread), name

    def acceleration(self, rate: Floats, n_max: int) -> Floats:
        """Return what the learned rotation makes of rates (coefficient,) in nT/yr, in nT/yr²."""
        turn = RAD_YR * self.network.turn.detach().double().numpy()[-1]
        return np.einsum("a,adc,c->d", turn, accelerations(n_max), rate)


def together(given: Observatories, beside: Observatories) -> Observatories:
    """Return observatories with others beside them, on the years of both until the last one of `given`.

    Raises:
        InputError: where their years do not meet.
    """
    beside = beside.until(given.years[-1])
    apart = (beside.years[0] - given.years[0]) % 1 if len(beside.years) else 0.0
    if not len(beside.years) or min(apart, 1 - apart) > 0.01 or beside.years[-1] < given.years[0] - 1e-6:
        raise InputError("the observatories beside have no annual means in the years of those to be forecast")
    first = min(given.years[0], beside.years[0])
    years = first + np.arange(round(given.years[-1] - first) + 1)
    codes = {each.code for each in given.sites}
    others = [k for k, site in enumerate(beside.sites) if site.code not in codes]
    field = np.full((len(years), len(given.sites) + len(others), 3), np.nan)
    for part, columns, own in (
        (given, slice(0, len(given.sites)), slice(None)),
        (beside, slice(len(given.sites), None), others),
    ):
        at = np.round(part.years - first).astype(int)
        field[at, columns] = part.field[:, own]
    return Observatories((*given.sites, *(beside.sites[k] for k in others)), years, field)


def load_model(where: Path | str) -> FieldModel:
    """Return a trained model ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/field`.

    Returns
    -------
    FieldModel
        Changes of B_r, B_θ, B_φ in nT.

    Raises
    ------
    InputError
        Where there is no bundle, or it is damaged.
    """
    bundle = load_bundle(Path(where), TASK)
    network = network_of(bundle)
    for parameter in network.parameters():
        parameter.data = parameter.data[-1:].clone()
    values = checked_values(bundle, _LAYOUT)
    settings = parse_settings(FieldSettings, bundle.settings, bundle.where)
    spread, last = (checked_array(bundle, name, 3, 3) for name in SPREADS)
    return FieldModel(network, values["trusted"], spread, last, values["observatories"], settings)


def network_of(bundle: Bundle) -> FieldNetwork:
    """Return the network with all its members.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(FieldSettings, bundle.settings, bundle.where)
    weights = {name: each for name, each in bundle.tensors.items() if name not in SPREADS}
    return checked_network(lambda: network_for(settings), weights, bundle.where)
