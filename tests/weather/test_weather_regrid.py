"""Conservative regridding, statistics and forcings, against what is known of them."""

import numpy as np
import pytest
import xarray as xr
from fake_fields import fake_fields, quiet

from terrella.errors import InputError
from terrella.weather.data.convert import Wanted, convert
from terrella.weather.data.forcings import (
    SOLAR_CONSTANT,
    day_progress,
    forcings_at,
    mean_radiation,
    year_progress,
)
from terrella.weather.data.regrid import Regrid, area_weights, named_grid
from terrella.weather.data.statistics import Streaming, from_files
from terrella.weather.data.store import open_store

GRIDS = ["64x32", "240x121", "36x18"]


def mean(field, latitude):
    return float((area_weights(latitude)[:, None] * field).mean())


@pytest.mark.parametrize("source", GRIDS)
@pytest.mark.parametrize("target", GRIDS)
def test_regridding_keeps_the_mean_over_the_globe_and_constants(source, target):
    old, new = named_grid(source), named_grid(target)
    regrid = Regrid.between(old, new)
    field = np.random.default_rng(0).standard_normal((len(old[0]), len(old[1]))).astype(np.float32)
    assert mean(regrid(field), new[0]) == pytest.approx(mean(field, old[0]), abs=2e-6)
    np.testing.assert_allclose(regrid(np.full_like(field, 3.0)), 3.0, rtol=1e-6)


def test_cells_of_a_grid_of_half_the_resolution_hold_the_mean_of_those_within():
    old, new = named_grid("32x16"), named_grid("16x8")
    field = np.random.default_rng(1).standard_normal((16, 32))
    area = area_weights(old[0])[:, None] * np.ones((1, 32))
    shifted = new[0], new[1] + 360 / 64  # edges of the new cells are edges of old ones
    blocks = (field * area).reshape(8, 2, 16, 2).sum((1, 3)) / area.reshape(8, 2, 16, 2).sum((1, 3))
    np.testing.assert_allclose(Regrid.between(old, shifted)(field), blocks, rtol=1e-5, atol=1e-6)


def test_a_field_that_is_shifted_around_the_globe_is_shifted_after_regridding_too():
    old, new = named_grid("32x16"), named_grid("16x8")
    regrid = Regrid.between(old, new)
    field = np.random.default_rng(2).standard_normal((16, 32))
    np.testing.assert_allclose(
        regrid(np.roll(field, 6, axis=1)), np.roll(regrid(field), 3, axis=1), rtol=1e-5, atol=1e-6
    )


def test_missing_cells_do_not_weigh_and_cells_that_are_mostly_missing_stay_so():
    old, new = named_grid("32x16"), named_grid("16x8")
    field = np.full((16, 32), 2.0)
    field[:, :16] = np.nan
    found = Regrid.between(old, new)(field)
    assert np.isnan(found[:, 2:6]).all()
    np.testing.assert_allclose(found[np.isfinite(found)], 2.0)


def test_a_grid_that_is_none_is_refused():
    for name in ("64", "x", "2x2", "64x32x1"):
        with pytest.raises(InputError, match="longitudes × latitudes expected, such as 64x32"):
            named_grid(name)


def test_streamed_statistics_are_those_of_all_states_at_once(waves):
    store = open_store(waves)
    states = store.read(0, len(store.times)).astype(float)
    area = np.repeat(area_weights(store.latitude), len(store.longitude))
    area /= area.sum()
    average = np.einsum("tpc,p->c", states, area) / len(states)
    std = np.sqrt(np.einsum("tpc,p->c", (states - average) ** 2, area) / len(states))
    change = np.diff(states, axis=0)
    shift = np.einsum("tpc,p->c", change, area) / len(change)
    changed = np.sqrt(np.einsum("tpc,p->c", (change - shift) ** 2, area) / len(change))
    np.testing.assert_allclose(store.statistics.mean, average, rtol=1e-6)
    np.testing.assert_allclose(store.statistics.std, std, rtol=1e-5)
    np.testing.assert_allclose(store.statistics.difference_std, changed, rtol=1e-4)


def test_differences_do_not_reach_across_a_gap():
    states = np.zeros((4, 2, 1), np.float32)
    states[2:] = 100.0
    found = Streaming(1, np.ones(2))
    found.add(states[:2], [False, True])
    found.add(states[2:], [False, True])
    assert found.result().difference_std[0] == 0
    with pytest.raises(InputError, match="no two states are one step apart"):
        Streaming(1, np.ones(2)).result()


