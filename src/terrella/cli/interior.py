"""The verbs of `terrella interior` that are its own: demo, data, predict, show."""

from pathlib import Path

from terrella.cli.flags import Output, shown
from terrella.cli.tasks import load_task
from terrella.engine.terminal import say
from terrella.files import must_exist

__all__ = ["data", "demo", "predict", "show"]


def demo(*, run: Path = Path("runs/interior/demo"), seed: int = 0, table: Path | None = None) -> None:
    """Train a network that tells temperatures of rocks from velocities and density, and judge its intervals.

    An inversion of the table and regressions stand beside it. The table is real where one is at hand
    (TERRELLA_DATA), else minerals are simulated by their equations of state, so that the truth is known.

    Example: terrella interior demo

    Parameters
    ----------
    run
        Folder of the run; a demo that was stopped goes on from there.
    seed
        Seed of rocks, errors and weights.
    table
        Table in place of the one at hand.
    """
    shown(
        lambda report: load_task("interior").demo(run, report, seed, table), f"terrella interior show {run}"
    )


def data(table: Path, *, output: Output) -> None:
    """Read a table of mineral physics, say what was found in it, and write it in our columns and units.

    Example: terrella interior data in23_1.tab -o pyrolite.csv

    Parameters
    ----------
    table
        Perple_X's .tab of pressure and temperature, or CSV or Parquet with a row for each pair of them.
    output
        Table to write: .csv or .parquet.
    """
    must_exist(table, "a table of mineral physics (Perple_X .tab, CSV, Parquet)")
    from terrella.interior.tables.write import convert

    shown(lambda report: convert(table, output), f"terrella interior train {output} --run runs/interior/mine")


def predict(profile: Path, *, bundle: str, output: Output) -> None:
    """Give temperature with intervals of 50 and 90 % for each row of a profile, or of a model of the Earth.

    A row needs depth (or radius, or pressure), vp, vs and density; units are in the columns' names, or told by the
    numbers. Where no column holds the pressure it is integrated from the density. Rows outside the table are told.

    Example: terrella interior predict prem.txt --bundle runs/interior/demo -o temperatures.csv

    Parameters
    ----------
    profile
        CSV, columns between blanks, or Parquet; several profiles by a column `profile`, or longitude and latitude.
    bundle
        A trained model: a bundle's folder, a run's, or the name of a run in runs/interior.
    output
        Table to write: .csv or .parquet. Pressures are in GPa, temperatures in K.
    """
    from terrella.engine.use.find import find_bundle

    find_bundle(Path(bundle), "interior")  # both before what predicts is imported
    must_exist(profile, "a profile with depth, vp, vs and density")
    shown(lambda report: load_task("interior").predict(profile, bundle, output, report))


def show(run: Path) -> None:
    """Print a run's scores, and which model `predict` uses.

    Example: terrella interior show runs/interior/demo

    Parameters
    ----------
    run
        Folder of a judged run.
    """
    must_exist(run / "scores.json", "the scores of a judged run (terrella interior judge)")
    from terrella.interior.showing import lines_of

    for line in lines_of(run):
        say(line)
