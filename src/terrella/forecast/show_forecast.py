"""A forecast that was written before: in words, as a figure, as a page of one file, or in another format."""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from terrella.earth.land import land_rings
from terrella.engine.one_file_page import write_page
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.forecast.maps import forecast_figure
from terrella.forecast.outlook import percent
from terrella.formats.catalogues.catalogue import Floats, make_catalogue
from terrella.formats.catalogues.forecast_grid import ForecastGrid, read_forecast, write_forecast

_IMAGES = (".png", ".pdf", ".svg", ".jpg")
_REGION_DEG = 120.0  # regions wider than this have the coasts of the globe


def show_forecast(path: Path, output: Path | None, report: Report, interactive: bool = False) -> None:
    """Report what a forecast expects, and write it as the suffix of `output` asks: by default a figure beside it.

    Raises:
        InputError: where the file is no forecast, or the suffix none of the formats.
    """
    if interactive and output is not None and output.suffix != ".html":
        raise InputError(f"{output}: with --interactive the output is a page: name it .html")
    forecast = read_forecast(path)
    output = output or (
        path.with_suffix(".html") if interactive else path.with_name(f"{path.stem}_shown.png")
    )
    if output == path:
        raise InputError(f"{output} is the forecast itself; name another output")
    written = [output]
    if output.suffix == ".html":
        write_page(output, "terrella.forecast", "show.html", ("map.js", "show.js"), _page_data(forecast))
    elif output.suffix in _IMAGES:
        figure = forecast_figure(forecast, forecast, make_catalogue([], [], [], [], []))
        replace_file(output, lambda temporary: figure.savefig(temporary, dpi=150))
    else:
        written = write_forecast(forecast, output)
    for line in [*forecast_lines(forecast), *(f"written {each}" for each in written)]:
        report({"kind": "result", "message": line})


def forecast_lines(forecast: ForecastGrid) -> list[str]:
    """Return when a forecast was issued, and for each horizon how much it expects and where most."""
    grid, probability = forecast.grid, forecast.column_probability
    lines = [
        f"issued {str(forecast.issue_time_utc)[:19]}Z, M ≥ {forecast.min_magnitude:g}, {grid.mask.sum():,} cells"
    ]
    for horizon, days in enumerate(forecast.horizons_days):
        row, column = np.unravel_index(np.nanargmax(probability[horizon]), grid.mask.shape)
        longitude = float(grid.longitude_edges[column : column + 2].mean())
        latitude = float(grid.latitude_edges[row : row + 2].mean())
        lines.append(
            f"next {days:g} d: {np.nansum(forecast.expected_count[horizon]):.3g} events expected by "
            f"{forecast.model_at(horizon)}; highest probability {percent(probability[horizon, row, column])} at "
            f"{latitude:.2f}° N, {(longitude + 180) % 360 - 180:.2f}° E"
        )
    return lines


def _page_data(forecast: ForecastGrid) -> dict[str, Any]:
    grid, horizons = forecast.grid, range(len(forecast.horizons_days))
    return {
        "longitude_edges": grid.longitude_edges.tolist(),
        "latitude_edges": grid.latitude_edges.tolist(),
        "inside": np.flatnonzero(grid.mask).tolist(),
        "horizons_days": list(forecast.horizons_days),
        "min_magnitude": forecast.min_magnitude,
        "issued": str(forecast.issue_time_utc)[:16].replace("T", " ") + " UTC",
        "model": forecast.model,
        "models": [forecast.model_at(horizon) for horizon in horizons],
        "totals": [float(np.nansum(forecast.expected_count[horizon])) for horizon in horizons],
        "probability": [_packed(each[grid.mask]) for each in forecast.column_probability],
        "expected": [_packed(each[grid.mask]) for each in forecast.column_count],
        "land": _land(grid.longitude_edges, grid.latitude_edges),
    }


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _land(lon: Floats, lat: Floats) -> list[list[list[float]]]:
    """Return the coasts that may be seen, as (longitude, latitude) in hundredths of a degree."""
    wide = lon[-1] - lon[0] > _REGION_DEG
    found = []
    for ring in land_rings("110m" if wide else "50m"):
        across = any(
            (ring[:, 0] + turn).max() > lon[0] and (ring[:, 0] + turn).min() < lon[-1]
            for turn in (-360, 0, 360)
        )
        if across and ring[:, 1].max() > lat[0] and ring[:, 1].min() < lat[-1]:
            found.append(np.round(ring, 2).tolist())
    return found
