"""Times of events from text, numbers and parts; the first that cannot be read is named."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from terrella.errors import InputError
from terrella.formats.catalogues.dates import year_first
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.raw import Floats, Place
from terrella.formats.catalogues.values import group, is_text, numbers, quoted, refuse_first, stripped

Times = npt.NDArray[np.datetime64]
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # the month, in a common year
_MOST_SECONDS = 99.99  # some location programmes carry the seconds of the minute before on
CLOCK = r"\d{1,2}(?::\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)?"
ZONE = r"(?:Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)"
_TIME = (
    r"^(?P<year>\d{4})(?:[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})|(?P<compact>\d{4}))"
    rf"(?:(?:T| +)(?P<clock>{CLOCK})|T?(?P<digits>\d{{6}}(?:\.\d*)?))? ?(?P<zone>{ZONE})?$"
)
_HINTS = (
    (r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", "; day and month cannot be told apart: write the year first"),
    (r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}(\D|$)|^\d{6}(\D|$)", "; a year needs four digits"),
    (r"\d ?[A-Z]{3,4}$", "; write the zone as an offset, such as +09:00"),
)


def times(column: pa.ChunkedArray, name: str, place: Place, found: list[Finding]) -> Times:
    """Return a column of timestamps or text as datetime64[us] in UTC; no zone means UTC.

    What order the parts of dates are in is added to `found` where the year does not come first.

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
    if not is_text(column.type):
        raise InputError(
            f"{place.file}: column {name} holds {column.type}, which is no time; for seconds or milliseconds since "
            f"1970 say --columns.time_epoch_s={name} or --columns.time_epoch_ms={name}"
        )
    text = stripped(column)
    for kind in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
        try:
            return _naive(pc.cast(text, kind))
        except pa.ArrowInvalid:
            continue  # not all of one usual form: take the slower way, which names what it cannot read
    return _times_of_many_forms(year_first(text, name, found), name, place)


def times_from_epoch(column: pa.ChunkedArray, unit_s: float, name: str, place: Place) -> Times:
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


def times_from_parts(
    given: Mapping[str, Floats], place: Place, called: Mapping[str, str] | None = None
) -> Times:
    """Return times from year, month and day (or day of the year) and, where given, hour, minute and second.

    Hours of 24 and minutes and seconds of 60 and more are carried on. `called` are the file's names.

    Raises:
        InputError: at the first part that cannot be.
    """
    parts, fault = _combined(given, called or {})
    if fault is not None:
        raise place.error(*fault)
    return parts


def _combined(given: Mapping[str, Floats], called: Mapping[str, str]) -> tuple[Times, tuple[int, str] | None]:
    """Return times, and the row and the words of the first fault, where there is one."""
    parts = dict(given)
    yearly = "day_of_year" in parts and not {"month", "day"} <= set(parts)
    day_of_year = parts.pop("day_of_year", None)
    if yearly and day_of_year is not None:
        parts["month"], parts["day"] = np.ones_like(day_of_year), day_of_year
        called = {**called, "day": called.get("day_of_year", "day of year")}
    missing = np.any([np.isnan(parts[k]) for k in ("year", "month", "day")], axis=0)
    fault = _fault(parts, called, 366 if yearly else 31)
    whole = {k: np.where(missing | (fault is not None), 1, np.nan_to_num(v)) for k, v in parts.items()}
    months = ((whole["year"] - 1970) * 12 + whole["month"] - 1).astype(np.int64).astype("datetime64[M]")
    seconds = sum(whole.get(k, 0.0) * s for k, s in (("hour", 3600), ("minute", 60), ("second", 1)))
    days = months.astype("datetime64[D]") + (whole["day"] - 1).astype("timedelta64[D]")
    unit = "datetime64[Y]" if yearly else "datetime64[M]"
    for row in np.flatnonzero(days.astype(unit) != months.astype(unit))[:1]:
        date = "-".join(f"{whole[k][row]:02.0f}" for k in ("year", "month", "day"))
        fault = int(row), f"no such date: {date}"
    out = days.astype("datetime64[us]") + np.round(np.asarray(seconds) * 1e6).astype("timedelta64[us]")
    out[missing] = np.datetime64("NaT")
    return np.asarray(out), fault


