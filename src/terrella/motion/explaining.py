"""What each predictor of a scenario adds to the median of its motion."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.explain.numerical import differentiable
from terrella.engine.explain.question import Axis, Explanation, Question, classical
from terrella.engine.explain.waterfall import waterfall
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.motion.asked import Asked
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.table import MECHANISMS, Flatfile, Floats
from terrella.motion.learning.features import (
    INPUTS,
    drift_features,
    from_mean,
    gate,
    raw_inputs,
    scaled,
    supported,
)
from terrella.motion.learning.held_out import NETWORK
from terrella.motion.model import MotionModel, load_model
from terrella.motion.models.bssa14 import median

_NAMES = ("magnitude", "distance", "Vs30", "depth", "mechanism", "year")
_UNITS = ("", "km", "m/s", "km", "", "")
_MIXED = 4  # predictors before these are numbers; of these, 0 is the unknown one and 1 the scenario's


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what a scenario's predictors are to its median, by the network of a bundle.

    Raises:
        InputError: where bundle or table are at fault, or the row or the measure is not there.
    """
    model = load_model(bundle)
    measure = asked.measure or model.measures[0]
    if measure not in model.measures:
        raise InputError(f"--measure {measure}: {bundle} predicts {', '.join(model.measures)}")
    records = read_flatfile(Path(given), Reading({}, motions=False))
    for finding in records.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    if asked.row > len(records):
        raise InputError(f"--row {asked.row}: {given} has {len(records)} scenarios")
    record = records.rows(np.array([asked.row - 1]))
    at = model.measures.index(measure)
    mean = from_mean(model.scaling)
    depth = float(record.depth_km[0])
    known = [record.magnitude[0], record.rjb_km[0], record.vs30_m_s[0], mean[3] if np.isnan(depth) else depth]
    inputs = torch.tensor(
        [*known, float(record.mechanism[0] > 0), float(np.isfinite(record.year[0]))]
    ).double()
    baseline = torch.tensor([*mean, 0.0, 0.0]).double()
    scale = torch.tensor([*(0.2 * np.maximum(np.abs(mean), 1.0)), 1.0, 1.0]).double()

    def seen(x: Tensor) -> Tensor:
        return torch.from_numpy(_seen(model, record, measure, x.detach().numpy()))

    def answer(network: nn.Module, x: Tensor) -> Tensor:
        found = differentiable(seen, x, scale)
        return found[:, 0] + _residual(network, found)

    def _residual(network: nn.Module, found: Tensor) -> Tensor:
        share, features, bells = found[:, 1], found[:, 2 : 2 + len(INPUTS)], found[:, 2 + len(INPUTS) :]
        residual: Tensor = network(features, bells, share[None, :, None])[0, :, at]
        return residual

    return Question(
        title=f"{measure} of row {asked.row}: {_described(record)}",
        unit="ln cm/s" if measure == "PGV" else "ln g",
        network=model.network.double(),
        answer=answer,
        learned=lambda network, x: _residual(network, differentiable(seen, x, scale)),
        inputs=inputs,
        baseline=baseline,
        baseline_means="the mean scenario of the training",
        axes=(Axis("predictor", np.array(_NAMES), more={"unit": np.array(_UNITS)}),),
        parts=torch.arange(len(_NAMES)),
        names=_NAMES,
        scale=scale,
        pictures=_pictures,
        said=classical(model.trusted[at], NETWORK, f" for {measure}"),
        cites=("BSSA14",),
    )


def _seen(model: MotionModel, record: Flatfile, measure: str, x: Floats) -> Floats:
    """Return published median, share of the residual that counts, inputs and bells, (row, …), of predictors."""
    some = record.rows(np.zeros(len(x), int))
    # Differences are taken a little beyond what can be, and paths cross only what can.
    magnitude, rjb_km, vs30_m_s, depth_km = x[:, :_MIXED].T
    some = replace(some, magnitude=magnitude, rjb_km=np.abs(rjb_km), vs30_m_s=vs30_m_s, depth_km=depth_km)
    unknown = replace(some, mechanism=np.zeros(len(x), int))

    def of(records: Flatfile) -> Floats:
        return np.concatenate([median(records, (measure,)), raw_inputs(records)], 1)

    mixed = of(unknown) + x[:, 4:5] * (of(some) - of(unknown))
    share = gate(supported(model.support[-1], some))[:, None]
    bells = x[:, 5:6] * drift_features(some, model.drift)
    return np.concatenate([mixed[:, :1], share, scaled(mixed[:, 1:], model.scaling), bells], 1)


def _described(record: Flatfile) -> str:
    mechanism = MECHANISMS[record.mechanism[0]]
    return f"M {record.magnitude[0]:g}, {record.rjb_km[0]:.3g} km, Vs30 {record.vs30_m_s[0]:.0f} m/s, {mechanism}"


def _pictures(found: Explanation) -> list[Picture]:
    question = found.question
    values = question.inputs.numpy()
    labels = [name if k >= _MIXED else f"{name} {values[k]:.3g} {_UNITS[k]}" for k, name in enumerate(_NAMES)]
    return [waterfall(found, labels, f"median of {question.title.split()[0]} ({question.unit})")]
