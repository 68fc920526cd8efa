"""What each second of each component adds to a pick."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.engine.explain.question import Axis, Explanation, Question, Values
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.waveforms.archive import open_waveforms
from terrella.formats.waveforms.components import COMPONENTS
from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.asked import Asked
from terrella.pick.bundle import load_picker_network
from terrella.pick.continuous.command import time_ns
from terrella.pick.continuous.record import MARGIN_S, assemble
from terrella.pick.data.open import open_store
from terrella.pick.data.store_files import holds_store
from terrella.pick.networks import Architecture

_NEAR_S = 0.5  # within which the largest probability is the pick's


@dataclass(frozen=True, eq=False)
class Seen:
    """A window as a network takes it, and where in it the pick is."""

    window: Values  # (component, sample)
    at: int  # sample
    name: str


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what the samples of a window are to the log odds of a pick.

    Raises:
        InputError: where bundle or waveforms are at fault, or hold no such phase, time or trace.
    """
    network, trained, _ = load_picker_network(bundle)
    if asked.phase not in trained.outputs:
        raise InputError(f"--phase {asked.phase}: {trained.title} gives {', '.join(trained.outputs)}")
    seen = (
        _of_data_set(given, trained, asked, report)
        if _is_data_set(given)
        else _of_record(given, trained, asked)
    )
    window = trained.prepared(torch.from_numpy(seen.window.astype(np.float32))[None])[0]
    if not window.any():
        raise InputError(f"{seen.name}: nothing was recorded around this time; give another")
    output = trained.outputs.index(asked.phase)
    frame = _frame(network, trained, window, output, seen.at)

    def answer(network: nn.Module, windows: Tensor) -> Tensor:
        logits = network(windows)
        logits = logits if trained.frames == 0 else logits[..., frame]
        if trained.activation == "sigmoid":
            odds: Tensor = logits[:, output]
            return odds
        others = torch.cat([logits[:, :output], logits[:, output + 1 :]], 1)
        return logits[:, output] - others.logsumexp(1)

    with torch.no_grad():
        probability = float(torch.sigmoid(answer(network, window[None]))[0])
    seconds = (np.arange(trained.window) - _sample(trained, frame)) / trained.rate_hz
    parts, names = _parts(trained, seconds, asked.part_s)
    return Question(
        title=f"{asked.phase} of {seen.name}, probability {probability:.2f}",
        unit="log odds",
        network=network,
        answer=answer,
        inputs=window,
        baseline=torch.zeros_like(window),
        baseline_means="no signal",
        axes=(Axis("component", np.array(trained.components)), Axis("time_s", seconds, "s")),
        parts=parts,
        names=names,
        scale=window.std(-1, keepdim=True).clamp(min=1e-6),
        pictures=_pictures,
        said=[_weak(probability, trained)] if probability < trained.threshold else [],
        cites=(trained.reference,),
    )


def _weak(probability: float, trained: Architecture) -> str:
    return f"the probability {probability:.2f} is below {trained.threshold:g}: `predict` makes no pick of it"


def _is_data_set(given: str) -> bool:
    folder = Path(given)
    files = any(folder.glob("metadata*.csv"))
    return given.startswith("synthetic:") or files or bool(holds_store(folder))


def _of_data_set(given: str, trained: Architecture, asked: Asked, report: Report) -> Seen:
    store = open_store(given, trained.rate_hz, report)
    if asked.trace > len(store):
        raise InputError(f"--trace {asked.trace}: {given} has {len(store):,} traces")
    at = asked.trace - 1
    kinds = np.array([phase_kind(name) == asked.phase for name in store.phases])
    labelled = store.picks[at][kinds & (store.picks[at] >= 0)]
    if not len(labelled):
        has = ", ".join(name for name, pick in zip(store.phases, store.picks[at], strict=True) if pick >= 0)
        raise InputError(f"--trace {asked.trace}: {given} has no {asked.phase} there, but {has or 'nothing'}")
    pick = int(labelled.min())
    rows = [COMPONENTS.index(each) for each in trained.components]
    trace = store.trace(at)[rows]
    window = np.zeros((len(rows), trained.window), np.float32)
    begin = min(max(pick - _middle(trained), 0), max(trace.shape[1] - trained.window, 0))
    part = trace[:, begin : begin + trained.window]
    window[:, : part.shape[1]] = part
    return Seen(window, pick - begin, f"trace {asked.trace} of {Path(given).name}")


