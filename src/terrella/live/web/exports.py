"""Forecasts in other formats: GeoJSON (RFC 7946), CSEP's gridded ASCII, and the file itself."""

import json
import tempfile
from itertools import pairwise
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
    edges = kept.grid.depth_edges_km.tolist()
    rings = [json.dumps(ring, separators=(",", ":")) for _, _, ring in cell_rings(kept.grid)]
    places = ((upper, lower, ring) for upper, lower in pairwise(edges) for ring in rings)
    values = (each[model, horizon].tolist() for each in (kept.expected, kept.probability))
    features = ",".join(  # as text: as many objects would hold up all who ask meanwhile
        f'{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[{ring}]}},"properties":'
        f'{{"depth_km":[{upper},{lower}],"expected":{expected:.6g},"probability":{probability:.6g}}}}}'
        for (upper, lower, ring), expected, probability in zip(places, *values, strict=True)
    )
    told = {
        "type": "FeatureCollection",
        "issue_time": iso(kept.issue_time_us),
        "horizon_days": kept.horizons_days[horizon],
        "model": kept.models[model],
        "min_magnitude": kept.min_magnitude,
    }
    head = json.dumps(told, separators=(",", ":"))[:-1]
    return Response(f'{head},"features":[{features}]}}', media_type="application/geo+json")
