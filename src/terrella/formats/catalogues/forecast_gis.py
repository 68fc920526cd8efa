"""Forecasts for geographic information systems: GeoTIFF, KML and GeoJSON."""

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from terrella.earth.grid import Grid
from terrella.errors import InputError
from terrella.formats.catalogues.forecast_grid import ForecastGrid

# From pale to dark with the logarithm of the probability; in KML's order: opacity, blue, green, red.
_COLOURS = ("b0c6f0fe", "b07db0fc", "b05972ef", "b07a37b6", "b07a1451")


def write_geotiff(forecast: ForecastGrid, path: Path) -> None:
    """Write a band for each horizon's probability and expected count; layers of depth are joined, NaN is outside.

    Raises:
        InputError: where rasterio is not installed, or the cells are not of one size.
    """
    if importlib.util.find_spec("rasterio") is None:
        raise InputError(
            f"{path}: GeoTIFF needs rasterio, which is not installed: pip install 'terrella[gis]'"
        )
    import rasterio
    from rasterio.transform import from_origin

    grid = forecast.grid
    width, height = _even(grid.longitude_edges, path), _even(grid.latitude_edges, path)
    bands = [
        (f"{name}, next {days:g} d", values[horizon, ::-1])
        for name, values in (
            ("probability", forecast.column_probability),
            ("expected count", forecast.column_count),
        )
        for horizon, days in enumerate(forecast.horizons_days)
    ]
    place = from_origin(grid.longitude_edges[0], grid.latitude_edges[-1], width, height)
    shape = {"count": len(bands), "height": grid.shape[1], "width": grid.shape[2]}
    look = {"dtype": "float32", "nodata": float("nan"), "crs": "EPSG:4326", "transform": place}
    with rasterio.open(path, "w", driver="GTiff", compress="deflate", **shape, **look) as file:
        for number, (name, values) in enumerate(bands, 1):
            file.write(values.astype(np.float32), number)
            file.set_band_description(number, name)
        file.update_tags(**{name: str(value) for name, value in _about(forecast).items()})


def write_kml(forecast: ForecastGrid, path: Path) -> None:
    """Write a folder for each horizon, the first one shown, a polygon for each column of cells (OGC KML 2.3)."""
    probability, count = forecast.column_probability, forecast.column_count
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        )
        about = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in _about(forecast).items())
        file.write(f"<name>Earthquake forecast</name><description>{escape(about)}</description>\n")
        for number, colour in enumerate(_COLOURS):
            fill = f"<PolyStyle><color>{colour}</color><outline>0</outline></PolyStyle>"
            file.write(f'<Style id="p{number}">{fill}</Style>\n')
        for horizon, days in enumerate(forecast.horizons_days):
            name = f"next {days:g} d: {escape(forecast.model_at(horizon))}"
            highest = np.nanmax(probability[horizon])
            key = f"highest probability {highest:.3g}; each paler colour is ten times less"
            file.write(
                f"<Folder><name>{name}</name><visibility>{int(horizon == 0)}</visibility>"
                f"<description>{key}</description>\n"
            )
            for row, column, ring in cell_rings(forecast.grid):
                p, n = probability[horizon, row, column], count[horizon, row, column]
                corners = " ".join(f"{lon:.8g},{lat:.8g}" for lon, lat in ring)
                file.write(
                    f"<Placemark><visibility>{int(horizon == 0)}</visibility>"
                    f"<styleUrl>#p{_decade(p, highest)}</styleUrl><description>probability {p:.3g}, "
                    f"expected {n:.3g}</description><Polygon><outerBoundaryIs><LinearRing><coordinates>{corners}"
                    "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>\n"
                )
            file.write("</Folder>\n")
        file.write("</Document></kml>\n")


def write_geojson(forecast: ForecastGrid, path: Path) -> None:
    """Write a polygon for each cell with what each horizon has (RFC 7946: longitudes from −180 to 180)."""
    depth = forecast.grid.depth_edges_km
    values = {"probability": forecast.probability, "expected": forecast.expected_count}
    features = []
    for layer in range(len(depth) - 1):
        for row, column, ring in cell_rings(forecast.grid):
            about: dict[str, Any] = {"depth_km": [float(depth[layer]), float(depth[layer + 1])]}
            for horizon, days in enumerate(forecast.horizons_days):
                for name, each in values.items():
                    about[f"{name}_{days:g}d"] = float(f"{each[horizon, layer, row, column]:.6g}")
            shape = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "geometry": shape, "properties": about})
    with path.open("w", encoding="utf-8") as file:
        json.dump(
            {"type": "FeatureCollection", **_about(forecast), "features": features},
            file,
            separators=(",", ":"),
        )


def cell_rings(grid: Grid) -> Iterator[tuple[int, int, list[list[float]]]]:
    """Yield row, column and outline of each column of cells, row by row, longitudes from −180 to 180."""
    for row, column in zip(*np.nonzero(grid.mask), strict=True):
        west, east = grid.longitude_edges[column : column + 2].tolist()
        if west >= 180:
            west, east = west - 360, east - 360
        south, north = grid.latitude_edges[row : row + 2].tolist()
        yield row, column, [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _about(forecast: ForecastGrid) -> dict[str, Any]:
    return {
        "issue_time": f"{str(forecast.issue_time_utc)[:19]}Z",
        "horizons_days": list(forecast.horizons_days),
        "model": forecast.model,
        "min_magnitude": forecast.min_magnitude,
    }


def _decade(probability: float, highest: float) -> int:
    """Return which colour a probability has: the last one within a factor of ten of the highest, and so on down."""
    if probability <= 0:
        return 0
    return int(max(0, len(_COLOURS) - 1 - np.floor(np.log10(highest / probability))))


def _even(edges: npt.NDArray[np.float64], path: Path) -> float:
    steps = np.diff(edges)
    if np.ptp(steps) > 1e-6 * steps[0]:
        raise InputError(f"{path}: GeoTIFF needs cells of one size; write .nc, .kml or .geojson")
    return float(np.mean(steps))


WRITERS: Mapping[str, Callable[[ForecastGrid, Path], None]] = {
    ".tif": write_geotiff, ".tiff": write_geotiff, ".kml": write_kml, ".geojson": write_geojson
}  # fmt: skip
