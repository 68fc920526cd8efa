"""Grids of every format: what is read, what is written with its georeference, and what is refused in one line."""

import gzip

import h5py
import numpy as np
import pytest
import xarray as xr

import terrella.earth.proj_first  # noqa: F401
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.surface.grids.grid import Place
from terrella.surface.grids.read import open_grid, refuse_no_values
from terrella.surface.grids.write import grid_writer

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)
VALUES[1, 2] = np.nan
MATMUL = pytest.mark.filterwarnings(
    "ignore:Use `@` matmul:PendingDeprecationWarning"
)  # of affine, by rasterio


def write(path, place, values=VALUES, names=("estimate",)):
    def fill(temporary):
        with grid_writer(temporary, place, values.shape, names, "m") as put:
            put(0, 0, 0, values[:2])
            put(0, 2, 0, values[2:])

    replace_file(path, fill)
    return path


@MATMUL
@pytest.mark.parametrize("suffix", [".tif", ".nc"])
@pytest.mark.parametrize("dy", [-30.0, 30.0])
def test_a_grid_comes_back_with_its_place(tmp_path, suffix, dy):
    rasterio = pytest.importorskip("rasterio")
    place = Place(500_000.0, 4_100_000.0, 30.0, dy, rasterio.CRS.from_epsg(32616).to_wkt(), "metre")
    grid = open_grid(write(tmp_path / f"a{suffix}", place))
    assert np.array_equal(grid.whole(), VALUES, equal_nan=True)
    assert np.array_equal(grid.read(slice(1, 3), slice(2, 4)), VALUES[1:, 2:], equal_nan=True)
    assert (grid.place.x, grid.place.y, grid.place.dx, grid.place.dy) == pytest.approx(
        (500_000, 4_100_000, 30, dy)
    )
    assert rasterio.CRS.from_wkt(grid.place.crs).to_epsg() == 32616
    assert grid.unit == "m"


