"""Records of distributed acoustic sensing (DAS) in HDF5 as sections (channel, sample).

Read here, a piece at a time: PRODML 2.0 and 2.1 (Acquisition/Raw[0]/RawData), Silixa's own (Acoustic), Terra15's
(data_product/data) and DASDAE's, that of DASCore (waveforms/…/data). What else DASCore knows is read through it
where it is installed. Values stay in the instrument's unit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terrella.errors import InputError
from terrella.formats.sections.clock import Clock, read_clock
from terrella.formats.sections.dasdae import coordinate_units
from terrella.formats.sections.hdf5_samples import HdfSamples, opened_hdf5
from terrella.formats.sections.section import Section, Unit, checked_interval
from terrella.formats.sections.steps import length_step_m
from terrella.formats.sections.units import as_text, axis_unit

if TYPE_CHECKING:
    import h5py

_KNOWN = "PRODML 2.0 and 2.1, Silixa, Terra15 and DASDAE"
_MICROSECOND = 1e-6  # of PRODML's times
_RATES = {"": 1.0, "Hz": 1.0, "hz": 1.0, "Hertz": 1.0, "mHz": 1e-3, "kHz": 1e3, "MHz": 1e6}
_LAYOUT_FAULTS = (KeyError, ValueError, TypeError, AttributeError, IndexError, UnicodeError, OverflowError)


@dataclass(frozen=True)
class _Record:
    """What a layout says of its array."""

    array: str
    time_first: bool
    clock: Clock
    spacing_m: float | None
    about: Mapping[str, str]


_Look = Callable[["h5py.File", Path, float | None], _Record | None]


def open_das(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a DAS record in HDF5 as a section (channel, sample), whichever axis comes first in the file.

    Raises:
        InputError: where the file is no HDF5, its layout is unknown, it has holes in time, or rates in it
            contradict each other.
    """
    with opened_hdf5(path) as file:
        looks = (_look(name, file, path, interval) for name in _LAYOUTS)
        found = next((record for record in looks if record is not None), None)
        if found is None:
            names = ", ".join(list(file)[:4]) or "nothing"
        else:
            shape = file[found.array].shape
    if found is None:
        return _by_dascore(path, names, interval, unit)
    samples = HdfSamples(path, found.array, (1, 0) if found.time_first else (0, 1))
    channels, clock = shape[1] if found.time_first else shape[0], found.clock
    return Section(
        path, (channels, clock.count), checked_interval(interval or clock.interval_s, path), unit or "s",
        found.spacing_m, {key: value for key, value in found.about.items() if value}, samples, notes=clock.notes,
    )  # fmt: skip


def _look(name: str, file: "h5py.File", path: Path, interval: float | None) -> _Record | None:
    try:
        return _LAYOUTS[name](file, path, interval)
    except _LAYOUT_FAULTS as error:
        line = " ".join(str(error).split())
        raise InputError(f"{path} looks like {name}, but not as that is known here ({line})") from error


def _by_dascore(path: Path, names: str, interval: float | None, unit: Unit | None) -> Section:
    from terrella.formats.sections.dascore_records import KINDS, installed, open_with_dascore

    if (section := open_with_dascore(path, interval, unit)) is not None:
        return section
    more = (
        f"and through DASCore {KINDS}" if installed()
        else f"and, where DASCore is installed (pip install 'terrella[das]'), {KINDS}"
    )  # fmt: skip
    raise InputError(
        f"{path}: HDF5 of an unknown layout (it holds {names}); known are {_KNOWN}, {more}; give other records as "
        ".npy, .nc or zarr of the shape (trace, sample), with --interval"
    )


