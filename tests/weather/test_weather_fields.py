"""Fields of others: handled where it is certain, else refused in one line."""

import numpy as np
import pytest
import xarray as xr
from fake_fields import fake_fields, quiet

from terrella.errors import InputError
from terrella.weather.data.convert import Fields, Wanted, convert
from terrella.weather.data.store import open_store


@pytest.fixture
def converted(tmp_path):
    """Return a function that converts a dataset, and returns the store and what was said."""

    def run(data: xr.Dataset, wanted: Wanted | None = None, name: str = "fields.nc"):
        path = tmp_path / name
        if name.endswith(".zarr"):
            data.to_zarr(path, mode="w", consolidated=False)
        else:
            data.to_netcdf(path, engine="h5netcdf")
        said = convert([str(path)], tmp_path / "out.zarr", quiet, wanted)
        return open_store(tmp_path / "out.zarr"), "\n".join(said)

    return run


def states(store):
    return store.read(0, len(store.times))


def test_netcdf_and_zarr_give_the_same_states_and_those_of_the_file(converted):
    data = fake_fields(12)
    store, _ = converted(data)
    again, _ = converted(data, name="fields.zarr")
    np.testing.assert_array_equal(states(store), states(again))
    turned = data.isel(latitude=slice(None, None, -1))
    number = [channel.short for channel in store.channels].index("Z850")
    expected = turned["geopotential"].sel(level=850).values.reshape(12, -1)
    np.testing.assert_array_equal(states(store)[:, :, number], expected)
    assert (np.diff(store.latitude) > 0).all()
    assert set(store.static) == {"geopotential_at_surface", "land_sea_mask"}


def test_names_of_the_cds_and_its_versions_along_time_are_understood(converted):
    data = fake_fields(8)
    cds = data.rename(
        {
            "time": "valid_time",
            "level": "pressure_level",
            "geopotential": "z",
            "temperature": "t",
            "2m_temperature": "t2m",
        }
    ).assign_coords(expver=("valid_time", ["0001"] * 6 + ["0005"] * 2), number=0)
    store, said = converted(cds)
    plain, _ = converted(data)
    np.testing.assert_array_equal(states(store), states(plain))
    assert "2 of 8 times from 2015-01-02T12 on are preliminary" in said


def test_versions_as_an_axis_are_joined_where_the_final_ones_are_missing(converted):
    data = fake_fields(8)
    final, early = data.isel(time=slice(0, 5)), data.isel(time=slice(5, 8))
    both = xr.concat(
        [final, early],
        dim=xr.IndexVariable("expver", [1, 5]),
        join="outer",
        data_vars=["geopotential", "temperature", "2m_temperature"],
    )
    store, said = converted(both)
    plain, _ = converted(data)
    np.testing.assert_array_equal(states(store), states(plain))
    assert "preliminary fields (ERA5T) stand where there are no final ones" in said


def test_longitudes_from_minus_180_and_a_repeated_meridian_are_put_in_order(converted):
    data = fake_fields(8)
    plain, _ = converted(data)
    west = data.assign_coords(longitude=(data.longitude + 180) % 360 - 180).sortby("longitude")
    closed = xr.concat(
        [west, west.isel(longitude=0).assign_coords(longitude=180.0)], dim="longitude", data_vars="all"
    )
    for each, told in (
        (west, "shifted to run from 0 to 360"),
        (closed, "the last meridian repeats the first"),
    ):
        store, said = converted(each)
        np.testing.assert_array_equal(states(store), states(plain))
        assert told in said


def test_units_that_the_file_names_are_converted(converted):
    data = fake_fields(8)
    plain, _ = converted(data)
    other = data.assign(temperature=data["temperature"] - 273.15, geopotential=data["geopotential"] / 9.80665)
    other["temperature"].attrs["units"], other["geopotential"].attrs["units"] = "degC", "m"
    store, said = converted(other)
    np.testing.assert_allclose(states(store), states(plain), rtol=1e-6)
    assert "temperature is in degC; converted to K" in said


