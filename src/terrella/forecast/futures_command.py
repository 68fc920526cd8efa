"""`terrella forecast simulate`: thousands of catalogues of what may follow, from a bundle and the past."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from terrella.earth.magnitude import reported
from terrella.engine.fit.training import ignore
from terrella.engine.run import Report
from terrella.forecast.issuing import Issued, issue
from terrella.forecast.models import Forecaster, Models
from terrella.forecast.new_region import open_bundle
from terrella.forecast.outlook import fit_lines, issue_lines
from terrella.forecast.prediction import forecaster_at
from terrella.forecast.simulation.futures import (
    FutureCounts,
    Outlook,
    count_futures,
    make_outlook,
    make_ratio,
    simulate_futures,
)
from terrella.formats.catalogues.forecast_grid import ForecastGrid, write_forecast
from terrella.formats.catalogues.futures import write_futures

_SHOWN = (3.0, 4.0, 5.0, 6.0, 7.0)


def simulate(
    given: Path,
    bundle: Path,
    output: Path,
    issue_time: str | None,
    days: float,
    number: int,
    seed: int,
    grid_path: Path | None,
    report: Report = ignore,
    min_magnitude: float | None = None,
) -> list[str]:
    """Write simulated catalogues; return lines on what they come to.

    Raises:
        InputError: where bundle, catalogue, issue time, window or a file's suffix are at fault.
    """
    models, catalogue, time, found = open_bundle(given, bundle, issue_time, min_magnitude, output, report)
    forecaster = forecaster_at(models, catalogue, time)
    issued = issue(forecaster, time)
    outlook = outlook_of(forecaster, time, days, issued)
    futures = simulate_futures(outlook, number, seed)
    counts = count_futures(futures, models.grid)
    write_futures(futures, output)
    written = [output]
    if grid_path is not None:
        written += write_forecast(_on_grid(models, outlook, counts), grid_path)
    return [
        *found,
        f"issued {str(time)[:19]}Z: {number:,} futures of {days:g} days inside the region, by ETAS scaled to what "
        f"the forecast expects of each cell ({issued.name_within(days)})",
        *issue_lines(catalogue, time, issue_time is not None),
        *fit_lines(models, catalogue, time),
        *_lines(counts, models.min_magnitude),
        *(f"written {path}" for path in written),
    ]


def outlook_of(forecaster: Forecaster, issue_time: np.datetime64, days: float, issued: Issued) -> Outlook:
    """Return the outlook of a bundle's ETAS given the events that forecasts are conditioned on.

    Its expected counts are scaled to those of the forecast that is issued. Magnitudes are simulated as the
    catalogue rounds them: those that the model was fitted to were rounded alike.

    Raises:
        InputError: where there is no such window.
    """
    models = forecaster.models
    ratio = make_ratio(*issued.within(days), models.grid) if days > 0 else None
    return make_outlook(
        models.etas,
        forecaster.catalogue,
        models.region,
        issue_time,
        days,
        magnitude_bin=reported(forecaster.catalogue.magnitude).width,
        ratio=ratio,
    )


def _lines(counts: FutureCounts, min_magnitude: float) -> list[str]:
    low, high = counts.count_quantiles([0.025, 0.975])
    rows = [
        (f"events of M ≥ {min_magnitude:g}, expected", f"{counts.count.mean():.1f}"),
        ("95 % of futures have", f"{low:.0f} to {high:.0f}"),
    ]
    rows += [
        (
            f"probability of one or more of M ≥ {magnitude:g}",
            share_of_futures(counts.probability_of(magnitude), len(counts.count)),
        )
        for magnitude in _SHOWN
        if magnitude > min_magnitude
    ]
    return [f"  {name:40} {value}" for name, value in rows]


def share_of_futures(share: float, number: int) -> str:
    """Return a share of so many futures in words that claim no certainty: those drawn are not all there are."""
    if share in (0, 1):
        return f"{'all' if share else 'none'} of {number:,} futures"
    if not 0.00005 <= share < 0.99995:
        return "< 0.01 %" if share < 0.5 else "> 99.99 %"
    return f"{100 * share:.2f} %"


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
