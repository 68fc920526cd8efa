"""The commands of `terrella forecast` that are its own: its data, and the use of its bundles."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from terrella.cli.flags import OUTPUT, Output, rarely_collected, shown

__all__ = ["data", "demo", "predict", "show", "simulate"]


def demo(
    *,
    run: Path | None = None,
    seed: int = 1,
    network: Literal["perceptron", "unet"] = "perceptron",
) -> None:
    """Simulate a catalogue with known truth, train on it for a few minutes, and judge all models.

    Example: terrella forecast demo --network unet

    Parameters
    ----------
    run
        Folder of the run, by default runs/forecast/demo, or demo-unet; a demo that was stopped goes on from there.
    seed
        Seed of the simulated catalogue.
    network
        A perceptron, which `explain` and `compress` take; or a 3-D U-Net that starts from other simulated regions.
    """
    from terrella.forecast.demo import demo as run_demo

    folder = run or Path("runs/forecast") / ("demo" if network == "perceptron" else "demo-unet")
    following = f"terrella forecast predict {folder / 'catalogue.parquet'} --bundle {folder}"
    shown(lambda report: run_demo(folder, seed, report, network), following)


def data(
    source: Path | None = None,
    *,
    output: Output,
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
    fetches what is new, revised or deleted. Reads Parquet, ComCat CSV, FDSN text, HORUS and other tables,
    GeoJSON and JSON records, CSEP ASCII, ZMAP, QuakeML, the ISC's, JMA's and Hypoinverse's catalogues, and what
    ObsPy reads: SC3ML, NDK, ISF, GSE2, Nordic, CMTSOLUTION and more (each may be gzipped); writes .parquet,
    .csv, .csv.gz, .xml (QuakeML), .csep or .zmap.

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
    from terrella.forecast.data import make

    asked = (columns, region, bounds, min_magnitude, start, end, drop_incomplete, service)
    shown(lambda report: make(source, output, report, *asked), f"terrella forecast show {output}")


def predict(
    catalogue: Path,
    *,
    bundle: Path,
    issue_time: str | None = None,
    output: Output = Path("forecast.nc"),
    map: Path | None = None,
    by_layer: bool = False,
    min_magnitude: float | None = None,
) -> None:
    """Issue a forecast from a trained bundle and the events before the issue time.

    Example: terrella forecast predict catalogue.csv --bundle california --issue-time 2019-07-06 -o forecast.nc

    Parameters
    ----------
    catalogue
        Catalogue file with the events up to the issue time.
    bundle
        Folder of a bundle or of a run, or the name of a bundle that comes along: california, italy, world, or
        general, which is fitted to the catalogue's own region wherever that lies.
    issue_time
        UTC time such as 2019-07-06T04:00:00Z; by default just after the last event.
    output
        .nc (NetCDF-CF, all horizons), .csv, .dat (CSEP gridded ASCII, one file per horizon), .tif (GeoTIFF),
        .kml or .geojson.
    map
        Image file of the map, by default beside the output.
    by_layer
        Write one .dat file per depth layer instead of the sum of all.
    min_magnitude
        Smallest magnitude that general is fitted to; by default the completeness that is found.
    """
    from terrella.engine.use.find import find_bundle

    find_bundle(bundle, "forecast")  # before what uses it is imported
    following = ["terrella", "forecast", "simulate", str(catalogue), "--bundle", str(bundle)]
    if min_magnitude is not None:
        following += ["--min-magnitude", f"{min_magnitude:g}"]
    if issue_time is not None:
        following += ["--issue-time", issue_time]
    with rarely_collected():
        from terrella.forecast.prediction import predict as run_predict

        shown(
            lambda report: run_predict(
                catalogue, bundle, output, report, issue_time, map, by_layer, min_magnitude
            ),
            shlex.join(following),
        )


def simulate(
    catalogue: Path,
    *,
    bundle: Path,
    issue_time: str | None = None,
    days: float = 7.0,
    number: int = 10_000,
    seed: int = 1,
    output: Output = Path("futures.csep"),
    grid: Path | None = None,
    min_magnitude: float | None = None,
) -> None:
    """Simulate what may follow the issue time: thousands of catalogues from a bundle's ETAS and the past.

    Example: terrella forecast simulate catalogue.csv --bundle california --issue-time 2019-07-06 -o futures.csep

    Parameters
    ----------
    catalogue
        Catalogue file with the events up to the issue time.
    bundle
        Folder of a bundle or of a run, or the name of a bundle that comes along: california, italy, world, or
        general, which is fitted to the catalogue's own region wherever that lies.
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
    min_magnitude
        Smallest magnitude that general is fitted to; by default the completeness that is found.
    """
    from terrella.engine.use.find import find_bundle

    find_bundle(bundle, "forecast")  # before what uses it is imported
    from terrella.forecast.futures_command import simulate as run_simulate

    shown(
        lambda report: run_simulate(
            catalogue, bundle, output, issue_time, days, number, seed, grid, report, min_magnitude
        )
    )


def show(path: Path, *, output: Annotated[Path | None, OUTPUT] = None, interactive: bool = False) -> None:
    """Show a catalogue (rate, map, completeness, b-value), a forecast, or the scores of a run.

    Example: terrella forecast show catalogue.csv

    Parameters
    ----------
    path
        Catalogue file, forecast (.nc), or folder of a run.
    output
        Image file of the figure, by default beside what is shown; of a forecast also .html (a page to look around
        in), .tif (GeoTIFF), .kml, .geojson, .csv or .dat (CSEP gridded ASCII).
    interactive
        Write a forecast's page, one file that needs no network, beside it.
    """
    from terrella.forecast.show import show as run_show

    shown(lambda report: run_show(path, output, report, interactive))
