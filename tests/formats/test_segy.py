"""SEG-Y beside segyio: values, geometry, intervals, and files that must be refused."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import make_line, make_volume, patched

from terrella.errors import InputError
from terrella.formats.sections import segy
from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy import open_segy

segyio = pytest.importorskip("segyio")
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("code", [1, 2, 3, 5, 8])
def test_values_of_each_format_are_those_of_segyio(tmp_path: Path, code: int) -> None:
    traces = (RANDOM.standard_normal((7, 33)) * 50).astype(np.float32)
    traces = traces if code in (1, 5) else np.round(traces).clip(-127, 127)
    dtype = {2: np.int32, 3: np.int16, 8: np.int8}.get(code, np.float32)
    path = make_line(tmp_path / "line.sgy", traces.astype(dtype), code)
    section = open_section(path)
    with segyio.open(str(path), ignore_geometry=True) as file:
        expected = file.trace.raw[:].astype(np.float32)
    assert section.shape == (7, 33)
    np.testing.assert_array_equal(section.read(slice(None), slice(None)), expected)
    np.testing.assert_allclose(expected, traces.astype(dtype), rtol=1e-5)
    assert (section.interval, section.unit) == (0.002, "s")
    assert section.spacing_m == pytest.approx(12.5)


def test_little_endian_files_give_the_same_values(tmp_path: Path) -> None:
    traces = RANDOM.standard_normal((5, 20)).astype(np.float32)
    for code in (1, 5):
        big = open_section(make_line(tmp_path / "big.sgy", traces, code))
        little = open_section(make_line(tmp_path / "little.sgy", traces, code, little=True))
        both = (slice(None), slice(None))
        np.testing.assert_array_equal(little.read(*both), big.read(*both))
        assert "little-endian" in little.about["format"]


@pytest.mark.parametrize("by", ["inline", "crossline"])
@pytest.mark.parametrize("places", [(189, 193), (9, 21)])
def test_a_volume_has_its_axes_whatever_its_sorting(tmp_path: Path, by: str, places: tuple[int, int]) -> None:
    cube = RANDOM.standard_normal((4, 6, 15)).astype(np.float32)
    section = open_section(make_volume(tmp_path / "cube.segy", cube, by, places))
    assert section.shape == cube.shape
    np.testing.assert_array_equal(section.read(slice(None), slice(None), slice(None)), cube)
    np.testing.assert_array_equal(section.read(slice(1, 3), slice(2, 5), slice(7, 9)), cube[1:3, 2:5, 7:9])
    assert section.spacing_m == pytest.approx(25.0)  # along crosslines, the axis before the last


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_box_is_that_of_the_whole(
    tmp_path: Path, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segy, "_AT_ONCE", data.draw(st.sampled_from([1, 500, 1 << 20])))
    cube = RANDOM.standard_normal((3, 5, 40)).astype(np.float32)
    by = data.draw(st.sampled_from(["inline", "crossline"]))
    section = open_section(make_volume(tmp_path / "cube.segy", cube, by))
    where = tuple(
        slice(*sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))), data.draw(st.integers(1, 3)))
        for n in cube.shape
    )
    np.testing.assert_array_equal(section.read(*where), cube[where])


def test_what_is_no_number_becomes_zero(tmp_path: Path) -> None:
    traces = np.ones((3, 8), np.float32)
    traces[1, 2], traces[2, 5] = np.nan, np.inf
    section = open_section(make_line(tmp_path / "line.sgy", traces))
    both = (slice(None), slice(None))
    assert section.read(*both)[1, 2] == 0 == section.read(*both)[2, 5]
    assert np.isnan(section.read_as_stored(*both)[1, 2])


@pytest.mark.parametrize(
    ("at", "content", "words"),
    [
        (3225, b"\0\x63", "format code .* is 99"),
        (3221, b"\0\x15", "fits no whole number of traces of 21 samples"),
        (3217, b"\x0f\xa0", "4,000 µs in the binary header and 2,000 µs"),
        (3600 + 2 * (240 + 80) + 117, b"\x0f\xa0", "2,000 µs in trace 1, 4,000 µs in trace 3"),
    ],
)
def test_headers_that_cannot_be_right_are_refused(
    tmp_path: Path, at: int, content: bytes, words: str
) -> None:
    path = make_line(tmp_path / "line.sgy", RANDOM.standard_normal((6, 20)).astype(np.float32))
    with pytest.raises(InputError, match=words):
        open_section(patched(path, at, content))


def test_intervals_that_contradict_are_settled_by_the_user(tmp_path: Path) -> None:
    path = make_line(tmp_path / "line.sgy", np.ones((6, 20), np.float32))
    assert open_section(patched(path, 3217, b"\x0f\xa0"), interval=0.002).interval == 0.002


def test_no_interval_is_refused_with_what_to_say(tmp_path: Path) -> None:
    path = make_line(tmp_path / "line.sgy", np.ones((2, 20), np.float32), interval_us=0)
    with pytest.raises(InputError, match="--interval"):
        open_section(path)


@pytest.mark.parametrize("length", [0, 100, 3599, 3600, 3700, 3600 + 319, 3600 + 3 * 320 - 7])
def test_a_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = make_line(tmp_path / "line.sgy", np.ones((6, 20), np.float32))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError):
        open_section(path)


def test_a_count_of_traces_in_revision_2_must_be_right(tmp_path: Path) -> None:
    path = make_line(tmp_path / "line.sgy", np.ones((6, 20), np.float32))
    patched(path, 3501, b"\2\0")
    patched(path, 3513, (7).to_bytes(8, "big"))
    with pytest.raises(InputError, match=r"names 7 traces .* holds 6"):
        open_section(path)


def test_a_file_that_shrinks_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = make_line(tmp_path / "line.sgy", np.ones((6, 20), np.float32))
    section, unwatched = open_section(path), open_segy(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"changed while it was read \(5,520 bytes then, 5,420 now\)"):
        section.read(slice(None), slice(None))
    with pytest.raises(InputError, match="became shorter"):
        unwatched.read(slice(None), slice(None))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbled_headers_raise_input_errors_alone(tmp_path: Path, data: st.DataObject) -> None:
    path = make_line(tmp_path / "line.sgy", RANDOM.standard_normal((4, 12)).astype(np.float32))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(
            st.integers(3200, 3600 + 240 - 1) | st.sampled_from([3216, 3220, 3221, 3224, 3225, 3296, 3504])
        )
        raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(0, len(raw)) | st.just(len(raw)))]))
    with suppress(InputError):
        section = open_section(path)
        assert np.isfinite(section.read(*[slice(None)] * len(section.shape))).all()


@pytest.mark.parametrize(
    ("name", "shape", "interval", "unit", "spacing_m"),
    [
        ("viking_small.segy", (480, 600), 0.004, "s", None),
        ("f3.sgy", (23, 18, 75), 0.004, "s", 25.0),
        ("Mx1.sgy", (24, 10), 0.004, "s", None),
        ("volve10r12-full-twt-arb.sgy", (225, 850), 0.004, "s", 13.36),
        ("volve10r12-full-z-il10117sub.sgy", (202, 1125), 0.004, "s", 12.5),
    ],
)
def test_real_files(
    shared_data: Path, name: str, shape: tuple[int, ...], interval: float, unit: str, spacing_m: float | None
) -> None:
    path = shared_data / "segment" / name
    section = open_section(path)
    with segyio.open(str(path), ignore_geometry=True) as file:
        expected = file.trace.raw[:].astype(np.float32).reshape(shape)
    assert section.shape == shape
    assert (section.interval, section.unit) == (pytest.approx(interval), unit)
    assert section.spacing_m == (None if spacing_m is None else pytest.approx(spacing_m, rel=1e-3))
    np.testing.assert_array_equal(section.read(*[slice(None)] * len(shape)), expected)
