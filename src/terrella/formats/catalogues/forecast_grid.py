"""Forecasts on a grid: NetCDF-CF, CSEP gridded ASCII and CSV."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella import __version__
from terrella.earth.grid import Grid
from terrella.errors import InputError
from terrella.files import replace_file

_EPOCH = np.datetime64("1970-01-01", "us")
# CSEP's files end the last magnitude bin here.
_LARGEST_MAGNITUDE = 10.0


@dataclass(frozen=True, eq=False)
class ForecastGrid:
    """A forecast for several horizons; values (horizon, depth, latitude, longitude), NaN outside the region."""

    issue_time_utc: np.datetime64
    horizons_days: tuple[float, ...]
    grid: Grid
    min_magnitude: float
    expected_count: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float32]
    model: str  # or several, separated by ", ", where horizons differ
    models: tuple[str, ...] = ()  # of each horizon, where they differ

    def model_at(self, horizon: int) -> str:
        """Return the name of the model of a horizon, by its index."""
        return self.models[horizon] if self.models else self.model

    @property
    def column_probability(self) -> npt.NDArray[np.float64]:
        """The probability (horizon, latitude, longitude) of one or more events at any depth."""
        # In double precision: 1 − p of a single-precision p loses the digits of small probabilities.
        return np.asarray(1 - np.prod(1 - self.probability.astype(float), axis=1))

    @property
    def column_count(self) -> npt.NDArray[np.float64]:
        """The expected count (horizon, latitude, longitude) at all depths."""
        return np.asarray(self.expected_count.sum(1, dtype=float))


def write_forecast(forecast: ForecastGrid, path: Path, by_layer: bool = False) -> list[Path]:
    """Write a forecast in the format of the suffix and return the files' paths.

    .nc: NetCDF by the CF conventions, all horizons; .csv: one row per cell and horizon; .dat: CSEP gridded
    ASCII (Schorlemmer & Gerstenberger 2007), one file per horizon named after it, its depth layers summed as
    pyCSEP wants them, or with `by_layer` one file per horizon and layer; .tif, .kml, .geojson: see `forecast_gis`.

    Raises:
        InputError: where the suffix is none of these, or `by_layer` is asked of another than .dat.
    """
    if by_layer and path.suffix != ".dat":
        raise InputError(
            f"{path}: --by-layer is for .dat (CSEP gridded ASCII); other formats hold all layers"
        )
    match path.suffix:
        case ".nc":
            replace_file(path, partial(_write_netcdf, forecast))
            return [path]
        case ".csv":
            replace_file(path, partial(_write_csv, forecast))
            return [path]
        case ".tif" | ".tiff" | ".kml" | ".geojson":
            from terrella.formats.catalogues import forecast_gis

            replace_file(path, partial(forecast_gis.WRITERS[path.suffix], forecast))
            return [path]
        case ".dat":
            edges = forecast.grid.depth_edges_km
            layers = [(slice(None), "")]
            if by_layer:
                layers = [
                    (slice(k, k + 1), f"_{edges[k]:g}-{edges[k + 1]:g}km") for k in range(len(edges) - 1)
                ]
            paths = []
            for horizon, days in enumerate(forecast.horizons_days):
                for layer, name in layers:
                    target = path.with_name(f"{path.stem}_{days:g}d{name}.dat")
                    replace_file(target, partial(_write_csep, forecast, horizon, layer))
                    paths.append(target)
            return paths
    raise InputError(
        f"{path}: a forecast is written as .nc, .csv, .dat (CSEP gridded ASCII), .tif (GeoTIFF), .kml or .geojson; "
        "choose one of them"
    )


def read_forecast(path: Path) -> ForecastGrid:
    """Return the forecast in a NetCDF file that `write_forecast` wrote.

    Raises:
        InputError: where the file is not there or no such forecast.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="h5netcdf", decode_timedelta=False) as data:
            data.load()
        named = "horizon_models" in data.attrs  # not in files of earlier versions
        grid = Grid(
            longitude_edges=_edges(data["longitude_bounds"].values),
            latitude_edges=_edges(data["latitude_bounds"].values),
            depth_edges_km=_edges(data["depth_bounds"].values),
            mask=np.isfinite(data["probability"].values[0, 0]),
        )
        return ForecastGrid(
            issue_time_utc=data["issue_time"].values.reshape(1).astype("datetime64[us]")[0],
            horizons_days=tuple(float(h) for h in data["horizon"].values),
            grid=grid,
            min_magnitude=float(data.attrs["min_magnitude"]),
            expected_count=data["expected_count"].values,
            probability=data["probability"].values,
            model=str(data.attrs["model"]),
            models=tuple(str(data.attrs["horizon_models"]).split("; ")) if named else (),
        )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no forecast in NetCDF written by Terrella: {error}") from None


