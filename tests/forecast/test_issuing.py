"""What is issued: neither counts nor probabilities fall with the horizon, and futures come to the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.engine.use.bundle import load_bundle
from terrella.forecast.calibration import Calibration
from terrella.forecast.futures_command import outlook_of
from terrella.forecast.issuing import issue
from terrella.forecast.models import ETAS_, NETWORK, Gain, Models, etas_and_network
from terrella.forecast.prediction import forecaster_at, grid_forecasts
from terrella.forecast.simulation.futures import simulate_counts
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.read import read_catalogue

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
TIME = np.datetime64("2008-03-01T06:00:00", "us")
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0]
MODELS = from_bundle(load_bundle(BEFORE / "finished", "forecast"))
SURE, UNSURE = Gain(0.1, 0.05, 0.2), Gain(0.1, -0.05, 0.2)
HORIZONS = len(MODELS.horizons_days)


def models_of(gains: list[Gain], line: Calibration = Calibration(), by_span: bool = True) -> Models:  # noqa: B008
    """Return the models with the same calibration for all, and a network that changes much."""
    network = MODELS.network
    assert network is not None
    network.by_span = by_span
    calibrations = dict.fromkeys(MODELS.calibrations, (line,) * HORIZONS)
    return replace(MODELS, gains=tuple(gains), calibrations=calibrations, by_span=by_span)


@given(
    trust=st.lists(st.booleans(), min_size=HORIZONS, max_size=HORIZONS), by_span=st.booleans(),
    intercept=st.floats(-2, 2), slope=st.floats(0.3, 1.6),
    level=st.floats(-3, 3), bend=st.floats(-1.2, 0), hours=st.integers(0, 4000), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_nothing_falls_with_the_horizon(trust, by_span, intercept, slope, level, bend, hours, seed):
    line = Calibration(intercept, slope, level, bend)
    models = models_of([SURE if each else UNSURE for each in trust], line, by_span)
    time = TIME + np.timedelta64(hours, "h")
    torch.manual_seed(seed)
    head = models.network.head.weight
    kept = head.detach().clone()
    with torch.no_grad():
        head.normal_(0, 0.3)
    try:
        forecast, etas = grid_forecasts(forecaster_at(models, CATALOGUE, time), time)
    finally:
        with torch.no_grad():
            head.copy_(kept)
    for grid in (forecast, etas):
        for values in (grid.expected_count, grid.probability):
            inside = values[..., grid.grid.mask]
            assert np.isfinite(inside).all()
            assert (np.diff(inside, axis=0) >= 0).all()


def test_beyond_the_last_certain_horizon_etas_follows():
    models = models_of([SURE, *[UNSURE] * (HORIZONS - 1)])
    forecaster = forecaster_at(models, CATALOGUE, TIME)
    found, network, etas = (issue(forecaster, TIME, name) for name in (None, NETWORK, ETAS_))
    assert found.names == (NETWORK, *["network to 1 d, then ETAS"] * (HORIZONS - 1))
    torch.testing.assert_close(found.mean[0], network.mean[0])
    torch.testing.assert_close(found.mean[1:] - found.mean[:1], etas.mean[1:] - etas.mean[:1])
    assert issue(
        forecaster_at(models_of([UNSURE] + [SURE] * (HORIZONS - 1)), CATALOGUE, TIME), TIME
    ).names == ((ETAS_,) * HORIZONS)


def test_what_etas_expects_is_not_recalibrated():
    forecaster = forecaster_at(models_of([SURE] * HORIZONS, Calibration(0.7)), CATALOGUE, TIME)
    day = np.array([(TIME - MODELS.epoch) / np.timedelta64(1, "D")])
    plain = etas_and_network(forecaster, day, tuple(range(HORIZONS)))
    found = issue(forecaster, TIME, ETAS_)
    torch.testing.assert_close(
        found.etas, torch.exp(torch.stack([each[ETAS_].log_mean[0] for each in plain]))
    )
    torch.testing.assert_close(found.mean, found.etas * float(np.exp(0.7)))


@pytest.mark.parametrize("days", [0.01, 1.0, 3.0, 7.0, 400.0])
def test_a_window_between_horizons_lies_between_them(days):
    found = issue(forecaster_at(models_of([SURE] * HORIZONS), CATALOGUE, TIME), TIME)
    expected, etas = found.within(days)
    ratios = (found.mean / found.etas).double().numpy()
    if days in MODELS.horizons_days:
        np.testing.assert_allclose(expected / etas, ratios[MODELS.horizons_days.index(days)], rtol=1e-5)
    assert (expected / etas >= ratios.min(0) * 0.9999).all()
    assert (expected / etas <= ratios.max(0) * 1.0001).all()
    last = MODELS.horizons_days[-1]
    assert (f"after {last:g} d, its last horizon" in found.name_within(days)) == (days > last)


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_futures_come_to_what_predict_says(factor):
    """Twice: against the forecast, and against the same futures without the factor."""
    days = MODELS.horizons_days[-1]
    counts = []
    for intercept in (0.0, np.log(factor)):
        models = models_of([UNSURE] * HORIZONS, Calibration(float(intercept)))
        forecaster = forecaster_at(models, CATALOGUE, TIME)
        issued = issue(forecaster, TIME)
        outlook = outlook_of(forecaster, TIME, days, issued)
        counts.append(simulate_counts(outlook, models.grid, 6000, seed=3).count)
    plain, scaled = counts
    error = np.hypot(scaled.std(), factor * plain.std()) / np.sqrt(6000)
    assert error < 0.05 * scaled.mean()
    assert abs(scaled.mean() - factor * plain.mean()) < 4 * error
    # Descendants that leave the region are counted where their ancestor is by the forecast alone.
    assert (
        0.85 * float(issued.mean[-1].sum()) - 4 * error
        < scaled.mean()
        < float(issued.mean[-1].sum()) + 4 * error
    )
