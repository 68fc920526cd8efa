"""Regions and grids: areas against the geodesic, cells against their centres."""

import math

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import Region, box, box_around, meridians_around, ordered_bounds
from terrella.earth.sphere import EARTH_RADIUS_KM, band_area_km2, distance_km, unit_vectors
from terrella.errors import InputError

ELLIPSOID = pyproj.Geod(ellps="WGS84")
SPHERE = pyproj.Geod(a=EARTH_RADIUS_KM * 1000, f=0)

longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


# Distances and areas on the sphere


@given(longitudes, latitudes, longitudes, latitudes)
def test_distances_are_those_of_the_geodesic_on_a_sphere(lon_a, lat_a, lon_b, lat_b):
    expected = SPHERE.inv(lon_a, lat_a, lon_b, lat_b)[2] / 1000
    assert distance_km(lon_a, lat_a, lon_b, lat_b) == pytest.approx(expected, abs=1e-3)


@given(longitudes, latitudes, longitudes, latitudes)
def test_chords_of_unit_vectors_agree_with_distances(lon_a, lat_a, lon_b, lat_b):
    one, other = unit_vectors([lon_a, lon_b], [lat_a, lat_b])
    assert np.linalg.norm(one) == pytest.approx(1)
    angle = 2 * math.asin(min(np.linalg.norm(one - other) / 2, 1))
    assert distance_km(lon_a, lat_a, lon_b, lat_b, radius_km=1) == pytest.approx(angle, abs=1e-6)


def test_distances_broadcast_and_are_exact_near_by():
    found = distance_km([[0.0], [10.0]], [[0.0], [0.0]], [0.0, 90.0, 180.0], [0.0, 0.0, 0.0])
    quarter = EARTH_RADIUS_KM * np.pi / 2
    np.testing.assert_allclose(
        found, [[0, quarter, 2 * quarter], [quarter / 9, quarter * 8 / 9, quarter * 17 / 9]]
    )
    # One metre: the law of cosines would lose it.
    assert distance_km(12.0, 45.0, 12.0, 45 + np.degrees(0.001 / EARTH_RADIUS_KM)) == pytest.approx(
        1e-3, rel=1e-6
    )


@given(st.lists(st.floats(-89, 89), min_size=1, max_size=5, unique=True))
def test_bands_add_up_to_the_sphere(parallels):
    edges = np.sort([-90, *parallels, 90])
    assert band_area_km2(edges[:-1], edges[1:], 360).sum() == pytest.approx(4 * np.pi * EARTH_RADIUS_KM**2)


# Regions


def geodesic_area_km2(region: Region) -> float:
    """Area by geodesics between corners so near that parallels are followed."""
    longitude, latitude = [], []
    for (lon_a, lat_a), (lon_b, lat_b) in zip(
        region.corners, region.corners[1:] + region.corners[:1], strict=True
    ):
        longitude.append(np.linspace(lon_a, lon_b, 400, endpoint=False))
        latitude.append(np.linspace(lat_a, lat_b, 400, endpoint=False))
    area, _ = ELLIPSOID.polygon_area_perimeter(np.concatenate(longitude), np.concatenate(latitude))
    return abs(area) / 1e6


@pytest.mark.parametrize(
    "region",
    [
        box(-124, -114, 32, 42),
        box(10, 11, 60, 61),
        box(-5, 5, -5, 5),
        box(165, 180, -48, -34),
        box(165, 195, -48, -34),
        box(-180, 180, 60, 90),
        Region(
            ((-125.2, 43.0), (-119.0, 43.0), (-114.0, 35.5), (-113.6, 32.2), (-118.5, 31.7), (-125.4, 40.0))
        ),
    ],
    ids=[
        "California",
        "one degree in the north",
        "equator",
        "New Zealand",
        "across the date line",
        "polar cap",
        "polygon",
    ],
)
def test_area_is_that_of_the_ellipsoid(region):
    assert region.area_km2 == pytest.approx(geodesic_area_km2(region), rel=1e-4)


def test_area_does_not_depend_on_the_direction_of_the_corners():
    corners = ((0.0, 40.0), (4.0, 40.0), (3.0, 44.0))
    assert Region(corners).area_km2 == pytest.approx(Region(corners[::-1]).area_km2)


