"""What each trace and time of a section adds to one sample's answer."""

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
from terrella.formats.sections.open import open_section
from terrella.formats.sections.section import Section
from terrella.segment.asked import Asked
from terrella.segment.bundle import Segmenter, load_segmenter
from terrella.segment.data.normalise import normalised
from terrella.segment.use.predict import noise_levels
from terrella.segment.use.show import draw_amplitudes

_MOST_SAMPLES = 4 << 20  # of a section whose most probable sample is looked for


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what the samples around one are to the log odds of its label.

    Raises:
        InputError: where section or bundle are at fault, do not fit each other, or there is no such sample.
    """
    section = open_section(Path(given), asked.interval, asked.unit)
    segmenter = load_segmenter(bundle)
    axes, flat = len(section.shape), len(section.shape) - segmenter.dims
    if flat < 0:
        raise InputError(f"{bundle} was trained on volumes of {segmenter.dims} axes; {given} has {axes}")
    levels = noise_levels(section, segmenter, report)
    at = _most_probable(section, segmenter, levels, given) if asked.at is None else asked.at
    if len(at) != axes or any(not 0 <= k < n for k, n in zip(at, section.shape, strict=True)):
        wanted = " × ".join(f"{n:,}" for n in section.shape)
        raise InputError(f"--at {' '.join(map(str, at))}: {given} has {wanted} samples")
    where = _window(section, segmenter, at)
    samples = section.read(*where)
    window = torch.from_numpy(normalised(samples, levels[where[:-1]]))
    window = window.reshape(window.shape[flat:])
    inner = tuple(k - each.start for k, each in zip(at[flat:], where[flat:], strict=True))

    def answer(network: nn.Module, sections: Tensor) -> Tensor:
        found: Tensor = network(sections[:, None])[(slice(None), 0, *inner)]
        return found

    with torch.no_grad():
        probability = float(torch.sigmoid(answer(segmenter.network, window[None]))[0])
    parts, names = _parts(window.shape, asked.part, section, where[flat:], at[flat:])
    labels = ("inline", "crossline", "sample") if segmenter.dims == 3 else ("trace", "sample")
    coordinates = [
        Axis(name, np.arange(each.start, each.stop)) for name, each in zip(labels, where[flat:], strict=True)
    ]
    time = (section.top + coordinates[-1].values * section.interval).astype(float)
    what = "time_s" if section.unit == "s" else "depth_m"
    coordinates[-1] = Axis("sample", coordinates[-1].values, more={what: time})
    below = probability < segmenter.threshold
    return Question(
        title=f"{Path(given).name} at {', '.join(map(str, at))}, probability {probability:.2f}",
        unit="log odds",
        network=segmenter.network,
        answer=answer,
        inputs=window,
        baseline=torch.zeros_like(window),
        baseline_means="no signal",
        axes=tuple(coordinates),
        parts=parts,
        names=names,
        scale=window.std().clamp(min=1e-6)[None],
        pictures=lambda found: _pictures(found, section, samples, where, at, flat),
        at_once=16,
        said=[f"below the threshold {segmenter.threshold:.2f} of the dev split: no label"] if below else [],
        cites=("segmentation",),
    )


def _most_probable(section: Section, segmenter: Segmenter, levels: Values, given: str) -> tuple[int, ...]:
    if len(section.shape) != segmenter.dims or int(np.prod(section.shape)) > _MOST_SAMPLES:
        raise InputError(f"{given} is large; say which sample by --at, such as one that `predict` found")
    logits = segmenter.logits(section.read(*(slice(None) for _ in section.shape)), levels)
    return tuple(int(k) for k in np.unravel_index(int(logits.argmax()), logits.shape))


def _window(section: Section, segmenter: Segmenter, at: tuple[int, ...]) -> tuple[slice, ...]:
    """Return all that the answer depends on, begun where the network's levels begin."""
    flat, step = len(at) - segmenter.dims, segmenter.multiple
    return tuple(
        slice(k, k + 1)
        if axis < flat
        else slice(max(0, (k - segmenter.radius) // step * step), min(n, k + segmenter.radius + 1))
        for axis, (k, n) in enumerate(zip(at, section.shape, strict=True))
    )


def _parts(
    shape: tuple[int, ...],
    part: tuple[int, int],
    section: Section,
    where: tuple[slice, ...],
    at: tuple[int, ...],
) -> tuple[Tensor, list[str]]:
    """Return the part of every sample of a window; one has the sample in its middle."""
    sizes = (*(part[0] for _ in shape[:-1]), part[1])
    blocks = [
        (np.arange(each.start, each.stop) - k + size // 2) // size
        for each, k, size in zip(where, at, sizes, strict=True)
    ]
    number = np.zeros(shape, int)
    for axis, block in enumerate(blocks):
        own = (block - block.min()).reshape([-1 if k == axis else 1 for k in range(len(shape))])
        number = number * (own.max() + 1) + own
    names = []
    for each in np.ndindex(*(int(np.ptp(block)) + 1 for block in blocks)):
        *traces, time = (int(k + block.min()) for k, block in zip(each, blocks, strict=True))
        late = time * sizes[-1] * section.interval
        names.append(f"traces {', '.join(f'{k * part[0]:+d}' for k in traces)}, {late:+.3g} {section.unit}")
    return torch.from_numpy(number), names


def _pictures(
    found: Explanation,
    section: Section,
    samples: Values,
    where: tuple[slice, ...],
    at: tuple[int, ...],
    flat: int,
) -> list[Picture]:
    """Return the section around the sample in grey, and what each part of it adds in colour."""
    shown = samples.reshape(samples.shape[flat:])
    adds = found.by_part[found.question.parts.numpy()]
    if shown.ndim == 3:  # the section of a volume through the sample
        here = at[0] - where[0].start
        shown, adds = shown[here], adds[here]
    traces, times = where[-2:]
    low, high = (section.top + k * section.interval for k in (times.start, times.stop))
    extent = (traces.start - 0.5, traces.stop - 0.5, high, low)
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_amplitudes(left, shown, extent)
    most = float(np.abs(adds).max()) or 1.0
    image = right.imshow(
        adds.T, cmap="RdBu_r", norm=TwoSlopeNorm(0, -most, most), aspect="auto", extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    for axes in (left, right):
        axes.plot(
            at[-2], section.top + at[-1] * section.interval, "o", color="#00a070", fillstyle="none", ms=9
        )
        axes.set_xlabel("trace")
    left.set_ylabel("time (s)" if section.unit == "s" else "depth (m)")
    left.set_title(found.question.title, fontsize=8)
    label = "change, summed over a part" if found.method == "ascent" else "adds to the log odds, by part"
    figure.colorbar(image, ax=right, label=label)
    return [
        Picture(
            "section", figure, "The section around the sample (circle), and what each part of it adds.",
            "A section in grey and a map of what its parts add.",
        )
    ]  # fmt: skip
