"""The verbs of `terrella surface` that are its own: demo, data, predict, show."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.cli.flags import Output, shown
from terrella.cli.tasks import load_task
from terrella.engine.terminal import say
from terrella.files import must_exist

__all__ = ["data", "demo", "predict", "show"]


def demo(*, run: Path = Path("runs/surface/demo"), seed: int = 0, grid: Path | None = None) -> None:
    """Refine and fill an elevation model at blocks that were held out whole, beside splines and kriging.

    The grid is the elevation of Jacksboro, Tennessee, which matplotlib brings.

    Example: terrella surface demo

    Parameters
    ----------
    run
        Folder of the run; a demo that was stopped goes on from there.
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
    layer: str | None = None,
    spacing: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
) -> None:
    """Read a grid of any known format, or points, say what was found, and write it with its georeference.

    Example: terrella surface data soundings.csv --spacing 0.01 -o depth.nc

    Parameters
    ----------
    given
        GeoTIFF, NetCDF, .npy, .npz, or points x, y, z.
    output
        .tif, .nc or .npy; gaps are NaN.
    layer
        Band, variable or column, where the file has several.
    spacing
        Of points: size of the cells they are averaged in.
    """
    must_exist(given, "a grid")
    from terrella.surface.converting import convert

    following = f"terrella surface train {output} --run runs/surface/mine"
    shown(lambda report: convert(given, output, report, layer, spacing), following)


def predict(
    given: Path,
    *,
    bundle: str,
    output: Output,
    factor: int | None = None,
    samples: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    layer: str | None = None,
    spacing: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
) -> None:
    """Fill the gaps of a grid, or refine it; the georeference stays.

    The network predicts, or the classical method where that was no worse on blocks held out. Large grids are read
    and written a tile at a time.

    Example: terrella surface predict dem.tif --bundle runs/surface/demo -o filled.tif

    Parameters
    ----------
    given
        GeoTIFF, NetCDF, .npy, .npz, or points x, y, z. Gaps are nodata or NaN.
    bundle
        A trained model: a bundle's folder, a run's, or the name of a run in runs/surface.
    output
        .tif, .nc or .npy.
    factor
        Refine so many times, as the bundle was trained to; without it, gaps are filled.
    samples
        Samples by the network, written as further layers.
    layer
        Band, variable or column, where the file has several.
    spacing
        Of points: size of the cells they are averaged in.
    """
    from terrella.engine.use.find import find_bundle

    find_bundle(Path(bundle), "surface")  # both before what predicts is imported
    must_exist(given, "a grid")
    options = {"factor": factor, "samples": samples, "layer": layer, "spacing": spacing}
    shown(lambda report: load_task("surface").predict(given, bundle, output, report, **options))


def show(run: Path) -> None:
    """Print a run's scores, and by how much the network's are smaller.

    Example: terrella surface show runs/surface/demo

    Parameters
    ----------
    run
        Folder of a judged run.
    """
    must_exist(run / "scores.json", "the scores of a judged run (terrella surface judge)")
    from terrella.surface.showing import lines_of

    for line in lines_of(run):
        say(line)
