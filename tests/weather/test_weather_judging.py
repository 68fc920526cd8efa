"""Scores by their definitions, and baselines by what they must do on processes that are known."""

import numpy as np
import pytest
from fake_fields import fake_fields, quiet

from terrella.engine.judge.bootstrap import make_blocks
from terrella.weather.baselines.climatology import Climatology, days_of_year, fit_climatology
from terrella.weather.baselines.damped import fit_damped
from terrella.weather.data.convert import Wanted, convert
from terrella.weather.data.store import open_store
from terrella.weather.judging.forecasts import Forecaster
from terrella.weather.judging.judged import judge_forecasts, score_weights, starts_within
from terrella.weather.judging.sums import Sums, globe_means, member_means, spectrum


@pytest.fixture(scope="module")
def store(waves):
    return open_store(waves)


def test_scores_of_one_forecast_are_those_of_the_definitions(store):
    drawn = np.random.default_rng(0)
    forecast, truth, mean = drawn.standard_normal((3, 4, store.points, len(store.channels))).astype(
        np.float32
    )
    weights = score_weights(store)
    square, correlation, error = globe_means(forecast, truth, mean, weights)
    area = np.repeat(np.diff(np.sin(np.deg2rad(np.linspace(-90, 90, 9)))), 16)
    area /= area.sum()
    for start, channel in ((0, 0), (3, 2)):
        f, t, m = (each[start % len(each), :, channel].astype(float) for each in (forecast, truth, mean))
        assert square[start, channel] == pytest.approx((area * (f - t) ** 2).sum())
        assert error[start, channel] == pytest.approx((area * (f - t)).sum(), abs=1e-12)
        size = np.sqrt((area * (f - m) ** 2).sum() * (area * (t - m) ** 2).sum())
        assert correlation[start, channel] == pytest.approx((area * (f - m) * (t - m)).sum() / size)
    assert globe_means(truth, truth, mean, weights)[1] == pytest.approx(1)
    assert (globe_means(mean, truth, mean, weights)[1] == 0).all()


def test_the_rmse_is_the_root_of_the_mean_over_time_and_area():
    square = np.array([[[1.0]], [[9.0]], [[2.0]]])
    sums = Sums(square, square / 10, square, square, square)
    blocks = make_blocks([0, 1, 2], 1, 100)
    found = sums.resampled("rmse", blocks)
    assert found[0, 0, 0] == pytest.approx(2.0)  # and not the mean of 1, 3 and 1.41
    assert found.min() >= 1
    assert found.max() <= 3
    assert sums.resampled("acc", blocks)[0, 0, 0] == pytest.approx(0.4)


def test_the_crps_of_members_is_fair_and_that_of_one_is_its_error():
    drawn = np.random.default_rng(0)
    weights = np.full((5000, 1), 1 / 5000)
    truth = drawn.standard_normal((1, 5000, 1)).astype(np.float32)
    expected = 1 / np.sqrt(np.pi)  # of a standard normal for itself: E|x − y| − E|x − x'| / 2
    for number in (2, 3, 10):  # unbiased however few they are
        members = drawn.standard_normal((number, 1, 5000, 1)).astype(np.float32)
        crps, variance = member_means(members, truth, weights)
        assert crps[0, 0] == pytest.approx(expected, abs=0.03)
        assert variance[0, 0] == pytest.approx(1, abs=0.06)
    few = np.array([1.0, 4.0, 2.0], np.float32).reshape(3, 1, 1, 1)
    fair = np.mean([2.0, 1.0, 1.0]) - (3 + 1 + 2) / (3 * 2)  # of 3, by hand
    assert member_means(few, np.full((1, 1, 1), 3.0, np.float32), np.ones((1, 1)))[0][0, 0] == pytest.approx(
        fair
    )
    one = member_means(few[:1], np.full((1, 1, 1), 3.0, np.float32), np.ones((1, 1)))
    assert (one[0][0, 0], one[1][0, 0]) == (2.0, 0.0)


def test_members_that_differ_as_the_truth_does_have_a_spread_of_their_skill():
    drawn = np.random.default_rng(1)
    weights = np.full((5000, 1), 1 / 5000)
    found = []
    for _ in range(4):
        truth = drawn.standard_normal((1, 5000, 1)).astype(np.float32)
        members = drawn.standard_normal((4, 1, 5000, 1)).astype(np.float32)
        means = globe_means(members.mean(axis=0), truth, 0 * truth, weights)
        found.append([*means, *member_means(members, truth, weights)])
    sums = Sums(*(np.stack([each[kind] for each in found]) for kind in range(5)), members=4)
    blocks = make_blocks(range(4), 1, 10)
    assert sums.resampled("spread_skill", blocks)[0, 0, 0] == pytest.approx(1, abs=0.03)


