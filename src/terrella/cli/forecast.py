"""`terrella forecast`: from a catalogue of earthquakes to probability maps that were scored honestly."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from terrella.cli.flags import SETTINGS, Processes
from terrella.cli.plan import forecast_plan
from terrella.engine.settings import load_settings
from terrella.engine.start import train_together
from terrella.forecast.settings import ForecastSettings

Overrides = Annotated[ForecastSettings | None, SETTINGS]

forecast = App(
    name="forecast",
    help="Earthquake forecasts: a catalogue in, probability maps of the next day, week and month out.",
)


@forecast.command
def demo(*, run: Path = Path("runs/forecast/demo"), seed: int = 1) -> None:
    """Simulate a catalogue with known truth, train on it for a few minutes, and judge all models.

    Example: terrella forecast demo

    Parameters
    ----------
    run
        Folder of the run; a demo that was stopped goes on from there.
    seed
        Seed of the simulated catalogue.
    """
    from terrella.engine.progress import shown_progress
    from terrella.forecast.demo import demo as run_demo

    with shown_progress() as report:
        run_demo(run, seed, report)


@forecast.command
def data(
    source: Path | None = None,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    region: str | None = None,
    bounds: Annotated[tuple[float, float, float, float] | None, Parameter(negative_iterable=())] = None,
    min_magnitude: float | None = None,
    start: str | None = None,
    end: str | None = None,
    service: str | None = None,
    columns: dict[str, str] | None = None,
    drop_incomplete: bool = False,
) -> None:
    """Download a catalogue; or, where a file is named, check it and write it in another format.

    Downloads from any FDSN event service. Stopped and typed again it goes on; once done and typed again it
    fetches what is new, revised or deleted. Reads Parquet, ComCat CSV and GeoJSON, FDSN text, QuakeML, CSEP ASCII,
    ZMAP, HORUS and other CSV (each may be gzipped); writes .parquet, .csv, .csv.gz, .xml (QuakeML), .csep or .zmap.

    Example: terrella forecast data --region california --start 1980-01-01 --min-magnitude 2.5 -o catalogue.parquet

    Parameters
    ----------
    source
        Catalogue file to read; without it, a catalogue is downloaded.
    output
        File to write; its suffix chooses the format.
    region
        Region with a name: california, italy, japan, new-zealand or world.
    bounds
        West, east, south, north in degrees.
    min_magnitude
        Smallest magnitude to keep.
    start
        First time to keep, in UTC.
    end
        Time before which events are kept, in UTC.
    service
        Service to download from: usgs (the default), emsc, geonet, ingv, isc, or an address.
    columns
        Names of the columns of a CSV file: --columns.time Date.
    drop_incomplete
        Leave out rows without time, place or magnitude instead of refusing the file.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.terminal import say
    from terrella.forecast.data import make

    with shown_progress() as report:
        lines = make(
            source,
            output,
            report,
            columns,
            region,
            bounds,
            min_magnitude,
            start,
            end,
            drop_incomplete,
            service,
        )
    for line in lines:
        say(line)


forecast.command(forecast_plan, name="plan")


@forecast.command
def train(
    *,
    run: Path,
    catalogue: Path | None = None,
    config: Path | None = None,
    plan: bool = True,
    processes: Processes = None,
    settings: Overrides = None,
) -> None:
    """Fit ETAS and the other baselines, and train the network on top. Typed again, it goes on.

    Example: terrella forecast train --catalogue catalogue.csv --run runs/forecast/mine --data.min-magnitude 3

    Parameters
    ----------
    run
        Folder of the run.
    catalogue
        Catalogue file, in any format that `data` reads.
    config
        Settings as TOML, such as settings.toml of an earlier run; flags go before it.
    plan
        Plan memory and time first, some seconds' work, and follow that plan; or the one that `plan` left in RUN.
    processes
        Processes on this host that share the training; by default as the plan in RUN says, else one.
    """
    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if catalogue is not None:
        overrides.setdefault("data", {})["catalogue"] = str(catalogue)
    if config is None and catalogue is None and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(ForecastSettings, config, overrides)
    if train_together("forecast", run, chosen, plan, processes):
        return

    from terrella.engine.progress import shown_progress
    from terrella.forecast.train import train as run_train

    with shown_progress() as report:
        run_train(run, chosen, report, plan)


