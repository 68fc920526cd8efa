"""The likelihood of ETAS against a double loop, its gradient, its fit, and the published benchmark."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.earth.sphere import distance_km, unit_vectors
from terrella.engine.fit.interruption import held_interruption
from terrella.errors import InputError
from terrella.forecast.etas import fit as etas_fit
from terrella.forecast.etas.background import smoothed_shape
from terrella.forecast.etas.fit import etas_remarks, fit_etas
from terrella.forecast.etas.likelihood import (
    kernel_parameters,
    log_likelihood,
    make_window,
    npp_score,
    triggered_integral,
)
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.etas.pairs import sample_pairs, sampled_intensity, triggered_intensity
from terrella.forecast.simulation.process import Process
from terrella.forecast.simulation.simulate import simulate
from terrella.formats.catalogues.catalogue import make_catalogue
from terrella.formats.catalogues.read import read_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
AREA = 40_000.0


def day(days: float) -> np.datetime64:
    return EPOCH + np.timedelta64(round(days * 86_400e6), "us")


def triggered(model: ETAS, catalogue, j: int) -> float:
    """Return Σ of the kernel at event j, one source at a time, with great-circle distances."""
    days = catalogue.days_since(EPOCH)
    total = 0.0
    for i in range(j):
        t = days[j] - days[i]
        if t <= 0:
            continue
        r = distance_km(
            catalogue.longitude[i], catalogue.latitude[i], catalogue.longitude[j], catalogue.latitude[j],
            EARTH_RADIUS_KM,
        )  # fmt: skip
        step = catalogue.magnitude[i] - model.min_magnitude
        in_time = np.exp(-t / model.tau_days) / (t + model.c_days) ** (1 + model.omega)
        zone = model.d_km2 * np.exp(model.gamma * step)
        total += model.k0 * np.exp(model.a * step) * in_time / (r * r + zone) ** (1 + model.rho)
    return total


def test_log_likelihood_is_that_of_a_double_loop(catalogue, etas):
    window = make_window(catalogue, EPOCH, day(100), day(600), 2.5)
    known = catalogue.between(EPOCH, day(600))
    days = known.days_since(EPOCH)
    targets = np.flatnonzero(days >= 100)
    logs = sum(np.log(etas.mu + triggered(etas, known, j)) for j in targets)
    shares = etas.time_cdf(600 - days) - etas.time_cdf(np.maximum(100 - days, 0))
    integral = etas.mu * AREA * 500 + float(etas.productivity(known.magnitude) @ shares)
    assert log_likelihood(etas, window, AREA) == pytest.approx(logs - integral, rel=1e-5)


def test_benchmark_score_is_that_of_its_definition(catalogue, etas):
    """Three lines of the benchmark's definition, summed event by event."""
    start, end = day(500), day(730)
    score = npp_score(etas, catalogue, EPOCH, start, end, AREA, magnitude_bin=0.0)
    days = catalogue.days_since(EPOCH)
    targets = np.flatnonzero(days >= 500)
    number = etas.productivity(catalogue.magnitude)

    def until(event: int, t: float) -> float:
        return float(number[:event] @ etas.time_cdf(t - days[:event]))

    first, last = targets[0], targets[-1]
    integral = etas.mu * AREA * (days[last] - 500) + until(last, days[last]) - until(first, days[first])
    logs = sum(np.log(etas.mu + triggered(etas, catalogue, j)) for j in targets)
    assert score.nll == pytest.approx(-(logs - integral) / len(targets), rel=1e-5)
    assert score.nll == pytest.approx(-(score.temporal + score.spatial), rel=1e-9)


def test_gradient_is_that_of_differences(catalogue):
    window = make_window(catalogue, EPOCH, day(100), day(730), 2.5)
    shape = smoothed_shape(
        window.longitude[window.first_target :], window.latitude[window.first_target :],
        np.ones(window.n_targets), np.full(window.n_targets, 10.0), window.longitude[window.first_target :],
        window.latitude[window.first_target :], leave_one_out=True,
    )  # fmt: skip
    problem = etas_fit._Problem(window, AREA, shape)
    x = etas_fit._start(problem)
    pairs = etas_fit._draw(x, problem, None)
    loss, gradient, _ = etas_fit._loss(x, problem, pairs)
    assert np.isfinite(loss)
    for k in range(len(x)):
        step = 1e-4 * (np.arange(len(x)) == k)
        up, down = (etas_fit._loss(x + s, problem, pairs)[0] for s in (step, -step))
        assert gradient[k] == pytest.approx((up - down) / 2e-4, rel=2e-3, abs=2e-2)


