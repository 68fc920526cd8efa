"""`terrella weather` as a user types it, on a small store of travelling waves."""

import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest
import tomli_w
import torch
import xarray as xr
from fake_fields import fake_fields

from terrella.cli.main import main
from terrella.cli.tasks import load_task
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.weather.bundle import load_weather
from terrella.weather.compressing import compression, network_of, taken
from terrella.weather.data.store import open_store
from terrella.weather.settings import WeatherSettings

STAGE = {"batch": 8, "learning_rate": 5e-3}
SETTINGS = {
    "task": "weather",
    "data": {"shares": [0.6, 0.2, 0.2]},
    "network": {"mesh": 1, "latent": 16, "steps": 1},
    "fit": {
        "stages": [
            {"name": "single", "steps": 40, "warmup": 5, **STAGE},
            {"name": "rollout", "steps": 3, "rollout": 2, **STAGE, "learning_rate": 1e-3},
        ]
    },
    "judge": {"leads_hours": [6, 24], "every_hours": 6, "block_days": 1, "resamples": 50},
}


def run(*arguments) -> int:
    """Run a command in this process and return its exit code."""
    try:
        main(["weather", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture(scope="module")
def trained(waves, tmp_path_factory):
    """A run that was trained and judged."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "small.toml").write_text(tomli_w.dumps({k: v for k, v in SETTINGS.items() if k != "task"}))
    train = ("train", waves, "--run", folder / "small", "--config", folder / "small.toml", "--no-plan")
    assert run(*train) == 0
    assert run("judge", "--run", folder / "small") == 0
    return folder / "small"


def test_a_training_in_two_stages_leaves_its_run_and_beats_persistence(trained):
    scores = json.loads((trained / "scores.json").read_text())
    first = next(iter(scores["models"]))
    assert set(scores["models"]) == {first, "persistence", "climatology", "damped persistence"}
    assert scores["models"][first]["rmse@Z500@6h"]["unit"] == "m**2 s**-2"
    assert "acc@T850@24h" in scores["models"][first]
    gains = {(pair["over"], pair["score"]): pair for pair in scores["paired"]}
    assert gains["persistence", "rmse@Z500@24h"]["low"] > 0
    assert (trained / "figures" / "forecast.gif").read_bytes()[:3] == b"GIF"
    report = (trained / "report.html").read_text()
    for told in ("Skill per cost", "GraphCast", "Score cards", "Spectra"):
        assert told in report
    stages = [line.split(",")[0] for line in (trained / "metrics.csv").read_text().splitlines()[1:]]
    assert stages[0] == "single"
    assert stages[-1] == "rollout"


def test_a_network_with_noise_is_judged_by_its_members(waves, tmp_path):
    settings = {
        "data": SETTINGS["data"],
        "judge": {**SETTINGS["judge"], "members": 3, "resamples": 10},
        "network": {"mesh": 0, "latent": 8, "steps": 1, "noise": 4},
        "fit": {"stages": [{"name": "members", "steps": 4, "loss": "crps", **STAGE}]},
    }
    (tmp_path / "noise.toml").write_text(tomli_w.dumps(settings))
    folder = tmp_path / "run"
    assert run("train", waves, "--run", folder, "--config", tmp_path / "noise.toml", "--no-plan") == 0
    assert run("judge", "--run", folder) == 0
    own, *others = json.loads((folder / "scores.json").read_text())["models"].values()
    assert own["spread_skill@Z500@24h"]["value"] > 0
    assert own["crps@Z500@24h"]["unit"] == "m**2 s**-2"
    assert own["crps@Z500@24h"]["value"] < own["rmse@Z500@24h"]["value"]
    assert all("crps@Z500@24h" in each and "spread_skill@Z500@24h" not in each for each in others)


def test_a_bundle_keeps_what_its_network_was_made_for(trained, waves):
    model, store = load_weather(trained), open_store(waves)
    assert model.layout.channels == store.channels
    np.testing.assert_array_equal(model.layout.latitude, store.latitude)
    np.testing.assert_allclose(model.layout.statistics.std, store.statistics.std)
    assert model.layout.static.shape == (store.points, 2)
    assert tomllib.loads(load_bundle(trained, "weather").settings)["network"]["mesh"] == 1
    assert "official warnings" in (trained / "model" / "card.md").read_text()


@pytest.mark.parametrize("name", ["forecast.nc", "forecast.zarr"])
def test_a_forecast_has_the_layout_of_weatherbench(trained, waves, tmp_path, name):
    out = tmp_path / name
    assert run("predict", waves, "--bundle", trained, "-o", out, "--days", 1, "--start", "2015-01-20T06") == 0
    engine = "zarr" if out.suffix == ".zarr" else "h5netcdf"
    with xr.open_dataset(out, engine=engine, decode_timedelta=True) as data:
        assert dict(data.sizes) == {
            "time": 1,
            "prediction_timedelta": 4,
            "level": 2,
            "latitude": 8,
            "longitude": 16,
        }
        assert data["geopotential"].dims == ("time", "prediction_timedelta", "level", "latitude", "longitude")
        assert data["2m_temperature"].dims == ("time", "prediction_timedelta", "latitude", "longitude")
        assert data["prediction_timedelta"].values[-1] == np.timedelta64(24, "h")
        assert data["time"].values[0] == np.datetime64("2015-01-20T06")
        assert data["temperature"].attrs["units"] == "K"
        store = open_store(waves)
        at = int(np.flatnonzero(store.times == np.datetime64("2015-01-20T12"))[0])
        truth = store.states(np.array([at, at - 1]))[:, :, 0]
        found = data["geopotential"].isel(time=0, prediction_timedelta=0, level=0).values.reshape(-1)
        assert np.abs(found - truth[0]).mean() < np.abs(truth[1] - truth[0]).mean()
    assert run("show", out, "-o", tmp_path / "maps.png", "--variable", "t", "--level", 850) == 0
    assert (tmp_path / "maps.png").stat().st_size > 10_000


def test_a_forecast_from_a_file_is_that_from_its_store(trained, waves, tmp_path):
    fake_fields(120).isel(time=slice(70, 80)).to_netcdf(tmp_path / "now.nc", engine="h5netcdf")
    last = str(open_store(waves).times[79])
    assert (
        run("predict", tmp_path / "now.nc", "--bundle", trained, "-o", tmp_path / "a.nc", "--days", 0.5) == 0
    )
    assert (
        run("predict", waves, "--bundle", trained, "-o", tmp_path / "b.nc", "--days", 0.5, "--start", last)
        == 0
    )
    with (
        xr.open_dataset(tmp_path / "a.nc", decode_timedelta=True) as a,
        xr.open_dataset(tmp_path / "b.nc", decode_timedelta=True) as b,
    ):
        xr.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.drop_vars("temperature"), "has no variable temperature, which the network needs"),
        (lambda data: data.sel(level=[500]), "has no level 850 hPa, which the network needs"),
        (
            lambda data: data.isel(longitude=slice(0, 16, 2)),
            "its grid 8x8 is coarser than the network's, 16x8",
        ),
        (lambda data: data.isel(time=[0, 2]), "no two states are 6 h apart, and a forecast begins from two"),
    ],
)
def test_fields_that_the_network_cannot_begin_from_are_refused(trained, tmp_path, capsys, change, told):
    change(fake_fields(4)).to_netcdf(tmp_path / "now.nc", engine="h5netcdf")
    assert run("predict", tmp_path / "now.nc", "--bundle", trained, "-o", tmp_path / "a.nc") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "a.nc").exists()


def test_a_store_of_another_grid_or_time_is_refused(trained, waves, tmp_path, capsys):
    fake_fields(6, columns=32, rows=16).to_netcdf(tmp_path / "fine.nc", engine="h5netcdf")
    assert run("data", tmp_path / "fine.nc", "-o", tmp_path / "fine.zarr") == 0
    assert "6 states from 2015-01-01T00" in capsys.readouterr().out
    assert run("predict", tmp_path / "fine.zarr", "--bundle", trained, "-o", tmp_path / "a.nc") == 2
    assert "convert the fields again with --grid 16x8" in capsys.readouterr().err
    assert run("predict", waves, "--bundle", trained, "-o", tmp_path / "a.nc", "--start", "2015-03-01") == 2
    assert "has no state at 2015-02-28T18:00" in capsys.readouterr().err
    assert run("judge", tmp_path / "fine.zarr", "--run", trained) == 2
    assert "no longer holds what" in capsys.readouterr().err


def test_windows_that_are_too_long_for_the_data_are_refused_before_training(waves, tmp_path, capsys):
    stages = {"fit": {"stages": [{"name": "long", "rollout": 100}]}}
    (tmp_path / "long.toml").write_text(tomli_w.dumps(stages))
    assert (
        run("train", waves, "--run", tmp_path / "run", "--config", tmp_path / "long.toml", "--no-plan") == 2
    )
    assert "the stage long needs 102 states that follow each other" in capsys.readouterr().err


def test_stages_are_planned_from_the_settings_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("TERRELLA_CACHE", str(tmp_path / "none"))
    single, rollout = load_task("weather").stages(WeatherSettings(), None, None)
    windows = 6 * (50 * 4 - 2)  # of three states, in three quarters of eight members
    assert single.need.samples == windows
    assert single.need.epochs == round(1000 * 8 / windows)
    assert (single.need.rollout, rollout.need.rollout) == (1, 4)
    assert rollout.need.samples * rollout.need.epochs == pytest.approx(200 * 8, rel=0.3)
    batch = rollout.need.step.make_batch(2)
    assert batch["future"].shape == (2, 4, 2048, 13)
    assert not (tmp_path / "none").exists()


def test_what_fields_of_the_start_add_is_the_forecast(waves, trained, tmp_path, capsys):
    pytest.importorskip("captum")
    typed = ("explain", waves, "--bundle", trained, "-o", tmp_path / "why.nc", "--part-deg", 90)
    assert run(*typed, "--of", "value", "--latitude", 10, "--longitude", 100) == 0
    assert run("predict", waves, "--bundle", trained, "-o", tmp_path / "forecast.nc", "--days", 0.25) == 0
    with xr.open_dataset(tmp_path / "why.nc", engine="h5netcdf") as found:
        told = found.attrs["output"], found.attrs["reference"]
        assert float(found["adds"].sum()) == pytest.approx(told[0] - told[1], rel=0.011)
    with xr.open_dataset(tmp_path / "forecast.nc", engine="h5netcdf") as forecast:
        name = next(iter(forecast.data_vars))
        field = forecast[name].squeeze(("time", "prediction_timedelta"))
        field = field.sel(latitude=10, longitude=100, method="nearest")
        level = {"level": int(field["level"].max())} if "level" in field.dims else {}
        assert float(field.sel(level)) == pytest.approx(told[0], rel=1e-4)
    for more, words in (
        (["--variable", "rain"], "--variable rain"), (["--lead-hours", 7], "a multiple of"),
        (["--start", "1800-01-01"], "has no state at"),
    ):  # fmt: skip
        capsys.readouterr()
        assert run(*typed, *more) == 2
        assert words in " ".join(capsys.readouterr().err.split())


def test_products_in_bfloat16_forecast_nearly_the_same(trained, tmp_path):
    bundle = load_bundle(trained, "weather")
    tensors = {
        name: each.bfloat16() if compression.weights(name) else each for name, each in bundle.tensors.items()
    }
    save_bundle(tmp_path, replace(bundle, tensors=tensors, form="bf16"))
    full, small = network_of(bundle), network_of(load_bundle(tmp_path, "weather"))
    layout = load_weather(trained).layout
    torch.manual_seed(0)
    past = torch.randn(2, 2, layout.points, len(layout.channels))
    given = taken({"past": past, "forcings": torch.randn(2, 4, layout.points, layout.seen_forcings)})
    with torch.inference_mode():
        (one,), (other,) = full(*given), small(*given)
    assert other.dtype == torch.float32
    assert small.noise == full.noise
    off = (one - other).abs().max() / (one - past[:, 1]).abs().max()
    assert 0 < off < 0.05


def test_the_mesh_has_no_onnx_model(trained):
    bundle = load_bundle(trained, "weather")
    with pytest.raises(InputError, match="kernels of its own, for which ONNX has no operator"):
        compression.onnx(network_of(bundle), bundle)
