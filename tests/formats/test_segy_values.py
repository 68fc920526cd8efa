"""Samples of every format of SEG-Y, beside arithmetic."""

import math
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import SAMPLE_BYTES, write_bytes

from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy_values import numbers

BOTH = (slice(None), slice(None))
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = {2: "i", 3: "h", 5: "f", 6: "d", 8: "b", 9: "q", 10: "I", 11: "H", 12: "Q", 16: "B"}


def by_hand(word: bytes, code: int, order: str) -> float:
    """Return one number, by the standard's words."""
    whole = int.from_bytes(word, "big" if order == ">" else "little")
    if code == 1:
        value = Fraction(whole & 0xFFFFFF, 1 << 24) * Fraction(16) ** ((whole >> 24 & 0x7F) - 64)
        return float(-value if whole >> 31 else value)
    if code == 4:
        mantissa = (whole & 0xFFFF) - (0x10000 if whole & 0x8000 else 0)
        return float(mantissa * Fraction(2) ** (whole >> 16 & 0xFF))
    if code in (7, 15):
        return float(whole - (1 << 24) if code == 7 and whole >> 23 else whole)
    return float(struct.unpack(order + KINDS[code], word)[0])


@QUICK
@given(data=st.data())
def test_any_bytes_of_any_format_are_the_numbers_of_the_standard(tmp_path: Path, data: st.DataObject) -> None:
    """equinor/segyio#543: IBM floats came out otherwise than arithmetic has them."""
    code = data.draw(st.sampled_from(list(SAMPLE_BYTES)))
    order, size = data.draw(st.sampled_from("<>")), SAMPLE_BYTES[code]
    traces = data.draw(st.lists(st.binary(min_size=5 * size, max_size=5 * size), min_size=2, max_size=3))
    section = open_section(write_bytes(tmp_path / "a.sgy", traces, code=code, order=order))
    with np.errstate(over="ignore"):
        expected = np.array(
            [[by_hand(row[i : i + size], code, order) for i in range(0, len(row), size)] for row in traces]
        ).astype(np.float32)
    np.testing.assert_array_equal(section.read_as_stored(*BOTH), expected)
    np.testing.assert_array_equal(section.read_as_stored(slice(1, 2), slice(2, 3)), expected[1:2, 2:3])


def test_ibm_floats_that_are_not_normalised_are_right() -> None:
    """Words of a public file: a zero with an exponent, 2⁻²⁴, and ones with leading zeros in their fraction."""
    words = [0x41000000, 0x40000001, 0x42010000, 0x43001000, 0x40080000, 0xC1000000, 0x00000001, 0x7FFFFFFF]
    raw = np.frombuffer(struct.pack(">8I", *words), np.uint8).reshape(1, -1)
    expected = [0.0, 2.0**-24, 1.0, 1.0, 2.0**-5, 0.0, 0.0, np.inf]
    np.testing.assert_array_equal(numbers(raw, 1, little_endian=False)[0], np.array(expected, np.float32))


@pytest.mark.parametrize("exponent", range(0, 128, 7))
def test_every_fraction_of_an_ibm_float_counts(exponent: int) -> None:
    fractions = np.concatenate([1 << np.arange(24), (1 << np.arange(1, 25)) - 1]).astype(np.uint32)
    words = (fractions | np.uint32(exponent << 24)).astype(">u4")
    with np.errstate(over="ignore"):
        expected = (fractions * 16.0 ** (exponent - 64) / 2**24).astype(np.float32)
    np.testing.assert_array_equal(numbers(words.view(np.uint8).reshape(1, -1), 1, False)[0], expected)


def ibm_word(value: float) -> int:
    """Return the normalised IBM float nearest to a number."""
    if value == 0:
        return 0
    power = math.floor(math.log(abs(value), 16)) + 1
    fraction = round(abs(value) / 16.0**power * 2**24)
    if fraction == 1 << 24:
        fraction, power = 1 << 20, power + 1
    return (value < 0) << 31 | (power + 64) << 24 | fraction


@pytest.mark.parametrize("scale", [3e-6, 1.0, 7e4])
@pytest.mark.parametrize("stored", [1, 5])
@pytest.mark.parametrize("code", [1, 5])
def test_floats_of_the_other_kind_are_noticed(tmp_path: Path, code: int, stored: int, scale: float) -> None:
    values = (np.random.default_rng(3).standard_normal((20, 60)) * scale).astype(np.float32)
    if stored == 5:
        traces = [row.astype(">f4").tobytes() for row in values]
    else:
        traces = [struct.pack(">60I", *map(ibm_word, row.tolist())) for row in values]
    section = open_section(write_bytes(tmp_path / "a.sgy", traces, code=code))
    assert any("samples look like" in note for note in section.notes) == (stored != code)
    if stored == code:
        np.testing.assert_allclose(section.read(*BOTH), values, rtol=1e-6)


def test_integers_come_whole_where_they_are_asked_for_exactly(tmp_path: Path) -> None:
    values = np.arange(24).reshape(4, 6) + (1 << 24) + 1
    section = open_section(
        write_bytes(tmp_path / "a.sgy", [row.astype(">i4").tobytes() for row in values], code=2)
    )
    np.testing.assert_array_equal(section.read_exactly(*BOTH), values)
    np.testing.assert_array_equal(section.read(*BOTH), values.astype(np.float32))