@pytest.mark.parametrize("omega", [-0.3, 0.0, 0.4])
def test_expected_number_has_the_slopes_of_differences(catalogue, etas, omega):
    window = make_window(catalogue, EPOCH, day(100), day(700), 2.5)
    theta = kernel_parameters(replace(etas, omega=omega))
    logarithmic = np.array([True, False, True, False, True, True, False, False])
    _, slopes = triggered_integral(window, theta)
    for k in range(8):
        h = 1e-4 * (np.arange(8) == k)
        up, down = (np.where(logarithmic, theta * np.exp(s), theta + s) for s in (h, -h))
        difference = (triggered_integral(window, up)[0] - triggered_integral(window, down)[0]) / 2e-4
        assert slopes[k] == pytest.approx(difference, rel=1e-4), k


@given(
    log_c=st.floats(-12, 1), omega=st.floats(-0.5, 1.5), log_tau=st.floats(6, 11), log_d=st.floats(-8, 8),
    gamma=st.floats(-0.5, 3), rho=st.floats(0.05, 4),
)  # fmt: skip
@settings(deadline=None, max_examples=15)
def test_tables_follow_powers_and_exponentials(log_c, omega, log_tau, log_d, gamma, rho):
    draw = np.random.default_rng(3)
    days = np.sort(draw.uniform(0, 3000, 80))
    longitude, latitude, step = draw.uniform(0, 1, 80), draw.uniform(40, 41, 80), draw.exponential(0.5, 80)
    theta = np.array([0.01, 1.5, np.exp(log_c), omega, np.exp(log_tau), np.exp(log_d), gamma, rho])
    found = triggered_intensity(days, unit_vectors(longitude, latitude), step, 0, theta, EARTH_RADIUS_KM)
    t = days[:, None] - days
    r = distance_km(longitude[:, None], latitude[:, None], longitude, latitude, EARTH_RADIUS_KM)
    zone = theta[5] * np.exp(gamma * step)
    earlier = np.tril(np.ones((80, 80), bool), -1)
    in_time = np.exp(-t / theta[4], where=earlier, out=0 * t) * np.where(earlier, t + theta[2], 1) ** -(
        1 + omega
    )
    expected = (theta[0] * np.exp(1.5 * step) * in_time * (r * r + zone) ** -(1 + rho)).sum(1)
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_sampled_pairs_stand_for_all(catalogue, etas):
    window = make_window(catalogue, EPOCH, day(50), day(730), 2.5)
    theta = kernel_parameters(etas)
    events = window.days, window.points, window.step, window.first_target
    whole = triggered_intensity(*events, theta, EARTH_RADIUS_KM)
    pairs = sample_pairs(*events, theta, (whole + etas.mu) / 40, EARTH_RADIUS_KM)
    for factor in (1.0, 1.15):
        exact = triggered_intensity(*events, theta * factor, EARTH_RADIUS_KM)
        sampled, _ = sampled_intensity(pairs, window.step, theta * factor)
        error = np.log((sampled + etas.mu) / (exact + etas.mu))
        assert np.abs(error).max() < 0.05
        assert abs(error.mean()) < 0.003


@pytest.fixture(scope="module")
def simulated():
    """A stationary isotropic ETAS catalogue of some 4,000 events, and the model behind it."""
    lattice = make_grid(box(0, 3, 0, 3), 0.5)
    model = ETAS(
        mu=0.25 / float(lattice.area_km2.sum()), k0=1.0, a=1.9, c_days=0.02, omega=0.15, tau_days=1000.0,
        d_km2=1.0, gamma=0.8, rho=0.8, min_magnitude=3.0, beta=2.3,
    )  # fmt: skip
    ones = np.ones(lattice.mask.shape)
    process = Process(
        model, 7.0, lattice, 0.25 * lattice.area_km2 / lattice.area_km2.sum(), 0 * ones, ones, 1.0
    )
    scaled = ETAS(**{**model.to_dict(), "k0": 0.6 / process.branching_ratio()})
    process = Process(scaled, 7.0, lattice, process.background_per_day, 0 * ones, ones, 1.0)
    return simulate(process, "1990-01-01", "2008-01-01", seed=4), scaled, float(lattice.area_km2.sum())


