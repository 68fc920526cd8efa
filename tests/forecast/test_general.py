"""A network for any region: what it sees is relative to the region, and a bundle gives back what it was given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from terrella.earth.region import box
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.forecast.calibration import Calibration
from terrella.forecast.features.channels import features
from terrella.forecast.general import (
    General,
    Prior,
    from_general_bundle,
    is_general,
    on_region,
    rates_of_region,
    started,
    to_general_bundle,
)
from terrella.forecast.models import (
    ETAS_,
    NETWORK,
    Gain,
    Models,
    etas_and_network,
    make_forecaster,
    swept_maps,
)
from terrella.forecast.new_region import moved, own_settings, with_prior
from terrella.forecast.preparation import Cut
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.forecast.windows import Windows, make_task_grid
from terrella.formats.catalogues.catalogue import make_catalogue
from terrella.formats.catalogues.read import read_catalogue

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0]
MODELS = replace(from_bundle(load_bundle(BEFORE / "finished", "forecast")), by_span=True)
ISSUE = np.array([2500.0, 2501.5])
RATES = rates_of_region(MODELS, CATALOGUE)


def general() -> General:
    """Return a network with random weights, and a prior."""
    assert MODELS.network is not None
    network = from_bundle(load_bundle(BEFORE / "finished", "forecast")).network
    assert network is not None
    torch.manual_seed(0)
    with torch.no_grad():
        network.head.weight.normal_(0, 0.05)
        network.feature_mean -= RATES
    network.by_span = True
    lines = dict.fromkeys(MODELS.calibrations, (Calibration(0.0, 1.0, -1.0, -0.3),) * 2)
    prior = Prior((-180.0, 180.0, -90.0, 90.0), replace(MODELS.etas, background=None), lines)
    return General(
        MODELS.settings, network, True, (Gain(0.05, 0.02, 0.08),) * 2, {"the demo": prior}, smooth=False
    )


def seen(models: Models) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all channels of all cells at the issue times, relative to the region, and what to."""
    forecaster = make_forecaster(models, CATALOGUE)
    _, maps = next(swept_maps(forecaster, ISSUE))
    cells = np.indices((len(ISSUE), 1, forecaster.cells)).reshape(3, -1)
    rates = rates_of_region(models, CATALOGUE)
    return features(maps, *map(torch.from_numpy, cells)) - rates, rates


def test_a_region_with_more_background_and_the_same_sequences_looks_the_same() -> None:
    quiet = replace(MODELS, etas=replace(MODELS.etas, k0=1e-12))
    active = replace(quiet, background=10 * quiet.background)
    (first, low), (second, high) = seen(quiet), seen(active)
    relative = low != 0
    assert 6 < relative.sum() < len(relative) / 3
    torch.testing.assert_close(first[:, relative], second[:, relative], atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(
        (high - low)[relative], torch.full_like(low[relative], np.log(10)), atol=2e-3, rtol=0
    )


def test_a_bundle_gives_back_network_gains_and_priors(tmp_path: Path) -> None:
    given = general()
    save_bundle(tmp_path / "general", to_general_bundle(given, "mark", "# card\n"))
    bundle = load_bundle(tmp_path / "general", TASK)
    assert is_general(bundle)
    assert not is_general(load_bundle(BEFORE / "finished", TASK))
    found = from_general_bundle(bundle)
    assert (found.settings, found.by_span, found.gains) == (given.settings, True, given.gains)
    assert found.priors["the demo"] == given.priors["the demo"] or (
        found.priors["the demo"].etas.to_dict() == given.priors["the demo"].etas.to_dict()
        and found.priors["the demo"].calibrations == given.priors["the demo"].calibrations
    )
    for name, value in given.network.state_dict().items():
        torch.testing.assert_close(found.network.state_dict()[name], value)
    with pytest.raises(InputError, match="once it is fitted to a catalogue"):
        from_bundle(bundle)


def test_on_its_own_region_the_network_is_as_it_was() -> None:
    given = general()
    network = on_region(given, MODELS, CATALOGUE)
    assert MODELS.network is not None
    torch.testing.assert_close(network.feature_mean, MODELS.network.feature_mean, atol=1e-4, rtol=1e-4)
    models = replace(MODELS, network=network)
    (found,) = etas_and_network(make_forecaster(models, CATALOGUE), ISSUE, (0,))
    changed = found[NETWORK].log_mean - found[ETAS_].log_mean
    assert 1e-3 < changed.std() < 1.5


def test_a_training_starts_from_a_bundle_of_the_same_shape(tmp_path: Path) -> None:
    given = general()
    save_bundle(tmp_path / "general", to_general_bundle(given, "mark", "# card\n"))
    settings = MODELS.settings.model_copy(update={"start_from": str(tmp_path / "general")})
    network = started(settings, MODELS, CATALOGUE)
    expected = on_region(given, MODELS, CATALOGUE)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value)
    save_bundle(tmp_path / "region", to_bundle(replace(MODELS, network=given.network), "mark"))
    settings = settings.model_copy(update={"start_from": str(tmp_path / "region")})
    torch.testing.assert_close(started(settings, MODELS, CATALOGUE).head.weight, given.network.head.weight)
    with pytest.raises(InputError, match="other horizons_days"):
        started(settings.model_copy(update={"horizons_days": (1.0,)}), MODELS, CATALOGUE)


