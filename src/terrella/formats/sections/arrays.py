"""Sections in NumPy's .npy and in NetCDF."""

from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.das import HdfSamples, opened_hdf5
from terrella.formats.sections.section import Corner, NoIntervalError, Section, Unit, checked_interval

_VERTICAL = {"time": "s", "t": "s", "twt": "s", "sample": "s", "samples": "s", "depth": "m", "z": "m"}
_TO_UNIT = {
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "m": 1.0,
    "km": 1e3,
}


def open_npy(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return an .npy file of the shape (trace, sample) or (inline, crossline, sample), read through a memory map.

    Raises:
        InputError: where it is no such array, or no interval is given.
    """
    array = _mapped(path)
    if interval is None:
        raise NoIntervalError(
            f"{path}: an .npy file names no interval between samples; say it with --interval SECONDS"
        )
    about = {"format": f".npy, {array.dtype.name}"}
    return Section(
        path, array.shape, checked_interval(interval, path), unit or "s", None, about, NpySamples(path)
    )


@dataclass(frozen=True)
class NpySamples:
    """Samples of an .npy file."""

    path: Path

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        return np.array(_mapped(self.path)[where])


def open_netcdf(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return the only two- or three-dimensional variable of a NetCDF-4 file as a section or volume.

    The axis called time, twt, depth or sample, or else the last, becomes the last; its coordinate gives the
    interval.

    Raises:
        InputError: where there is no such variable, or more than one, or no interval.
    """
    with opened_hdf5(path) as file:
        large = [
            n for n, v in file.items() if getattr(v, "ndim", 0) in (2, 3) and v.dtype.kind in "fiu" and v.size
        ]
        if len(large) != 1:
            raise InputError(
                f"{path}: one variable of two or three axes was expected; it has {', '.join(large) or 'none'}"
            )
        array = file[large[0]]
        scales = [(axis[0].name.rsplit("/", 1)[-1] if len(axis) else "") for axis in array.dims]
        last = next((i for i, name in enumerate(scales) if name.lower() in _VERTICAL), array.ndim - 1)
        axes = (*(i for i in range(array.ndim) if i != last), last)
        shape = tuple(array.shape[i] for i in axes)
        found, own = _step(file, scales[last])
        spacing, _ = _step(file, scales[axes[-2]])
        about = {"format": f"NetCDF, variable {large[0]}", "axes": ", ".join(scales[i] or "?" for i in axes)}
    if (interval := interval or found) is None:
        raise NoIntervalError(f"{path}: the axis of samples has no even coordinate; say --interval SECONDS")
    unit = unit or own or _VERTICAL.get(scales[last].lower(), "s")  # type: ignore[assignment]
    return Section(
        path, shape, checked_interval(interval, path), unit or "s", spacing, about,
        HdfSamples(path, large[0], axes),
    )  # fmt: skip


def _step(file: Any, name: str) -> tuple[float | None, Unit | None]:
    """Return the step of a coordinate and its unit, or None where it is uneven or absent."""
    if name not in file or len(file[name]) < 2 or file[name].dtype.kind not in "fiu":
        return None, None
    words = file[name].attrs.get("units", b"")
    text = (words.decode() if isinstance(words, bytes) else str(words)).strip().lower()
    steps = np.diff(np.asarray(file[name][:1000], float)) * _TO_UNIT.get(text, 1.0)
    step = abs(float(np.median(steps)))
    if not step or not np.allclose(np.abs(steps), step, rtol=0.01):
        return None, None
    return step, "m" if text in ("m", "km") else "s" if text in _TO_UNIT else None


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, OverflowError, TokenError) as error:
        line = str(error).splitlines()[0] if str(error) else "it is empty"
        raise InputError(f"{path} cannot be read as .npy ({line})") from error
    if (
        not isinstance(array, np.ndarray)
        or array.ndim not in (2, 3)
        or array.dtype.kind not in "fiu"
        or not array.size
    ):
        shape = getattr(array, "shape", "none")
        raise InputError(
            f"{path}: numbers of the shape (trace, sample) or (inline, crossline, sample) were expected; it "
            f"has the shape {shape}"
        )
    return array
