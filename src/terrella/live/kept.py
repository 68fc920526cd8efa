"""A forecast as it was issued: all models on one grid, in a NetCDF-CF file whose values have a hash."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from terrella import __version__
from terrella.earth.grid import Grid
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.forecast_grid import ForecastGrid, grid_axes

Singles = npt.NDArray[np.float32]

_DIMENSIONS = ("model", "horizon", "depth", "latitude", "longitude")
_NO_VARIABLE = (
    "This is a netCDF dimension but not a netCDF variable."  # what NetCDF-4 calls a scale without values
)
_SINCE = {
    "standard_name": "forecast_reference_time",
    "units": "microseconds since 1970-01-01 00:00:00",
    "calendar": "standard",
}
_ABOUT = {
    "expected": "expected number of earthquakes in the cell",
    "probability": "probability of one or more earthquakes in the cell",
    "dispersion": "dispersion a of the count, whose variance is m + a m^2 for a mean m",
}


@dataclass(frozen=True, eq=False)
class Kept:
    """A forecast of several models; values (model, horizon, cell), cells inside the mask, layer by layer."""

    issue_time_us: int
    horizons_days: tuple[float, ...]
    models: tuple[str, ...]
    grid: Grid
    min_magnitude: float
    expected: Singles
    probability: Singles
    dispersion: Singles

    def hash(self) -> str:
        """Return a hash of the values, the grid, and what they are for."""
        told = (self.issue_time_us, self.horizons_days, self.models, float(self.min_magnitude))
        known = sha256(repr(told).encode())
        edges = (self.grid.longitude_edges, self.grid.latitude_edges, self.grid.depth_edges_km)
        for values in (*edges, self.grid.mask, *(getattr(self, name) for name in _ABOUT)):
            known.update(np.ascontiguousarray(values).tobytes())
        return known.hexdigest()

    def of_model(self, model: int) -> ForecastGrid:
        """Return one model's forecast, as `write_forecast` takes it."""
        full = np.full((2, len(self.horizons_days), *self.grid.shape), np.nan, np.float32)
        values = np.stack([self.expected[model], self.probability[model]])
        full[:, :, :, self.grid.mask] = values.reshape(2, len(self.horizons_days), self.grid.shape[0], -1)
        issued = np.datetime64(self.issue_time_us, "us")
        about = (issued, self.horizons_days, self.grid, self.min_magnitude)
        return ForecastGrid(*about, full[0], full[1], self.models[model])


def write_kept(kept: Kept, path: Path) -> None:
    """Write a forecast in one step."""
    replace_file(path, partial(_write, kept))


def read_kept(path: Path) -> Kept:
    """Return a forecast that `write_kept` wrote.

    Raises:
        InputError: where the file is not there, or damaged.
    """
    with _opened(path) as file:
        inside = file["inside"][:].astype(bool)
        cells = {name: file[name][:][..., inside] for name in _ABOUT}
        return Kept(
            issue_time_us=int(np.asarray(file["issue_time"]).item()),
            horizons_days=tuple(file["horizon"][:].tolist()),
            models=tuple(file["model"].asstr()[:].tolist()),
            grid=Grid(_edges(file, "longitude"), _edges(file, "latitude"), _edges(file, "depth"), inside),
            min_magnitude=float(np.asarray(file.attrs["min_magnitude"]).item()),
            **{name: values.reshape(*values.shape[:2], -1) for name, values in cells.items()},
        )


def read_part(path: Path, name: str, model: int) -> Singles:
    """Return one variable of one model of a forecast that `write_kept` wrote, (horizon, cell), alone.

    Raises:
        InputError: where the file is not there, or damaged.
    """
    with _opened(path) as file:
        found = file[name][model][..., file["inside"][:].astype(bool)]
        return np.asarray(found.reshape(len(found), -1))


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Give a forecast's file, and say in one line where it cannot be read as one."""
    try:
        with h5py.File(path) as file:  # xarray takes fifty times as long to open it
            yield file
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"{path} is no forecast of a live record: {str(error).splitlines()[0]}") from None


def _edges(file: h5py.File, name: str) -> npt.NDArray[np.float64]:
    bounds = file[f"{name}_bounds"][:]
    return np.append(bounds[:, 0], bounds[-1, 1])


def _write(kept: Kept, path: Path) -> None:
    """Write NetCDF-4 as the HDF5 that it is: xarray's writer takes several times as long, for each of 365 days."""
    grid = kept.grid
    coordinates, bounds = grid_axes(grid)
    full = np.full((3, *kept.expected.shape[:2], *grid.shape), np.nan, np.float32)
    values = np.stack([getattr(kept, name) for name in _ABOUT])
    full[..., grid.mask] = values.reshape(*values.shape[:3], grid.shape[0], -1)
    issued = str(np.datetime64(kept.issue_time_us, "us"))[:19]
    with h5py.File(path, "w", track_order=True) as file:
        _scale(file, "model", np.array(kept.models, h5py.string_dtype()), {"long_name": "name of the model"})
        told = {"long_name": "days after the issue time", "units": "days"}
        _scale(file, "horizon", np.array(kept.horizons_days), told)
        for name in ("depth", "latitude", "longitude"):
            _, centres, about = coordinates[name]
            _scale(file, name, centres, about)
        file.create_dataset("side", data=np.zeros(2, np.float32)).make_scale(f"{_NO_VARIABLE}{2:10d}")
        for name, (dimensions, edges) in bounds.items():
            _variable(file, name, edges, dimensions, {})
        inside = {"long_name": "1 inside the region", "units": "1"}
        _variable(file, "inside", grid.mask.astype(np.int8), _DIMENSIONS[3:], inside)
        for (name, what), each in zip(_ABOUT.items(), full, strict=True):
            about = {
                "long_name": f"{what}, M >= {kept.min_magnitude:g}",
                "units": "1",
                "_FillValue": np.float32(np.nan),
            }
            _variable(file, name, each, _DIMENSIONS, about)
        file["issue_time"] = np.int64(kept.issue_time_us)
        file["issue_time"].attrs.update(_SINCE)
        file.attrs["Conventions"] = "CF-1.11"
        file.attrs["title"] = f"Earthquake forecast issued {issued}Z"
        file.attrs["source"] = f"Terrella {__version__}"
        file.attrs["min_magnitude"] = float(kept.min_magnitude)


def _scale(file: h5py.File, name: str, values: npt.NDArray[Any], about: Mapping[str, Any]) -> None:
    made = file.create_dataset(name, data=values)
    made.make_scale(name)
    made.attrs.update(about)


def _variable(
    file: h5py.File, name: str, values: npt.NDArray[Any], dimensions: Sequence[str], about: Mapping[str, Any]
) -> None:
    made = file.create_dataset(name, data=values, compression="gzip", compression_opts=1, shuffle=True)
    for axis, dimension in enumerate(dimensions):
        made.dims[axis].attach_scale(file[dimension])
    made.attrs.update(about)
