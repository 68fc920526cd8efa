"""The verbs of `terrella interior` that are its own: demo, data, predict."""

from pathlib import Path

from terrella.cli.flags import Bundle, DemoRun, Output, shown
from terrella.cli.task_commands import predicted
from terrella.cli.tasks import load_task
from terrella.files import must_exist

__all__ = ["data", "demo", "predict"]


def demo(*, run: DemoRun = Path("runs/interior/demo"), seed: int = 0, table: Path | None = None) -> None:
    """Train a network that tells temperatures of rocks from velocities and density, and judge its intervals.

    An inversion of the table and regressions stand beside it. The table is real where one is at hand
    (TERRELLA_DATA), else minerals are simulated by their equations of state, so that the truth is known.

    Example: terrella interior demo

    Parameters
    ----------
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


def predict(profile: Path, *, bundle: Bundle, output: Output) -> None:
    """Give temperature with intervals of 50 and 90 % for each row of a profile, or of a model of the Earth.

    A row needs depth (or radius, or pressure), vp, vs and density; units are in the columns' names, or told by the
    numbers. Where no column holds the pressure it is integrated from the density. Rows outside the table are told.

    Example: terrella interior predict prem.txt --bundle runs/interior/demo -o temperatures.csv

    Parameters
    ----------
    profile
        CSV, columns between blanks, or Parquet; several profiles by a column `profile`, or longitude and latitude.
    output
        Table to write: .csv or .parquet. Pressures are in GPa, temperatures in K.
    """
    predicted("interior", profile, "a profile with depth, vp, vs and density", bundle, output)
