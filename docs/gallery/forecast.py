"""ETAS beside climatology after a main shock, on a simulated catalogue: python docs/gallery/forecast.py"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from terrella.forecast import (
    ETAS,
    ForecastSettings,
    box,
    fit_climatology,
    fit_etas,
    make_grid,
    make_outlook,
    simulate_counts,
)
from terrella.forecast.maps import forecast_figure
from terrella.forecast.simulation.process import Process
from terrella.forecast.simulation.simulate import simulate
from terrella.forecast.windows import make_windows
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.forecast_grid import ForecastGrid

PICTURE = Path(__file__).parents[1] / "images" / "gallery_forecast.png"
REGION = box(12, 15, 41, 44)
LEAST, DAYS = 3.0, 7.0


def simulated() -> Catalogue:
    """Return fifteen years of events whose background is dense along a line."""
    grid = make_grid(REGION, 0.1)
    longitude, latitude = np.meshgrid(grid.longitudes, grid.latitudes)
    background = 0.03 + np.exp(-(((longitude - 13.5) + (latitude - 42.5)) ** 2) / 0.05)
    flat, ones = 0 * background, np.ones_like(background)
    model = ETAS(2e-6, 0.006, 1.5, 0.01, 0.05, 1000.0, 0.4, 0.9, 0.8, LEAST, 2.2)
    process = Process(model, 7.0, grid, 0.3 * background / background.sum(), flat, ones, 1.0)
    model = replace(model, k0=model.k0 * 0.7 / process.branching_ratio())
    process = Process(model, 7.0, grid, process.background_per_day, flat, ones, 1.0)
    made = simulate(process, "2005-01-01", "2020-01-01", seed=6)
    return made[REGION.contains(made.longitude, made.latitude)]


def main() -> None:
    """Fit both models to what was known six hours after the largest event of the last years, and draw."""
    catalogue = simulated()
    late = catalogue.between("2017-01-01", "2019-12-01")
    now = late.time_utc[late.magnitude.argmax()] + np.timedelta64(6, "h")
    fit = fit_etas(catalogue, REGION.area_km2, "2005-01-01", "2006-01-01", now, LEAST, "smoothed")
    print(fit.message)
    grid = make_grid(REGION, 0.1)
    counts = simulate_counts(make_outlook(fit.model, catalogue, REGION, now, DAYS), grid)
    settings = ForecastSettings().data.model_copy(update={"test_start": str(now)})
    climatology = fit_climatology(catalogue, grid, make_windows(catalogue, settings))
    usual = np.zeros(grid.mask.shape)
    usual[grid.mask] = climatology.rate_per_day * DAYS

    def on_map(name: str, expected: np.ndarray, probability: np.ndarray) -> ForecastGrid:
        values = (np.where(grid.mask, each, np.nan)[None, None] for each in (expected, probability))
        return ForecastGrid(now, (DAYS,), grid, LEAST, *values, name)

    etas = on_map("ETAS", counts.expected_count, counts.probability)
    figure = forecast_figure(etas, on_map("climatology", usual, -np.expm1(-usual)), catalogue)
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