def _prodml(file: "h5py.File", path: Path, given: float | None) -> _Record | None:
    acquisition = file.get("Acquisition")
    raws = [name for name in acquisition or () if name.startswith("Raw")]
    if not raws:
        return None
    raw = _only(raws, "raw records", path)
    group, attributes = acquisition[raw], acquisition.attrs
    array, times = _array(group, "RawData", path), group.get("RawDataTime")
    loci = group.attrs.get("NumberOfLoci", attributes.get("NumberOfLoci"))
    time_first = _time_axis(array, loci, times, path) == 0
    rate = "OutputDataRate" if "OutputDataRate" in group.attrs else "PartEndTime"
    nominal = _prodml_interval_s(group.attrs, rate, path, given) or _by_ends(times)
    clock = read_clock(
        path, array.shape[0 if time_first else 1], nominal, given,
        (rate, "RawDataTime"), None if times is None else times[:], _tick(times),
    )  # fmt: skip
    return _Record(
        f"Acquisition/{raw}/RawData", time_first, clock, _length_m(attributes, "SpatialSamplingInterval"),
        {
            "format": f"DAS, PRODML {as_text(attributes.get('schemaVersion', ''))}".strip(),
            "gauge length": _metres(_length_m(attributes, "GaugeLength")),
            "values": _named(group.attrs, "RawDescription", "RawDataUnit"),
            "start": as_text(attributes.get("MeasurementStartTime", "")),
        },
    )  # fmt: skip


def _prodml_interval_s(attributes: Mapping[str, Any], name: str, path: Path, given: float | None) -> float:
    """Return the interval of a rate, which is in Hz unless another unit stands beside it; 0 where there is none."""
    said = as_text(_beside(attributes, name)).strip()
    if (factor := _RATES.get(said)) is None:
        if given is not None:
            return 0.0
        raise InputError(
            f"{path}: {name} is in {said!r}, which is no unit of rates known here; say --interval SECONDS"
        )
    return _reciprocal(attributes.get(name)) / factor


def _tick(times: Any) -> float:
    """Return the unit of PRODML's times in s: the one they name, or microseconds, as the format has it."""
    held = {} if times is None else times.attrs
    found = axis_unit(next((held[name] for name in ("Uom", "uom", "units") if name in held), ""))
    return found[0] if found is not None and found[1] == "s" else _MICROSECOND


