"""Traces of SEG-Y files as a source: beside segyio, streamed and preloaded alike, and faults in one line."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_conformance import SourceConformance

from terrella.engine.feed import Chunked, Feed, Stored, preloaded, streamed
from terrella.errors import InputError
from terrella.formats.sections.segy_store import open_segy_store

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import make_line, patched

segyio = pytest.importorskip("segyio")
RANDOM = np.random.default_rng(5)
TRACES = RANDOM.normal(size=(43, 31)).astype(np.float32) * 40
LABELS = (RANDOM.random((43, 31)) < 0.1).astype(np.int8)


def pair(folder: Path, per_chunk: int = 5) -> Stored:
    paths = {
        "x": make_line(folder / "x.sgy", TRACES, 1),
        "y": make_line(folder / "y.sgy", LABELS, 8),
    }
    return Stored(open_segy_store(paths, per_chunk))


class TestTraces(SourceConformance):
    """They do what every source must."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Stored:
        return pair(tmp_path)


@pytest.mark.parametrize("little", [False, True])
@pytest.mark.parametrize(("code", "dtype"), [(1, "f4"), (2, "i4"), (3, "i2"), (5, "f4"), (8, "i1")])
def test_values_are_those_of_segyio(tmp_path: Path, code: int, dtype: str, little: bool) -> None:
    path = make_line(tmp_path / "line.sgy", TRACES.astype(dtype), code, little=little)
    source = Stored(open_segy_store({"x": path}, 7))
    with segyio.open(str(path), ignore_geometry=True, endian="little" if little else "big") as file:
        expected = file.trace.raw[:].astype(np.float32)
    np.testing.assert_array_equal(source.read(torch.arange(43))["x"], expected)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 3), st.integers(1, 3), st.data())
def test_streamed_and_preloaded_batches_are_the_same_from_any_position(
    tmp_path: Path, per_chunk: int, batch: int, epoch: int, readers: int, data: st.DataObject
) -> None:
    source = pair(tmp_path, per_chunk)
    assert isinstance(source, Chunked)
    position = data.draw(st.integers(0, -(-43 // batch) - 1))
    fed = [
        list(Feed(each, batch, 3, mixed_chunks=4).epoch(epoch, position))
        for each in (preloaded(source), streamed(source, readers=readers))
    ]
    assert len(fed[0]) == len(fed[1]) == -(-43 // batch) - position
    for one, two in zip(*fed, strict=True):
        assert torch.equal(one["x"], two["x"])
        assert torch.equal(one["y"], two["y"])
    if position == 0:
        every = torch.cat([one["x"] for one in fed[1]])
        assert sorted(every.sum(1).tolist()) == sorted(source.read(torch.arange(43))["x"].sum(1).tolist())


def test_what_is_no_number_is_zero(tmp_path: Path) -> None:
    traces = TRACES.copy()
    traces[3, 4], traces[5] = np.inf, np.nan
    source = Stored(open_segy_store({"x": make_line(tmp_path / "line.sgy", traces)}))
    read = source.read(torch.arange(43))["x"]
    assert read[3, 4] == 0
    assert not read[5].any()
    np.testing.assert_array_equal(read[6:], traces[6:])


def test_a_file_that_changes_during_training_ends_it_in_one_line(tmp_path: Path) -> None:
    source = pair(tmp_path)
    batches = Feed(streamed(source, readers=1), 4, mixed_chunks=2).epoch(0)
    next(batches)
    path = tmp_path / "x.sgy"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"x\.sgy: changed since it was opened"):
        list(Feed(streamed(source), 4).epoch(1))


@pytest.mark.parametrize(
    ("at", "content", "words"),
    [(3225, b"\0\x63", "format code .* is 99"), (3221, b"\0\x15", "fits no whole number of traces")],
)
def test_headers_that_cannot_be_right_are_refused(
    tmp_path: Path, at: int, content: bytes, words: str
) -> None:
    path = patched(make_line(tmp_path / "line.sgy", TRACES), at, content)
    with pytest.raises(InputError, match=words):
        open_segy_store({"x": path})


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    x, y = make_line(tmp_path / "x.sgy", TRACES), make_line(tmp_path / "y.sgy", TRACES[:40])
    with pytest.raises(InputError, match=r"as many traces each; .*43.*40"):
        open_segy_store({"x": x, "y": y})
    with pytest.raises(InputError, match=r"none\.sgy"):
        open_segy_store({"x": tmp_path / "none.sgy"})
