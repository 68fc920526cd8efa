"""`--bundle general`: any catalogue is forecast where it lies, or refused in one line; nothing is done twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typed_commands import run

from terrella.engine.run import existing_run
from terrella.engine.settings import load_settings
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.forecast.calibration import Calibration
from terrella.forecast.general import General, Prior, rates_of_region, to_general_bundle
from terrella.forecast.models import Gain
from terrella.forecast.preparation import cut
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.forecast_grid import read_forecast
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle `any`."""
    folder = tmp_path_factory.mktemp("general")
    models = from_bundle(load_bundle(BEFORE / "finished", "forecast"))
    network = models.network
    network.feature_mean -= rates_of_region(models, CATALOGUE)
    network.by_span = True
    lines = dict.fromkeys(models.calibrations, (Calibration(log_dispersion=-1.0),) * 2)
    prior = Prior((-180.0, 180.0, -90.0, 90.0), replace(models.etas, background=None), lines)
    settings = models.settings.model_copy(update={"data": type(models.settings.data)(cell_deg=0.5)})
    given = General(
        settings, network, True, (Gain(0.05, 0.02, 0.08),) * 2, {"an invented region": prior}, False
    )
    save_bundle(folder / "any", to_general_bundle(given, "mark", "# Any region\n"))
    return folder


