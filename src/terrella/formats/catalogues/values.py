"""Columns of a table as numbers, times and names; the first value that cannot be read is named."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from terrella.errors import InputError
from terrella.formats.catalogues.raw import Floats, Place, encode_names

_MISSING = ["", "nan", "NaN", "NAN", "na", "NA", "n/a", "N/A", "null", "NULL", "none", "None", "NaT", "--"]
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_TIME_OF_DAY = r"\d{2}:\d{2}(:\d{2}(\.\d*)?)?"
_TIME = rf"^\d{{4}}-\d{{2}}-\d{{2}}([T ]{_TIME_OF_DAY})? ?(Z|UTC|[+-]\d{{2}}(:?\d{{2}})?)?$"


def numbers(column: pa.ChunkedArray, name: str, place: Place) -> Floats:
    """Return a column as float64 with NaN for what is missing.

    Raises:
        InputError: at the first text that is not a number.
    """
    if _is_text(column.type):
        column = _stripped(column)
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
        _refuse_first(column, _NUMBER, name, "a number", place)
        raise InputError(f"{place.file}: column {name} cannot be read as numbers ({error})") from error
    if np.isinf(values).any() and pa.types.is_string(column.type):
        _refuse_first(column, _NUMBER, name, "a number", place)
    return values


def times(column: pa.ChunkedArray, name: str, place: Place) -> npt.NDArray[np.datetime64]:
    """Return a column of timestamps or ISO 8601 text as datetime64[us] in UTC; no zone means UTC.

    Raises:
        InputError: at the first text in another form, and for plain numbers.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        zone = getattr(column.type, "tz", None)
        try:
            in_us = pc.cast(column, pa.timestamp("us", tz=zone), safe=False)
        except pa.ArrowInvalid as error:
            raise InputError(f"{place.file}: times in column {name} are out of range") from error
        return _naive(in_us)
    if not _is_text(column.type):
        raise InputError(
            f"{place.file}: column {name} holds {column.type}, which is no time; for seconds or milliseconds since "
            f"1970 say --columns time_epoch_s={name} or --columns time_epoch_ms={name}"
        )
    text = _stripped(column)
    for kind in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
        try:
            return _naive(pc.cast(text, kind))
        except pa.ArrowInvalid:
            continue  # not all of one usual form: take the slower way, which names what it cannot read
    return _times_of_many_forms(text, name, place)


def times_from_epoch(
    column: pa.ChunkedArray, unit_s: float, name: str, place: Place
) -> npt.NDArray[np.datetime64]:
    """Return seconds since 1970 (in units of `unit_s`) as datetime64[us]."""
    microseconds = np.round(numbers(column, name, place) * unit_s * 1e6)
    limit = 2.5e17  # the year 9892
    for row in np.flatnonzero(np.abs(microseconds) > limit)[:1]:
        raise place.error(
            int(row), f"{name} = {microseconds[row] / 1e6 / unit_s:g} is out of range for a time"
        )
    out = np.where(np.isnan(microseconds), 0, microseconds).astype(np.int64).astype("datetime64[us]")
    out[np.isnan(microseconds)] = np.datetime64("NaT")
    return out


def times_from_parts(parts: dict[str, Floats], place: Place) -> npt.NDArray[np.datetime64]:
    """Return times from year, month, day and, where given, hour, minute and second."""
    limits = {
        "year": (1, 9999), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 60), "second": (0, 61),
    }  # fmt: skip
    missing = np.any([np.isnan(parts[k]) for k in ("year", "month", "day")], axis=0)
    for name, values in parts.items():
        low, high = limits[name]
        for row in np.flatnonzero((values < low) | (values > high))[:1]:
            raise place.error(int(row), f"{name} = {values[row]:g}; expected {low} to {high}")
    whole = {k: np.where(missing, 1, np.nan_to_num(v)) for k, v in parts.items()}
    months = ((whole["year"] - 1970) * 12 + whole["month"] - 1).astype(np.int64).astype("datetime64[M]")
    seconds = sum(whole.get(k, 0.0) * s for k, s in (("hour", 3600), ("minute", 60), ("second", 1)))
    days = months.astype("datetime64[D]") + (whole["day"] - 1).astype("timedelta64[D]")
    for row in np.flatnonzero(days.astype("datetime64[M]") != months)[:1]:
        date = "-".join(f"{whole[k][row]:02.0f}" for k in ("year", "month", "day"))
        raise place.error(int(row), f"no such date: {date}")
    out = days.astype("datetime64[us]") + np.round(np.asarray(seconds) * 1e6).astype("timedelta64[us]")
    out[missing] = np.datetime64("NaT")
    return np.asarray(out)


