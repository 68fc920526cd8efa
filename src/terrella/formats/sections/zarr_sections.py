"""Sections and volumes in zarr, version 3: float32 in chunks that suit patches, many of them in one file (shard).

A group holds `samples` and, where it came from SEG-Y, `trace_headers` (trace, 240), so that SEG-Y can be written
again in the same geometry. Its attributes are interval, unit, spacing_m, about and, in `made_from`, name, size and
time of the source. Every chunk carries a checksum.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.cf import decoded
from terrella.formats.sections.places import Places, complete
from terrella.formats.sections.section import Corner, Section, Unit, checked_interval
from terrella.formats.sections.segy_write import SegyHeaders

Box = tuple[slice, ...]
SAMPLES, HEADERS = "samples", "trace_headers"
_MARK = "terrella_section"
_SHARD_BYTES = 64 << 20
_CHUNK = {2: (256, 256), 3: (64, 64, 64)}
_HEADERS_AT_ONCE = 1 << 16


def zarr_module() -> Any:
    """Return zarr.

    Raises:
        InputError: where it is not installed, or older than 3.
    """
    try:
        import zarr

        if int(zarr.__version__.split(".")[0]) >= 3:
            return zarr
    except ImportError:
        pass
    raise InputError("zarr files need zarr 3, which is not installed: pip install 'terrella[segment]'")


@dataclass(frozen=True)
class Cut:
    """How an array is cut: chunks are read, shards are written."""

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    shard: tuple[int, ...]

    def shards(self) -> list[Box]:
        """Return the place of each shard, in order."""
        steps = [range(0, n, step) for n, step in zip(self.shape, self.shard, strict=True)]
        return [
            tuple(slice(a, min(a + d, n)) for a, d, n in zip(corner, self.shard, self.shape, strict=True))
            for corner in product(*steps)
        ]


def cut(shape: tuple[int, ...], chunk: Sequence[int] | None = None, shard_bytes: int = _SHARD_BYTES) -> Cut:
    """Return chunks (256 × 256, or 64 × 64 × 64) and shards of up to 64 MB made of them.

    Raises:
        InputError: where chunks of other axes than the section's are asked for.
    """
    wanted = tuple(chunk or _CHUNK[len(shape)])
    if len(wanted) != len(shape) or min(wanted) < 1:
        raise InputError(f"--chunk {' '.join(map(str, wanted))}: {len(shape)} positive numbers were expected")
    one = tuple(min(c, n) for c, n in zip(wanted, shape, strict=True))
    counts = [1] * len(shape)
    # Whole chunks are added where the shard is shortest for its axis, until it is large enough.
    while True:
        open_axes = [i for i, n in enumerate(shape) if counts[i] * one[i] < n]
        size = 4 * int(np.prod([c * k for c, k in zip(one, counts, strict=True)]))
        if not open_axes or 2 * size > shard_bytes:
            return Cut(shape, one, tuple(c * k for c, k in zip(one, counts, strict=True)))
        counts[min(open_axes, key=lambda i: counts[i] * one[i])] *= 2


def create_section(path: Path, source: Section, chosen: Cut, made_from: Mapping[str, Any]) -> None:
    """Make an empty zarr section with the interval, unit, spacing and words of another.

    Raises:
        InputError: where zarr is not installed.
    """
    zarr = zarr_module()
    from zarr.codecs import BloscCodec, Crc32cCodec

    group = zarr.open_group(path, mode="w", zarr_format=3)
    axes = ("inline", "crossline", "sample") if len(chosen.shape) == 3 else ("trace", "sample")
    group.create_array(
        SAMPLES, shape=chosen.shape, dtype="float32", chunks=chosen.chunk, shards=chosen.shard, fill_value=0.0,
        compressors=[BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=4), Crc32cCodec()],
        dimension_names=axes,
        config={"write_empty_chunks": True},  # so that a shard that is not there is missed
    )  # fmt: skip
    group.attrs.update(
        {
            _MARK: 1, "interval": source.interval, "unit": source.unit, "spacing_m": source.spacing_m,
            "about": dict(source.about), "made_from": dict(made_from), "start": source.start,
            "lines": {name: _numbers_kept(values) for name, values in source.lines.items()},
            "places": None if source.gaps is None else _places_kept(source.gaps),
        }
    )  # fmt: skip


def write_box(path: Path, where: Box, values: npt.NDArray[np.float32]) -> None:
    """Write the samples of whole shards, each in one step."""
    with explained(path):
        array = zarr_module().open_array(path / SAMPLES, mode="r+", config={"write_empty_chunks": True})
        array[where] = values


def add_headers(path: Path, headers: SegyHeaders) -> None:
    """Add what is needed to write SEG-Y again."""
    with explained(path):
        group = zarr_module().open_group(path, mode="r+")
        rows = min(_HEADERS_AT_ONCE, headers.n_traces)
        array = group.create_array(
            HEADERS,
            shape=(headers.n_traces, headers.header_bytes),
            dtype="uint8",
            overwrite=True,
            chunks=(rows, headers.header_bytes),
        )
        for first in range(0, headers.n_traces, rows):
            end = min(first + rows, headers.n_traces)
            array[first:end] = headers.read(first, end)
        group.attrs["segy"] = {
            "opening": base64.b64encode(headers.opening).decode(),
            "little_endian": headers.little_endian,
            "interval": headers.interval,
            "per_unit": headers.per_unit,
            "places": _places_kept(headers.places),
        }


def _places_kept(places: Places) -> dict[str, Any]:
    """Return places as attributes hold them; `_places` is its reverse."""
    return {
        "fast": places.fast,
        "cells": places.cells.tolist(),
        "traces": places.traces.tolist(),
        "lengths": places.lengths.tolist(),
    }


def kept_headers(path: Path) -> SegyHeaders:
    """Return the SEG-Y headers that a zarr section carries.

    Raises:
        InputError: where it carries none.
    """
    held = section_attributes(path).get("segy")
    if not held:
        raise InputError(f"{path} was not made from SEG-Y and has no headers for it; write .zarr instead")
    with explained(path):
        shape = tuple(_array(path, SAMPLES, _stamp(path)).shape)
        opening, places = base64.b64decode(held["opening"]), _places(held, shape[:-1])
        little_endian, width = bool(held["little_endian"]), _array(path, HEADERS, _stamp(path)).shape[1]
        # Stores of before carry no interval of the headers, which was that of the section.
        stated = held.get("interval", section_attributes(path)["interval"])

    def read(first: int, end: int) -> npt.NDArray[np.uint8]:
        with explained(path):
            return np.asarray(_array(path, HEADERS, _stamp(path))[first:end])

    return SegyHeaders(opening, little_endian, shape, places, read, width, stated, held.get("per_unit", 1e6))


def _places(held: Mapping[str, Any], shape: tuple[int, ...]) -> Places:
    """Return where traces lie, from what SEG-Y left in a store.

    Stores of before gaps were read have strides; of before unsorted files were, no lengths of runs.
    """
    if "strides" in held:
        return complete(shape, held["strides"].index(1))
    kept = held["places"]
    cells, traces = np.array(kept["cells"], np.int64), np.array(kept["traces"], np.int64)
    lengths = np.array(kept.get("lengths", np.diff(traces)), np.int64)
    return Places(shape, int(kept["fast"]), cells, traces[: len(cells)], lengths)


def _numbers_kept(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Return numbers of lines as attributes hold them, the shorter way; `_numbers_read` is its reverse."""
    if np.iscomplexobj(values):
        return {"x": values.real.tolist(), "y": values.imag.tolist()}
    steps = np.diff(values)
    if len(steps) and (steps == steps[0]).all():
        return {"first": values[0].item(), "step": steps[0].item(), "count": len(values)}
    return {"values": values.tolist()}


