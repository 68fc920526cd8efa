"""Sections in .npy, NetCDF and zarr; SEG-Y written in the geometry of another."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import make_line, make_volume

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy_write import segy_headers, write_segy
from terrella.formats.sections.zarr_sections import (
    add_headers,
    create_section,
    cut,
    is_own,
    kept_headers,
    write_box,
)

segyio = pytest.importorskip("segyio")
zarr = pytest.importorskip("zarr")
RANDOM = np.random.default_rng(2)


def test_npy_needs_an_interval(tmp_path: Path) -> None:
    values = RANDOM.standard_normal((6, 9))
    np.save(tmp_path / "line.npy", values)
    with pytest.raises(InputError, match="--interval"):
        open_section(tmp_path / "line.npy")
    section = open_section(tmp_path / "line.npy", interval=0.001)
    np.testing.assert_array_equal(section.read(slice(1, 4), slice(None)), values[1:4].astype(np.float32))


@pytest.mark.parametrize("values", [np.array([object()]), np.zeros(4), np.zeros((0, 3)), np.array([["a"]])])
def test_npy_of_other_things_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "line.npy", values, allow_pickle=True)
    with pytest.raises(InputError):
        open_section(tmp_path / "line.npy", interval=0.001)


def test_netcdf_gives_interval_and_axes(tmp_path: Path) -> None:
    values = RANDOM.standard_normal((9, 4)).astype(np.float32)
    coordinates = {
        "time": ("time", np.arange(9) * 2.0, {"units": "ms"}),
        "x": ("x", np.arange(4) * 5.0, {"units": "m"}),
    }
    xr.Dataset({"amplitude": (("time", "x"), values)}, coordinates).to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf"
    )
    section = open_section(tmp_path / "a.nc")
    assert (section.shape, section.unit) == ((4, 9), "s")
    assert section.interval == pytest.approx(0.002)
    assert section.spacing_m == pytest.approx(5.0)
    np.testing.assert_array_equal(section.read(slice(None), slice(2, 5)), values.T[:, 2:5])


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the kind\n" * 300)
    with pytest.raises(InputError, match="no section that is read"):
        open_section(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="cannot be read"):
        open_section(tmp_path / "absent.sgy")
    with pytest.raises(InputError, match="no zarr"):
        open_section(tmp_path)


def in_zarr(path: Path, source: Path, chunk: tuple[int, ...] | None = None) -> Path:
    section = open_section(source)
    chosen = cut(section.shape, chunk, 4096)
    create_section(path, section, chosen, {"name": source.name})
    add_headers(path, segy_headers(section))
    for where in chosen.shards():
        write_box(path, where, section.read(*where))
    return path


@pytest.mark.parametrize("by", ["inline", "crossline"])
def test_a_volume_goes_to_zarr_and_back_to_segy(tmp_path: Path, by: str) -> None:
    cube = RANDOM.standard_normal((5, 7, 30)).astype(np.float32)
    source = make_volume(tmp_path / "cube.sgy", cube, by)
    kept = in_zarr(tmp_path / "cube.zarr", source, (2, 3, 8))
    section = open_section(kept)
    assert is_own(kept)
    assert (section.interval, section.unit, section.spacing_m) == (
        pytest.approx(0.004),
        "s",
        pytest.approx(25.0),
    )
    np.testing.assert_array_equal(section.read(slice(1, 4), slice(None), slice(3, 20)), cube[1:4, :, 3:20])
    write_segy(tmp_path / "again.sgy", kept_headers(kept), section)
    assert (tmp_path / "again.sgy").read_bytes() == source.read_bytes()
    with segyio.open(str(tmp_path / "again.sgy")) as file:
        read = segyio.tools.cube(file)  # its slow axis first
    np.testing.assert_array_equal(read if by == "inline" else read.swapaxes(0, 1), cube)


@pytest.mark.parametrize(("code", "little"), [(1, False), (3, False), (5, True)])
def test_segy_is_written_as_ieee_floats_under_the_same_headers(
    tmp_path: Path, code: int, little: bool
) -> None:
    traces = np.round(RANDOM.standard_normal((9, 25)) * 100).astype(np.int16 if code == 3 else np.float32)
    source = open_section(make_line(tmp_path / "line.sgy", traces, code, little=little))
    write_segy(tmp_path / "copy.sgy", segy_headers(source), source)
    endian = "little" if little else "big"
    with (
        segyio.open(str(source.path), ignore_geometry=True, endian=endian) as old,
        segyio.open(str(tmp_path / "copy.sgy"), ignore_geometry=True, endian=endian) as new,
    ):
        assert int(new.format) == 5
        assert bytes(new.text[0]) == bytes(old.text[0])
        assert all(dict(a) == dict(b) for a, b in zip(old.header, new.header, strict=True))
        np.testing.assert_array_equal(new.trace.raw[:], old.trace.raw[:])


def test_long_traces_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrella.formats.sections.segy_write._SAMPLES_AT_ONCE", 7)
    source = make_line(tmp_path / "line.sgy", RANDOM.standard_normal((3, 25)).astype(np.float32))
    write_segy(tmp_path / "copy.sgy", segy_headers(open_section(source)), open_section(source))
    assert (tmp_path / "copy.sgy").read_bytes() == source.read_bytes()


def test_a_missing_and_a_damaged_shard_are_named(tmp_path: Path) -> None:
    source = make_line(tmp_path / "line.sgy", RANDOM.standard_normal((40, 60)).astype(np.float32))
    kept = in_zarr(tmp_path / "line.zarr", source, (8, 16))
    files = sorted(path for path in (kept / "samples" / "c").rglob("*") if path.is_file())
    assert len(files) > 2
    raw = bytearray(files[0].read_bytes())
    raw[50] ^= 255
    files[0].write_bytes(bytes(raw))
    files[-1].unlink()
    section = open_section(kept)
    with pytest.raises(InputError, match="damaged"):
        section.read(slice(0, 8), slice(0, 16))
    with pytest.raises(InputError, match="is missing"):
        section.read(slice(39, 40), slice(59, 60))
    assert section.read(slice(0, 8), slice(32, 33)).shape == (8, 1)


def test_a_zarr_array_of_another_is_read(tmp_path: Path) -> None:
    values = RANDOM.standard_normal((6, 9))
    zarr.create_array(tmp_path / "own.zarr", data=values, chunks=(4, 4))
    with pytest.raises(InputError, match="--interval"):
        open_section(tmp_path / "own.zarr")
    section = open_section(tmp_path / "own.zarr", interval=2.0, unit="m")
    np.testing.assert_array_equal(section.read(slice(None), slice(3, 9)), values[:, 3:].astype(np.float32))
    group = zarr.open_group(tmp_path / "two.zarr", mode="w")
    for name in ("a", "b"):
        group.create_array(name, data=values)
    with pytest.raises(InputError, match="one array of two or three axes"):
        open_section(tmp_path / "two.zarr", interval=1.0)


@pytest.mark.parametrize("shape", [(1, 1), (100, 70), (3000, 100_000), (300, 200, 1500), (5, 5, 5)])
def test_shards_are_whole_chunks_and_bounded(shape: tuple[int, ...]) -> None:
    chosen = cut(shape)
    assert all(s % c == 0 for s, c in zip(chosen.shard, chosen.chunk, strict=True))
    assert 4 * np.prod(chosen.shard) <= 64 << 20
    covered = np.zeros(1, int) + sum(
        int(np.prod([s.stop - s.start for s in where])) for where in chosen.shards()
    )
    assert covered == np.prod(shape)
    with pytest.raises(InputError, match="--chunk"):
        cut(shape, (1,) * (len(shape) + 1))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_raise_input_errors_alone(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from(["zarr.json", "samples/zarr.json", "trace_headers/zarr.json", ".npy", ".nc"])
    )
    if kind.endswith("json"):
        source = make_line(tmp_path / "line.sgy", RANDOM.standard_normal((4, 6)).astype(np.float32))
        path = in_zarr(tmp_path / "a.zarr", source)
        damaged = path / kind
    else:
        damaged = path = tmp_path / f"a{kind}"
        if kind == ".npy":
            np.save(path, np.ones((4, 6), np.float32))
        else:
            xr.Dataset({"a": (("x", "time"), np.ones((4, 6)))}, {"time": np.arange(6.0)}).to_netcdf(
                path, engine="h5netcdf"
            )
    raw = bytearray(damaged.read_bytes())
    where = st.integers(0, min(len(raw), 3000) - 1)
    for at, value in data.draw(st.lists(st.tuples(where, st.sampled_from(b'0"{}[],:x\0\xff')), max_size=3)):
        raw[at] = value
    damaged.write_bytes(bytes(raw[: data.draw(st.just(len(raw)) | st.integers(0, len(raw)))]))
    with suppress(InputError):
        section = open_section(path, data.draw(st.sampled_from([None, 0.5])))
        assert section.read(*[slice(0, 3)] * len(section.shape)).dtype == np.float32
        if kind.endswith("json"):
            kept_headers(path).read(0, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("interval", "soon"), ("interval", -1), ("about", 3), ("unit", "furlong"), ("spacing_m", "far")],
)
def test_attributes_that_make_no_sense_are_refused(tmp_path: Path, name: str, value: object) -> None:
    path = in_zarr(tmp_path / "a.zarr", make_line(tmp_path / "line.sgy", np.ones((4, 6), np.float32)))
    held = json.loads((path / "zarr.json").read_text())
    held["attributes"][name] = value
    (path / "zarr.json").write_text(json.dumps(held))
    with pytest.raises(InputError, match=r"a\.zarr"):
        open_section(path)
