"""Forecasts in other formats: GeoJSON (RFC 7946), CSEP's gridded ASCII, and the file itself."""

import json
import tempfile
from pathlib import Path

import numpy as np
from starlette.responses import FileResponse, Response

from terrella.formats.catalogues.forecast_grid import write_forecast
from terrella.live.kept import Kept
from terrella.live.times import iso


def netcdf(path: Path) -> Response:
    """Return the file of a forecast."""
    return FileResponse(path, media_type="application/x-netcdf", filename=path.name)


def csep(kept: Kept, model: int, horizon: int) -> Response:
    """Return a horizon of a forecast in CSEP's gridded ASCII (Schorlemmer & Gerstenberger 2007)."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_forecast(kept.of_model(model), Path(folder) / "forecast.dat")
        return Response(paths[horizon].read_bytes(), media_type="text/plain")


def geojson(kept: Kept, model: int, horizon: int) -> Response:
    """Return a horizon of a forecast as polygons with expected count and probability."""
    grid = kept.grid
    layer, row, column = np.nonzero(np.broadcast_to(grid.mask, grid.shape))
    lon, lat, depth = grid.longitude_edges, grid.latitude_edges, grid.depth_edges_km
    features = []
    for cell in range(len(row)):
        west, east = float(lon[column[cell]]), float(lon[column[cell] + 1])
        if west >= 180:
            west, east = west - 360, east - 360
        south, north = float(lat[row[cell]]), float(lat[row[cell] + 1])
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        about = {
            "depth_km": [float(depth[layer[cell]]), float(depth[layer[cell] + 1])],
            "expected": float(f"{kept.expected[model, horizon, cell]:.6g}"),
            "probability": float(f"{kept.probability[model, horizon, cell]:.6g}"),
        }
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": shape, "properties": about})
    told = {
        "type": "FeatureCollection",
        "issue_time": iso(kept.issue_time_us),
        "horizon_days": kept.horizons_days[horizon],
        "model": kept.models[model],
        "min_magnitude": kept.min_magnitude,
        "features": features,
    }
    return Response(json.dumps(told, separators=(",", ":")), media_type="application/geo+json")