def test_a_prior_keeps_zones_and_the_number_of_direct_aftershocks() -> None:
    lower = moved(MODELS.etas, MODELS.etas.min_magnitude - 1, CATALOGUE[:5])
    assert lower.productivity(2.0) == pytest.approx(MODELS.etas.productivity(3.0))
    assert lower.zone_km2(5.0) == pytest.approx(MODELS.etas.zone_km2(5.0))
    assert lower.beta == MODELS.etas.beta


def test_the_background_of_a_prior_is_what_its_laws_leave() -> None:
    """Independent events are all background; a mainshock's aftershocks are hardly any."""
    draw = np.random.default_rng(1)
    n = 60
    days = np.sort(draw.uniform(0, 1000, n))
    spread = draw.uniform(0.2, 3.8, n), draw.uniform(0.2, 3.8, n)
    burst = 500 + np.sort(draw.exponential(2, 200)) + 1e-3
    close = 2 + draw.normal(0, 0.02, 200), 2 + draw.normal(0, 0.02, 200)
    found = []
    for extra in (0, 200):
        time = np.datetime64("2000-01-01", "us") + (
            np.concatenate([days, [500.0], burst[:extra]]) * 86_400e6
        ).astype("timedelta64[us]")
        place = (np.concatenate([spread[k], [2.0], close[k][:extra]]) for k in (0, 1))
        magnitude = np.concatenate([np.full(n, 3.1), [6.0], np.full(extra, 3.1)])
        catalogue = make_catalogue(time, *place, magnitude)
        region, windows = (
            box(0, 4, 0, 4),
            Windows(catalogue.time_utc[0].astype("M8[D]").astype("M8[us]"), 0, 0, 1000, 1000, 1000),
        )
        grid = make_task_grid(region, MODELS.settings.data)
        models = with_prior(
            general().priors["the demo"], Cut(catalogue, region, grid, windows, 3.0), MODELS.settings
        )
        inside = models.background.sum() / (models.etas.mu * region.area_km2)
        assert 0.8 < inside < 1.01  # kernels reach beyond the region
        found.append(float(models.background.sum()) * 1000)
    assert found[0] == pytest.approx(n, rel=0.3)
    assert found[1] < found[0] + 40


def test_settings_of_a_region_come_from_its_catalogue() -> None:
    settings, said = own_settings(general(), CATALOGUE)
    assert not said
    assert settings.data.bounds == (0, 4, 0, 4)
    assert settings.data.min_magnitude is not None
    assert settings.horizons_days == MODELS.settings.horizons_days
    wide = replace(CATALOGUE, longitude=CATALOGUE.longitude * 40, latitude=CATALOGUE.latitude * 20)
    given = general()
    fine = given.settings.data.model_copy(update={"cell_deg": 0.25})
    settings, said = own_settings(
        replace(given, settings=given.settings.model_copy(update={"data": fine})), wide
    )
    assert settings.data.cell_deg == 1.0
    assert "cells of" in said[0]
    at_once = replace(CATALOGUE, time_utc=np.full(len(CATALOGUE), CATALOGUE.time_utc[0]))
    with pytest.raises(InputError, match="have one time"):
        own_settings(general(), at_once)
    late = CATALOGUE.time_utc > CATALOGUE.time_utc[len(CATALOGUE) // 2]
    mixed = CATALOGUE[late | (CATALOGUE.magnitude >= 4)]
    settings, said = own_settings(general(), mixed)
    assert "completeness changes with time" in said[0]
    assert settings.data.min_magnitude >= 4
