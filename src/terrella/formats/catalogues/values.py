"""Columns of a table as numbers and names; the first value that cannot be read is named."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from terrella.errors import InputError
from terrella.formats.catalogues.event_types import is_removed
from terrella.formats.catalogues.raw import Floats, Place, encode_names

_MISSING = [
    "", "nan", "NaN", "NAN", "na", "NA", "n/a", "N/A", "null", "NULL", "none", "None", "NaT", "-", "--", "---",
    "-.-", "no calculable",
]  # fmt: skip
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_BELOW = r"(?i)^(<|menos de|less than) ?"
_INDONESIAN = {"LU": "N", "LS": "S", "BT": "E", "BB": "W"}  # lintang utara, selatan; bujur timur, barat
_DECIMAL_COMMA = r"^[+-]?(\d*,(\d{1,2}|\d{4,})|0?,\d+|\d{4,},\d+)$"
_TYPED = r"^M[A-Za-z]{0,3} ?\d|\d ?M[A-Za-z]{0,3}$"
_MAGNITUDE = r"^(?P<before>M[A-Za-z]{0,3})? ?(?P<value>[+-]?\d+\.?\d*) ?(?P<after>[Mm][A-Za-z]{0,3})?$"
_DEGREES = (
    r"^(?P<before>[NSEWnsew])?\s*(?P<degrees>[+-]?\d+\.?\d*)\s*°?\s*(?:(?P<minutes>\d+\.?\d*)\s*['′’]\s*)?"
    r"(?:(?P<seconds>\d+\.?\d*)\s*[\"″”]\s*)?(?P<after>[NSEWnsew])?$"
)


_FEW = 1000  # different values of a column that may hold words
_SIDED = r"\d\s*[NSEWnsew]\s*$|^\s*[NSEWnsew]\s*\d|\d\s*°"


def numbers(column: pa.ChunkedArray, name: str, place: Place) -> Floats:
    """Return a column as float64 with NaN for what is missing.

    Raises:
        InputError: at the first text that is not a number.
    """
    if is_text(column.type):
        column = _with_points(stripped(column))
    elif not (
        pa.types.is_floating(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_decimal(column.type)
    ):
        raise InputError(f"{place.file}: column {name} holds {column.type}; numbers were expected")
    try:
        values = np.asarray(
            pc.cast(column, pa.float64(), safe=False).fill_null(np.nan).to_numpy(), np.float64
        )
    except pa.ArrowInvalid as error:
        refuse_first(column, NUMBER, name, "a number", place)
        raise InputError(f"{place.file}: column {name} cannot be read as numbers ({error})") from error
    if np.isinf(values).any() and pa.types.is_string(column.type):
        refuse_first(column, NUMBER, name, "a number", place)
    return values


def _with_points(text: pa.ChunkedArray, thousands: bool = True) -> pa.ChunkedArray:
    """Return numbers with decimal points for decimal commas, where commas can be nothing else.

    They may part thousands where each has three figures behind it and up to three, but no lone zero, before it;
    degrees have no thousands.
    """
    if not pc.any(pc.match_substring(text, ",")).as_py() or pc.any(pc.match_substring(text, ".")).as_py():
        return text
    if thousands and not pc.any(pc.match_substring_regex(text, _DECIMAL_COMMA)).as_py():
        return text
    return pc.replace_substring_regex(text, r"^([+-]?\d*),(\d+)$", r"\1.\2")


def magnitudes(
    column: pa.ChunkedArray, name: str, place: Place
) -> tuple[Floats, npt.NDArray[np.int8], tuple[str, ...]]:
    """Return a column of magnitudes, some perhaps with their types beside them (8.2 Mw), and codes into the types.

    Raises:
        InputError: at the first text that is no such thing.
    """
    if is_text(column.type):
        text = stripped(column)
        if pc.any(pc.match_substring_regex(text, _TYPED)).as_py():
            refuse_first(text, _MAGNITUDE, name, "a magnitude such as 4.5 or 4.5 Mw", place)
            parts = pc.extract_regex(text, _MAGNITUDE)
            kinds = pc.binary_join_element_wise(
                pc.struct_field(parts, "before"), pc.struct_field(parts, "after"), ""
            )
            codes, kind_names = names(kinds, "the magnitude type", place)
            return numbers(pc.struct_field(parts, "value"), name, place), codes, kind_names
    return numbers(column, name, place), np.full(len(column), -1, np.int8), ()


def depths(column: pa.ChunkedArray, name: str, place: Place) -> tuple[Floats, int]:
    """Return a column of depths, whose values may say km themselves, and of how many only a bound is known.

    These are such as "menos de 1", and taken as the bound.

    Raises:
        InputError: at the first text that is no such number.
    """
    bounded = 0
    if is_text(column.type):
        column = pc.replace_substring_regex(stripped(column), r"(?i)^([+-]?[\d.,]+) ?km\.?$", r"\1")
        below = pc.match_substring_regex(column, _BELOW)
        bounded = pc.sum(below).as_py() or 0
        if bounded:
            column = pc.if_else(below, pc.replace_substring_regex(column, _BELOW, ""), column)
    return numbers(column, name, place), bounded


def degrees(column: pa.ChunkedArray, name: str, place: Place) -> Floats:
    """Return a column of degrees, also such as 117.5W and 35°46'N, south and west of the hemispheres negative.

    Raises:
        InputError: at the first text that is no such thing.
    """
    if is_text(column.type):
        column = _with_points(stripped(column), thousands=False)
        for said, side in _INDONESIAN.items():
            column = pc.replace_substring_regex(column, rf"(\d) ?{said}$", rf"\1{side}")
    try:
        return numbers(column, name, place)
    except InputError:
        if not is_text(column.type) or not _has_letters(column):
            raise
    text = stripped(column)
    refuse_first(text, _DEGREES, name, "degrees such as 35.7, 117.5W or 35°46'N", place)
    found = pc.extract_regex(text, _DEGREES)
    out = parts_of_degrees(*(group(found, part) for part in ("degrees", "minutes", "seconds")))
    sides = pc.utf8_upper(
        pc.binary_join_element_wise(pc.struct_field(found, "before"), pc.struct_field(found, "after"), "")
    )
    return with_hemisphere(out, sides, name, place)


def parts_of_degrees(whole: Floats, minutes: Floats | None = None, seconds: Floats | None = None) -> Floats:
    """Return degrees with minutes and seconds, which lie further from 0 whatever the sign; NaN stands for none."""
    if minutes is None and seconds is None:
        return whole
    more = np.zeros_like(whole)
    for part, per_degree in ((minutes, 60), (seconds, 3600)):
        if part is not None:
            more += np.nan_to_num(part) / per_degree
    return np.where(np.signbit(whole), whole - more, whole + more)


def _has_letters(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(column.cast(pa.string()), _SIDED)).as_py())


def with_hemisphere(degrees: Floats, sides: pa.ChunkedArray, name: str, place: Place) -> Floats:
    """Return degrees made negative where the hemisphere (N, S, E, W; blank says nothing) is south or west.

    Raises:
        InputError: where a side is none of these, or the degrees are negative as well.
    """
    side = pc.fill_null(pc.utf8_slice_codeunits(pc.utf8_upper(stripped(sides)), 0, 1), "")
    letters = np.asarray(side.to_numpy(zero_copy_only=False), str)
    for row in np.flatnonzero(~np.isin(letters, ["", "N", "S", "E", "W"]))[:1]:
        raise place.error(
            int(row), f"{name}: {quoted(sides[int(row)].as_py())} is no hemisphere; expected N, S, E or W"
        )
    negative = np.isin(letters, ["S", "W"])
    for row in np.flatnonzero((letters != "") & (degrees < 0))[:1]:
        raise place.error(
            int(row), f"{name} = {degrees[row]:g} and hemisphere {letters[row]}; expected one sign of the two"
        )
    return np.where(negative, -degrees, degrees)


def names(column: pa.ChunkedArray, what: str, place: Place) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """Return codes into the distinct texts of a column, −1 where it is blank."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    distinct = (
        column.chunk(0).dictionary.cast(pa.string()) if column.num_chunks else pa.array([], pa.string())
    )
    codes, kinds = encode_names(stripped(distinct).to_pylist(), what, place.file)
    codes = np.append(codes, np.int8(-1))  # index −1 finds the blank
    parts = [codes[part.indices.fill_null(-1).to_numpy(zero_copy_only=False)] for part in column.chunks]
    return np.concatenate(parts) if parts else codes[:0], kinds


