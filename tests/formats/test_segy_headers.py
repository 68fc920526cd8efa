"""Headers of SEG-Y that decide units, times and sizes; what they leave open is said, what contradicts refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import floats, write_bytes

from terrella.errors import InputError
from terrella.formats.sections.open import open_section

BOTH = (slice(None), slice(None))
VALUES = np.random.default_rng(4).standard_normal((12, 25)).astype(np.float32)
NEW = {(3501, "B"): 2, (3502, "B"): 0}


def same(values: dict[int, int]) -> list[dict[int, int]]:
    """Return the same fields for every trace."""
    return [values] * len(VALUES)


@pytest.mark.parametrize(
    "line",
    ["WATER DEPTH MIN 120 M MAX 480 M", "Depth min: 0.00 max: 3000.00", "PSDM VOLUME", "DOMAIN: DEPTH"],
)
def test_words_of_a_text_header_are_no_units(tmp_path: Path, line: str) -> None:
    section = open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), text=f"C 1 {line}"))
    assert (section.interval, section.unit) == (pytest.approx(0.004), "s")
    assert any("--unit m" in note for note in section.notes) == ("WATER" not in line)


@pytest.mark.parametrize(("system", "metre"), [(1, 1.0), (2, 0.3048)])
def test_depths_and_distances_follow_the_measurement_system(
    tmp_path: Path, system: int, metre: float
) -> None:
    """TGSAI/mdio-python#700: neither scalar nor unit of coordinates was heeded."""
    heads = [{71: -100, 89: 1, 181: 1000 * i + 5000, 185: 7500 * i} for i in range(len(VALUES))]
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES), heads, binary={(3255, "H"): system})
    section = open_section(path, unit="m")
    assert section.interval == pytest.approx(4.0 * metre)
    assert section.spacing_m == pytest.approx(np.hypot(10, 75) * metre)
    assert section.start is None
    assert open_section(path).interval == pytest.approx(0.004)


def test_a_thin_depth_interval_is_asked_for(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES), same({117: 5}), binary={(3217, "H"): 5})
    with pytest.raises(InputError, match="say which with --interval METRES"):
        open_section(path, unit="m")
    assert open_section(path, 5.0, "m").interval == 5.0
    assert any("5 µs" in note for note in open_section(path).notes)


@pytest.mark.parametrize(
    ("unit", "system", "step", "spacing"),
    [
        (1, 1, 25, 25.0),
        (0, 1, 25, 25.0),
        (1, 0, 25, 25.0),
        (0, 0, 25, None),
        (2, 1, 25, None),
        (3, 1, 25, None),
    ],
)
def test_spacing_comes_from_coordinates_with_a_length(
    tmp_path: Path, unit: int, system: int, step: int, spacing: float | None
) -> None:
    heads = [{89: unit, 181: 500 + step * i} for i in range(len(VALUES))]
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES), heads, binary={(3255, "H"): system})
    section = open_section(path)
    assert section.spacing_m == spacing
    assert any("measurement" in note for note in section.notes) == ((unit, system) == (1, 0))


def test_degrees_without_a_unit_are_no_metres(tmp_path: Path) -> None:
    heads = [{71: -10000, 181: 51234 + 3 * i, 185: 523456} for i in range(len(VALUES))]
    section = open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), heads))
    assert section.spacing_m is None
    assert any("no given unit" in note for note in section.notes)


@pytest.mark.parametrize(
    ("delay", "scalar", "revision", "start"),
    [(1500, 0, 0, 1.5), (-200, 1, 1, -0.2), (150, 10, 1, 1.5), (15, -10, 1, 0.0015), (15, -10, 0, 0.015)],
)
def test_the_axis_starts_at_the_delay(
    tmp_path: Path, delay: int, scalar: int, revision: int, start: float
) -> None:
    """equinor/segyio#327 and equinor/segyio#548."""
    path = write_bytes(
        tmp_path / "a.sgy", floats(VALUES), same({109: delay, 215: scalar}), binary={(3501, "B"): revision}
    )
    assert open_section(path).start == pytest.approx(start)


def test_delays_that_differ_are_refused_but_for_dead_traces(tmp_path: Path) -> None:
    heads = [{109: 1500 + 4 * (i > 6)} for i in range(len(VALUES))]
    with pytest.raises(InputError, match=r"1,500 ms in trace 1, 1,504 ms in trace 8"):
        open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), heads))
    heads = [{109: 1500} if i else {29: 2, 109: 0} for i in range(len(VALUES))]
    assert open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), heads)).start == 1.5


def test_intervals_that_change_are_refused_unless_one_is_said(tmp_path: Path) -> None:
    heads = [{117: 4000 if i < 5 else 2000} for i in range(len(VALUES))]
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES), heads)
    with pytest.raises(InputError, match="4,000 µs in trace 1, 2,000 µs in trace 6"):
        open_section(path)
    section = open_section(path, 0.002)
    assert section.interval == 0.002
    assert any("contradict" in note for note in section.notes)


@pytest.mark.parametrize("interval", [None, 0.004])
def test_traces_of_other_lengths_are_refused_whatever_is_said(tmp_path: Path, interval: float | None) -> None:
    traces = [
        np.full(10 + 20 * (i % 2), i + 1.0, ">f4").tobytes() for i in range(12)
    ]  # 20 on average, as is said
    heads = [{115: len(trace) // 4} for trace in traces]
    path = write_bytes(tmp_path / "a.sgy", traces, heads, binary={(3221, "H"): 20})
    with pytest.raises(InputError, match="traces of different lengths"):
        open_section(path, interval)


def test_a_count_of_trace_headers_that_cannot_fit_is_said(tmp_path: Path) -> None:
    section = open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), same({115: 462})))
    np.testing.assert_array_equal(section.read(*BOTH), VALUES)
    assert any("462 samples" in note for note in section.notes)


