"""Forecasts in the formats of geographic information systems, read back by others."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely.geometry

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.formats.catalogues.forecast_grid import ForecastGrid, write_forecast


def forecast(west: float = 10.0) -> ForecastGrid:
    """Return a forecast of 3 × 4 columns in two layers, without its first column."""
    grid = make_grid(box(west, west + 4, 40, 43), 1.0, (0.0, 10.0, 30.0))
    mask = grid.mask.copy()
    mask[0, 0] = False
    grid = replace(grid, mask=mask)
    values = np.random.default_rng(0).uniform(0.001, 0.2, (2, *grid.shape)).astype(np.float32)
    values[:, :, ~mask] = np.nan
    chance = -np.expm1(-values)
    return ForecastGrid(
        np.datetime64("2019-07-06T04:00:00", "us"), (1.0, 30.0), grid, 2.5, values, chance, "network & ETAS"
    )


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # of affine, by rasterio
def test_a_geotiff_has_each_cell_where_it_lies_and_layers_joined(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    made = forecast()
    write_forecast(made, tmp_path / "f.tif")
    with rasterio.open(tmp_path / "f.tif") as file:
        assert file.crs.to_epsg() == 4326
        names = [f"{what}, next {days} d" for what in ("probability", "expected count") for days in (1, 30)]
        assert list(file.descriptions) == names
        assert file.tags()["issue_time"] == "2019-07-06T04:00:00Z"
        for lon, lat in ((10.5, 42.5), (13.5, 40.5)):
            row, column = int(lat - 40), int(lon - 10)
            (found,) = file.sample([(lon, lat)])
            none = np.prod(1 - made.probability[:, :, row, column].astype(float), axis=1)
            np.testing.assert_allclose(found[:2], 1 - none, rtol=1e-5)
            np.testing.assert_allclose(found[2:], made.expected_count[:, :, row, column].sum(1), rtol=1e-5)
        assert np.isnan(next(file.sample([(10.5, 40.5)]))).all()


def test_geojson_has_a_polygon_for_each_cell_also_beyond_the_date_line(tmp_path):
    made = forecast(178.0)
    write_forecast(made, tmp_path / "f.geojson")
    found = json.loads((tmp_path / "f.geojson").read_text())
    assert found["model"] == "network & ETAS"
    assert len(found["features"]) == 2 * 11
    for layer in (0, 1):
        cells = found["features"][11 * layer : 11 * (layer + 1)]
        shapes = [shapely.geometry.shape(each["geometry"]) for each in cells]
        assert all(shape.exterior.is_ccw and shape.area == 1 for shape in shapes)
        (there,) = [
            k for k, shape in enumerate(shapes) if shape.contains(shapely.geometry.Point(-178.5, 41.5))
        ]
        values = cells[there]["properties"]
        assert values["depth_km"] == ([0, 10], [10, 30])[layer]
        assert values["expected_30d"] == pytest.approx(float(made.expected_count[1, layer, 1, 3]), rel=1e-5)
        assert values["probability_1d"] == pytest.approx(float(made.probability[0, layer, 1, 3]), rel=1e-5)


def test_kml_is_well_formed_and_darker_where_more_is_expected(tmp_path):
    made = forecast()
    made.probability[0, :, 2, 3], made.probability[0, :, 0, 1] = 0.5, 0.001
    write_forecast(made, tmp_path / "f.kml")
    space = {"k": "http://www.opengis.net/kml/2.2"}
    root = ElementTree.parse(tmp_path / "f.kml").getroot()
    first, last = root.findall(".//k:Folder", space)
    assert first.find("k:name", space).text == "next 1 d: network & ETAS"
    assert (first.find("k:visibility", space).text, last.find("k:visibility", space).text) == ("1", "0")
    marks = {}
    for each in first.findall("k:Placemark", space):
        corner = each.find(".//k:coordinates", space).text.split()[0]
        style = int(each.find("k:styleUrl", space).text.removeprefix("#p"))
        marks[corner] = style, each.find("k:description", space).text
    assert len(marks) == 11
    assert marks["13,42"][0] == 4
    assert marks["11,40"][0] == 2  # 0.002, of 0.75, lies two whole powers of ten below it
    assert re.fullmatch(r"probability 0\.75, expected [\d.]+", marks["13,42"][1])


def test_cells_of_several_sizes_are_refused_as_geotiff_alone(tmp_path):
    pytest.importorskip("rasterio")
    made = forecast()
    edges = made.grid.longitude_edges.copy()
    edges[-1] += 1
    uneven = replace(made, grid=replace(made.grid, longitude_edges=edges))
    with pytest.raises(InputError, match=r"cells of one size; write \.nc, \.kml or \.geojson"):
        write_forecast(uneven, tmp_path / "f.tif")
    assert list(tmp_path.iterdir()) == []
    write_forecast(uneven, tmp_path / "f.geojson")
