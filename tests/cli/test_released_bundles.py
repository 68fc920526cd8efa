"""The bundles that come with the package: small, with a card, and ready for a user's catalogue."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typed_commands import run

from terrella.engine.use.bundle import load_bundle
from terrella.engine.use.find import RELEASED
from terrella.forecast.demo import demo_settings
from terrella.forecast.futures_command import outlook_of
from terrella.forecast.general import from_general_bundle
from terrella.forecast.issuing import issue
from terrella.forecast.models import known_before
from terrella.forecast.prediction import forecaster_at
from terrella.forecast.preparation import cut
from terrella.forecast.simulation.futures import simulate_futures
from terrella.forecast.storage import TASK, from_bundle
from terrella.formats.catalogues.catalogue import make_catalogue
from terrella.formats.catalogues.forecast_grid import read_forecast
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

NAMES = ["california", "italy", "world"]


def test_three_regions_one_for_all_and_a_simulated_one_come_along_in_less_than_five_megabytes():
    assert sorted(each.name for each in (RELEASED / TASK).iterdir()) == sorted(
        [*NAMES, "general", "simulated"]
    )
    assert sum(each.stat().st_size for each in RELEASED.rglob("*") if each.is_file()) < 5e6


def test_the_demos_unet_starts_from_the_simulated_bundle():
    given = from_general_bundle(load_bundle(Path("simulated"), TASK))
    asked = demo_settings(Path("catalogue.parquet"), "unet")
    assert (asked.start_from, asked.network, asked.horizons_days) == (
        "simulated", given.settings.network, given.settings.horizons_days
    )  # fmt: skip
    assert given.network.context is not None
    assert given.settings.data.catalogue is None
    # Nothing is known of real regions: only a region's own dev window makes `predict` use it.
    assert not any(gain.certain for gain in given.gains)


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


def test_the_general_bundle_takes_the_laws_of_the_region_that_holds_a_catalogue(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("terrella.forecast.prediction.draw_forecast", lambda *_: None)
    card = load_bundle(Path("general"), TASK).card
    assert "where it was not trained" in card
    days = np.sort(np.random.default_rng(0).exponential(30, 40))[::-1]
    time = np.datetime64("2024-01-31", "us") - (days * 86_400e6).astype("timedelta64[us]")
    for name, lon, lat in (("Italy", 13, 42), ("the world", 175, -41)):
        place = np.linspace(lon - 0.4, lon + 0.4, 40), np.linspace(lat - 0.4, lat + 0.4, 40)
        magnitude = 3 + np.arange(40) % 10 / 10
        write_catalogue(make_catalogue(time, *place, magnitude), tmp_path / "few.csv")
        assert run("forecast", "predict", "few.csv", "--bundle", "general", "-o", "f.csv") == 0
        assert f"its laws are those of {name}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("name", "file", "decimal"),
    [
        ("california", "california_m25.parquet", 0.01),
        ("italy", "italy_horus.parquet", 0.01),
        ("world", "global_m45_2012_2018.comcat.csv.gz", 0.1),
    ],
)
def test_the_b_value_is_that_of_the_training_window(name, file, decimal, shared_data):
    # By Utsu (1966) from every cut-off of a tenth: rounding to tenths before conversion makes single ones waver.
    models = from_bundle(load_bundle(Path(name), TASK))
    case = cut(read_catalogue(shared_data / "forecast" / file)[0], models.settings)
    start, end = (case.windows.date(f"{which}_start") for which in ("train", "validation"))
    magnitude = case.catalogue.between(start, end).magnitude
    cut_off = models.min_magnitude + np.arange(0, 0.1, decimal)
    above = [magnitude[magnitude >= least - 1e-6] - least for least in cut_off]
    utsu = np.mean([np.log10(np.e) / (each.mean() + decimal / 2) for each in above])
    assert models.etas.beta / np.log(10) == pytest.approx(utsu, rel=0.02)


def test_predict_and_simulate_know_the_same_events(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    models = from_bundle(load_bundle(Path("california"), TASK))
    n = 200
    time = np.datetime64("2019-06-30", "us") - np.arange(n)[::-1] * np.timedelta64(1, "h")
    place = np.full(n, -117.7), np.full(n, 35.7)
    # What would round to the smallest magnitude does not reach it.
    write_catalogue(make_catalogue(time, *place, np.full(n, 2.47)), tmp_path / "small.parquet")
    for command in ("predict", "simulate"):
        assert run("forecast", command, "small.parquet", "--bundle", "california", "-o", "f.csv") == 2
        assert "no event of magnitude 2.5 or more" in capsys.readouterr().err
    # Single precision holds 2.6 as 2.5999999: a threshold there keeps it.
    magnitude = np.where(np.arange(n) % 2, np.float32(2.6), np.float32(2.5)).astype(np.float32)
    single = make_catalogue(time, *place, magnitude)
    known = known_before(replace(models, min_magnitude=2.6), single, np.datetime64("2020-01-01", "us"))
    assert len(known) == n // 2


@pytest.mark.parametrize("decimals", [0.5, 0.1, 0.01])
def test_magnitudes_are_simulated_as_the_catalogue_rounds_them(decimals):
    models = from_bundle(load_bundle(Path("california"), TASK))
    time = np.datetime64("2019-06-30", "us") - np.arange(100)[::-1] * np.timedelta64(1, "h")
    magnitude = 2.5 + decimals * np.floor(np.random.default_rng(0).exponential(0.43, 100) / decimals)
    catalogue = make_catalogue(time, np.full(100, -117.7), np.full(100, 35.7), magnitude)
    now = np.datetime64("2019-07-01", "us")
    forecaster = forecaster_at(models, catalogue, now)
    futures = simulate_futures(outlook_of(forecaster, now, 7.0, issue(forecaster, now)), 50, 1)
    steps = (futures.magnitude - 2.5) / decimals
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    assert len(np.unique(np.round(steps))) > 3
