"""What the known pixels around one add to its height, in a gap or in a refined grid."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.engine.explain.question import Axis, Explanation, Question, classical
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.surface.asked import Asked
from terrella.surface.grids.grid import Floats, Grid
from terrella.surface.learning.held_out import NETWORK
from terrella.surface.learning.windows import FILL
from terrella.surface.model import load_model
from terrella.surface.prediction import opened
from terrella.surface.use.known import Known, detail_of, known_of_gap, known_of_refined, parts_of_pixel

_PIXELS = 1 << 17  # that pass the network together


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what known heights are to one that the network fills in, or refines.

    Raises:
        InputError: where bundle or grid are at fault, or nothing is filled or refined at the pixel.
    """
    model = load_model(bundle)
    grid = opened(given, model, bundle, report, asked.factor, asked.layer, asked.spacing)
    name = Path(given).name
    find = known_of_gap if asked.factor is None else known_of_refined
    known = find(grid, model, asked.at, given)
    inputs = torch.from_numpy(known.values)

    def answer(network: nn.Module, heights: Tensor) -> Tensor:
        classical_surface, more = parts_of_pixel(known, model, network, heights)
        return classical_surface + more

    times = asked.factor or 1
    cell = known.pixel[0] // times, known.pixel[1] // times
    parts, names = _parts(known, asked.part or (2 if known.kind == FILL else 1), cell)
    doing = "filled" if known.kind == FILL else f"refined {times} times"
    place = "row {}, column {}".format(*known.pixel)
    return Question(
        title=f"{name}, {doing}: {place}",
        unit=grid.unit or "units of the grid",
        network=model.network,
        answer=answer,
        learned=lambda network, heights: parts_of_pixel(known, model, network, heights)[1],
        inputs=inputs,
        baseline=torch.full_like(inputs, float(inputs.mean())),
        baseline_means="flat ground at the mean height around",
        axes=(_axis(known, grid),),
        parts=parts,
        names=names,
        scale=torch.tensor([max(detail_of(known), 1e-12)]).double(),
        pictures=lambda found: [_picture(found, known, cell)],
        at_once=max(1, _PIXELS // known.unknown.numel()),
        said=[
            "of the network's mean, about which its samples lie",
            *classical(model.trusted[known.kind], NETWORK),
        ],
        cites=("thin plate" if known.kind == FILL else "histospline", "segmentation"),
    )


def _parts(known: Known, part: int, cell: tuple[int, int]) -> tuple[Tensor, list[str]]:
    """Return parts of so many pixels along each side, and their names; one has the pixel in its middle."""
    down, across = (
        (each - middle + part // 2) // part
        for each, middle in zip((known.row, known.column), cell, strict=True)
    )
    blocks, number = np.unique(np.stack([down, across], 1), axis=0, return_inverse=True)
    names = [f"rows {_reach(a, part)}, columns {_reach(b, part)}" for a, b in blocks]
    return torch.from_numpy(number.ravel()), names


def _reach(block: int, part: int) -> str:
    first = int(block) * part - part // 2
    return f"{first:+d}" if part == 1 else f"{first:+d} to {first + part - 1:+d}"


def _axis(known: Known, grid: Grid) -> Axis:
    y, x = grid.place.centres(*grid.shape)
    more = {"row": known.row, "column": known.column, "y": y[known.row], "x": x[known.column]}
    return Axis("pixel", np.arange(len(known.row)), more=more)


def _picture(found: Explanation, known: Known, cell: tuple[int, int]) -> Picture:
    """Return the known heights around the pixel, and what each part of them adds."""
    rows, columns = (slice(each.min(), each.max() + 1) for each in (known.row, known.column))
    extent = (columns.start - 0.5, columns.stop - 0.5, rows.stop - 0.5, rows.start - 0.5)

    def mapped(values: Floats) -> Floats:
        shown = np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan)
        shown[known.row - rows.start, known.column - columns.start] = values
        return shown

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    unit, change = found.question.unit, found.method == "ascent"
    image = left.imshow(mapped(known.values), cmap="cividis", extent=extent)
    figure.colorbar(image, ax=left, label=f"known heights ({unit})")
    adds = found.by_part[found.question.parts.numpy()]
    most = float(np.abs(adds).max()) or 1.0
    norm = SymLogNorm(0.05 * most, vmin=-most, vmax=most)
    image = right.imshow(mapped(adds), cmap="RdBu_r", extent=extent, norm=norm)
    figure.colorbar(image, ax=right, label=f"{'change' if change else 'adds'} ({unit}), by part")
    for axes in (left, right):
        axes.plot(cell[1], cell[0], "s", color="#00a070", fillstyle="none", ms=7)
        axes.set_xlabel("column")
        axes.set_facecolor("0.85")
    left.set_ylabel("row")
    left.set_title(found.question.title, fontsize=9)
    return Picture(
        "pixels", figure, "The known heights around the pixel (square), and what each part of them adds.",
        "A map of heights and one of what its parts add.",
    )  # fmt: skip