def removed_statuses(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """Return codes into those words of a column that say an event was taken back, −1 for all others."""
    column = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    distinct = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
    words = tuple(word for word in distinct[:_FEW] if word and is_removed(str(word)))
    codes = np.array([*(words.index(word) if word in words else -1 for word in distinct), -1], np.int8)
    parts = [codes[part.indices.fill_null(-1).to_numpy(zero_copy_only=False)] for part in column.chunks]
    return np.concatenate(parts) if parts else codes[:0], tuple(str(word) for word in words)


def identifiers(column: pa.ChunkedArray) -> npt.NDArray[np.bytes_]:
    """Return a column of texts as fixed-width UTF-8 bytes, blank where missing."""
    if not pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    width = max(1, pc.max(pc.binary_length(column)).as_py() or 0)
    out = np.zeros((len(column), width), np.uint8)
    start = 0
    for chunk in column.chunks:
        text = chunk.fill_null("") if chunk.null_count else chunk
        _, offset_buffer, data_buffer = text.buffers()
        offset_type = np.int64 if pa.types.is_large_string(text.type) else np.int32
        offsets = np.frombuffer(offset_buffer, offset_type)[text.offset : text.offset + len(text) + 1]
        lengths = np.diff(offsets)
        if data_buffer is not None and lengths.any():
            data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]]
            out[start : start + len(text)][np.arange(width) < lengths[:, None]] = data
        start += len(text)
    return out.reshape(-1).view(f"S{width}")


def group(found: pa.ChunkedArray, name: str) -> Floats:
    """Return a group of digits of a regular expression as numbers, NaN where it is blank."""
    digits = pc.struct_field(found, name)
    digits = pc.if_else(pc.equal(digits, ""), pa.scalar(None, pa.string()), digits)
    return np.asarray(pc.cast(digits, pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False), float)


def refuse_first(text: pa.ChunkedArray, pattern: str, name: str, expected: str, place: Place) -> None:
    """Raise at the first text that is neither missing nor of the expected form."""
    fits = pc.match_substring_regex(text, pattern)
    bad = pc.invert(pc.fill_null(fits, True)).to_numpy()
    for row in np.flatnonzero(bad)[:1]:
        value = quoted(text[int(row)].as_py())
        raise place.error(int(row), f"{name} = {value}; expected {expected}; correct or delete the row")


def stripped(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return text without spaces around it, null where it stands for a missing value."""
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    missing = pc.is_in(text, value_set=pa.array(_MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), text)


def is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "...'"
