"""Reading past the page cache: the bytes of the file, whatever their place, and what file systems refuse."""

import errno
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.records import past_cache
from terrella.formats.records.past_cache import read_file
from terrella.formats.records.unchanged import Unchanged

BYTES = np.random.default_rng(3).integers(0, 256, 5_000_123, dtype=np.uint8)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("cache") / "bytes"
    BYTES.tofile(made)
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(BYTES)), st.integers(0, len(BYTES)))
def test_what_is_read_are_the_bytes_of_the_file(path, one, other):
    first, end = sorted((one, other))
    out = np.empty(end - first, np.uint8)
    read_file(path, Unchanged(), first, out)
    np.testing.assert_array_equal(out, BYTES[first:end])


@pytest.mark.parametrize("first", [0, 4096, 8192 + 128])
@pytest.mark.parametrize("count", [4096 * 40, 300_000])
def test_numbers_of_any_shape_are_filled(path, first, count):
    out = np.empty((2, count // 8), np.float32)
    read_file(path, Unchanged(), first, out)
    assert out.tobytes() == BYTES[first : first + out.nbytes].tobytes()


@pytest.mark.parametrize("missing", [1, 5000, 3_000_000])
def test_a_file_that_ends_too_soon_says_where(path, missing):
    out = np.empty(3_000_000, np.uint8)
    end = len(BYTES)
    with pytest.raises(EOFError, match=rf"the file ends at byte {end:,}, {missing:,} bytes too soon"):
        read_file(path, Unchanged(), end - len(out) + missing, out)


@pytest.mark.parametrize("where", ["open", "preadv"])
def test_a_file_system_that_refuses_is_read_through_the_page_cache(path, monkeypatch, where):
    real_open, real_preadv, direct, refused = os.open, os.preadv, set(), []

    def opened(name, flags):
        if flags & os.O_DIRECT and where == "open":
            refused.append(name)
            raise OSError(errno.EINVAL, "Invalid argument", name)
        descriptor = real_open(name, flags)
        (direct.add if flags & os.O_DIRECT else direct.discard)(descriptor)
        return descriptor

    def read(descriptor, *more):
        if descriptor in direct:
            refused.append(descriptor)
            raise OSError(errno.EINVAL, "Invalid argument")
        return real_preadv(descriptor, *more)

    monkeypatch.setattr(past_cache.os, "open", opened)
    monkeypatch.setattr(past_cache.os, "preadv", read)
    out = np.empty(1_000_000, np.uint8)
    read_file(path, Unchanged(), 77, out)
    np.testing.assert_array_equal(out, BYTES[77 : 77 + len(out)])
    assert len(refused) == 1


def test_other_errors_are_not_hidden(path, tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        read_file(tmp_path / "gone", Unchanged(), 0, np.empty(100_000, np.uint8))


def test_a_file_that_changed_is_refused(tmp_path):
    path, unchanged, out = tmp_path / "bytes", Unchanged(), np.empty(100_000, np.uint8)
    BYTES.tofile(path)
    read_file(path, unchanged, 0, out)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="bytes: changed since it was opened"):
        read_file(path, unchanged, 0, out)


def test_what_was_just_written_is_read(tmp_path):
    path, out = tmp_path / "bytes", np.empty(200_000, np.uint8)
    for value in (1, 2):
        with path.open("wb") as file:
            file.write(bytes([value]) * 200_000)
        read_file(path, Unchanged(), 0, out)
        assert (out == value).all()
