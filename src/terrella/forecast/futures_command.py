"""`terrella forecast simulate`: thousands of catalogues of what may follow, from a bundle and the past."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

from terrella.earth.magnitude import round_to_bin
from terrella.engine.terminal import console, say
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.forecast.models import Models
from terrella.forecast.simulation.futures import (
    FutureCounts,
    Outlook,
    count_futures,
    make_outlook,
    simulate_futures,
)
from terrella.forecast.storage import TASK, from_bundle
from terrella.forecast.windows import issue_time_of
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.forecast_grid import ForecastGrid, write_forecast
from terrella.formats.catalogues.futures import write_futures
from terrella.formats.catalogues.read import read_catalogue

_SHOWN = (3.0, 4.0, 5.0, 6.0, 7.0)


def simulate(
    bundle: Path,
    catalogue_path: Path,
    issue_time: str | None,
    days: float,
    number: int,
    seed: int,
    output: Path,
    grid_path: Path | None,
) -> None:
    """Write simulated catalogues and print what they come to.

    Raises:
        InputError: where bundle, catalogue, issue time, window or a file's suffix are at fault.
    """
    models = from_bundle(load_bundle(bundle, TASK))
    catalogue, findings = read_catalogue(catalogue_path, models.settings.data.columns or None)
    issue = issue_time_of(issue_time, catalogue)
    outlook = outlook_of(models, catalogue, issue, days)
    futures = simulate_futures(outlook, number, seed)
    counts = count_futures(futures, models.grid)
    write_futures(futures, output)
    written = [output]
    if grid_path is not None:
        written += write_forecast(_on_grid(models, outlook, counts), grid_path)
    for line in [
        *findings.lines(),
        f"issued {str(issue)[:19]}Z: {number:,} futures of {days:g} days, inside the region",
    ]:
        say(line)
    console().print(_table(counts, models.min_magnitude))
    for path in written:
        say(f"written {path}")


def outlook_of(models: Models, catalogue: Catalogue, issue_time: np.datetime64, days: float) -> Outlook:
    """Return the outlook of a bundle's ETAS given the events of its region before the issue time.

    Magnitudes are rounded to the bins that the model was fitted with.

    Raises:
        InputError: where there is no such event, or no such window.
    """
    bin_width = models.settings.data.magnitude_bin
    magnitude = round_to_bin(catalogue.magnitude, bin_width) if bin_width > 0 else catalogue.magnitude
    known = (magnitude >= models.min_magnitude - 1e-9) & (catalogue.time_utc < issue_time)
    # The model was fitted to the events of its region alone.
    known &= models.region.contains(catalogue.longitude, catalogue.latitude)
    if not known.any():
        raise InputError(
            f"{catalogue.name} holds no event of magnitude {models.min_magnitude:g} or more in the bundle's "
            f"region before {str(issue_time)[:19]}Z; give an earlier catalogue or a later --issue-time"
        )
    past = catalogue[known]
    return make_outlook(models.etas, past, models.region, issue_time, days, magnitude_bin=bin_width)


def _table(counts: FutureCounts, min_magnitude: float) -> Table:
    low, high = counts.count_quantiles([0.025, 0.975])
    table = Table(show_header=False, box=None)
    table.add_row(f"events of M ≥ {min_magnitude:g}, expected", f"{counts.count.mean():.1f}")
    table.add_row("95 % of futures have", f"{low:.0f} to {high:.0f}")
    for magnitude in _SHOWN:
        if magnitude > min_magnitude:
            probability = counts.probability_of(magnitude)
            table.add_row(f"probability of one or more of M ≥ {magnitude:g}", f"{100 * probability:.2f} %")
    return table


def _on_grid(models: Models, outlook: Outlook, counts: FutureCounts) -> ForecastGrid:
    """Return counts on the map of the bundle's grid; the depths of simulated events are unknown."""
    grid = replace(models.grid, depth_edges_km=models.grid.depth_edges_km[[0, -1]])
    on_map = [
        np.where(grid.mask, values, np.nan)[None, None].astype(np.float32)
        for values in (counts.expected_count, counts.probability)
    ]
    return ForecastGrid(
        issue_time_utc=outlook.issue_time_utc,
        horizons_days=(outlook.days,),
        grid=grid,
        min_magnitude=models.min_magnitude,
        expected_count=on_map[0],
        probability=on_map[1],
        model="ETAS, simulated",
    )