def _by_ends(times: Any) -> float:
    """Return the interval between the times of the first and the last sample that PRODML writes as text, or 0."""
    if times is None or len(times) < 2:
        return 0.0
    texts = [as_text(times.attrs.get(name, "")) for name in ("PartStartTime", "PartEndTime")]
    try:
        first, last = (np.datetime64(re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", text), "ns") for text in texts)
    except ValueError:
        return 0.0
    lasts_s = float((last - first) / np.timedelta64(1, "s"))  # NaN where one is missing
    return lasts_s / (len(times) - 1) if lasts_s > 0 else 0.0


def _time_axis(array: Any, loci: Any, times: Any, path: Path) -> int:
    """Return the axis of time by PRODML's names, or without names by the lengths, or else the first, as it says."""
    words = array.attrs.get("Dimensions")
    names = [] if words is None else _words(words)
    fits = [
        (loci is not None and array.shape[1 - axis] == int(as_text(loci)))
        + (times is not None and array.shape[axis] == len(times))
        for axis in (0, 1)
    ]
    if not names:
        return int(fits[1] > fits[0])
    if names.count("time") != 1 or len(names) != 2:
        raise InputError(f"{path}: RawData has the axes {', '.join(names)}; time and locus were expected")
    axis = names.index("time")
    if fits[axis] == 0 and fits[1 - axis] == 2:
        raise InputError(
            f"{path}: RawData is said to be {' × '.join(names)}, but its shape is {array.shape} with "
            f"{int(as_text(loci)):,} loci and {len(times):,} times; correct its attribute Dimensions"
        )
    return axis


def _words(value: Any) -> list[str]:
    """Return the names in an attribute, of which each is an element, or all stand in one text."""
    texts = [as_text(each) for each in np.atleast_1d(np.asarray(value))]
    return [word.lower() for text in texts for word in text.replace(",", " ").split()]


def _silixa(file: "h5py.File", path: Path, given: float | None) -> _Record | None:
    if "Acoustic" not in file:
        return None
    array = _array(file, "Acoustic", path)
    attributes = array.attrs
    rate = "SamplingFrequency[Hz]"
    clock = read_clock(path, array.shape[0], _reciprocal(attributes.get(rate)), given, (rate, ""))
    stretch = (
        _scaled(attributes.get("Fibre Length Multiplier")) or 1.0
    )  # metres of fibre in one of resolution
    return _Record(
        "Acoustic", True, clock, _scaled(attributes.get("SpatialResolution[m]"), stretch),
        {
            "format": "DAS, Silixa iDAS " + as_text(attributes.get("iDASVersion", "")),
            "gauge length": _metres(_scaled(attributes.get("GaugeLength"))),
            "start": as_text(attributes.get("ISO8601 Timestamp", "")),
        },
    )  # fmt: skip


def _terra15(file: "h5py.File", path: Path, given: float | None) -> _Record | None:
    attributes = file.attrs
    kind = as_text(attributes.get("data_product", ""))
    name = "data_product" if "data_product" in file else kind  # of version 5 on, and of version 4
    if not name or name not in file or "data" not in file[name]:
        return None
    group = file[name]
    array = _array(group, "data", path)
    times = group.get("gps_time", group.get("posix_time"))
    nominal = _scaled(array.attrs.get("dT", attributes.get("dt_computer"))) or 0.0
    clock = read_clock(
        path, array.shape[0], nominal, given, ("dT", "gps_time"), None if times is None else times[:], 1.0
    )
    return _Record(
        f"{name}/data", True, clock, _scaled(attributes.get("dx")),
        {
            "format": f"DAS, Terra15 version {as_text(attributes.get('file_version', ''))}".strip(),
            "gauge length": _metres(_scaled(attributes.get("gauge_length"))),
            "values": _named(attributes, "data_product", "data_product_units"),
            "start": as_text(attributes.get("file_start_computer_time_string", "")),
        },
    )  # fmt: skip


def _dasdae(file: "h5py.File", path: Path, given: float | None) -> _Record | None:
    if as_text(file.attrs.get("__format__", "")) != "DASDAE" or "waveforms" not in file:
        return None
    name = _only(list(file["waveforms"]), "patches", path)
    group = file["waveforms"][name]
    array = _array(group, "data", path)
    dims = [each.strip() for each in as_text(group.attrs.get("_dims", "")).split(",")]
    if sorted(dims) != ["distance", "time"]:
        raise InputError(
            f"{path}: the patch {name} has the axes {', '.join(dims)}; time and distance were expected"
        )
    units = coordinate_units(group)
    time, distance = group["_coord_time"], group["_coord_distance"]
    tick = (
        1e-9 if time.attrs.get("is_datetime64", 0) or time.attrs.get("is_timedelta64", 0) else _seconds(units)
    )
    clock = read_clock(path, array.shape[dims.index("time")], 0.0, given, ("", "time"), time[:], tick)
    spacing_m = length_step_m(distance[:], units.get("distance", ""))
    return _Record(
        f"waveforms/{name}/data", dims[0] == "time", clock, spacing_m,
        {
            "format": "DAS, DASDAE",
            "gauge length": _metres(_scaled(group.attrs.get("_attrs_gauge_length"))),
            "values": _named(group.attrs, "_attrs_data_type", "_attrs_data_units"),
        },
    )  # fmt: skip


_LAYOUTS: dict[str, _Look] = {
    "PRODML": _prodml,
    "Silixa's layout": _silixa,
    "Terra15's": _terra15,
    "DASDAE": _dasdae,
}


def _seconds(units: Mapping[str, str]) -> float:
    """Return the unit of DASDAE's times that are plain numbers in s; 0 where it is not known."""
    found = axis_unit(units.get("time", ""))
    return found[0] if found is not None and found[1] == "s" else 0.0


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


def _length_m(attributes: Mapping[str, Any], name: str) -> float | None:
    """Return a length of PRODML in m, by the unit beside it; None where no unit of length stands there."""
    unit = axis_unit(_beside(attributes, name))
    return _scaled(attributes.get(name), unit[0]) if unit is not None and unit[1] == "m" else None


def _beside(attributes: Mapping[str, Any], name: str) -> Any:
    """Return the unit that PRODML has beside an attribute, or nothing."""
    return next(
        (attributes[key] for end in (".uom", "Unit", "Units") if (key := name + end) in attributes), ""
    )


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
    return ", ".join(text for name in names if (text := as_text(attributes.get(name, ""))))


def _metres(value: float | None) -> str:
    return f"{value:g} m" if value else ""
