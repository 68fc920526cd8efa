"""The verbs of `terrella field` that are its own: demo, data, predict, show."""

from pathlib import Path

from terrella.cli.flags import Bundle, DemoRun, Output, shown
from terrella.cli.task_commands import predicted
from terrella.cli.tasks import load_task
from terrella.engine.terminal import say
from terrella.errors import InputError
from terrella.files import must_exist

__all__ = ["data", "demo", "predict", "show"]


def demo(*, run: DemoRun = Path("runs/field/demo"), seed: int = 0, observatories: Path | None = None) -> None:
    """Forecast the main field five years ahead at observatories, beside what one would use instead.

    Last secular variation, straight lines, parabolas and a filtered secular variation stand beside it, at
    regions and in years that no network knew. Annual means are real where some are at hand (TERRELLA_DATA),
    else simulated.

    Example: terrella field demo

    Parameters
    ----------
    seed
        Seed of the weights and of simulated observatories.
    observatories
        Annual means in place of those at hand.
    """
    following = f"terrella field show {run}"
    shown(lambda report: load_task("field").demo(run, report, seed, observatories), following)


def data(observatories: Path, *, output: Output) -> None:
    """Read annual means of any known format, say what was found in them, and write them as one table.

    IAGA-2002 files of minute, hourly or daily values become annual means; jumps that a file states are taken
    out, others are named, and the series begins anew there.

    Example: terrella field data observatories/ -o annual.csv

    Parameters
    ----------
    observatories
        CSV (gzipped or not), IAGA-2002, annual-mean files of INTERMAGNET or the world data centres, or a folder
        of them.
    output
        Table to write: .csv or .csv.gz; geocentric components in nT.
    """
    must_exist(
        observatories, "annual means of observatories (CSV, IAGA-2002, annual-mean files, or a folder)"
    )
    from terrella.field.observatories.write import convert

    following = f"terrella field train {output} --run runs/field/mine"
    shown(lambda report: convert(observatories, output, report), following)


def predict(
    given: Path, *, bundle: Bundle, output: Output, beside: Path | None = None, year: float | None = None
) -> None:
    """Forecast annual means of observatories, or Gauss coefficients, with 50 % and 90 % intervals.

    The network predicts, or a classical method where that was no worse where it was held out.

    Example: terrella field predict annual.csv --bundle runs/field/demo -o forecast.csv

    Parameters
    ----------
    given
        Annual means as `data` reads them, or coefficients (.shc).
    output
        Of observatories a table, .csv or .parquet, in nT and degrees; of coefficients .shc.
    beside
        Annual means of other observatories, which tell of the secular variation too.
    year
        Year that the forecast is issued in, as the file has it (2020.5, or 2020 of coefficients); by default
        its last.
    """
    means = "annual means of observatories, or Gauss coefficients (.shc)"
    if beside is not None:
        must_exist(beside, "annual means of other observatories")
    predicted("field", given, means, bundle, output, beside=beside, year=year)


def show(given: Path, *, output: Output = Path("field.png"), year: float | None = None) -> None:
    """Print a run's scores; or draw declination, intensity, secular variation and power spectrum of coefficients.

    Example: terrella field show IGRF14.shc -o igrf14.png --year 2025

    Parameters
    ----------
    given
        Folder of a judged run, or coefficients (.shc).
    output
        Figure of coefficients to write: .png.
    year
        Decimal year of the maps; by default the last epoch.
    """
    must_exist(given, "the folder of a judged run, or coefficients (.shc)")
    if given.is_dir():
        must_exist(given / "scores.json", "the scores of a judged run (terrella field judge)")
    elif given.suffix.lower() != ".shc":
        raise InputError(f"{given} is neither a run's folder nor a file of coefficients (.shc)")
    from terrella.field.showing import lines_of, show_coefficients

    for line in lines_of(given) if given.is_dir() else show_coefficients(given, output, year):
        say(line)
