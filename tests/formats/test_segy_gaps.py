"""Volumes in SEG-Y that miss traces: their grid, their dead traces, and what is no volume."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import make_line, make_volume

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.places import placed
from terrella.formats.sections.segy_write import segy_headers, write_segy

segyio = pytest.importorskip("segyio")
RANDOM = np.random.default_rng(2)
ALL = (slice(None),) * 3


def ragged(shape: tuple[int, int]) -> np.ndarray:
    """Return gaps as surveys have them: a corner that is cut off, a hole, a line that is not there."""
    missing = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) < min(shape) // 2
    missing[shape[0] // 2, shape[1] // 2 :] = True
    missing[:, 1] = True
    return missing


@pytest.mark.parametrize("by", ["inline", "crossline"])
@pytest.mark.parametrize("steps", [(2, 1), (-3, 1), (1, -2), (-1, -1)])
def test_missing_traces_are_dead_and_the_others_where_they_belong(
    tmp_path: Path, by: str, steps: tuple[int, int]
) -> None:
    cube = RANDOM.standard_normal((7, 9, 12)).astype(np.float32)
    missing = ragged((7, 9))
    section = open_section(make_volume(tmp_path / "cube.sgy", cube, by, missing=missing, steps=steps))
    # A column without any trace leaves an even grid, too: here the second one begins at the third crossline.
    assert section.shape == cube.shape
    expected = np.where(missing[..., None], np.nan, cube)
    np.testing.assert_array_equal(section.read_as_stored(*ALL), expected)
    np.testing.assert_array_equal(section.read(*ALL), np.nan_to_num(expected))
    np.testing.assert_array_equal(section.absent(*ALL), missing)
    words = (
        f"7 inlines × 9 crosslines, sorted by {by} (bytes 189, 193); {missing.sum()} of 63 traces are missing"
    )
    assert section.about["geometry"].startswith(words)


def test_the_last_trace_may_be_missing_and_the_spacing_stays(tmp_path: Path) -> None:
    cube = RANDOM.standard_normal((4, 6, 15)).astype(np.float32)
    path = make_volume(tmp_path / "cube.segy", cube)
    path.write_bytes(path.read_bytes()[: -(240 + 60)])
    section = open_section(path)
    assert section.shape == (4, 6, 15)
    assert section.spacing_m == pytest.approx(25.0)
    assert np.isnan(section.read_as_stored(*ALL)).sum() == 15
    whole = open_section(make_volume(tmp_path / "whole.segy", cube))
    assert whole.gaps is None
    assert whole.absent(*ALL) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_box_of_any_gaps_is_that_of_the_whole(tmp_path: Path, data: st.DataObject) -> None:
    shape = (4, 5, 8)
    cube = RANDOM.standard_normal(shape).astype(np.float32)
    missing = np.array(data.draw(st.lists(st.booleans(), min_size=20, max_size=20))).reshape(4, 5)
    # All lines of the border hold something, and half of the grid.
    missing[[0, -1], [0, -1]] = missing[0, 1] = missing[1, 0] = False
    missing[1:3, 1:4] &= missing.sum() <= 10
    missing[3, :3] &= missing.sum() <= 10
    by = data.draw(st.sampled_from(["inline", "crossline"]))
    section = open_section(make_volume(tmp_path / "cube.sgy", cube, by, missing=missing, steps=(1, 1)))
    if missing.sum() > 10:
        assert section.shape == (20 - missing.sum(), 8)
        return
    assert section.shape == shape
    where = tuple(
        slice(*sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))), data.draw(st.integers(1, 3)))
        for n in shape
    )
    expected = np.where(missing[..., None], np.nan, cube)[where]
    np.testing.assert_array_equal(section.read_as_stored(*where), expected)
    if missing.any():
        np.testing.assert_array_equal(section.absent(*where), missing[where[:2]])


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1), st.data())
def test_runs_cover_every_trace_once(rows: int, columns: int, fast: int, data) -> None:
    missing = np.array(data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns)))
    cells = np.flatnonzero(~missing)
    if not len(cells):
        return
    shape = (rows, columns) if fast == 1 else (columns, rows)
    order = np.array(data.draw(st.permutations(range(len(cells)))))
    places = placed(shape, fast, cells[order])
    seen = np.full(shape, -1)
    for first, where in places.runs((0, 0), shape):
        seen[where] = np.arange(first, first + seen[where].size)
    flat = (seen if fast == 1 else seen.T).reshape(-1)
    np.testing.assert_array_equal(flat[cells[order]], np.arange(len(cells)))
    assert places.n_traces == len(cells)
    on_grid = missing.reshape(rows, columns) if fast == 1 else missing.reshape(rows, columns).T
    np.testing.assert_array_equal(seen == -1, on_grid)
    np.testing.assert_array_equal(places.absent((0, 0), shape), on_grid)


@pytest.mark.parametrize("by", ["inline", "crossline"])
def test_written_again_it_has_the_same_traces_and_no_others(tmp_path: Path, by: str) -> None:
    cube = RANDOM.standard_normal((7, 9, 12)).astype(np.float32)
    source = make_volume(tmp_path / "cube.sgy", cube, by, missing=ragged((7, 9)))
    section = open_section(source)
    write_segy(tmp_path / "again.sgy", segy_headers(section), section)
    assert (tmp_path / "again.sgy").read_bytes() == source.read_bytes()


def test_numbers_that_make_no_volume_leave_a_section(tmp_path: Path) -> None:
    cube = RANDOM.standard_normal((6, 6, 8)).astype(np.float32)
    crooked = ~np.eye(6, dtype=bool)  # a line across the grid
    section = open_section(make_volume(tmp_path / "crooked.sgy", cube, missing=crooked))
    assert section.shape == (6, 8)
    assert "no regular grid" in section.about["geometry"]
    twice = make_volume(tmp_path / "twice.sgy", cube, missing=ragged((6, 6)))
    with segyio.open(str(twice), "r+", ignore_geometry=True) as file:
        first = file.header[0]
        file.header[1] = {189: first[189], 193: first[193]}  # as in gathers, two traces of one place
    with pytest.raises(InputError, match=r"traces 1 and 2 both lie at inline 100 and crossline 903"):
        open_section(twice)
    assert open_section(make_line(tmp_path / "line.sgy", cube[0])).shape == (6, 8)


def test_a_changed_file_is_an_error_in_a_volume_too(tmp_path: Path) -> None:
    cube = RANDOM.standard_normal((4, 5, 8)).astype(np.float32)
    path = make_volume(tmp_path / "cube.sgy", cube)
    section = open_section(path)
    make_volume(path, cube, missing=ragged((4, 5)))
    with pytest.raises(InputError, match="changed while it was read"):
        section.read(*ALL)