def test_bounds_are_west_east_south_north():
    assert box(-120, -110, 30, 35).bounds == (-120, -110, 30, 35)
    assert Region(((1.0, 2.0), (5.0, 3.0), (2.0, 9.0))).bounds == (1, 5, 2, 9)


def test_the_boundary_belongs_to_the_region():
    region = box(0, 2, 0, 1)
    inside = region.contains([0, 2, 1, 1, 2.001, -0.001, 1], [0, 1, 0, 0.5, 0.5, 0.5, 1.001])
    assert inside.tolist() == [True, True, True, True, False, False, False]


@given(longitudes, latitudes)
def test_a_concave_region_contains_what_its_parts_contain(longitude, latitude):
    whole = Region(((-90.0, -40.0), (90.0, -40.0), (90.0, 40.0), (0.0, 40.0), (0.0, 0.0), (-90.0, 0.0)))
    parts = [box(-90, 90, -40, 0), box(0, 90, 0, 40)]
    assert bool(whole.contains(longitude, latitude)) == any(
        bool(p.contains(longitude, latitude)) for p in parts
    )


@pytest.mark.parametrize(
    "corners",
    [(), ((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)), ((0, 0), (1, 1), (1, 0), (0, 1))],
    ids=["none", "two", "on a line", "crossing"],
)
def test_corners_that_enclose_no_area_are_refused(corners):
    with pytest.raises(InputError, match="three corners that enclose an area without crossing; got"):
        Region(corners)


def test_a_box_without_width_is_refused():
    with pytest.raises(InputError, match="west < east and south < north"):
        box(3, 3, 0, 1)


# Grids

TRIANGLE = Region(((-3.0, 40.0), (4.0, 40.5), (1.0, 46.0)))
GRIDS = {
    "layers": make_grid(TRIANGLE, 0.5, [0, 10, 35, 100]),
    "one layer": make_grid(box(-124.3, -113.9, 31.8, 42.2), 0.1),
}


@given(st.sampled_from(list(GRIDS)), st.data())
def test_a_cell_holds_its_centre_and_every_point_around_it(name, data):
    grid = GRIDS[name]
    _, n_lat, n_lon = grid.shape
    layer, row, column = (data.draw(st.integers(0, n - 1)) for n in grid.shape)
    part = st.floats(0.01, 0.99)
    lon, lat, depth = (
        edges[k] + data.draw(part) * (edges[k + 1] - edges[k])
        for edges, k in (
            (grid.longitude_edges, column),
            (grid.latitude_edges, row),
            (grid.depth_edges_km, layer),
        )
    )
    expected = (layer * n_lat + row) * n_lon + column if grid.mask[row, column] else -1
    assert grid.cell_of(lon, lat, depth) == expected
    assert grid.cell_of(grid.longitudes[column], grid.latitudes[row], depth) == expected
    if expected >= 0:
        assert np.unravel_index(expected, grid.shape) == (layer, row, column)


@given(
    west=st.floats(-170, 160), south=st.floats(-80, 70), width=st.floats(1, 15), height=st.floats(1, 15),
    cell=st.sampled_from([0.05, 0.1, 0.125, 0.2, 0.25, 0.3, 1.0]),
)  # fmt: skip
def test_edges_are_multiples_of_the_cell_and_cover_the_region(west, south, width, height, cell):
    region = box(west, west + width, south, min(south + height, 90))
    grid = make_grid(region, cell)
    for edges, low, high in zip(
        (grid.longitude_edges, grid.latitude_edges), region.bounds[::2], region.bounds[1::2], strict=True
    ):
        np.testing.assert_allclose(edges / cell, np.round(edges / cell), atol=1e-6)
        assert edges[0] <= low + 1e-6
        assert edges[-1] >= high - 1e-6
        assert edges[0] > low - cell - 1e-6
        assert edges[-1] < high + cell + 1e-6


def test_edges_on_the_region_stay_and_tenths_are_exact():
    grid = make_grid(box(-120.3, -119.9, 35.1, 35.7), 0.1)
    assert grid.longitude_edges.tolist() == [-120.3, -120.2, -120.1, -120.0, -119.9]
    assert grid.latitude_edges.tolist() == [35.1, 35.2, 35.3, 35.4, 35.5, 35.6, 35.7]
    assert grid.shape == (1, 6, 4)
    assert grid.mask.all()


