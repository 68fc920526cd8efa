"""Volumes and lines by the numbers of their traces, in any order, beside where each trace was put."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import floats, write_bytes

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy_write import segy_headers, write_segy

ALL = (slice(None),) * 3
FULL = [(i, x) for i in range(100, 110) for x in range(200, 212)]


def write(
    path: Path, pairs: list[tuple[int, int]], places: tuple[int, int] = (189, 193), **more: object
) -> Path:
    """Write traces whose first sample is 1000 · inline + crossline, 30 m and 10 m apart."""
    values = np.array([[1000 * i + x, i, x, 0] for i, x in pairs], np.float32)
    heads = [{places[0]: i, places[1]: x, 89: 1, 181: 10 * x, 185: 30 * i} for i, x in pairs]
    for name, each in more.items():
        heads = [head | {int(name[1:]): value} for head, value in zip(heads, each, strict=True)]
    return write_bytes(path, floats(values), heads)


def check(section, pairs: list[tuple[int, int]]) -> None:
    """Check every trace of a volume against its own numbers."""
    inlines, crosslines = (section.lines[name].tolist() for name in ("inline", "crossline"))
    assert section.shape == (len(inlines), len(crosslines), 4)
    values = section.read_as_stored(*ALL)
    there = set(pairs)
    for a, i in enumerate(inlines):
        for b, x in enumerate(crosslines):
            if (i, x) in there:
                assert values[a, b].tolist() == [1000 * i + x, i, x, 0]
            else:
                assert np.isnan(values[a, b]).all()
    absent = section.absent(*ALL)
    assert (0 if absent is None else absent.sum()) == len(inlines) * len(crosslines) - len(pairs)


BY_CROSSLINE = sorted(FULL, key=lambda p: p[::-1])
SNAKE = [(i, x) for i in range(100, 110) for x in (range(200, 212) if i % 2 else range(211, 199, -1))]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (FULL, "sorted by inline"),
        (BY_CROSSLINE, "sorted by crossline"),
        (
            [p for j, p in enumerate(BY_CROSSLINE) if j % 7 != 3],
            "17 of 120 traces are missing",
        ),
        (FULL[::-1], "sorted by inline"),
        (SNAKE, "not sorted in the file"),
        ([p for p in FULL if p[0] not in (103, 104)], "among them all of inlines 103, 104"),
        ([p for p in FULL if p[1] != 205], "among them all of crossline 205"),
        ([FULL[j] for j in np.random.default_rng(0).permutation(120)], "not sorted in the file"),
    ],
)
def test_every_trace_lies_where_its_numbers_say(
    tmp_path: Path, pairs: list[tuple[int, int]], words: str
) -> None:
    """Such files are refused elsewhere as having no sorting.

    equinor/segyio#267, equinor/segyio#309, equinor/segyio#343, equinor/segyio#571.
    """
    path = write(tmp_path / "a.sgy", pairs)
    section = open_section(path)
    check(section, pairs)
    assert words in section.about["geometry"]
    assert section.spacing_m == pytest.approx(10.0)
    write_segy(tmp_path / "again.sgy", segy_headers(section), section)
    assert (tmp_path / "again.sgy").read_bytes() == path.read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_with_any_gaps(tmp_path: Path, data: st.DataObject) -> None:
    steps = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    grid = [(7 + steps[0] * i, 900 + steps[1] * x) for i in range(4) for x in range(5)]
    left = [grid[j] for j in data.draw(st.permutations(range(20)))][: data.draw(st.integers(18, 20))]
    places = data.draw(st.sampled_from([(189, 193), (9, 21), (17, 13), (229, 233)]))
    path = write(tmp_path / "a.sgy", left, places)
    section = open_section(path, lines=None if places in ((189, 193), (9, 21)) else places)
    check(section, left)
    where = tuple(slice(*sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2)))) for n in section.shape)
    np.testing.assert_array_equal(section.read(*where), section.read(*ALL)[where])


@pytest.mark.parametrize("places", [(17, 13), (5, 21), (229, 233)])
def test_numbers_in_other_bytes_are_found_by_option(tmp_path: Path, places: tuple[int, int]) -> None:
    """equinor/xtgeo#1593."""
    path = write(tmp_path / "a.sgy", FULL, places)
    assert open_section(path).shape == (120, 4)
    assert any("jump" in note for note in open_section(path).notes)
    check(open_section(path, lines=places), FULL)
    with pytest.raises(InputError, match="the first byte of each number was expected"):
        open_section(path, lines=(17, 240))


def test_doubles_and_gathers_are_refused_with_their_reason(tmp_path: Path) -> None:
    """equinor/segyio#441."""
    with pytest.raises(InputError, match="traces 50 and 51 both lie at inline 104 and crossline 201"):
        open_section(write(tmp_path / "a.sgy", [*FULL[:50], *FULL[49:]]))
    gathers = [pair for pair in FULL for _ in range(3)]
    offsets = [100 * (j % 3) for j in range(len(gathers))]
    with pytest.raises(InputError, match="is prestack"):
        open_section(write(tmp_path / "a.sgy", gathers, _37=offsets))


def test_field_records_of_a_line_are_no_volume(tmp_path: Path) -> None:
    shots = [(shot, shot + at) for shot in range(4) for at in range(30)]
    section = open_section(write(tmp_path / "a.sgy", shots, (9, 21), _37=[25 * (j % 30) for j in range(120)]))
    assert section.shape == (120, 4)
    assert any("gathers before stacking" in note for note in section.notes)


def test_a_jump_in_a_line_is_named(tmp_path: Path) -> None:
    cdps = [(0, x) for x in [*range(100, 150), *range(400, 450)]]
    section = open_section(write(tmp_path / "a.sgy", cdps, (9, 21)))
    assert section.shape == (100, 4)
    assert any("CDP number jumps from 149 to 400 between traces 50 and 51" in note for note in section.notes)
    assert section.lines["CDP"].tolist() == [x for _, x in cdps]
    assert open_section(write(tmp_path / "a.sgy", cdps[:50], (9, 21))).notes == ()
    # By coordinates, where traces have no numbers.
    values, at = np.ones((9, 4), np.float32), [0, 25, 50, 75, 100, 900, 925, 950, 975]
    section = open_section(write_bytes(tmp_path / "b.sgy", floats(values), [{89: 1, 181: x} for x in at]))
    assert any("coordinates jump by 800, otherwise 25," in note for note in section.notes)
