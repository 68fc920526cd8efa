"""Records of distributed acoustic sensing (DAS) in HDF5 as sections (channel, sample).

Known layouts: PRODML 2.0 and 2.1 (Acquisition/Raw[0]/RawData), Silixa's own (Acoustic), Terra15's
(data_product/data) and DASDAE's, that of DASCore (waveforms/…/data). Values stay in the instrument's unit.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.section import Corner, Section, Unit, checked_interval

if TYPE_CHECKING:
    import h5py

_FOOT_M = 0.3048
_TOLERANCE = 0.01  # of rates that must agree
_TIMES_LOOKED_AT = 1000
_KNOWN = "PRODML 2.0 and 2.1, Silixa, Terra15 and DASDAE"


@dataclass(frozen=True)
class _Record:
    """What a layout says of its array."""

    array: str
    time_first: bool
    interval_s: float
    spacing_m: float | None
    about: Mapping[str, str]


def open_das(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a DAS record in HDF5 as a section (channel, sample), whichever axis comes first in the file.

    Raises:
        InputError: where the file is no HDF5, its layout is unknown, or rates in it contradict each other.
    """
    with opened_hdf5(path) as file:
        found = next((record for look in _LAYOUTS if (record := look(file, path)) is not None), None)
        if found is None:
            names = ", ".join(list(file)[:4]) or "nothing"
            raise InputError(
                f"{path}: HDF5 of an unknown layout (it holds {names}); known are {_KNOWN}; give other records as "
                ".npy, .nc or zarr of the shape (trace, sample), with --interval"
            )
        shape = file[found.array].shape
    samples = HdfSamples(path, found.array, (1, 0) if found.time_first else (0, 1))
    return Section(
        path, shape[::-1] if found.time_first else shape,
        checked_interval(interval or found.interval_s, path), unit or "s", found.spacing_m,
        {key: value for key, value in found.about.items() if value}, samples,
    )  # fmt: skip


@dataclass(frozen=True)
class HdfSamples:
    """An array of an HDF5 file, its axes put in the order of a section."""

    path: Path
    array: str
    axes: tuple[int, ...]  # of the file, in the section's order

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        where: list[slice] = [slice(0)] * len(low)
        for axis, a, b in zip(self.axes, low, high, strict=True):
            where[axis] = slice(a, b)
        with opened_hdf5(self.path) as file:
            return np.asarray(file[self.array][tuple(where)]).transpose(self.axes)


@contextmanager
def opened_hdf5(path: Path) -> Iterator["h5py.File"]:
    """Open an HDF5 file for reading; whatever it cannot give, or keeps in other files, is an `InputError`."""
    import h5py

    from terrella.formats.records.hdf5_links import refuse_links

    try:
        with h5py.File(path, "r") as file:
            refuse_links(file, path)
            yield file
    except InputError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, UnicodeError) as error:
        line = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as HDF5 ({line}); is it whole?") from error


def _prodml(file: "h5py.File", path: Path) -> _Record | None:
    acquisition = file.get("Acquisition")
    if acquisition is None:
        return None
    raw = _only([name for name in acquisition if name.startswith("Raw")], "raw records", path)
    group = acquisition[raw]
    array = _array(group, "RawData", path)
    names = [_text(each).lower() for each in np.atleast_1d(array.attrs.get("Dimensions", ["time", "locus"]))]
    time_first = names[0] == "time"
    interval = _reciprocal(group.attrs.get("OutputDataRate"))
    times = group.get("RawDataTime")
    if times is not None and len(times) > 1:
        by_time = float(times[-1] - times[0]) * 1e-6 / (len(times) - 1)
        if interval and abs(by_time - interval) > _TOLERANCE * interval:
            raise InputError(
                f"{path}: OutputDataRate says {interval:g} s between samples and RawDataTime {by_time:g} s; say "
                "which with --interval"
            )
        interval = interval or by_time
    attributes = acquisition.attrs
    unit = _text(
        attributes.get("SpatialSamplingInterval.uom", attributes.get("SpatialSamplingIntervalUnit", "m"))
    )
    to_m = _FOOT_M if unit == "ft" else 1.0
    return _Record(
        f"Acquisition/{raw}/RawData", time_first, interval,
        _scaled(attributes.get("SpatialSamplingInterval"), to_m),
        {
            "format": f"DAS, PRODML {_text(attributes.get('schemaVersion', ''))}".strip(),
            "gauge length": _metres(_scaled(attributes.get("GaugeLength"), to_m)),
            "values": _named(group.attrs, "RawDescription", "RawDataUnit"),
            "start": _text(attributes.get("MeasurementStartTime", "")),
        },
    )  # fmt: skip