def _numbers_read(kept: Mapping[str, Any]) -> npt.NDArray[Any]:
    if "x" in kept:
        return np.array(kept["x"]) + 1j * np.array(kept["y"])
    if "values" in kept:
        return np.array(kept["values"])
    return np.asarray(kept["first"] + kept["step"] * np.arange(kept["count"]))


def open_zarr(path: Path, interval: float | None = None, unit: Unit | None = None) -> Section:
    """Return a section written here.

    Raises:
        InputError: where it cannot be read.
    """
    zarr_module()
    held = section_attributes(path)
    with explained(path):
        array = _array(path, SAMPLES, _stamp(path))
        shape, shard = tuple(array.shape), array.shards or array.chunks
        interval = interval or float(held["interval"])
        spacing_m = None if (apart := held.get("spacing_m")) is None else float(apart)
        about = dict(held["about"])
        if (unit := unit or held["unit"]) not in ("s", "m"):
            raise ValueError(f"the unit {unit!r} is neither s nor m")
        about_places = held.get("segy") or (held if held.get("places") else None)
        places = None if about_places is None else _places(about_places, shape[:-1])
        start = None if (begin := held.get("start")) is None else float(begin)
        numbers = {name: _numbers_read(kept) for name, kept in held.get("lines", {}).items()}
    gaps = places if places is not None and places.n_missing else None
    samples = ZarrSamples(path, SAMPLES, shard, tuple(range(len(shape))))
    return Section(
        path, shape, checked_interval(interval, path), unit, spacing_m, about, samples, gaps,
        start=start, lines=numbers,
    )  # fmt: skip