def test_the_mask_is_where_the_centre_lies_in_the_region():
    grid = GRIDS["layers"]
    for row, latitude in enumerate(grid.latitudes):
        for column, longitude in enumerate(grid.longitudes):
            assert grid.mask[row, column] == TRIANGLE.contains(longitude, latitude)
    assert 0 < grid.mask.mean() < 1


def test_areas_of_cells_are_those_of_the_region():
    grid = make_grid(box(-124, -114, 32, 42), 0.1)
    # Sphere against ellipsoid: a few tenths of a percent.
    assert grid.area_km2.sum() == pytest.approx(box(-124, -114, 32, 42).area_km2, rel=5e-3)
    assert grid.area_km2.shape == grid.mask.shape
    assert (np.diff(grid.area_km2[:, 0]) < 0).all()


def test_points_outside_are_in_no_cell():
    grid = GRIDS["layers"]
    assert (
        grid.cell_of([-100, 1, np.nan, 1, 1], [42, 80, 42, np.nan, 42], [5, 5, 5, 5, 500]).tolist()
        == [-1] * 5
    )
    assert grid.cell_of(np.zeros(0), np.zeros(0)).shape == (0,)


def test_a_point_on_an_edge_belongs_to_the_cell_east_and_north_and_below():
    grid = make_grid(box(0, 1, 0, 1), 0.5, [0, 10, 20])
    assert grid.cell_of([0.5, 0.0, 1.0], [0.5, 0.0, 0.2], [10.0, 0.0, 5.0]).tolist() == [7, 0, -1]


def test_unknown_depths_and_those_above_the_top_go_to_the_shallowest_layer():
    grid = make_grid(box(0, 1, 0, 1), 1.0, [0, 10, 20])
    assert grid.cell_of([0.5] * 3, [0.5] * 3, [np.nan, -2.0, 12.0]).tolist() == [0, 0, 1]
    assert grid.cell_of([0.5], [0.5]).tolist() == [0]
    single = make_grid(box(0, 1, 0, 1), 1.0, [0, 10])
    assert single.cell_of([0.5], [0.5], [700.0]).tolist() == [0]