def test_the_power_of_a_wave_is_at_its_wavenumber_and_adds_up_to_the_mean_square():
    latitude, longitude = np.array([-60.0, 0, 60]), np.arange(0, 360, 22.5)
    field = (
        np.broadcast_to(3 + 2 * np.cos(np.deg2rad(5 * longitude)), (1, 3, 16))
        .reshape(1, -1, 1)
        .astype(np.float32)
    )
    power = spectrum(field, latitude, 16)[0, 0]
    assert power.argmax() == 0
    np.testing.assert_allclose(power[[0, 5]], [9, 2], rtol=1e-6)
    drawn = np.random.default_rng(0).standard_normal((1, 16, 1)).astype(np.float32)
    assert spectrum(drawn, np.zeros(1), 16).sum() == pytest.approx(np.square(drawn).mean())


def test_a_perfect_forecast_has_no_error_and_persistence_that_of_the_change(store):
    def perfect(store, first, steps):
        return (store.states(first + step) for step in steps)

    def persistence(store, first, steps):
        return (store.states(first) for _ in steps)

    climatology = Climatology(np.zeros((1, 1, store.points, len(store.channels)), np.float32), 6)
    starts = starts_within(store, (store.times[0], store.times[-1]), 8, 24)
    assert (np.diff(starts) == 4).all()
    assert starts[-1] + 8 < len(store.times)
    forecasters = [Forecaster("network", perfect, True), Forecaster("persistence", persistence)]
    judged = judge_forecasts(store, forecasters, climatology, starts, (4, 8), quiet)
    assert (judged.sums["network"].square == 0).all()
    assert judged.sums["network"].correlation == pytest.approx(1)
    np.testing.assert_allclose(judged.spectra["network"], judged.spectra["truth"])
    change = store.states(starts + 8).astype(float) - store.states(starts)
    expected = np.einsum("spc,pc->sc", change**2, score_weights(store))
    np.testing.assert_allclose(judged.sums["persistence"].square[:, 1], expected, rtol=1e-5)


def test_damped_persistence_finds_the_coefficient_of_an_autoregression(tmp_path):
    drawn = np.random.default_rng(0)
    data = fake_fields(400)
    anomaly = np.zeros((400, 8, 16))
    for at in range(1, 400):
        anomaly[at] = 0.8 * anomaly[at - 1] + 0.6 * drawn.standard_normal((8, 16))
    data["2m_temperature"] = data["2m_temperature"] * 0 + 280 + anomaly.astype(np.float32)
    data["2m_temperature"].attrs["units"] = "K"
    data.to_netcdf(tmp_path / "ar.nc", engine="h5netcdf")
    convert([str(tmp_path / "ar.nc")], tmp_path / "ar.zarr", quiet, Wanted(variables=("t2m",)))
    store = open_store(tmp_path / "ar.zarr")
    states = np.arange(400)
    climatology = fit_climatology(store, states)
    damped = fit_damped(store, climatology, states, (1, 3))
    np.testing.assert_allclose(damped.left[1], 0.8, atol=0.05)
    np.testing.assert_allclose(damped.left[3], 0.512, atol=0.08)
    start = np.array([100])
    ahead = damped.forecast(store, climatology, start, 1)
    mean = climatology.at(store.times[start + 1])
    now = store.states(start) - climatology.at(store.times[start])
    left = np.repeat(damped.left[1], 16, axis=0)
    np.testing.assert_allclose(ahead, mean + left * now, rtol=1e-6)


def test_the_climatology_of_a_season_and_a_day_is_found(tmp_path):
    data = fake_fields(2 * 1461, columns=4, rows=4)[["2m_temperature"]]
    times = data["time"].values.astype("datetime64[s]")
    season = 10 * np.cos(2 * np.pi * days_of_year(times) / 365.25)
    hour = np.where((times.astype(int) // 3600) % 24 == 12, 3.0, 0.0)
    noise = np.random.default_rng(0).standard_normal(len(times))
    values = 280 + season + hour + noise
    data["2m_temperature"] = data["2m_temperature"] * 0 + values[:, None, None].astype(np.float32)
    data["2m_temperature"].attrs["units"] = "K"
    data.to_netcdf(tmp_path / "year.nc", engine="h5netcdf")
    convert([str(tmp_path / "year.nc")], tmp_path / "year.zarr", quiet)
    store = open_store(tmp_path / "year.zarr")
    found = fit_climatology(store, np.arange(len(times))).at(store.times)[:, 0, 0]
    assert np.abs(found - (280 + season + hour)).max() < 1.0  # of a single state it would be 4
    assert np.abs(found - (280 + season + hour)).mean() < 0.25
    short = fit_climatology(store, np.arange(80)).at(store.times[:8])[:, 0, 0]
    assert short[2] - short[:2].mean() == pytest.approx(3, abs=1)  # less than a year: by hour alone
    np.testing.assert_array_equal(short[:4], short[4:])
