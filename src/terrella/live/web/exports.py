"""Forecasts in other formats: GeoJSON (RFC 7946), CSEP's gridded ASCII, and the file itself."""

import json
import tempfile
from pathlib import Path

from starlette.responses import FileResponse, Response

from terrella.formats.catalogues.forecast_gis import cell_rings
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
    depth, rings = kept.grid.depth_edges_km, [ring for _, _, ring in cell_rings(kept.grid)]
    features = []
    for cell in range(kept.expected.shape[-1]):
        layer, column = divmod(cell, len(rings))
        about = {
            "depth_km": [float(depth[layer]), float(depth[layer + 1])],
            "expected": float(f"{kept.expected[model, horizon, cell]:.6g}"),
            "probability": float(f"{kept.probability[model, horizon, cell]:.6g}"),
        }
        shape = {"type": "Polygon", "coordinates": [rings[column]]}
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
