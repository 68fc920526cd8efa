"""A forecast as it unfolds beside what came, as a GIF."""

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.figure import Figure

from terrella.files import replace_file
from terrella.weather.judging.figures import draw_map, spread_limits

Floats = npt.NDArray[np.float64]
_PER_SECOND = 6


def write_animation(
    path: Path,
    forecast: Floats,
    truth: Floats,
    grid: tuple[Floats, Floats],
    step_hours: int,
    head: str,
    land: bool,
    mark: str,
) -> None:
    """Write forecast and truth (step, latitude, longitude) of one channel, beginning one step ahead."""
    figure = Figure(figsize=(7.6, 2.5), layout="constrained", dpi=80)
    axes = figure.subplots(1, 2, sharey=True)
    limits = spread_limits(truth)
    meshes = [
        draw_map(each, fields[0], *grid, limits, "viridis", land)
        for each, fields in zip(axes, (forecast, truth), strict=True)
    ]
    axes[0].set_title("forecast", fontsize=8)
    axes[1].set_title("what came", fontsize=8)
    bar = figure.colorbar(meshes[0], ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=6)
    figure.supxlabel(mark, x=0.998, ha="right", fontsize=5.5, color="#777777")
    title = figure.suptitle("", fontsize=9)

    def draw(step: int) -> list[object]:
        for mesh, fields in zip(meshes, (forecast, truth), strict=True):
            mesh.set_array(fields[step])
        title.set_text(f"{head}, {(step + 1) * step_hours / 24:.2f} days ahead")
        return [*meshes, title]

    moving = FuncAnimation(figure, draw, frames=len(forecast))  # type: ignore[arg-type]
    replace_file(path, partial(_save, moving=moving))


def _save(path: Path, *, moving: FuncAnimation) -> None:
    moving.save(path, writer=PillowWriter(fps=_PER_SECOND))
