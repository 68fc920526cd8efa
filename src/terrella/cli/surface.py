"""The verbs of `terrella surface` that are its own: demo, data, predict."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.cli.flags import Bundle, DemoRun, Output, shown
from terrella.cli.task_commands import predicted
from terrella.cli.tasks import load_task
from terrella.files import must_exist

__all__ = ["data", "demo", "predict"]

Layer = Annotated[str | None, Parameter(help="Band, variable or column, where the file has several.")]
Spacing = Annotated[
    float | None,
    Parameter(validator=Number(gt=0), help="Of points: size of the cells they are averaged in."),
]


def demo(*, run: DemoRun = Path("runs/surface/demo"), seed: int = 0, grid: Path | None = None) -> None:
    """Refine and fill an elevation model at blocks that were held out whole, beside splines and kriging.

    The grid is the elevation of Jacksboro, Tennessee, which matplotlib brings.

    Example: terrella surface demo

    Parameters
    ----------
    seed
        Seed of the weights and of the blocks.
    grid
        A grid in place of it.
    """
    if grid is not None:
        must_exist(grid, "a grid")
    shown(lambda report: load_task("surface").demo(run, report, seed, grid), f"terrella surface show {run}")


def data(
    given: Path,
    *,
    output: Output,
    layer: Layer = None,
    spacing: Spacing = None,
) -> None:
    """Read a grid of any known format, or points, say what was found, and write it with its georeference.

    Example: terrella surface data soundings.csv --spacing 0.01 -o depth.nc

    Parameters
    ----------
    given
        GeoTIFF, NetCDF, .npy, .npz, or points x, y, z.
    output
        .tif, .nc or .npy; gaps are NaN.
    """
    must_exist(given, "a grid")
    from terrella.surface.converting import convert

    following = f"terrella surface train {output} --run runs/surface/mine"
    shown(lambda report: convert(given, output, report, layer, spacing), following)


def predict(
    given: Path,
    *,
    bundle: Bundle,
    output: Output,
    factor: int | None = None,
    samples: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    layer: Layer = None,
    spacing: Spacing = None,
) -> None:
    """Fill the gaps of a grid, or refine it; the georeference stays.

    The network predicts, or the classical method where that was no worse on blocks held out. Large grids are read
    and written a tile at a time.

    Example: terrella surface predict dem.tif --bundle runs/surface/demo -o filled.tif

    Parameters
    ----------
    given
        GeoTIFF, NetCDF, .npy, .npz, or points x, y, z. Gaps are nodata or NaN.
    output
        .tif, .nc or .npy.
    factor
        Refine so many times, as the bundle was trained to; without it, gaps are filled.
    samples
        Samples by the network, written as further layers.
    """
    options = {"factor": factor, "samples": samples, "layer": layer, "spacing": spacing}
    predicted("surface", given, "a grid", bundle, output, **options)