def joined(date: pa.ChunkedArray, time: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return date and time of day as one text column, or None where `time` holds whole times."""
    if not (_is_text(time.type) and _is_text(date.type)):
        return None
    clock = _stripped(time)
    if not pc.any(pc.match_substring_regex(clock, rf"^{_TIME_OF_DAY}")).as_py():
        return None
    return pc.binary_join_element_wise(_stripped(date), clock, "T")


def names(column: pa.ChunkedArray, what: str, place: Place) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """Return codes into the distinct texts of a column, −1 where it is blank."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    distinct = (
        column.chunk(0).dictionary.cast(pa.string()) if column.num_chunks else pa.array([], pa.string())
    )
    codes, kinds = encode_names(_stripped(distinct).to_pylist(), what, place.file)
    codes = np.append(codes, np.int8(-1))  # index −1 finds the blank
    parts = [codes[part.indices.fill_null(-1).to_numpy(zero_copy_only=False)] for part in column.chunks]
    return np.concatenate(parts) if parts else codes[:0], kinds


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


def _times_of_many_forms(text: pa.ChunkedArray, name: str, place: Place) -> npt.NDArray[np.datetime64]:
    import pandas as pd

    expected = "a time such as 2019-07-06T03:19:53.04Z"
    given = text
    text = pc.replace_substring_regex(text, r"^(\d{4})/(\d{2})/(\d{2})", r"\1-\2-\3")
    numeric = pc.any(pc.match_substring_regex(text, _NUMBER)).as_py()
    hint = f", or seconds since 1970 with --columns time_epoch_s={name}" if numeric else ""
    _refuse_first(text, _TIME, name, expected + hint, place)
    # pandas keeps to ISO 8601 with a plain zone; "UTC" and an offset of hours alone are written out for it.
    text = pc.replace_substring_regex(text, r" ?(UTC|Z)$", "+00:00")
    text = pc.replace_substring_regex(text, r"(:\d{2}(?:\.\d*)?) ?([+-]\d{2})$", r"\1\2:00")
    text = pc.replace_substring_regex(text, r"\.(\D|$)", r"\1")
    values = pd.Series(text.to_pandas(), dtype=object)
    parsed = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
    unread = (parsed.isna() & values.notna()).to_numpy()
    for row in np.flatnonzero(unread)[:1]:
        value = _quoted(given[int(row)].as_py())
        raise place.error(int(row), f"{name} = {value} is no valid time; expected {expected}")
    return np.asarray(parsed.dt.tz_localize(None).to_numpy(), "datetime64[us]")


def _refuse_first(text: pa.ChunkedArray, pattern: str, name: str, expected: str, place: Place) -> None:
    """Raise at the first text that is neither missing nor of the expected form."""
    fits = pc.match_substring_regex(text, pattern)
    bad = pc.invert(pc.fill_null(fits, True)).to_numpy()
    for row in np.flatnonzero(bad)[:1]:
        value = _quoted(text[int(row)].as_py())
        raise place.error(int(row), f"{name} = {value}; expected {expected}; correct or delete the row")


def _stripped(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return text without spaces around it, null where it stands for a missing value."""
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    missing = pc.is_in(text, value_set=pa.array(_MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), text)


def _naive(column: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    ticks = column.cast(pa.int64())
    values = np.asarray(ticks.fill_null(np.iinfo(np.int64).min).to_numpy(), np.int64)
    return values.view("datetime64[us]")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "...'"
