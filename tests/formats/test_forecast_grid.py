"""Forecasts on a grid: what is written is read back, by us and by the tools that others use."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from terrella.earth.grid import make_grid
from terrella.earth.region import Region, box
from terrella.errors import InputError
from terrella.formats.catalogues.forecast_grid import ForecastGrid, read_forecast, write_forecast

ISSUE_TIME = np.datetime64("2011-03-09T02:45:12.345678", "us")


@pytest.fixture(scope="module")
def forecast() -> ForecastGrid:
    """A triangle of cells in two layers at two horizons, with values over many decades."""
    grid = make_grid(Region(((140.0, 36.0), (144.0, 36.0), (142.0, 40.0))), 0.5, [0, 30, 100])
    random = np.random.default_rng(3)
    expected = 10 ** random.uniform(-9, 1, (2, *grid.shape))
    expected[:, :, ~grid.mask] = np.nan
    return ForecastGrid(
        issue_time_utc=ISSUE_TIME,
        horizons_days=(1.0, 7.0),
        grid=grid,
        min_magnitude=4.95,
        expected_count=expected.astype(np.float32),
        probability=(-np.expm1(-expected)).astype(np.float32),
        model="network",
    )


def inside(forecast: ForecastGrid, values: np.ndarray) -> np.ndarray:
    return values[..., forecast.grid.mask]


def test_netcdf_gives_back_what_was_written(forecast: ForecastGrid, tmp_path: Path) -> None:
    path = tmp_path / "forecast.nc"
    assert write_forecast(forecast, path) == [path]
    again = read_forecast(path)
    assert again.issue_time_utc == ISSUE_TIME
    assert again.horizons_days == forecast.horizons_days
    assert again.min_magnitude == forecast.min_magnitude
    assert again.model == "network"
    for name in ("longitude_edges", "latitude_edges", "depth_edges_km", "mask"):
        np.testing.assert_array_equal(getattr(again.grid, name), getattr(forecast.grid, name))
    for name in ("expected_count", "probability"):
        np.testing.assert_array_equal(getattr(again, name), getattr(forecast, name))
        assert getattr(again, name).dtype == np.float32


@pytest.mark.parametrize(
    "time", ["1906-04-18T13:12:00", "2199-12-31T23:59:59.999999", "1969-12-31T23:59:59.5"]
)
def test_netcdf_keeps_any_issue_time_to_the_microsecond(
    forecast: ForecastGrid, tmp_path: Path, time: str
) -> None:
    other = ForecastGrid(**{**vars(forecast), "issue_time_utc": np.datetime64(time, "us")})
    write_forecast(other, tmp_path / "f.nc")
    assert read_forecast(tmp_path / "f.nc").issue_time_utc == np.datetime64(time, "us")


def test_xarray_finds_the_attributes_of_the_cf_conventions(forecast: ForecastGrid, tmp_path: Path) -> None:
    write_forecast(forecast, tmp_path / "f.nc")
    with xarray.open_dataset(tmp_path / "f.nc", engine="h5netcdf", decode_timedelta=False) as data:
        data.load()
    assert data.attrs["Conventions"].startswith("CF-1.")
    assert "2011-03-09T02:45:12Z" in data.attrs["title"]
    assert data["probability"].dims == ("horizon", "depth", "latitude", "longitude")
    axes = {name: data[name].attrs for name in ("longitude", "latitude", "depth")}
    assert {name: found["units"] for name, found in axes.items()} == {
        "longitude": "degrees_east", "latitude": "degrees_north", "depth": "km",
    }  # fmt: skip
    assert {name: found["axis"] for name, found in axes.items()} == {
        "longitude": "X", "latitude": "Y", "depth": "Z",
    }  # fmt: skip
    assert axes["depth"]["positive"] == "down"
    for name, attributes in axes.items():
        assert attributes["standard_name"] == name
        bounds = data[attributes.get("bounds") or data[name].encoding["bounds"]]
        assert bounds.dims == (name, "side")
        np.testing.assert_allclose(bounds.mean("side"), data[name])
        np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, 1])
    assert data["issue_time"].attrs["standard_name"] == "forecast_reference_time"
    assert data["issue_time"].values == ISSUE_TIME
    assert data["horizon"].attrs["units"] == "days"
    for name in ("expected_count", "probability"):
        assert data[name].attrs["units"] == "1"
        assert "M >= 4.95" in data[name].attrs["long_name"]


def test_xarray_selects_a_place_and_a_horizon(forecast: ForecastGrid, tmp_path: Path) -> None:
    write_forecast(forecast, tmp_path / "f.nc")
    layer, row, column = np.unravel_index(forecast.grid.cell_of(142.1, 37.2, 50.0), forecast.grid.shape)
    with xarray.open_dataset(tmp_path / "f.nc", engine="h5netcdf", decode_timedelta=False) as data:
        found = data["probability"].sel(horizon=7, longitude=142.1, latitude=37.2, depth=50, method="nearest")
        assert found == forecast.probability[1, layer, row, column]


def test_csep_files_have_one_row_per_cell_and_one_file_per_horizon(
    forecast: ForecastGrid, tmp_path: Path
) -> None:
    paths = write_forecast(forecast, tmp_path / "tohoku.dat")
    assert [path.name for path in paths] == ["tohoku_1d.dat", "tohoku_7d.dat"]
    for horizon, path in enumerate(paths):
        table = np.loadtxt(path, delimiter="\t")
        # Columns: longitude, latitude, depth and magnitude from and to, rate, mask.
        assert table.shape == (forecast.grid.mask.sum(), 10)
        west, east, south, north, top, bottom, low, high, rate, mask = table.T
        np.testing.assert_allclose(east - west, 0.5, atol=1e-9)
        np.testing.assert_allclose(north - south, 0.5, atol=1e-9)
        assert set(zip(top, bottom, strict=True)) == {(0, 100)}
        assert set(low) == {4.95}
        assert (high > low).all()
        assert (mask == 1).all()
        np.testing.assert_allclose(rate.sum(), np.nansum(forecast.expected_count[horizon]), rtol=1e-6)
        summed = forecast.expected_count[horizon].astype(float).sum(0)
        cells = forecast.grid.cell_of((west + east) / 2, (south + north) / 2)
        np.testing.assert_allclose(rate, summed.ravel()[cells], rtol=1e-7)


def loaded_as_pycsep_does(path: Path) -> dict[tuple[float, float], float]:
    """Return rates by the south-western corners of cells, as `GriddedForecast.load_ascii` of pyCSEP finds them.

    It takes the unique rectangles for the cells, and wants as many rates as cells and magnitudes.
    """
    table = np.loadtxt(path)
    cells = {tuple(row[:4]) for row in table}
    assert len(table) == len(cells) * len(np.unique(table[:, 6]))
    return {(float(west), float(south)): float(rate) for west, _, south, *_, rate, _ in table}


def test_csep_files_of_single_layers_add_up_to_their_sum(forecast: ForecastGrid, tmp_path: Path) -> None:
    summed = loaded_as_pycsep_does(write_forecast(forecast, tmp_path / "all.dat")[0])
    paths = write_forecast(forecast, tmp_path / "f.dat", by_layer=True)
    assert [path.name for path in paths] == [
        "f_1d_0-30km.dat", "f_1d_30-100km.dat", "f_7d_0-30km.dat", "f_7d_30-100km.dat",
    ]  # fmt: skip
    assert {tuple(row[4:6]) for row in np.loadtxt(paths[1])} == {(30, 100)}
    upper, lower = (loaded_as_pycsep_does(path) for path in paths[:2])
    for cell, rate in summed.items():
        assert rate == pytest.approx(upper[cell] + lower[cell], rel=1e-6)
    with pytest.raises(InputError, match=r"--by-layer is for \.dat"):
        write_forecast(forecast, tmp_path / "f.nc", by_layer=True)


def test_pycsep_loads_the_csep_files(forecast: ForecastGrid, tmp_path: Path) -> None:
    csep = pytest.importorskip("csep", reason="pyCSEP is not installed")
    for horizon, path in enumerate(write_forecast(forecast, tmp_path / "f.dat")):
        theirs = csep.load_gridded_forecast(str(path))
        assert theirs.sum() == pytest.approx(np.nansum(forecast.expected_count[horizon]), rel=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".dat"])
def test_cells_beyond_the_date_line_have_longitudes_west_of_greenwich(tmp_path: Path, suffix: str) -> None:
    grid = make_grid(box(178, -178, -19, -18), 0.5)
    values = np.arange(grid.mask.size, dtype=np.float32).reshape(1, *grid.shape)
    made = ForecastGrid(ISSUE_TIME, (1.0,), grid, 4.0, values, values, "ETAS")
    path = write_forecast(made, tmp_path / f"f{suffix}")[0]
    first = 1 if suffix == ".csv" else 0
    table = np.loadtxt(path, delimiter="," if suffix == ".csv" else "\t", skiprows=first)
    west, east = table[:, first], table[:, first + 1]
    assert sorted(set(west)) == [-180, -179.5, -179, -178.5, 178, 178.5, 179, 179.5]
    np.testing.assert_array_equal(east - west, 0.5)
    np.testing.assert_array_equal(grid.cell_of(west + 0.25, table[:, first + 2] + 0.25), np.arange(16))


def test_csv_has_one_row_per_cell_and_horizon(forecast: ForecastGrid, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    assert write_forecast(forecast, path) == [path]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "horizon_days", "west", "east", "south", "north", "depth_top_km", "depth_bottom_km",
        "expected_count", "probability",
    ]  # fmt: skip
    n_cells = 2 * forecast.grid.mask.sum()
    assert [float(row["horizon_days"]) for row in rows] == [1.0] * n_cells + [7.0] * n_cells
    for horizon, days in enumerate(forecast.horizons_days):
        for name in ("expected_count", "probability"):
            written = [float(row[name]) for row in rows if float(row["horizon_days"]) == days]
            values = inside(forecast, getattr(forecast, name)[horizon]).ravel()
            np.testing.assert_allclose(written, values, rtol=1e-5)
    middle = rows[n_cells // 2]
    cell = forecast.grid.cell_of(
        (float(middle["west"]) + float(middle["east"])) / 2,
        (float(middle["south"]) + float(middle["north"])) / 2,
        (float(middle["depth_top_km"]) + float(middle["depth_bottom_km"])) / 2,
    )
    assert float(middle["probability"]) == pytest.approx(
        float(forecast.probability[0].ravel()[cell]), rel=1e-5
    )


@pytest.mark.parametrize("suffix", [".csv", ".dat"])
def test_text_keeps_edges_of_small_cells_apart(tmp_path: Path, suffix: str) -> None:
    grid = make_grid(box(-124.25, -124, 40, 40.125), 1 / 16)
    values = np.ones((1, *grid.shape), np.float32)
    path = write_forecast(
        ForecastGrid(ISSUE_TIME, (1.0,), grid, 3.0, values, values / 2, "ETAS"), tmp_path / f"f{suffix}"
    )[0]
    first = 1 if suffix == ".csv" else 0
    table = np.loadtxt(path, delimiter="," if suffix == ".csv" else "\t", skiprows=first)
    np.testing.assert_allclose(np.unique(table[:, first]), grid.longitude_edges[:-1], atol=1e-9)
    np.testing.assert_allclose(np.unique(table[:, first + 3]), grid.latitude_edges[1:], atol=1e-9)


@pytest.mark.parametrize("name", ["f.grib", "f", "f.nc.gz"])
def test_an_unknown_suffix_is_refused(forecast: ForecastGrid, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"a forecast is written as \.nc, \.csv, \.dat .*choose one"):
        write_forecast(forecast, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_layers_are_joined_without_losing_small_probabilities(forecast: ForecastGrid) -> None:
    two = np.array([0.2, 0.5], np.float32).reshape(1, 2, 1, 1)
    joined = replace(forecast, probability=two, expected_count=two)
    assert joined.column_probability[0, 0, 0] == pytest.approx(0.6)
    assert joined.column_count[0, 0, 0] == pytest.approx(0.7)
    tiny = replace(forecast, probability=np.full((1, 1, 1, 1), 1e-7, np.float32))
    assert tiny.column_probability[0, 0, 0] == pytest.approx(1e-7, rel=1e-6)


def test_no_temporary_files_stay(forecast: ForecastGrid, tmp_path: Path) -> None:
    for suffix in (".nc", ".csv", ".dat"):
        write_forecast(forecast, tmp_path / f"f{suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "f.nc", "f_1d.dat", "f_7d.dat"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.nc is no forecast in NetCDF"):
        read_forecast(tmp_path / "none.nc")


def test_other_and_damaged_files_are_refused_in_one_line(forecast: ForecastGrid, tmp_path: Path) -> None:
    text = tmp_path / "text.nc"
    text.write_text("time,latitude\n")
    other = tmp_path / "other.nc"
    xarray.Dataset({"t2m": ("x", np.zeros(3))}).to_netcdf(other, engine="h5netcdf")
    cut = tmp_path / "cut.nc"
    write_forecast(forecast, cut)
    cut.write_bytes(cut.read_bytes()[:3000])
    empty = tmp_path / "empty.nc"
    empty.touch()
    for path in (text, other, cut, empty):
        with pytest.raises(InputError) as caught:
            read_forecast(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
