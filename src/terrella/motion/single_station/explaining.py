"""What each stretch of a window, and each scalar beside it, adds to a magnitude or a distance."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.engine.explain.question import Axis, Explanation, Question, classical
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.waveforms.components import COMPONENTS
from terrella.motion.asked import Asked
from terrella.motion.single_station.classical import NETWORK
from terrella.motion.single_station.model import load_station_model
from terrella.motion.single_station.prediction import refuse_other_unit
from terrella.motion.single_station.read import read_traces
from terrella.motion.single_station.traces import BEFORE_S, DISTANCE, QUANTITIES, SCALARS

_PART_S = 2.0


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what a trace's window and scalars are to its magnitude or distance, by the network of a bundle.

    Raises:
        InputError: where bundle or data set are at fault, or the trace or the measure is not there.
    """
    measure = asked.measure or QUANTITIES[0]
    if measure not in QUANTITIES:
        raise InputError(f"--measure {measure}: {bundle} tells {' and '.join(QUANTITIES)}")
    model = load_station_model(bundle)
    traces = read_traces(Path(given), model.windowing, False, report)
    refuse_other_unit(model, traces, given)
    if asked.row not in traces.row:
        raise InputError(
            f"--row {asked.row}: {given} has no trace with a pick of P in that row of its metadata"
        )
    one = traces.rows(traces.row == asked.row)
    at, scaling = QUANTITIES.index(measure), model.scaling
    window = torch.from_numpy(one.window[0].astype(np.float32))
    scalars = torch.as_tensor(scaling.scalars(one.scalars)[0], dtype=torch.float32)
    samples = window.shape[1]

    def answer(network: nn.Module, x: Tensor) -> Tensor:
        waves, known = x[:, : 3 * samples].reshape(-1, 3, samples), x[:, 3 * samples :]
        out: Tensor = network(waves, known)[-1, :, at]
        return out * float(scaling.target_deviation[at]) + float(scaling.target_mean[at])

    inputs = torch.cat([window.ravel(), scalars])
    seconds = np.arange(samples) / model.windowing.rate_hz - BEFORE_S
    number = np.floor(seconds / _PART_S + 1e-9).astype(int)
    number -= number.min()
    count = int(number.max()) + 1
    parts = np.concatenate([number + count * k for k in range(3)] + [3 * count + np.arange(len(SCALARS))])
    names = [
        f"{component} {k * _PART_S - BEFORE_S:+g} to {(k + 1) * _PART_S - BEFORE_S:+g} s"
        for component in COMPONENTS
        for k in range(count)
    ] + [each.replace("_", " ") for each in SCALARS]
    element = [f"{component} {t:+.3f} s" for component in COMPONENTS for t in seconds] + list(SCALARS)
    used, spread = model.names(one)[0, at], window.std(1, keepdim=True).clamp(min=1e-6)
    return Question(
        title=f"{measure} of row {asked.row}, {one.name[0]}",
        unit="log₁₀ km" if measure == DISTANCE else "",
        network=model.network,
        answer=answer,
        inputs=inputs,
        baseline=torch.zeros_like(inputs),
        baseline_means="no signal, and the mean scalars of the training",
        axes=(Axis("element", np.array(element)),),
        parts=torch.from_numpy(parts),
        names=names,
        scale=torch.cat([spread.expand_as(window).ravel(), torch.ones(len(SCALARS))]),
        pictures=lambda found: _pictures(found, seconds),
        said=classical(used, NETWORK, f" for {measure}"),
    )  # fmt: skip


def _pictures(found: Explanation, seconds: np.ndarray) -> list[Picture]:
    """Return the components, each part coloured by what it adds, beside what the scalars add."""
    asked, samples = found.question, len(seconds)
    adds = found.by_part
    most = float(np.abs(adds).max()) or 1.0
    norm = TwoSlopeNorm(0, -most, most)
    figure = Figure(figsize=(10.5, 4.8), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(3, 1.4))
    waves = asked.inputs[: 3 * samples].reshape(3, samples).numpy()
    of = adds[asked.parts.numpy()][: 3 * samples].reshape(3, samples)
    left = [figure.add_subplot(grid[k, 0]) for k in range(3)]
    for axes, component, wave, own in zip(left, COMPONENTS, waves, of, strict=True):
        reach = float(np.abs(wave).max()) * 1.05 or 1.0
        image = axes.imshow(
            own[None], aspect="auto", extent=(seconds[0], seconds[-1], -reach, reach), cmap="RdBu_r", norm=norm,
            interpolation="nearest",
        )  # fmt: skip
        axes.plot(seconds, wave, color="black", linewidth=0.6)
        axes.axvline(0, color="black", linestyle="--", linewidth=1)
        axes.set_ylabel(f"{component} (compressed)", fontsize=9)
    for axes in left[:2]:
        axes.tick_params(labelbottom=False)
    left[-1].set_xlabel("time from P (s)")
    left[0].set_title(asked.title, fontsize=10)
    figure.colorbar(image, ax=left, label="adds, by part", location="left")
    right = figure.add_subplot(grid[:, 1])
    own = adds[-len(SCALARS) :]
    right.barh(range(len(own)), own, color=["#d55e00" if each > 0 else "#0072b2" for each in own])
    right.set_yticks(range(len(own)), [each.replace("_", " ") for each in SCALARS], fontsize=8)
    right.invert_yaxis()
    right.axvline(0, color="0.5", lw=0.8)
    right.set_xlabel(f"adds ({asked.unit or 'units of magnitude'})")
    caption = (
        "Left: stretches of the window, coloured by what each adds; dashed: P. Right: what scalars add, to the "
        f"answer for {asked.baseline_means}."
    )
    return [
        Picture("waveform", figure, caption, "Three components with coloured stretches, and bars of scalars.")
    ]
