"""What a training leaves beside its network: relations, calibrations, and the choice which model predicts."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import torch

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.comparing import Choice, choose
from terrella.engine.judge.document import signed
from terrella.engine.run import Report
from terrella.engine.task import Made, Trained
from terrella.errors import InputError
from terrella.motion.settings import MotionSettings
from terrella.motion.single_station.card import make_card
from terrella.motion.single_station.classical import CASES, CHOICE, CLASSICAL, NETWORK, fit_classical
from terrella.motion.single_station.held_out import held_out
from terrella.motion.single_station.network import StationNetwork
from terrella.motion.single_station.prepared import Prepared
from terrella.motion.single_station.scores import Gaussians, calibrated_across, resampled, stretch
from terrella.motion.single_station.traces import QUANTITIES, Traces

_RESAMPLES = 500
_FEWEST = 20  # traces that judge


def finish(trained: Trained[MotionSettings, Prepared], report: Report) -> Made:
    """Return the bundle of a trained network, with the choice made on traces held out."""
    network, given = trained.network.eval(), trained.data
    assert isinstance(network, StationNetwork)
    fitted = fit_classical(given)
    found = held_out(network, fitted, given)
    judged = given.folds.judged()
    traces = given.traces.rows(judged)
    truth = traces.targets()
    choices = chosen(found, traces, given.folds.of_event[judged])
    said = [_said(name, which, *choice) for (name, which), choice in choices.items()]
    ranges = np.stack([each.reduce(given.traces.scalars) for each in (np.fmin, np.fmax)])  # without NaN
    reach = np.stack([given.traces.targets().min(0), given.traces.targets().max(0)])
    arrays = {
        **{each.name: getattr(fitted, each.name) for each in fields(fitted)},
        **{each.name: getattr(given.scaling, each.name) for each in fields(given.scaling)},
        "stretch": np.stack([stretch(found[name], truth) for name in CHOICE]),
        "scalar_range": np.nan_to_num(ranges), "target_range": reach,
    }  # fmt: skip
    values = {
        "kind": "waveforms", "trusted": [each.trusted for each in choices.values()], "distance": given.traces.kind,
        "unit": given.traces.unit, "data_mark": given.mark, "members": given.folds.members,
    }  # fmt: skip
    tensors = {**network.state_dict(), **{name: torch.as_tensor(each) for name, each in arrays.items()}}
    return Made(tensors, values, make_card(trained.settings, given, said, trained.mark), said)


def chosen(found: Gaussians, traces: Traces, fold: npt.NDArray[np.int64]) -> dict[tuple[str, str], Choice]:
    """Return which model predicts each quantity of traces with a pick of S, and of those without, by their CRPS.

    Where there are hardly any of a kind, the choice is that of all traces.
    """
    truth, picked = traces.targets(), np.isfinite(traces.sp_s)
    own = {name: calibrated_across(found[name], truth, fold) for name in CHOICE}
    made = {}
    for name in QUANTITIES:
        for which, of in zip(CASES, (picked, ~picked), strict=True):
            names = CHOICE if of is picked else tuple(each for each in CHOICE if each != CLASSICAL)
            rows = of if of.sum() >= _FEWEST else np.ones(len(traces), bool)
            some = {model: own[model][rows] for model in names}
            scores = resampled(some, truth[rows], traces.event[rows], traces.station[rows], _RESAMPLES)
            made[name, which] = choose({model: scores[model][f"crps@{name}"] for model in names}, NETWORK)
    return made


def refuse_few(given: Prepared) -> None:
    """Refuse folds that leave hardly a trace to judge.

    Raises:
        InputError: where they do.
    """
    judged = int(given.folds.judged().sum())
    if judged < _FEWEST:
        raise InputError(
            f"{judged} traces are of an event and a station that are left out together, {_FEWEST} are the fewest: "
            "give more traces, or set data.station_folds lower"
        )


def _said(name: str, which: str, trusted: str, best: str, gain: Interval) -> str:
    over = f"CRPS less by {signed(gain)} than that of {best}, the best classical model, held out"
    if trusted == NETWORK:
        return f"{name} {which}: predicted by the network, {over}"
    return f"{name} {which}: predicted by {best}, since the network is not shown to be better: {over}"