def _silixa(file: "h5py.File", path: Path) -> _Record | None:
    if "Acoustic" not in file:
        return None
    attributes = _array(file, "Acoustic", path).attrs
    return _Record(
        "Acoustic", True, _reciprocal(attributes.get("SamplingFrequency[Hz]")),
        _scaled(attributes.get("SpatialResolution[m]")),
        {
            "format": "DAS, Silixa iDAS " + _text(attributes.get("iDASVersion", "")),
            "gauge length": _metres(_scaled(attributes.get("GaugeLength"))),
            "start": _text(attributes.get("ISO8601 Timestamp", "")),
        },
    )  # fmt: skip


def _terra15(file: "h5py.File", path: Path) -> _Record | None:
    if "data_product" not in file:
        return None
    attributes = file.attrs
    array = _array(file["data_product"], "data", path)
    interval = _scaled(array.attrs.get("dT", attributes.get("dt_computer")))
    return _Record(
        "data_product/data", True, interval or 0.0, _scaled(attributes.get("dx")),
        {
            "format": f"DAS, Terra15 version {_text(attributes.get('file_version', ''))}".strip(),
            "gauge length": _metres(_scaled(attributes.get("gauge_length"))),
            "values": _named(attributes, "data_product", "data_product_units"),
            "start": _text(attributes.get("file_start_computer_time_string", "")),
        },
    )  # fmt: skip


def _dasdae(file: "h5py.File", path: Path) -> _Record | None:
    if _text(file.attrs.get("__format__", "")) != "DASDAE" or "waveforms" not in file:
        return None
    name = _only(list(file["waveforms"]), "patches", path)
    group = file["waveforms"][name]
    _array(group, "data", path)
    dims = [each.strip() for each in _text(group.attrs.get("_dims", "")).split(",")]
    if sorted(dims) != ["distance", "time"]:
        raise InputError(
            f"{path}: the patch {name} has the axes {', '.join(dims)}; time and distance were expected"
        )
    time, distance = group["_coord_time"], group["_coord_distance"]
    ticks = 1e-9 if time.attrs.get("is_datetime64", 0) or time.attrs.get("is_timedelta64", 0) else 1.0
    return _Record(
        f"waveforms/{name}/data", dims[0] == "time", (_step(time) or 0.0) * ticks, _step(distance),
        {
            "format": "DAS, DASDAE",
            "gauge length": _metres(_scaled(group.attrs.get("_attrs_gauge_length"))),
            "values": _named(group.attrs, "_attrs_data_type", "_attrs_data_units"),
        },
    )  # fmt: skip


_LAYOUTS: tuple[Callable[["h5py.File", Path], _Record | None], ...] = (_prodml, _silixa, _terra15, _dasdae)


def _array(group: Any, name: str, path: Path) -> Any:
    array = group.get(name)
    if getattr(array, "ndim", None) != 2 or array.dtype.kind not in "fiu" or 0 in array.shape:
        has = (
            "nothing"
            if array is None
            else f"{getattr(array, 'dtype', 'a group')} of {getattr(array, 'shape', '')}"
        )
        raise InputError(f"{path}: {name} should hold numbers of two axes, time and channel; it is {has}")
    return array


def _only(names: list[str], what: str, path: Path) -> str:
    if len(names) != 1:
        raise InputError(f"{path} holds {len(names)} {what}; files with one are read: write each to its own")
    return names[0]


def _step(values: Any) -> float | None:
    """Return the median step of a coordinate."""
    some = np.asarray(values[:_TIMES_LOOKED_AT], np.float64 if values.dtype.kind == "f" else np.int64)
    return abs(float(np.median(np.diff(some)))) or None if len(some) > 1 else None


def _scaled(value: Any, factor: float = 1.0) -> float | None:
    try:
        number = float(np.atleast_1d(value)[0]) * factor
    except (TypeError, ValueError, IndexError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _reciprocal(value: Any) -> float:
    number = _scaled(value)
    return 1 / number if number else 0.0


def _named(attributes: Mapping[str, Any], *names: str) -> str:
    """Return what attributes say, those that say something."""
    return ", ".join(text for name in names if (text := _text(attributes.get(name, ""))))


def _metres(value: float | None) -> str:
    return f"{value:g} m" if value else ""


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.flat[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