def test_indices_of_all_cells_are_each_used_once():
    grid: Grid = GRIDS["layers"]
    depth, lat, lon = np.meshgrid([5.0, 20.0, 60.0], grid.latitudes, grid.longitudes, indexing="ij")
    found = grid.cell_of(lon, lat, depth)
    assert found.shape == grid.shape
    expected = np.where(np.broadcast_to(grid.mask, grid.shape), np.arange(found.size).reshape(grid.shape), -1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("cell", [0, -1, 100, float("nan"), float("inf")])
def test_impossible_cell_sizes_are_refused(cell):
    with pytest.raises(InputError, match=f"between 0 and 90 degrees; got {cell}"):
        make_grid(box(0, 1, 0, 1), cell)


@pytest.mark.parametrize("edges", [[], [0], [0, 0], [10, 0], [[0, 10]], [0, float("nan")]])
def test_depth_edges_that_do_not_increase_are_refused(edges):
    with pytest.raises(InputError, match="increasing values in km; got"):
        make_grid(box(0, 1, 0, 1), 0.5, edges)


def test_a_region_between_centres_is_refused():
    with pytest.raises(InputError, match="no cell of 10 degrees has its centre in the region"):
        make_grid(box(1, 2, 1, 2), 10)


GLOBE = box(-180, 180, -90, 90)


@pytest.mark.parametrize("cell_deg", [0.5, 1.0, 7.5])
def test_a_grid_of_the_globe_covers_the_sphere(cell_deg):
    grid = make_grid(GLOBE, cell_deg)
    assert grid.wraps
    assert grid.mask.all()
    assert grid.mask.shape == (180 / cell_deg, 360 / cell_deg)
    sphere = 4 * np.pi * EARTH_RADIUS_KM**2
    assert grid.area_km2.sum() == pytest.approx(sphere, rel=1e-12)
    # A cap of one row: 2πR²(1 − cos).
    cap = sphere / 2 * (1 - np.cos(np.radians(cell_deg)))
    assert grid.area_km2[0].sum() == pytest.approx(cap, rel=1e-9)
    assert grid.area_km2[-1].sum() == pytest.approx(cap, rel=1e-9)


def test_the_globe_has_the_area_of_the_ellipsoid():
    assert GLOBE.area_km2 == pytest.approx(510_065_622, rel=1e-6)


def test_no_point_lies_outside_a_grid_of_the_globe():
    grid = make_grid(GLOBE, 1)
    column = grid.cell_of([-180, 180, 179.9, 540, -180.5, 180.5], np.zeros(6)) - 90 * 360
    assert column.tolist() == [0, 0, 359, 0, 359, 0]
    assert grid.cell_of([0.5, 0.5], [90, -90]).tolist() == [179 * 360 + 180, 180]
    assert grid.cell_of([np.nextafter(-180, -181), -180 - 1e-14], [0, 0]).min() >= 0


def test_a_region_does_not_wrap():
    grid = make_grid(box(-180, 179, -90, 90), 1)
    assert not grid.wraps
    # 180 is the meridian −180, which the grid has.
    assert grid.cell_of([179.5, 180.0, -180.0], [0, 0, 0]).tolist() == [-1, 90 * 359, 90 * 359]


@pytest.mark.parametrize("cell_deg", [0.7, 20.0])
def test_cells_that_do_not_fit_on_the_globe_are_refused(cell_deg):
    with pytest.raises(InputError, match="divides 90"):
        make_grid(GLOBE, cell_deg)


def test_a_box_around_points_is_the_smallest_of_whole_degrees():
    assert box_around([1.5, -2.25], [40.0, 42.5]).bounds == (-3, 2, 40, 43)


@pytest.mark.parametrize(("longitude", "latitude"), [([], []), ([3.0], [4.0])])
def test_no_box_lies_around_nothing_or_a_whole_degree_alone(longitude, latitude):
    with pytest.raises(InputError):
        box_around(longitude, latitude)


# Across the date line


@pytest.mark.parametrize(("west", "east"), [(177, 183), (177, -177), (-183, -177), (537, 543)])
def test_bounds_across_the_date_line_hold_both_of_its_sides(west, east):
    region = box(west, east, -21, -15)
    assert region.bounds == (177, 183, -21, -15)
    points = [176.9, 177, 179.9, 180, -180, -179.9, 182, -177, -176.9, 0]
    inside = [False, *[True] * 7, False, False]
    assert region.contains(points, np.full(10, -18.0)).tolist() == inside
    assert region.turned(points)[:9].tolist() == pytest.approx(
        [536.9, 177, 179.9, 180, 180, 180.1, 182, 183, 183.1]
    )
    assert region.area_km2 == pytest.approx(box(77, 83, -21, -15).area_km2, rel=1e-9)


def test_a_grid_across_the_date_line_has_the_cells_of_one_elsewhere():
    here, there = (make_grid(box(west, west + 6, -21, -15), 0.5) for west in (177, 77))
    longitude = np.random.default_rng(0).uniform(76, 84, 200)
    latitude = np.full(200, -17.2)
    turned = np.where(longitude > 80, longitude - 260, longitude + 100)
    np.testing.assert_array_equal(here.cell_of(turned, latitude), there.cell_of(longitude, latitude))
    assert (here.cell_of(turned, latitude) >= 0).sum() > 100


@pytest.mark.parametrize(
    "bounds", [(20, 5, 0, 1), (-100, -120, 0, 1), (0, 400, 0, 1), (3, 3, 0, 1), (0, 1, 2, 1)]
)
def test_bounds_out_of_order_are_refused(bounds):
    with pytest.raises(InputError, match="--bounds must be west < east"):
        ordered_bounds(bounds, "--bounds")


def test_a_box_around_points_on_both_sides_of_the_date_line_is_the_narrow_one():
    assert box_around([178.2, -177.5, 179.9], [-18.5, -17.5, -18.0]).bounds == (178, 183, -19, -17)
    assert meridians_around([170.0]) == (170.0, 170.0)
    assert meridians_around(np.linspace(-180, 180, 30)) == (-180.0, 180.0)