@dataclass(frozen=True)
class ZarrSamples:
    """Samples of a zarr array."""

    path: Path
    name: str  # of the array in its group; empty where the path is the array
    shard: (
        tuple[int, ...] | None
    )  # where every shard must be there, else what is missing is the fill value, as zarr has it
    axes: tuple[int, ...]  # of the array, in the section's order
    encoding: Mapping[str, Any] = field(default_factory=dict)  # how its numbers are decoded

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        where = [slice(0)] * len(low)
        for axis, a, b in zip(self.axes, low, high, strict=True):
            where[axis] = slice(a, b)
        with explained(self.path, "is damaged" if self.shard else "cannot be read as zarr"):
            if self.shard is not None:
                self._check(low, high, self.shard)
            values = np.asarray(_array(self.path, self.name, _stamp(self.path))[tuple(where)])
            return decoded(values, self.encoding).transpose(self.axes)

    def _check(self, low: Corner, high: Corner, shard: tuple[int, ...]) -> None:
        touched = (range(a // d, -(-b // d)) for a, b, d in zip(low, high, shard, strict=True))
        for numbers in product(*touched):
            file = self.path.joinpath(self.name, "c", *map(str, numbers))
            if not file.exists():
                raise InputError(f"{file} is missing; copy or make {self.path} again")


def section_attributes(path: Path) -> dict[str, Any]:
    """Return the attributes of a zarr group or array, of version 2 too; empty where it has none."""
    new, old = path / "zarr.json", path / ".zattrs"
    file = old if old.exists() and not new.exists() else new
    try:
        held = json.loads(file.read_text("utf-8"))
        return dict(held if file.name == ".zattrs" else held.get("attributes", {}))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{file} cannot be read ({error})") from error


def is_own(path: Path) -> bool:
    """Tell whether a folder is a section that was written here."""
    return path.is_dir() and _MARK in section_attributes(path)


def _stamp(path: Path) -> int:
    for name in ("zarr.json", ".zarray", ".zgroup"):
        if (path / name).exists():
            return (path / name).stat().st_mtime_ns
    raise InputError(f"{path} is no zarr array or group")


@lru_cache(maxsize=16)
def _array(path: Path, name: str, stamp: int) -> Any:
    return zarr_module().open_array(path / name if name else path, mode="r")


@contextmanager
def explained(path: Path, fault: str = "is damaged") -> Iterator[None]:
    """Say what is at fault, in one line; a full disk stays an `OSError`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) or not path.exists():
            raise InputError(f"{path} is incomplete ({' '.join(str(error).split())})") from error
        raise
    except (ValueError, KeyError, RuntimeError, TypeError, AttributeError, IndexError, LookupError) as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{path} {fault} ({line})") from error


def remove_partial(path: Path) -> None:
    """Remove what a killed process left of shards that it was writing."""
    for file in path.rglob("*.partial"):
        os.unlink(file)
