"""Forecasts issued hours and minutes after large shocks: what is scored, and what they know."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from terrella.earth.sphere import distance_km
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.calibration import Calibration
from terrella.forecast.judging.after_shocks import (
    DELAYS_DAYS,
    LEAST_MAGNITUDE,
    AfterShocks,
    after_shocks,
    large_targets,
)
from terrella.forecast.judging.clusters import find_clusters, reach_km
from terrella.forecast.judging.judged import Closer
from terrella.forecast.judging.outcomes import cell_centres
from terrella.forecast.judging.score_files import further_scores
from terrella.forecast.learning.recalibration import cell_loss
from terrella.forecast.models import ETAS_, NETWORK, expectations, make_forecaster, observed_counts
from terrella.forecast.prediction import forecaster_at, grid_forecasts
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.read import read_catalogue

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0]
MODELS = from_bundle(load_bundle(BEFORE / "finished", "forecast"))
LINE = Calibration(0.2, 0.9, -1.0, -0.3)
MODELS = replace(MODELS, calibrations=dict.fromkeys(MODELS.calibrations, (LINE,) * len(MODELS.horizons_days)))
FORECASTER = make_forecaster(MODELS, CATALOGUE.above(MODELS.min_magnitude))
START, END = 2200.0, 3000.0


@pytest.fixture(scope="module")
def shocks() -> Catalogue:
    return large_targets(FORECASTER, START, END)


@pytest.fixture(scope="module")
def found(shocks: Catalogue) -> AfterShocks:
    clusters = find_clusters(FORECASTER.catalogue, MODELS.epoch, MODELS.min_magnitude + 1)
    return after_shocks(FORECASTER, shocks, END, clusters=clusters)


def test_shocks_are_the_large_ones_of_the_window_and_the_region(shocks: Catalogue) -> None:
    day = FORECASTER.catalogue.days_since(MODELS.epoch)
    large = (day >= START) & (day < END) & (FORECASTER.catalogue.magnitude >= LEAST_MAGNITUDE)
    assert 2 <= len(shocks) <= large.sum()
    assert shocks.magnitude.min() >= LEAST_MAGNITUDE


def test_rows_hold_what_models_expected_in_the_zone_and_what_happened(
    found: AfterShocks, shocks: Catalogue
) -> None:
    longitude, latitude = cell_centres(MODELS.grid)
    row = int(np.flatnonzero((found.shock == 1) & np.isclose(found.delay_days, DELAYS_DAYS[1]))[0])
    issue = shocks.days_since(MODELS.epoch)[[1]] + DELAYS_DAYS[1]
    far = distance_km(longitude, latitude, shocks.longitude[1], shocks.latitude[1])
    zone = np.flatnonzero(far <= max(reach_km(shocks.magnitude[1]), far.min()))
    for horizon, by_name in enumerate(expectations(FORECASTER, issue, (0, 1))):
        counts = observed_counts(FORECASTER, issue, horizon)
        assert found.observed[row, horizon] == counts[0, zone].sum()
        for name in found.expected:
            mean = torch.exp(LINE.log_mean(by_name[name].log_mean[0, zone])).sum()
            assert found.expected[name][row, horizon] == pytest.approx(float(mean), rel=1e-4)
            loss = cell_loss(by_name[name], counts, LINE)[0, zone].sum()
            assert found.losses[name][row, horizon] == pytest.approx(float(loss), rel=1e-4)


def test_horizons_beyond_the_window_are_left_out_and_sequences_are_resampled(
    found: AfterShocks, shocks: Catalogue
) -> None:
    day = shocks.days_since(MODELS.epoch)
    for horizon, days in enumerate(MODELS.horizons_days):
        ended = day[found.shock] + found.delay_days + days <= END
        np.testing.assert_array_equal(np.isfinite(found.observed[:, horizon]), ended)
    assert len(np.unique(found.sequence)) <= len(shocks)
    rows = found.rows(DELAYS_DAYS[0], 0)
    gain = found.gain(NETWORK, ETAS_, rows, 0, 50)
    better = (found.losses[ETAS_] - found.losses[NETWORK])[rows, 0].sum() / found.observed[rows, 0].sum()
    assert gain.value == pytest.approx(better)
    assert found.gain(ETAS_, ETAS_, rows, 0, 50).value == 0


def test_the_report_and_its_numbers_tell_of_the_hours(found: AfterShocks) -> None:
    closer = Closer(1.0, (), None, found)
    told = json.loads(json.dumps(further_scores([], closer, 20), allow_nan=False))["after_shocks"]
    assert {(each["hours"], each["horizon_days"]) for each in told} == {
        (hours, days) for hours in (1, 6, 24) for days in MODELS.horizons_days
    }
    first = told[0]
    rows = found.rows(DELAYS_DAYS[0], 0)
    assert first["observed"] == found.observed[rows, 0].sum()
    assert first["expected"][ETAS_] == pytest.approx(found.expected[ETAS_][rows, 0].sum(), rel=1e-4)
    assert {(g["model"], g["over"]) for g in first["gains"]} >= {(NETWORK, ETAS_)}


def test_a_forecast_knows_the_last_minutes() -> None:
    """Ten minutes after a shock of M 7 the forecast holds its aftershocks, and those of an event a minute old."""
    shock = CATALOGUE.time_utc[-1] + np.timedelta64(30, "D")
    place = float(np.mean(MODELS.grid.longitude_edges)), float(np.mean(MODELS.grid.latitude_edges))
    issue = shock + np.timedelta64(10, "m")

    def expected(*minutes_and_magnitudes: tuple[float, float]) -> float:
        minutes, magnitude = np.array(minutes_and_magnitudes).reshape(-1, 2).T
        number = len(minutes)
        time = np.append(CATALOGUE.time_utc, shock + (minutes * 60e6).astype("timedelta64[us]"))
        known = make_catalogue(
            time,
            np.append(CATALOGUE.longitude, [place[0]] * number),
            np.append(CATALOGUE.latitude, [place[1]] * number),
            np.append(CATALOGUE.magnitude, magnitude),
        )
        plain = dict.fromkeys(MODELS.calibrations, (Calibration(),) * len(MODELS.horizons_days))
        forecaster = forecaster_at(replace(MODELS, calibrations=plain), known, issue)
        _, etas = grid_forecasts(forecaster, issue)
        return float(np.nansum(etas.expected_count[0]))

    before, after, later = expected(), expected((0, 7.0)), expected((0, 7.0), (9, 7.0))
    etas, passed = MODELS.etas, 10 / 1440
    direct = etas.productivity(np.array([7.0]))[0] * (etas.time_cdf(1 + passed) - etas.time_cdf(passed))
    # Aftershocks of aftershocks come on top, some lie beyond the grid.
    assert before < 1 < 0.7 * direct < after < 2.5 * direct
    assert later > 1.5 * after
    assert expected((0, 7.0), (11, 7.0)) == after  # what comes after the issue time is not known