@forecast.command
def judge(*, run: Path, catalogue: Path | None = None) -> None:
    """Score the network and all baselines on the test window, with intervals and a report.

    Example: terrella forecast judge --run runs/forecast/mine

    Parameters
    ----------
    run
        Folder of the run.
    catalogue
        Catalogue file, where it has moved since the training.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.run import existing_run

    existing_run(run)  # before what judges is imported
    from terrella.forecast.judging.command import judge_run

    with shown_progress() as report:
        judge_run(run, catalogue, report)


@forecast.command
def predict(
    *,
    bundle: Path,
    catalogue: Path,
    issue_time: str | None = None,
    output: Annotated[Path, Parameter(name=("--output", "-o"))] = Path("forecast.nc"),
    map: Path | None = None,
) -> None:
    """Issue a forecast from a trained bundle and the events before the issue time.

    Example: terrella forecast predict --bundle california --catalogue catalogue.csv --issue-time 2019-07-06T04:00:00Z --output forecast.nc

    Parameters
    ----------
    bundle
        Folder of a bundle or of a run, or the name of a bundle that comes along: california, italy or world.
    catalogue
        Catalogue file with the events up to the issue time.
    issue_time
        UTC time such as 2019-07-06T04:00:00Z; by default just after the last event.
    output
        .nc (NetCDF-CF, all horizons), .csv, or .dat (CSEP gridded ASCII, one file per horizon).
    map
        Image file of the map, by default beside the output.
    """  # noqa: E501
    from terrella.engine.terminal import say
    from terrella.engine.use.find import find_bundle

    find_bundle(bundle, "forecast")  # before what uses it is imported
    from terrella.forecast.predict import predict as run_predict

    for line in run_predict(bundle, catalogue, issue_time, output, map):
        say(line)


@forecast.command
def simulate(
    *,
    bundle: Path,
    catalogue: Path,
    issue_time: str | None = None,
    days: float = 7.0,
    number: int = 10_000,
    seed: int = 1,
    output: Annotated[Path, Parameter(name=("--output", "-o"))] = Path("futures.csep"),
    grid: Path | None = None,
) -> None:
    """Simulate what may follow the issue time: thousands of catalogues from a bundle's ETAS and the past.

    Example: terrella forecast simulate --bundle runs/forecast/mine --catalogue catalogue.csv --issue-time 2019-07-06T04:00:00Z --output futures.csep

    Parameters
    ----------
    bundle
        Folder of a bundle or of a run, or the name of a bundle that comes along: california, italy or world.
    catalogue
        Catalogue file with the events up to the issue time.
    issue_time
        UTC time such as 2019-07-06T04:00:00Z; by default just after the last event.
    days
        Length of the window after the issue time.
    number
        How many catalogues to simulate.
    seed
        Seed of the random numbers.
    output
        .csep or .csv (CSEP's catalogue-based forecast, one file), .csv.gz, or .parquet.
    grid
        File for expected counts and probabilities of the cells: .nc (NetCDF-CF), .csv or .dat (CSEP gridded ASCII).
    """  # noqa: E501
    from terrella.engine.use.find import find_bundle

    find_bundle(bundle, "forecast")  # before what uses it is imported
    from terrella.forecast.futures_command import simulate as run_simulate

    run_simulate(bundle, catalogue, issue_time, days, number, seed, output, grid)


@forecast.command
def show(path: Path, *, output: Path | None = None) -> None:
    """Show a catalogue (rate, map, completeness, b-value) or the scores of a run.

    Example: terrella forecast show catalogue.csv

    Parameters
    ----------
    path
        Catalogue file, or folder of a run.
    output
        Image file of the figure, by default beside the catalogue.
    """
    from terrella.forecast.show import show as run_show

    run_show(path, output)