@pytest.fixture(autouse=True)
def without_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no map: other tests do, and it takes most of the time."""
    monkeypatch.setattr("terrella.forecast.prediction.draw_forecast", lambda *_: None)


def predicted(
    catalogue: Path, folder: Path, output: Path, capsys: pytest.CaptureFixture[str], *more: object
) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run("forecast", "predict", catalogue, "--bundle", folder / "any", "-o", output, *more)
    shown = capsys.readouterr()
    return code, " ".join(shown.out.split()), " ".join(shown.err.split())


def test_a_catalogue_is_fitted_once_and_leaves_a_run(folder, catalogue_file, tmp_path, capsys):
    write_catalogue(read_catalogue(catalogue_file)[0][:2500], tmp_path / "small.csv")
    code, out, _ = predicted(tmp_path / "small.csv", folder, tmp_path / "f.nc", capsys)
    assert code == 0
    assert "not trained on this catalogue's region" in out
    assert "ETAS is fitted to this catalogue" in out
    region = tmp_path / "small-general"
    assert "general" in (region / "model/card.md").read_text()
    kept = (region / "model/model.safetensors").stat().st_mtime_ns
    code, out, _ = predicted(tmp_path / "small.csv", folder, tmp_path / "again.nc", capsys)
    assert code == 0
    assert "fitted by an earlier call" in out
    assert "ETAS is fitted to this catalogue" in out
    assert (region / "model/model.safetensors").stat().st_mtime_ns == kept
    first, second = (read_forecast(tmp_path / name).expected_count for name in ("f.nc", "again.nc"))
    np.testing.assert_array_equal(first, second)
    # The run can be judged: its settings cut the same case, with windows that no later event moves.
    settings = load_settings(ForecastSettings, existing_run(region, "forecast").settings, task="forecast")
    models, known = from_bundle(load_bundle(region, "forecast")), read_catalogue(tmp_path / "small.csv")[0]
    case = cut(known, settings)
    assert settings.data.test_start is not None
    assert (case.windows.epoch, case.windows.auxiliary_start) == (models.epoch, models.start_day)
    np.testing.assert_array_equal(case.grid.mask, models.grid.mask)
    assert run("forecast", "judge", "--run", folder / "any") == 2


def test_a_training_starts_from_the_bundle(folder, tmp_path, capsys):
    write_catalogue(CATALOGUE, tmp_path / "c.csv")
    arguments = ["--config", BEFORE / "finished/settings.toml", "--catalogue", tmp_path / "c.csv"]
    tuned = tmp_path / "tuned"
    few = ["--fit.epochs", "1", "--fit.learning-rate", "1e-9", "--no-plan"]
    assert run("forecast", "train", *arguments, *few, "--run", tuned, "--start-from", folder / "any") == 0
    begun, ended = (load_bundle(each, "forecast").tensors for each in (folder / "any", tuned / "model"))
    np.testing.assert_allclose(begun["network.head.weight"], ended["network.head.weight"], atol=1e-5)
    assert ended["network.head.weight"].abs().max() > 0.004  # a fresh network would begin at zero
    assert run("forecast", "train", *arguments, "--run", tmp_path / "x", "--start-from", "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


def fewer(number: int) -> Catalogue:
    return CATALOGUE[np.linspace(0, len(CATALOGUE) - 1, number).astype(int)]


def one_day() -> Catalogue:
    first = CATALOGUE.time_utc[0]
    spread = (CATALOGUE.time_utc[:80] - first) / (CATALOGUE.time_utc[79] - first)
    time = first + (spread * 80_000e6).astype("timedelta64[us]")
    return replace(CATALOGUE[:80], time_utc=time)


def below_four() -> Catalogue:
    return replace(CATALOGUE, magnitude=CATALOGUE.magnitude - 3)[CATALOGUE.magnitude < 7]


def mixed() -> Catalogue:
    late = np.arange(len(CATALOGUE)) > 0.6 * len(CATALOGUE)
    return CATALOGUE[late | (CATALOGUE.magnitude >= 4)]


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        (below_four(), ["not trained on this catalogue's region"]),
        (one_day(), ["ETAS cannot be fitted to this catalogue (it spans 0.93 days);", "may be far too high"]),
        (mixed(), ["completeness changes with time"]),
    ],
    ids=["none above M 4", "one day", "mixed completeness"],
)  # fmt: skip
def test_thin_catalogues_are_forecast_and_what_is_missing_is_said(catalogue, words, folder, tmp_path, capsys):
    write_catalogue(catalogue, tmp_path / "thin.csv")
    code, out, err = predicted(tmp_path / "thin.csv", folder, tmp_path / "f.nc", capsys)
    assert code == 0, err
    for each in words:
        assert each in out
    forecast = read_forecast(tmp_path / "f.nc")
    day = float(np.nansum(forecast.expected_count[0]))
    days = (catalogue.time_utc[-1] - catalogue.time_utc[0]) / np.timedelta64(1, "D")
    assert 0.02 < day / (len(catalogue) / max(days, 1)) < 20


@pytest.mark.parametrize("number", [0, 1, 9])
def test_next_to_nothing_is_refused_in_a_line(number, folder, tmp_path, capsys):
    write_catalogue(fewer(10), tmp_path / "few.csv")
    lines = (tmp_path / "few.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[: number + 1]) + "\n")
    code, _, err = predicted(tmp_path / "few.csv", folder, tmp_path / "f.nc", capsys)
    assert code == 2
    assert "Traceback" not in err
    assert "event" in err


def test_the_folder_of_a_region_knows_only_what_came_before(folder, tmp_path, capsys):
    early, end = CATALOGUE[:400], CATALOGUE.time_utc[300]
    shown = []
    for name, catalogue in (("longer", early), ("shorter", early[early.time_utc < end])):
        write_catalogue(catalogue, tmp_path / f"{name}.csv")
        output = tmp_path / f"{name}.nc"
        code, _, _ = predicted(tmp_path / f"{name}.csv", folder, output, capsys, "--issue-time", str(end))
        assert code == 0
        shown.append(read_forecast(output).expected_count)
    np.testing.assert_array_equal(*shown)


def test_fifty_events_take_laws_of_a_prior_and_a_wider_catalogue_is_fitted_anew(folder, tmp_path, capsys):
    few = fewer(50)
    wider = replace(few, longitude=few.longitude * 3)
    bounds = []
    for catalogue in (few, wider):
        write_catalogue(catalogue, tmp_path / "c.csv")
        code, out, _ = predicted(tmp_path / "c.csv", folder, tmp_path / "f.nc", capsys)
        assert code == 0
        for words in ("ETAS cannot be fitted", "laws are those of an invented region", "catalogue, kept in"):
            assert words in out
        bounds.append(from_bundle(load_bundle(tmp_path / "c-general", "forecast")).region.bounds)
    assert bounds[0][1] <= 4 < 9 < bounds[1][1]
    code, out, _ = predicted(tmp_path / "c.csv", folder, tmp_path / "f.nc", capsys, "--min-magnitude", 3.8)
    assert code == 0
    assert "events of M ≥ 3.8 expected" in out
    known = [tmp_path / "c.csv", "--min-magnitude", 3.8, "--bundle", BEFORE / "finished"]
    assert run("forecast", "predict", *known, "-o", tmp_path / "f.nc") == 2
    assert "was trained on M ≥ 3.5" in " ".join(capsys.readouterr().err.split())