def _of_record(given: str, trained: Architecture, asked: Asked) -> Seen:
    def found(what: str, name: str) -> None:
        return None

    time = time_ns(asked.time, "--time")
    if time is None:
        raise InputError("--time: give that of a pick, such as one of picks.csv")
    archive = open_waveforms(given, found)
    known = sorted(".".join(each) for each in archive.stations)
    station = asked.station or (known[0] if len(known) == 1 else None)
    if station not in known:
        raise InputError(f"--station: {given} has {', '.join(known[:5])}{', ...' if len(known) > 5 else ''}")
    first = round(time / 1e9 * trained.rate_hz) - _middle(trained)
    begin_ns, end_ns = (round(each / trained.rate_hz * 1e9) for each in (first, first + trained.window))
    network, _, name = station.partition(".")
    used = archive.instruments(network, name, begin_ns, end_ns, found)
    margin_ns = round(MARGIN_S * 1e9)
    here = [each for each in used if each.first_ns <= time < each.end_ns]
    if not here:
        raise InputError(f"--time {asked.time}: {station} has no record then in {given}")
    segments = archive.read(here[0].codes, begin_ns - margin_ns, end_ns + margin_ns, found)
    record = assemble(segments, trained.components, first, first + trained.window, trained.rate_hz, found)
    samples = record.samples.astype(np.float64)
    for row, there in zip(samples, record.recorded, strict=True):
        row[~there] = row[there].mean() if there.any() else 0.0
    return Seen(samples - samples.mean(1, keepdims=True), _middle(trained), f"{station}, {asked.time}")


def _middle(trained: Architecture) -> int:
    """Return the sample of a window at which a pick is laid."""
    return trained.window // 2 if trained.frames else trained.first


def _sample(trained: Architecture, frame: int) -> int:
    return trained.first + frame * trained.stride


def _frame(network: nn.Module, trained: Architecture, window: Tensor, output: int, at: int) -> int:
    """Return the frame of the largest probability near a sample."""
    if trained.frames == 0:
        return 0
    with torch.no_grad():
        curve = trained.probabilities(network(window[None]))[0, output]
    near = round(_NEAR_S * trained.rate_hz / trained.stride)
    middle = round((at - trained.first) / trained.stride)
    low = min(max(middle - near, 0), trained.frames - 1)
    return low + int(curve[low : max(middle + near, low) + 1].argmax())


def _parts(trained: Architecture, seconds: Values, part_s: float) -> tuple[Tensor, list[str]]:
    """Return the part of every sample of every component, and their names; one begins at the pick."""
    number = np.floor(seconds / part_s + 1e-9).astype(int)
    first, count = number.min(), number.max() - number.min() + 1
    names = [
        f"{component} {k * part_s:+.3g} to {(k + 1) * part_s:+.3g} s"
        for component in trained.components
        for k in range(first, first + count)
    ]
    rows = np.arange(len(trained.components))[:, None] * count
    return torch.from_numpy(rows + (number - first)), names


def _pictures(found: Explanation) -> list[Picture]:
    """Return the components, each part coloured by what it adds."""
    question = found.question
    components, seconds = (axis.values for axis in question.axes)
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    axes = figure.subplots(len(components), 1, sharex=True, squeeze=False)[:, 0]
    adds = found.by_part[question.parts.numpy()]
    most = float(np.abs(adds).max()) or 1.0
    norm, edges = TwoSlopeNorm(0, -most, most), (seconds[0], seconds[-1])
    for row, (each, component) in enumerate(zip(axes, components, strict=True)):
        wave = question.inputs[row].numpy()
        reach = float(np.abs(wave).max()) * 1.05 or 1.0
        image = each.imshow(
            adds[row][None], aspect="auto", extent=(*edges, -reach, reach), cmap="RdBu_r", norm=norm,
            interpolation="nearest",
        )  # fmt: skip
        each.plot(seconds, wave, color="black", linewidth=0.6)
        each.axvline(0, color="black", linestyle="--", linewidth=1)
        each.set_ylabel(f"{component} (normalised)", fontsize=9)
    axes[-1].set_xlabel("time from the pick (s)")
    label = "change, summed over a part" if found.method == "ascent" else "adds to the log odds, by part"
    figure.colorbar(image, ax=list(axes), label=label)
    axes[0].set_title(question.title, fontsize=10)
    return [
        Picture(
            "waveform", figure, "Each part of each component, coloured by what it adds; dashed: the pick.",
            "Three components with coloured stretches.",
        )
    ]  # fmt: skip