def _fault(parts: Mapping[str, Floats], called: Mapping[str, str], last_day: int) -> tuple[int, str] | None:
    """Return the first row with a part that cannot be, and what is wrong with it."""
    limits = {
        "year": (1, 9999), "month": (1, 12), "day": (1, last_day), "hour": (0, 24), "minute": (0, 60),
        "second": (0, _MOST_SECONDS),
    }  # fmt: skip
    for name, values in parts.items():
        low, high = limits[name]
        short = called.get(name, name)
        for row in np.flatnonzero((values < low) | (values > high))[:1]:
            return int(row), f"{short} = {values[row]:g}; expected {low} to {high:g}"
        if name != "second":
            for row in np.flatnonzero((values != np.rint(values)) & ~np.isnan(values))[:1]:
                return int(row), f"{short} = {values[row]:.10g}; expected a whole number"
    return None


def whole_years(year: Floats, month: Floats, day: Floats) -> Floats:
    """Return the years themselves where a column has decimal ones.

    A decimal year with few digits may round up to the year after, so the month and the day say which it is.
    """
    if np.all((year == np.rint(year)) | ~np.isfinite(year)):
        return year
    known = np.isfinite(year) & np.isin(month, np.arange(1, 13)) & np.isin(day, np.arange(1, 32))
    before = np.array(_DAYS_BEFORE)[np.where(known, month, 1).astype(int) - 1]
    passed = (before + np.where(known, day, 1) - 0.5) / 365.25
    return np.where(known, np.round(year - passed), year)


def offset_minutes(text: pa.ChunkedArray) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return zones such as Z, UTC+9 and -07:00 as minutes east of UTC, and which of the texts are none."""
    zones = pc.extract_regex(
        pc.replace_substring_regex(text, r"^(Z|UTC|GMT|UT) ?", ""),
        r"^(?:(?P<sign>[+-])(?P<hours>\d{1,2}?)(?::?(?P<minutes>\d{2}))?)?$",
    )
    bad = pc.and_(pc.is_valid(text), pc.is_null(zones)).to_numpy(zero_copy_only=False)
    part = {name: group(zones, name) for name in ("hours", "minutes")}
    west = pc.fill_null(pc.equal(pc.struct_field(zones, "sign"), "-"), False).to_numpy(zero_copy_only=False)
    minutes = np.nan_to_num(part["hours"]) * 60 + np.nan_to_num(part["minutes"])
    return np.where(west, -minutes, minutes), np.asarray(bad, bool)


def _times_of_many_forms(text: pa.ChunkedArray, name: str, place: Place) -> Times:
    """Return times of texts that differ in their separators, digits and zones."""
    expected = "a time such as 2019-07-06T03:19:53.04Z"
    numeric = pc.any(pc.match_substring_regex(text, r"^[+-]?(\d{1,7}|\d{9,13}|\d{15,})(\.\d*)?$")).as_py()
    hint = f", or seconds since 1970 with --columns.time_epoch_s={name}" if numeric else ""
    if pc.all(pc.match_substring_regex(text, r"^\d{1,6}\.\d+$")).as_py():
        hint = ", not days since some day"
    for pattern, words in _HINTS:
        if pc.any(pc.match_substring_regex(text, pattern)).as_py():
            hint += words
    refuse_first(text, _TIME, name, expected + hint, place)
    found = pc.extract_regex(text, _TIME)
    parts = {part: group(found, part) for part in ("year", "month", "day")}
    compact = group(found, "compact")
    parts["month"] = np.where(np.isnan(compact), parts["month"], compact // 100)
    parts["day"] = np.where(np.isnan(compact), parts["day"], compact % 100)
    digits = group(found, "digits")
    clock = pc.extract_regex(
        pc.fill_null(pc.struct_field(found, "clock"), ""),
        r"^(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>[\d.]+))?)?)?$",
    )
    for part, divisor, size in (("hour", 10_000, 100), ("minute", 100, 100), ("second", 1, 100)):
        parts[part] = np.where(np.isnan(digits), group(clock, part), digits // divisor % size)
    parts["second"] = np.where(np.isnan(digits), parts["second"], digits % 100)
    local, fault = _combined(parts, {})
    if fault is not None:
        value = quoted(text[fault[0]].as_py())
        raise place.error(fault[0], f"{name} = {value} is no valid time ({fault[1]}); expected {expected}")
    zones, _ = offset_minutes(pc.fill_null(pc.struct_field(found, "zone"), ""))
    return np.asarray(local - np.round(zones).astype("timedelta64[m]"))


def _naive(column: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    ticks = column.cast(pa.int64())
    values = np.asarray(ticks.fill_null(np.iinfo(np.int64).min).to_numpy(), np.int64)
    return values.view("datetime64[us]")