def test_a_fit_recovers_the_parameters_of_a_simulated_catalogue(simulated):
    catalogue, model, area = simulated
    start, end = np.datetime64("1994-01-01", "us"), np.datetime64("2008-01-01", "us")
    fit = fit_etas(catalogue, area, np.datetime64("1990-01-01", "us"), start, end, 3.0)
    assert fit.converged
    window = make_window(catalogue, np.datetime64("1990-01-01", "us"), start, end, 3.0)
    assert fit.log_likelihood > log_likelihood(model, window, area)
    for name in ("a", "c_days", "omega", "d_km2", "gamma", "rho"):
        error = fit.standard_errors[name]
        assert abs(getattr(fit.model, name) - getattr(model, name)) < 4 * error, name
    assert fit.model.mu == pytest.approx(model.mu, rel=0.35)
    assert fit.model.branching_ratio(7.0) == pytest.approx(model.branching_ratio(7.0), abs=0.15)


def test_a_smoothed_background_finds_where_events_begin(simulated):
    catalogue, _, area = simulated
    west = catalogue[catalogue.longitude < 1.4]
    start, end = np.datetime64("1994-01-01", "us"), np.datetime64("2008-01-01", "us")
    fit = fit_etas(west, area, np.datetime64("1990-01-01", "us"), start, end, 3.0, background="smoothed")
    assert fit.model.background is not None
    inside = fit.model.background.density(np.array([0.7]), np.array([1.5]))[0]
    outside = fit.model.background.density(np.array([2.7]), np.array([1.5]))[0]
    assert inside > 5 * outside > 0


def test_a_fit_that_did_not_converge_says_so(catalogue, monkeypatch):
    monkeypatch.setattr(etas_fit, "_EVALUATIONS", 3)
    fit = fit_etas(catalogue, AREA, EPOCH, day(100), day(730), 2.5)
    assert not fit.converged
    assert "did NOT converge: no maximum" in fit.message


def test_too_few_events_are_refused(catalogue):
    with pytest.raises(InputError, match="fitting ETAS takes at least 50"):
        fit_etas(catalogue, AREA, EPOCH, day(10), day(20), 2.5)


def test_events_of_one_time_and_place_do_not_break_the_fit(catalogue):
    double = make_catalogue(
        np.repeat(catalogue.time_utc, 2), np.repeat(catalogue.longitude, 2), np.repeat(catalogue.latitude, 2),
        np.repeat(catalogue.magnitude, 2),
    )  # fmt: skip
    fit = fit_etas(double, AREA, EPOCH, day(100), day(730), 2.5)
    assert np.isfinite(fit.log_likelihood)


def test_california_is_fitted_at_its_maximum(shared_data):
    """No parameter can be moved by half a standard error without losing likelihood, over all pairs."""
    npp = json.loads((shared_data / "forecast" / "earthquakenpp_comcat25.json").read_text())
    catalogue, _ = read_catalogue(shared_data / "forecast" / "california_m25.parquet")
    times = [np.datetime64(npp[name], "us") for name in ("auxiliary_start", "training_start", "test_start")]
    fit = fit_etas(catalogue, npp["area_km2"], *times, 4.0)
    assert fit.converged
    window = make_window(catalogue, *times, 4.0)
    assert fit.log_likelihood == pytest.approx(log_likelihood(fit.model, window, npp["area_km2"]), abs=1e-6)
    for name in ("k0", "a", "c_days", "omega", "d_km2", "gamma", "rho"):
        for half in (-0.5, 0.5):
            moved = replace(fit.model, **{name: getattr(fit.model, name) + half * fit.standard_errors[name]})
            assert log_likelihood(moved, window, npp["area_km2"]) < fit.log_likelihood, (name, half)


def test_a_signal_waits_for_compiled_code():
    done = []

    def work() -> None:
        with held_interruption():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done


def test_a_fit_that_is_in_doubt_says_why(etas) -> None:
    assert etas_remarks(etas) == []
    (held,) = etas_remarks(replace(etas, tau_days=1e5))
    assert held == "at their bounds: tau_days"
    growing = replace(etas, k0=etas.k0 * 1.2 / etas.branching_ratio())
    (said,) = etas_remarks(growing)
    assert "branching ratio of 1.20, 1 or more" in said
