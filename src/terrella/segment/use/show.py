"""Pictures of sections of any size: samples in grey, a network's probabilities beside them in colour."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.engine.terminal import printable
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.sections.open import is_segy, open_section
from terrella.formats.sections.section import Section
from terrella.segment.data.pairing import laid_over

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float32]

_KINDS = ("png", "pdf", "svg")
_CELLS = (900, 1100)  # traces and samples that a picture holds at the most
_READ_SAMPLES = 4 << 20  # at once
_CLIP = 98.0  # percentile of magnitudes that is drawn black or white


def draw_amplitudes(axes: "Axes", samples: Floats, extent: tuple[float, float, float, float]) -> "Axes":
    """Draw samples (trace, sample) in grey, time or depth downward, clipped at the 98th percentile."""
    top = float(np.percentile(np.abs(samples), _CLIP)) or float(np.abs(samples).max()) or 1.0
    axes.imshow(samples.T, cmap="gray_r", vmin=-top, vmax=top, **_how(extent))
    return axes


def draw_probability(axes: "Axes", values: Floats, extent: tuple[float, float, float, float]) -> "Axes":
    """Draw probabilities (trace, sample) from 0 to 1, dark where they are high."""
    axes.imshow(values.T, cmap="magma_r", vmin=0, vmax=1, **_how(extent))
    return axes


def figure_of_prediction(path: Path, section: Section, predicted: Section | None = None) -> None:
    """Write a picture of a section and, beside it, its prediction; of a volume the inline in the middle.

    A large section is reduced by keeping, of each cell of the picture, the sample of largest magnitude.

    Raises:
        InputError: where the two do not belong to each other, or the picture's name ends in no kind of picture.
    """
    import matplotlib

    kind = picture_kind(path)

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    if predicted is not None:
        if tuple(predicted.shape) != tuple(section.shape):
            raise InputError(
                f"{predicted.path} has the shape {predicted.shape}, {section.path} {section.shape}"
            )
        predicted, _ = laid_over(predicted, section)
    shown = [section] if predicted is None else [section, predicted]
    figure = Figure(figsize=(6.0 * len(shown) + 0.8, 5.6), layout="constrained")
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    extent = _extent(section)
    draw_amplitudes(panels[0], overview(section), extent)
    panels[0].set_title(printable(_title(section)), fontsize=9, parse_math=False)
    if predicted is not None:
        draw_probability(panels[1], overview(predicted), extent)
        panels[1].set_title("probability", fontsize=9)
        figure.colorbar(panels[1].images[0], ax=panels[1], label="probability")
    panels[0].set_ylabel("depth (m)" if section.unit == "m" else "time (s)")
    for axes in panels:
        named = "trace" if len(section.shape) == 2 else "crossline"
        axes.set_xlabel(named if section.spacing_m is None else "distance (m)")
    replace_file(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=150))


def picture_kind(path: Path) -> str:
    """Return the kind of picture that a name ends in.

    Raises:
        InputError: where it is none that is written.
    """
    if (kind := path.suffix.lstrip(".").lower()) not in _KINDS:
        raise InputError(f"{path}: the picture's name ends in {', '.join('.' + each for each in _KINDS)}")
    return kind


def open_like(path: Path, section: Section, lines: tuple[int, int] | None = None) -> Section:
    """Return the prediction of a section, opened as the section was."""
    return open_section(path, section.interval, section.unit, lines if is_segy(path) else None)


def overview(section: Section, cells: tuple[int, int] = _CELLS) -> Floats:
    """Return a section, or the middle inline of a volume, reduced to at most `cells` traces and samples.

    Each number is that of largest magnitude in its cell, sign kept; a part of the section is read at a time.
    """
    *before, n_traces, n_samples = section.shape
    middle = tuple(slice(n // 2, n // 2 + 1) for n in before)
    step = -(-n_traces // cells[0]), -(-n_samples // cells[1])
    out = np.zeros((-(-n_traces // step[0]), -(-n_samples // step[1])), np.float32)
    samples = min(n_samples, max(1, _READ_SAMPLES // step[0] // step[1]) * step[1])
    traces = max(1, _READ_SAMPLES // samples // step[0]) * step[0]
    for first in range(0, n_traces, traces):
        for begin in range(0, n_samples, samples):
            where = slice(first, min(first + traces, n_traces)), slice(begin, min(begin + samples, n_samples))
            part = section.read(*middle, *where).reshape([s.stop - s.start for s in where])
            reduced = strongest(part, step)
            i, j = first // step[0], begin // step[1]
            out[i : i + reduced.shape[0], j : j + reduced.shape[1]] = reduced
    return out


def strongest(values: Floats, step: tuple[int, int]) -> Floats:
    """Return, of each cell of `step` traces and samples, the value of largest magnitude."""
    if step == (1, 1):
        return values
    missing = [(0, -n % d) for n, d in zip(values.shape, step, strict=True)]
    padded = np.pad(values, missing)
    cells = padded.reshape(padded.shape[0] // step[0], step[0], -1, step[1])
    high, low = cells.max((1, 3)), cells.min((1, 3))
    return np.where(high >= -low, high, low)


def _extent(section: Section) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of the picture."""
    wide, top = section.shape[-2] * (section.spacing_m or 1.0), section.top
    return 0.0, wide, top + section.shape[-1] * section.interval, top


def _how(extent: tuple[float, float, float, float]) -> dict[str, Any]:
    return {"aspect": "auto", "interpolation": "antialiased", "extent": extent}


def _title(section: Section) -> str:
    which = "" if len(section.shape) == 2 else f", inline {section.shape[0] // 2 + 1} of {section.shape[0]}"
    return f"{section.path.name}{which}"