@MATMUL
def test_points_and_cells_of_geotiff_differ_by_nothing_but_what_is_said(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    place = Place(10.0, 50.0, 0.1, -0.1, rasterio.CRS.from_epsg(4326).to_wkt(), "degree", points=True)
    grid = open_grid(write(tmp_path / "a.tif", place))
    assert grid.place.points
    assert (grid.place.x, grid.place.y, grid.place.unit) == (pytest.approx(10), pytest.approx(50), "degree")
    assert "AREA_OR_POINT=Point" in grid.findings[0]


@MATMUL
def test_bands_nodata_and_rotations_of_geotiff(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    shape = {"driver": "GTiff", "height": 3, "width": 4, "dtype": "int16"}
    north_up = rasterio.Affine(1, 0, 5, 0, -1, 5)
    with rasterio.open(tmp_path / "two.tif", "w", count=2, nodata=-9999, transform=north_up, **shape) as file:
        file.write(np.full((2, 3, 4), -9999, np.int16))
    with pytest.raises(InputError, match=r"2 bands; choose one by data\.layer"):
        open_grid(tmp_path / "two.tif")
    with pytest.raises(InputError, match="all of its pixels are gaps"):
        refuse_no_values(open_grid(tmp_path / "two.tif", "2"))
    turned = rasterio.Affine.rotation(20)
    with rasterio.open(tmp_path / "turned.tif", "w", count=1, transform=turned, **shape) as file:
        file.write(np.zeros((1, 3, 4), np.int16))
    with pytest.raises(InputError, match="rotated or sheared"):
        open_grid(tmp_path / "turned.tif")
    (tmp_path / "no.tif").write_text("no picture")
    with pytest.raises(InputError, match="cannot be read"):
        open_grid(tmp_path / "no.tif")


@MATMUL
def test_a_geotiff_without_a_georeference_is_taken_as_pixels_and_stays_so(tmp_path):
    pytest.importorskip("rasterio")
    grid = open_grid(write(tmp_path / "a.tif", Place()))
    assert grid.place == Place()
    assert "unit pixels are assumed" in grid.findings[0]


def test_netcdf_of_two_units_uneven_axes_or_several_variables_is_refused(tmp_path):
    z = xr.DataArray(VALUES, {"y": [0.0, 1, 2], "x": [0.0, 1, 2, 3]}, ("y", "x"), "z")
    z.x.attrs["units"], z.y.attrs["units"] = "km", "m"
    z.to_netcdf(tmp_path / "units.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="two units, y in m and x in km"):
        open_grid(tmp_path / "units.nc")
    uneven = z.drop_vars("y").assign_coords(y=[0.0, 1, 5])
    uneven.to_netcdf(tmp_path / "uneven.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="y is not evenly spaced"):
        open_grid(tmp_path / "uneven.nc")
    xr.Dataset({"z": z.drop_vars(["x", "y"]), "w": z.drop_vars(["x", "y"])}).to_netcdf(
        tmp_path / "two.nc", engine="h5netcdf"
    )
    with pytest.raises(InputError, match=r"2 grids; choose data\.layer of z, w"):
        open_grid(tmp_path / "two.nc")
    assert open_grid(tmp_path / "two.nc", "w").findings[0].startswith("no georeference")


def test_classic_netcdf_and_other_files_are_told(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"CDF\x01 of old")
    with pytest.raises(InputError, match="cannot be read"):
        open_grid(tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.h5", "w"):
        pass
    with pytest.raises(InputError, match=r"\.h5 is no known grid"):
        open_grid(tmp_path / "a.h5")


def esri(path):
    path.write_text(
        "ncols 4\nnrows 3\nxllcorner 10\nyllcorner 45\ncellsize 0.5\nNODATA_value -9999\n"
        "0 1 2 3\n4 5 -9999 7\n8 9 10 11\n"
    )
    return 10.0, 46.5


def surfer(path):  # rows from the south, nodes on the edges that are stated
    path.write_text("DSAA\n4 3\n10.25 11.75\n45.25 46.25\n0 11\n8 9 10 11\n4 5 1.70141e38 7\n0 1 2 3\n")
    return 10.0, 46.5


def classic(path):
    xr.Dataset(
        {"z": (("lat", "lon"), VALUES)}, {"lat": [46.25, 45.75, 45.25], "lon": 10.25 + 0.5 * np.arange(4)}
    ).to_netcdf(path, engine="scipy", format="NETCDF3_CLASSIC")
    return 10.0, 46.5


def gmt3(path):
    ranges = {
        "x_range": ("side", [10.25, 11.75]),
        "y_range": ("side", [45.25, 46.25]),
        "dimension": ("side", [4, 3]),
    }
    xr.Dataset({**ranges, "z": ("xysize", VALUES.ravel(), {"node_offset": 0})}).to_netcdf(
        path, engine="scipy", format="NETCDF3_CLASSIC"
    )
    return 10.0, 46.5


@MATMUL
@pytest.mark.parametrize(
    ("name", "make"),
    [("a.asc", esri), ("a.grd", surfer), ("a.grd", classic), ("b.grd", gmt3), ("a.nc", classic)],
)
def test_older_grids_lie_where_they_say(tmp_path, name, make):
    pytest.importorskip("rasterio")
    corner = make(tmp_path / name)
    grid = open_grid(tmp_path / name)
    assert np.array_equal(grid.whole(), VALUES, equal_nan=True)
    assert (grid.place.x, grid.place.y, grid.place.dx, grid.place.dy) == pytest.approx((*corner, 0.5, -0.5))
    assert any("values of points" in each for each in grid.findings) == (make in (surfer, gmt3))


@MATMUL
def test_esri_grids_have_their_own_gap_where_the_header_names_none_and_any_name(tmp_path):
    pytest.importorskip("rasterio")
    esri(tmp_path / "a.txt")
    assert np.array_equal(open_grid(tmp_path / "a.txt").whole(), VALUES, equal_nan=True)
    text = (tmp_path / "a.txt").read_text().replace("NODATA_value -9999\n", "")
    (tmp_path / "b.asc").write_text(text)
    grid = open_grid(tmp_path / "b.asc")
    assert np.array_equal(grid.whole(), VALUES, equal_nan=True)
    assert any("no NODATA_value: -9999 are gaps" in each for each in grid.findings)


@MATMUL
def test_a_tile_of_srtm_lies_by_its_name(tmp_path):
    pytest.importorskip("rasterio")
    heights = np.zeros((1201, 1201), ">i2")
    heights[0, 0], heights[600, 5] = 1234, -32768
    heights.tofile(tmp_path / "N37W085.hgt")
    grid = open_grid(tmp_path / "N37W085.hgt")
    assert grid.whole()[0, 0] == 1234
    assert np.isnan(grid.whole()).sum() == 1
    y, x = grid.place.centres(*grid.shape)
    assert (y[0], y[-1], x[0], x[-1]) == pytest.approx((38, 37, -85, -84))


@MATMUL
def test_a_raster_that_reaches_for_other_files_is_none(tmp_path):
    pytest.importorskip("rasterio")
    esri(tmp_path / "a.asc")
    (tmp_path / "b.tif").write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="3"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">a.asc</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    with pytest.raises(InputError, match="cannot be read"):
        open_grid(tmp_path / "b.tif")


def test_arrays_of_other_types_and_shapes_are_refused(tmp_path):
    np.save(tmp_path / "complex.npy", np.ones((4, 4), complex))
    np.save(tmp_path / "deep.npy", np.ones((2, 4, 4)))
    with pytest.raises(InputError, match="holds complex numbers"):
        open_grid(tmp_path / "complex.npy")
    with pytest.raises(InputError, match=r"has the shape \(2, 4, 4\)"):
        open_grid(tmp_path / "deep.npy")
    np.savez(tmp_path / "two.npz", a=VALUES, b=VALUES)
    with pytest.raises(InputError, match=r"2 grids; choose data\.layer of a, b"):
        open_grid(tmp_path / "two.npz")


def test_points_are_averaged_in_cells_and_their_columns_are_not_guessed(tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("longitude,latitude,depth_m\n10.1,50.1,-5\n10.2,50.2,-7\n11.5,51.5,-9\n")
    with pytest.raises(InputError, match="give the size of the cells"):
        open_grid(table)
    grid = open_grid(table, spacing=1.0)
    assert np.array_equal(grid.whole(), [[np.nan, -9], [-6, np.nan]], equal_nan=True)
    assert (grid.place.x, grid.place.y, grid.place.dy, grid.place.unit) == (10, 52, -1, "degree")
    table.write_text("x,y,a,b\n0,0,1,2\n1,1,3,4\n2,2,3,4\n")
    with pytest.raises(InputError, match=r"choose data\.layer of a, b"):
        open_grid(table, spacing=1.0)
    assert np.nanmax(open_grid(table, "b", 1.0).whole()) == 4
    table.write_text("longitude,latitude,z\n10.1,50.1,-5\n500000,4100000,-7\n")
    with pytest.raises(InputError, match="of other or mixed units"):
        open_grid(table, spacing=1.0)
    (tmp_path / "bare.xyz").write_text("0 0 1\n1 1 2\n2 2 4\n")
    assert np.nanmean(open_grid(tmp_path / "bare.xyz", spacing=1.0).whole()) == pytest.approx(7 / 3)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_points_with_words_in_any_encoding_are_read(tmp_path, encoding, packed):
    text = "# Höhen\r\nx,y,Höhe\r\n0,0,1.5\r\n1,1,2.25\r\n2,2,4\r\n".encode(encoding)
    path = tmp_path / ("points.csv.gz" if packed else "points.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    grid = open_grid(path, spacing=1.0)
    assert np.nansum(grid.whole()) == 7.75
    assert any("read as Latin-1" in each for each in grid.findings) == (encoding == "latin-1")


def test_points_that_are_no_text_are_refused_in_a_line(tmp_path):
    for name, content in (("a.xyz", b"\x00\x01" * 99), ("b.csv.gz", b"\x1f\x8b"), ("c.csv", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name) as raised:
            open_grid(tmp_path / name, spacing=1.0)
        assert "\n" not in str(raised.value)
