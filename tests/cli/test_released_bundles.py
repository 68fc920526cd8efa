"""The bundles that come with the package: small, with a card, and ready for a user's catalogue."""

from pathlib import Path

import numpy as np
import pytest
from typed_commands import run

from terrella.engine.use.bundle import load_bundle
from terrella.engine.use.find import RELEASED
from terrella.forecast.storage import TASK, from_bundle
from terrella.formats.catalogues.catalogue import make_catalogue
from terrella.formats.catalogues.forecast_grid import read_forecast
from terrella.formats.catalogues.write import write_catalogue

NAMES = sorted(each.name for each in (RELEASED / TASK).iterdir())


def test_three_regions_come_along_in_less_than_five_megabytes():
    assert NAMES == ["california", "italy", "world"]
    assert sum(each.stat().st_size for each in RELEASED.rglob("*") if each.is_file()) < 5e6


@pytest.mark.parametrize("name", NAMES)
def test_a_released_bundle_forecasts_a_catalogue(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle = load_bundle(Path(name), TASK)
    assert "Gain of the network over ETAS" in bundle.card
    models = from_bundle(bundle)
    lon, lat = np.meshgrid(models.grid.longitudes, models.grid.latitudes)
    place = np.flatnonzero(models.grid.mask)[int(models.grid.mask.sum()) // 2]
    days = np.sort(np.random.default_rng(0).exponential(5, 40))
    time = np.datetime64("2024-01-31", "us") - (days * 86_400e6).astype("timedelta64[us]")
    magnitude = np.full(40, models.min_magnitude + 0.5)
    centre = np.full(40, lon.flat[place]), np.full(40, lat.flat[place])
    write_catalogue(make_catalogue(time, *centre, magnitude, np.full(40, 5.0)), tmp_path / "catalogue.csv")
    assert run("forecast", "predict", "--bundle", name, "--catalogue", "catalogue.csv", "-o", "f.nc") == 0
    forecast = read_forecast(tmp_path / "f.nc")
    day = forecast.expected_count[0][:, models.grid.mask].sum(0)
    assert np.isfinite(day).all()
    assert day.argmax() == int(models.grid.mask.sum()) // 2
    assert (tmp_path / "f.png").stat().st_size > 10_000