def test_statistics_of_others_are_read_by_variable_and_level(shared_data, tmp_path):
    folder = shared_data / "weather" / "more" / "era5_stats"
    if not folder.is_dir():
        pytest.skip("the statistics are not among the shared data")
    channels = [("geopotential", 500), ("mean_sea_level_pressure", None), ("2m_temperature", None)]
    for name in ("ucast", "otter"):
        own = tmp_path / name
        own.mkdir()
        for path in folder.glob(f"{name}*.nc"):
            (own / path.name).symlink_to(path)
        found = from_files(own, channels)
        np.testing.assert_allclose(found.mean, [54078, 100963, 278.2], rtol=1e-3)
        assert ((found.difference_scale > 0.05) & (found.difference_scale < 0.25)).all()
    assert from_files(folder, [("temperature", 975)]).mean[0] == pytest.approx(280, abs=5)
    with pytest.raises(InputError, match="no level 501 hPa"):
        from_files(folder, [("geopotential", 501)])


@pytest.mark.parametrize("day", ["2001-03-20", "2001-06-21", "2001-09-05", "2001-12-21"])
def test_radiation_is_the_arithmetic_daily_insolation(day):
    latitude = np.array([-85.0, -45, 0, 30, 65, 85])
    times = np.datetime64(day + "T06", "s") + np.arange(4) * np.timedelta64(6, "h")
    found = mean_radiation(times, latitude, np.arange(0, 360, 10.0), 6).mean((0, 2))
    # Spencer's (1971) series for declination and distance, and the integral over the day (Liou 2002, 2.2.21).
    turn = 2 * np.pi * ((np.datetime64(day) - np.datetime64(day[:4] + "-01-01")).astype(int) + 0.5) / 365
    series = 0.006918 - 0.399912 * np.cos(turn) + 0.070257 * np.sin(turn) - 0.006758 * np.cos(2 * turn)
    declination = (
        series + 0.000907 * np.sin(2 * turn) - 0.002697 * np.cos(3 * turn) + 0.00148 * np.sin(3 * turn)
    )
    near = 1.00011 + 0.034221 * np.cos(turn) + 0.00128 * np.sin(turn) + 0.000719 * np.cos(2 * turn)
    north = np.deg2rad(latitude)
    noon = np.arccos(np.clip(-np.tan(north) * np.tan(declination), -1, 1))
    sines, cosines = np.sin(north) * np.sin(declination), np.cos(north) * np.cos(declination)
    expected = SOLAR_CONSTANT / np.pi * near * (noon * sines + cosines * np.sin(noon))
    np.testing.assert_allclose(found, expected, atol=6.0)  # 1 % of what there is at a pole in summer


def test_the_sun_stands_over_the_meridian_where_it_is_noon():
    times = np.array(["2001-04-15T12:00"], "datetime64[s]")  # clocks and sun agree to half a minute
    longitude = np.arange(-180, 180, 1.0)
    flux = mean_radiation(times + np.timedelta64(30, "m"), np.array([10.0]), longitude, 1)[0, 0]
    assert longitude[flux.argmax()] == pytest.approx(0, abs=1)
    assert flux[:80].max() == 0
    assert flux.max() == pytest.approx(SOLAR_CONSTANT, rel=0.03)


def test_hours_and_seasons_turn_once_in_a_day_and_a_year():
    times = np.array(["2001-01-01T06", "2001-01-02T06"], "datetime64[s]")
    assert day_progress(times, np.array([0.0, 90.0]))[0].tolist() == [0.25, 0.5]
    later = times + np.timedelta64(365 * 86400 + 20926, "s")  # a tropical year
    np.testing.assert_allclose(year_progress(later), year_progress(times), atol=1e-6)
    known = forcings_at(times, np.array([0.0, 45.0]), np.array([0.0, 90.0]), 6, ("sun", "hour", "season"))
    assert known.shape == (2, 4, 5)
    np.testing.assert_allclose(known[..., 1] ** 2 + known[..., 2] ** 2, 1, rtol=1e-6)
    assert forcings_at(times, np.zeros(2), np.zeros(2), 6, ()).shape == (2, 4, 0)


def test_a_store_is_regridded_on_conversion_and_xarray_opens_it(tmp_path):
    fine = fake_fields(6, columns=32, rows=16)
    fine.to_netcdf(tmp_path / "fine.nc", engine="h5netcdf")
    wanted = Wanted(grid="16x8", levels=(850,), variables=("t", "2m_temperature"))
    convert([str(tmp_path / "fine.nc")], tmp_path / "coarse.zarr", quiet, wanted)
    with xr.open_zarr(tmp_path / "coarse.zarr") as data:
        assert dict(data.sizes) == {"time": 6, "level": 1, "latitude": 8, "longitude": 16}
        assert (data["time"] == fine["time"]).all()
        assert data["temperature"].dims == ("time", "level", "latitude", "longitude")
        area = np.cos(np.deg2rad(fine["latitude"]))
        whole = fine["temperature"].sel(level=850).weighted(area).mean(("latitude", "longitude"))
        weights = xr.DataArray(area_weights(data["latitude"].values), dims="latitude")
        own = data["temperature"].sel(level=850).weighted(weights).mean(("latitude", "longitude"))
        np.testing.assert_allclose(own, whole, rtol=1e-4)
        assert data["land_sea_mask"].dims == ("latitude", "longitude")