@pytest.mark.parametrize(
    ("name", "change", "hint"),
    [
        ("temperature", lambda values: values - 273.15, "none in K; it looks like degC"),
        ("geopotential", lambda values: values / 9.80665, r"none in m\*\*2 s\*\*-2; it looks like m:"),
        ("2m_temperature", lambda values: values * 9 / 5 - 459.67, "none in K; "),
    ],
)
def test_values_in_another_unit_than_the_file_says_are_refused_with_what_they_look_like(
    converted, name, change, hint
):
    data = fake_fields(8)
    data[name] = change(data[name]).assign_attrs(units=data[name].attrs["units"])
    with pytest.raises(InputError, match=hint):
        converted(data)


def test_cells_that_never_have_values_hold_the_mean_and_count_in_no_score(converted):
    data = fake_fields(8)
    sea = data["2m_temperature"].where(data["land_sea_mask"] == 0) - 0.0
    store, said = converted(data.assign(sea_surface_temperature=sea.clip(271, 305).assign_attrs(units="K")))
    number = [channel.variable for channel in store.channels].index("sea_surface_temperature")
    assert np.isfinite(states(store)).all()
    cells = store.missing["sea_surface_temperature"].reshape(-1) == 1
    assert 0.3 < cells.mean() < 0.7
    assert (np.ptp(states(store)[:, cells, number], axis=1) == 0).all()
    assert "no values in" in said
    assert "left out of scores" in said


def test_values_that_are_missing_now_and_then_are_refused_with_their_time(converted):
    data = fake_fields(8)
    data["temperature"][3, 0, 2, 2] = np.nan
    with pytest.raises(InputError, match="temperature lacks 1 values at 2015-01-01T18"):
        converted(data)


def test_a_missing_variable_or_level_is_named_with_those_there_are(converted):
    data = fake_fields(8)
    with pytest.raises(
        InputError, match="has no variable specific_humidity; it has geopotential, temperature"
    ):
        converted(data, Wanted(variables=("q",)))
    with pytest.raises(InputError, match="has no level 700 hPa; it has 500, 850"):
        converted(data, Wanted(levels=(700, 850)))


def test_gaps_in_time_are_said_and_no_window_reaches_across(converted):
    data = fake_fields(40)
    store, said = converted(data.isel(time=[*range(10), *range(13, 40)]))
    assert "3 states are missing in 1 gaps, the longest after 2015-01-03T06" in said
    assert len(store.times) == 37
    assert store.statistics.difference_std[0] < 1.2 * open_difference(data)


def open_difference(data):
    return float(np.diff(data["geopotential"].sel(level=500).values, axis=0).std())


def test_irregular_steps_are_refused_with_what_they_are(converted):
    data = fake_fields(8)
    hours = np.array([0, 7, 15, 22, 29, 37, 44, 51])
    with pytest.raises(
        InputError, match="8 states at steps of 7 to 8 h; three that follow each other every 6 h"
    ):
        converted(data.assign_coords(time=np.datetime64("2015-01-01", "ns") + hours * np.timedelta64(1, "h")))


def test_hourly_states_are_thinned_to_the_step(converted):
    hourly, _ = converted(fake_fields(25, step_hours=1))
    assert len(hourly.times) == 5
    assert (np.diff(hourly.times) == np.timedelta64(6, "h")).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.isel(longitude=slice(0, 9)), "a regional field cannot be used"),
        (lambda data: data.isel(latitude=slice(0, 4)), "do not reach both poles"),
        (lambda data: data.rename(latitude="y"), "no axis latitude"),
        (lambda data: data.expand_dims(number=[0, 1]), "2 numbers; choose one of them first"),
        (lambda data: data.isel(time=[0, 1, 2, 2, 3]), "the time 2015-01-01T12:00:00 is there twice"),
        (lambda data: data.isel(time=0), "no variable that changes in time"),
        (lambda data: data.isel(time=slice(0, 0)), "holds no state"),
        (lambda data: data.isel(level=0, drop=True), "geopotential is there without an axis of levels"),
        (
            lambda data: data[["land_sea_mask"]].rename(land_sea_mask="tidal_range"),
            "no variable that is known",
        ),
    ],
)
def test_what_is_no_global_history_is_refused_in_one_line(converted, change, told):
    with pytest.raises(InputError, match=told) as caught:
        converted(change(fake_fields(8)))
    assert "\n" not in str(caught.value)


