"""What pressure, velocities and density of a row add to its temperature."""

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
from terrella.interior.asked import Asked
from terrella.interior.choosing import NETWORK
from terrella.interior.learning.features import features, usual
from terrella.interior.model import INSIDE, OUTSIDE, WHY, InteriorModel, load_model
from terrella.interior.profiles.read import Profile, read_profile
from terrella.interior.tables.grid import KINDS, Observed

_NAMES = ("pressure", *KINDS)
_PERCENT = 100.0
_AT_ONCE = 1024


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what pressure, and how far vp, vs and density are from the table's mean there, are to a temperature.

    Raises:
        InputError: where bundle or profile are at fault, or the row is not there or nothing is told of it.
    """
    model = load_model(bundle)
    profile = read_profile(Path(given))
    for finding in profile.findings:
        report({"kind": "message", "message": f"{given}: {finding}"})
    seen, said = _row(model, profile, given, asked.row)
    scaling, middle = model.models.scaling, float(model.models.grid.pressure_gpa.mean())
    mean, scatter = usual(scaling, seen.pressure_gpa)
    inputs = torch.from_numpy(np.append(seen.pressure_gpa, _PERCENT * (seen.ln - mean)[0]))
    scale = torch.from_numpy(np.append(model.models.grid.pressure_gpa.std(), _PERCENT * scatter[0]))

    def inputs_of(x: Tensor) -> Tensor:
        pressure, off = x[:, 0].detach().numpy(), x[:, 1:].detach().numpy()
        ln = usual(scaling, pressure)[0] + off / _PERCENT
        return torch.from_numpy(features(Observed(pressure, ln), scaling))

    edges = torch.from_numpy(model.models.edges)

    def answer(network: nn.Module, x: Tensor) -> Tensor:
        logits = network(differentiable(inputs_of, x, scale))
        return _median(torch.softmax(logits, 1).reshape(len(x), len(edges) - 1, -1).sum(2), edges)

    return Question(
        title=f"temperature of row {asked.row}: {_described(profile, asked.row - 1)}",
        unit="K",
        network=model.models.network.double(),
        answer=answer,
        inputs=inputs,
        baseline=torch.tensor([middle, 0.0, 0.0, 0.0]).double(),
        baseline_means=f"the table's mean rock at {middle:.3g} GPa",
        axes=(
            Axis(
                "predictor", np.array(_NAMES),
                more={"unit": np.array(["GPa", *["% off the table's mean at this pressure"] * 3])},
            ),
        ),
        parts=torch.arange(len(_NAMES)),
        names=_NAMES,
        scale=scale,
        pictures=_pictures,
        at_once=_AT_ONCE,
        said=[*classical(model.trusted, NETWORK), *said],
        cites=("network of coordinates",),
    )  # fmt: skip


def _row(model: InteriorModel, profile: Profile, given: str, row: int) -> tuple[Observed, list[str]]:
    """Return what is seen of a row, and why it is extrapolated, where it is."""
    if row > len(profile.mantle):
        raise InputError(f"--row {row}: {given} has {len(profile.mantle):,} rows")
    if not profile.mantle[row - 1]:
        raise InputError(f"--row {row}: {given} is of the core or of water there; nothing is told of it")
    seen = profile.observed().rows(np.array([np.count_nonzero(profile.mantle[:row]) - 1]))
    why = int(model.temperatures(seen).why[0])
    if why == OUTSIDE:
        low, high = model.models.grid.pressure_gpa[[0, -1]]
        raise InputError(
            f"--row {row}: {seen.pressure_gpa[0]:.3g} GPa; nothing is told outside the table's {low:.3g} to "
            f"{high:.3g} GPa"
        )
    return seen, [] if why == INSIDE else [f"extrapolated: {WHY[why]}"]


def _median(steps: Tensor, edges: Tensor) -> Tensor:
    """Return the medians (n,) of probabilities of steps (n, step) between edges (step + 1,)."""
    cumulative = torch.nn.functional.pad(steps.cumsum(1), (1, 0))
    right = (cumulative < 0.5).sum(1).clamp(1, len(edges) - 1)[:, None]
    low, high = cumulative.gather(1, right - 1), cumulative.gather(1, right)
    share = (0.5 - low) / (high - low)
    below, above = edges[right - 1], edges[right]
    return (below + share * (above - below))[:, 0]


def _described(profile: Profile, at: int) -> str:
    depth = profile.depth_km[at]
    place = "" if np.isnan(depth) else f"{depth:.0f} km, "
    vp, vs = profile.vp[at] / 1000, profile.vs[at] / 1000
    rock = f"vp {vp:.3g}, vs {vs:.3g} km/s, {profile.density[at]:.0f} kg/m³"
    return f"{place}{profile.pressure_gpa[at]:.3g} GPa, {rock}"


def _pictures(found: Explanation) -> list[Picture]:
    pressure, *off = found.question.inputs.numpy()
    labels = [f"pressure {pressure:.3g} GPa"]
    labels += [f"{name} {each:+.2g} % off the mean" for name, each in zip(KINDS, off, strict=True)]
    return [waterfall(found, labels, "median temperature (K)")]