def _edges(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.append(bounds[:, 0], bounds[-1, 1])


def grid_axes(grid: Grid) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a grid's coordinates and their bounds as xarray takes them, by the CF conventions."""
    axes = {
        "longitude": (
            grid.longitude_edges,
            {"standard_name": "longitude", "units": "degrees_east", "axis": "X"},
        ),
        "latitude": (
            grid.latitude_edges,
            {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"},
        ),
        "depth": (
            grid.depth_edges_km,
            {"standard_name": "depth", "units": "km", "positive": "down", "axis": "Z"},
        ),
    }
    coordinates, bounds = {}, {}
    for name, (edges, attributes) in axes.items():
        attributes["bounds"] = f"{name}_bounds"
        coordinates[name] = (name, (edges[1:] + edges[:-1]) / 2, attributes)
        bounds[f"{name}_bounds"] = ((name, "side"), np.stack([edges[:-1], edges[1:]], axis=1))
    return coordinates, bounds


def _write_netcdf(forecast: ForecastGrid, path: Path) -> None:
    import h5netcdf  # not xarray, whose imports take longer than all that is written

    dimensions = ("horizon", "depth", "latitude", "longitude")
    coordinates, bounds = grid_axes(forecast.grid)
    coordinates["horizon"] = (
        "horizon",
        np.array(forecast.horizons_days),
        {"long_name": "days after the issue time", "units": "days"},
    )
    magnitude = f"M >= {forecast.min_magnitude:g}"
    variables = {
        "expected_count": (
            dimensions,
            forecast.expected_count,
            {"long_name": f"expected number of {magnitude} earthquakes in the cell", "units": "1"},
        ),
        "probability": (
            dimensions,
            forecast.probability,
            {"long_name": f"probability of one or more {magnitude} earthquakes in the cell", "units": "1"},
        ),
        "issue_time": (
            (),
            int((forecast.issue_time_utc - _EPOCH) / np.timedelta64(1, "us")),
            {
                "standard_name": "forecast_reference_time",
                "units": "microseconds since 1970-01-01 00:00:00",
                "calendar": "standard",
            },
        ),
    }
    about: dict[str, str | float] = {
        "Conventions": "CF-1.11",
        "title": f"Earthquake forecast issued {str(forecast.issue_time_utc)[:19]}Z",
        "source": f"Terrella {__version__}, model: {forecast.model}",
        "history": f"{np.datetime64('now')}Z written by terrella forecast",
        "model": forecast.model,
        "horizon_models": "; ".join(forecast.model_at(k) for k in range(len(forecast.horizons_days))),
        "min_magnitude": forecast.min_magnitude,
    }
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {name: len(coordinates[name][1]) for name in dimensions} | {"side": 2}
        for name, (axes, values, *attributes) in {**variables, **bounds, **coordinates}.items():
            packing = {"compression": "gzip", "compression_opts": 4} if name in variables and axes else {}
            _write_variable(file, name, axes, np.asarray(values), dict(*attributes), packing)
        file.attrs.update(about)


def _write_variable(
    file: Any,
    name: str,
    axes: str | tuple[str, ...],
    values: npt.NDArray[Any],
    attributes: dict[str, str],
    packing: dict[str, Any],
) -> None:
    """Write a variable as xarray would: NaN is missing where numbers are real."""
    fill = values.dtype.type(np.nan) if values.dtype.kind == "f" else None
    axes = (axes,) if isinstance(axes, str) else axes
    made = file.create_variable(name, axes, values.dtype, values, fillvalue=fill, **packing)
    if fill is not None:
        made.attrs["_FillValue"] = fill
    made.attrs.update(attributes)


def _cells(forecast: ForecastGrid) -> npt.NDArray[np.float64]:
    """Return west, east, south, north, top and bottom of all cells in the region, (cell, 6)."""
    grid = forecast.grid
    depth, row, column = np.nonzero(np.broadcast_to(grid.mask, grid.shape))
    west, east = grid.longitude_edges[column], grid.longitude_edges[column + 1]
    beyond = 360.0 * (west >= 180)  # across the date line
    return np.stack(
        [
            west - beyond,
            east - beyond,
            grid.latitude_edges[row],
            grid.latitude_edges[row + 1],
            grid.depth_edges_km[depth],
            grid.depth_edges_km[depth + 1],
        ],
        axis=1,
    )


def _inside(forecast: ForecastGrid, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return values[:, forecast.grid.mask].ravel()


def _write_csep(forecast: ForecastGrid, horizon: int, layers: slice, path: Path) -> None:
    columns = int(forecast.grid.mask.sum())
    cells = _cells(forecast).reshape(-1, columns, 6)[layers]
    cells = np.column_stack([cells[0, :, :5], cells[-1, :, 5]])
    rates = _inside(forecast, forecast.expected_count[horizon]).reshape(-1, columns)[layers]
    rates = rates.sum(0, dtype=float)
    ones = np.ones(columns)
    magnitudes = [forecast.min_magnitude * ones, _LARGEST_MAGNITUDE * ones]
    table = np.column_stack([cells, *magnitudes, rates, ones])
    np.savetxt(path, table, fmt=["%.12g"] * 8 + ["%.8e", "%d"], delimiter="\t")


def _write_csv(forecast: ForecastGrid, path: Path) -> None:
    cells = _cells(forecast)
    names = "horizon_days,west,east,south,north,depth_top_km,depth_bottom_km,expected_count,probability"
    with path.open("w", encoding="utf-8") as file:
        file.write(names + "\n")
        for horizon, days in enumerate(forecast.horizons_days):
            counts = _inside(forecast, forecast.expected_count[horizon])
            probability = _inside(forecast, forecast.probability[horizon])
            table = np.column_stack([np.full(len(cells), days), cells, counts, probability])
            np.savetxt(file, table, fmt=["%.12g"] * 7 + ["%.6g"] * 2, delimiter=",")
