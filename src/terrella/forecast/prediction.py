"""`terrella forecast predict`: a forecast from a bundle and the events before its issue time."""

from pathlib import Path

import numpy as np
import torch

from terrella.engine.fit.training import ignore
from terrella.engine.run import Report
from terrella.forecast.issuing import Issued, issue_all
from terrella.forecast.maps import draw_forecast
from terrella.forecast.models import ETAS_, Forecaster, Models, known_before, make_forecaster
from terrella.forecast.new_region import open_bundle
from terrella.forecast.outlook import fit_lines, issue_lines, magnitude_lines
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.forecast_grid import ForecastGrid, write_forecast


def predict(
    given: str | Path,
    bundle: str | Path,
    output: Path,
    report: Report = ignore,
    issue_time: str | None = None,
    map_path: Path | None = None,
    by_layer: bool = False,
    min_magnitude: float | None = None,
) -> list[str]:
    """Write a forecast and its map from a catalogue; return lines on what was written.

    `by_layer` writes CSEP's gridded ASCII in one file per depth layer.

    Raises:
        InputError: where bundle, catalogue or issue time are at fault.
    """
    output = Path(output)
    models, catalogue, time, found = open_bundle(given, bundle, issue_time, min_magnitude, output, report)
    forecaster = forecaster_at(models, catalogue, time)
    issued = issue_all(forecaster, time, (None, ETAS_))
    chosen, etas = (_on_grid(models, time, each) for each in issued)
    written = write_forecast(chosen, output, by_layer)
    map_path = map_path or output.with_suffix(".png")
    draw_forecast(chosen, etas, catalogue, map_path)
    used = ", ".join(f"{h:g} d: {models.used(i)}" for i, h in enumerate(models.horizons_days))
    lines = [*found, f"issued {str(time)[:19]}Z with {used}"]
    lines += issue_lines(catalogue, time, issue_time is not None)
    lines += fit_lines(models, catalogue, time)
    for horizon, days in enumerate(models.horizons_days):
        expected = float(np.nansum(chosen.expected_count[horizon]))
        form = ".1f" if expected >= 1 else ".2g"
        lines.append(
            f"next {days:g} d: {expected:{form}} events of M ≥ {models.min_magnitude:g} expected, "
            f"highest cell probability {np.nanmax(chosen.probability[horizon]):.3g}"
        )
    lines += magnitude_lines(models, issued[0])
    return [*lines, *(f"written {path}" for path in [*written, map_path])]


def forecaster_at(models: Models, catalogue: Catalogue, issue_time: np.datetime64) -> Forecaster:
    """Return the models over the events of their region before an issue time.

    Raises:
        InputError: where the catalogue holds no fitting event before it.
    """
    return make_forecaster(models, known_before(models, catalogue, issue_time))


def grid_forecasts(
    forecaster: Forecaster, issue_time: np.datetime64, model: str | None = None
) -> tuple[ForecastGrid, ForecastGrid]:
    """Return the forecast that is issued, and ETAS's; `model` names one for all horizons."""
    chosen, etas = issue_all(forecaster, issue_time, (model, ETAS_))
    return _on_grid(forecaster.models, issue_time, chosen), _on_grid(forecaster.models, issue_time, etas)


def _on_grid(models: Models, issue_time: np.datetime64, issued: Issued) -> ForecastGrid:
    grid = models.grid
    full = np.full((2, len(issued.names), *grid.shape), np.nan, np.float32)
    values = torch.stack([issued.mean, issued.probability]).numpy()
    full[:, :, :, grid.mask] = values.reshape(2, len(issued.names), grid.shape[0], -1)
    return ForecastGrid(
        issue_time_utc=issue_time,
        horizons_days=models.horizons_days,
        grid=grid,
        min_magnitude=models.min_magnitude,
        expected_count=full[0],
        probability=full[1],
        model=", ".join(dict.fromkeys(issued.names)),
        models=issued.names,
    )