def test_a_real_file_of_irregular_steps_is_refused(shared_data, tmp_path):
    path = shared_data / "weather" / "more" / "era5_surface_1deg_24x7h_2026-03.nc"
    if not path.is_file():
        pytest.skip("the file is not among the shared data")
    with pytest.raises(InputError, match="24 states at steps of 7 to 8 h"):
        convert([str(path)], tmp_path / "out.zarr", quiet)


def test_conversion_leaves_nothing_where_it_fails(converted, tmp_path):
    data = fake_fields(8)
    data["temperature"][5, 0, 2, 2] = np.nan
    with pytest.raises(InputError):
        converted(data)
    assert not (tmp_path / "out.zarr").exists()


def test_a_conversion_that_is_killed_goes_on_and_gives_the_same_store(tmp_path, monkeypatch):
    monkeypatch.setattr("terrella.weather.data.store._SHARD_BYTES", 16 * 4 * 16 * 8 * 2)
    data = fake_fields(70)
    sea = data["2m_temperature"].where(data["land_sea_mask"] == 0).clip(271, 305).assign_attrs(units="K")
    path = tmp_path / "fields.nc"
    data.assign(sea_surface_temperature=sea).to_netcdf(path, engine="h5netcdf")
    whole = convert([str(path)], tmp_path / "whole.zarr", quiet)

    def killed(event):
        if event["kind"] == "progress" and event["done"] == 48:
            raise KeyboardInterrupt

    output = tmp_path / "out.zarr"
    with pytest.raises(KeyboardInterrupt):
        convert([str(path)], output, killed)
    assert not output.exists()
    read, told = Fields.read, []
    monkeypatch.setattr(Fields, "read", lambda self, *asked: told.append(asked[1]) or read(self, *asked))
    events = []
    said = convert([str(path)], output, events.append)
    assert sorted(set(told)) == [0, 48, 64]  # the first chunk tells which cells never have values
    assert events[0]["message"] == "3 of 5 chunks are written already"
    assert said[:-1] == whole[:-1]
    ours, theirs = open_store(output), open_store(tmp_path / "whole.zarr")
    np.testing.assert_array_equal(states(ours), states(theirs))
    assert ours.statistics.plain() == theirs.statistics.plain()
    np.testing.assert_array_equal(
        ours.missing["sea_surface_temperature"], theirs.missing["sea_surface_temperature"]
    )
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_conversion_of_fields_that_changed_meanwhile_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("terrella.weather.data.store._SHARD_BYTES", 16 * 4 * 16 * 8 * 2)
    path, output = tmp_path / "fields.nc", tmp_path / "out.zarr"
    fake_fields(40).to_netcdf(path, engine="h5netcdf")

    def killed(event):
        if event["kind"] == "progress" and event["done"] == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert([str(path)], output, killed)
    other = fake_fields(40, seed=1)
    other.to_netcdf(path, engine="h5netcdf")
    convert([str(path)], output, quiet)
    number = [channel.short for channel in open_store(output).channels].index("T850")
    expected = other["temperature"].sel(level=850).values[:, ::-1].reshape(40, -1)
    np.testing.assert_array_equal(states(open_store(output))[:, :, number], expected)


def test_grib_is_read_and_its_members_are_refused(shared_data, tmp_path):
    pytest.importorskip("cfgrib")
    path = shared_data / "weather" / "more" / "era5-levels-members.grib"
    if not path.is_file():
        pytest.skip("the file is not among the shared data")
    with pytest.raises(InputError, match="10 numbers; choose one of them first"):
        convert([str(path)], tmp_path / "out.zarr", quiet)
    with xr.open_dataset(path, engine="cfgrib", backend_kwargs={"indexpath": ""}) as data:
        first = data.isel(number=0).load()
    first.drop_vars("step").to_netcdf(tmp_path / "first.nc", engine="h5netcdf")
    said = convert([str(tmp_path / "first.nc")], tmp_path / "out.zarr", quiet, Wanted(step_hours=12))
    store = open_store(tmp_path / "out.zarr")
    assert [channel.short for channel in store.channels] == ["Z500", "Z850", "T500", "T850"]
    assert store.grid == "120x61"
    assert any("latitudes fall" in line for line in said)
    expected = first["t"].sel(isobaricInhPa=850)[0, ::-1].values
    np.testing.assert_array_equal(store.read(0, 1)[0, :, 3], expected.reshape(-1))