def test_two_counts_that_both_fit_are_refused(tmp_path: Path) -> None:
    # 8 traces of 40 samples take as many bytes as 5 of 100: 3,200.
    traces = [bytes(4 * 40)] * 8
    path = write_bytes(tmp_path / "a.sgy", traces, [{115: 100}] * 8)
    with pytest.raises(InputError, match="fits both"):
        open_section(path, 0.004)


def test_swapped_bytes_are_named(tmp_path: Path) -> None:
    code = write_bytes(tmp_path / "code.sgy", floats(VALUES), binary={(3225, "H"): 0x0500})
    with pytest.raises(InputError, match=r"is 1280, which is 5 \(IEEE float\) with its bytes swapped"):
        open_section(code)
    heads = write_bytes(tmp_path / "heads.sgy", floats(VALUES), same({115: 25 << 8}))
    with pytest.raises(InputError, match="bytes swapped beside the binary header's"):
        open_section(heads)
    pairs = write_bytes(tmp_path / "pairs.sgy", floats(VALUES), binary={(3297, "I"): 0x02010403})
    with pytest.raises(InputError, match="swapped in pairs"):
        open_section(pairs)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_extensions_of_trace_headers_are_passed_over(
    tmp_path: Path, order: str, minor: int, counted: bool, wide: bool
) -> None:
    """Of revision 2.0 their number has four bytes, of 2.1 two; some write four all the same."""
    if minor == 0 and not wide:
        pytest.skip("revision 2.0 has four bytes")
    n = 56  # so that the size fits 62 traces without extensions, too
    values = np.arange(1, n + 1)[:, None] * np.ones((1, 500), np.float32)
    binary = {(3501, "B"): 2, (3502, "B"): minor, (3507, "I" if wide else "H"): 1}
    binary |= {(3513, "Q"): n} if counted else {}
    binary |= {(3297, "I"): 0x01020304}
    path = write_bytes(
        tmp_path / "a.sgy", floats(values, order), order=order, binary=binary, extension=bytes(240)
    )
    np.testing.assert_array_equal(open_section(path).read(*BOTH), values)


def test_a_survey_of_revision_2_1_has_no_extensions(tmp_path: Path) -> None:
    binary = {(3501, "B"): 2, (3502, "B"): 1, (3509, "H"): 1}
    section = open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), binary=binary))
    np.testing.assert_array_equal(section.read(*BOTH), VALUES)


@pytest.mark.parametrize("encoding", ["cp037", "latin-1"])
@pytest.mark.parametrize("end", ["((SEG: ENDTEXT))", "((SEG: EndText))", "((seg:endtext))"])
def test_further_texts_offsets_and_trailers_are_passed_over(tmp_path: Path, encoding: str, end: str) -> None:
    texts = "ONE".ljust(3200) + end.ljust(3200)
    more = {"before": texts.encode(encoding), "after": b"T" * 6400}
    for binary in ({(3505, "h"): 2}, {(3505, "h"): -1}, {(3521, "Q"): 3600 + 6400}):
        said = NEW | {(3529, "i"): 2} | binary
        section = open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), binary=said, **more))
        np.testing.assert_array_equal(section.read(*BOTH), VALUES)
    with pytest.raises(InputError, match=r"no given number follow the last trace"):
        open_section(write_bytes(tmp_path / "a.sgy", floats(VALUES), binary=NEW | {(3529, "i"): -1}))


def test_an_offset_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES), binary=NEW | {(3521, "Q"): 4112})
    with pytest.raises(InputError, match=r"byte of the first trace \(4,113\) is wrong"):
        open_section(path)


def test_an_unfinished_file_is_refused(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.sgy", floats(VALUES))
    path.write_bytes(path.read_bytes() + bytes(3 * 340))
    with pytest.raises(InputError, match="from trace 13 of 15 on, headers and samples are 0"):
        open_section(path, 0.004)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_valid_headers_are_read_as_they_were_written(tmp_path: Path, data: st.DataObject) -> None:
    draw, n = data.draw, len(VALUES)
    order, revision = draw(st.sampled_from("<>")), draw(st.sampled_from([0, 1, 2]))
    interval_us, delay_ms = draw(st.integers(16, 0xFFFF)), draw(st.integers(-3000, 9000))
    scalar, step = draw(st.sampled_from([0, 1, -1, -10, -100, 10])), draw(st.integers(1, 400))
    system = draw(st.sampled_from([1, 2]))
    binary = {
        (3217, "H"): interval_us,
        (3255, "H"): system,
        (3501, "B") if order == ">" else (3502, "B"): revision,
    }
    if revision == 2:
        binary |= {(3501, "B"): 2, (3502, "B"): 0, (3297, "I"): 0x01020304}
    heads = [
        {
            21: 7 + 2 * i,
            71: scalar,
            89: 1,
            109: delay_ms,
            117: draw(st.just(interval_us)),
            181: step * i + 1000,
        }
        for i in range(n)
    ]
    section = open_section(
        write_bytes(tmp_path / "a.sgy", floats(VALUES, order), heads, order=order, binary=binary)
    )
    np.testing.assert_array_equal(section.read(*BOTH), VALUES)
    metres = step * (abs(scalar) or 1) if scalar >= 0 else step / -scalar
    assert section.spacing_m == pytest.approx(metres * {1: 1.0, 2: 0.3048}[system])
    assert section.interval == pytest.approx(interval_us * 1e-6)
    assert section.start == pytest.approx(delay_ms * 1e-3)
    assert section.lines["CDP"].tolist() == [7 + 2 * i for i in range(n)]
    assert section.notes == ()
