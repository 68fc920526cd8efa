"""The times of a table, from whichever of its columns together make one: whole, date and clock, year to second."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from terrella.errors import InputError
from terrella.formats.catalogues.columns import TIMES
from terrella.formats.catalogues.dates import HALF_DAY
from terrella.formats.catalogues.findings import Finding
from terrella.formats.catalogues.headers import squeezed, time_word, zone_name
from terrella.formats.catalogues.raw import Floats, Place
from terrella.formats.catalogues.times import (
    CLOCK,
    ZONE,
    Times,
    offset_minutes,
    times,
    times_from_epoch,
    times_from_parts,
    whole_years,
)  # fmt: skip
from terrella.formats.catalogues.values import is_text, numbers, stripped

_DAY, _HOUR, _MINUTE, _SECOND = (np.timedelta64(n * 1_000_000, "us") for n in (86_400, 3600, 60, 1))
_FINEST = {"millisecond", "milliseconds", "millis", "msec", "msecs", "microsecond", "microseconds", "usec"}
_MIDNIGHT = r"[T ]0{1,2}:00(:00(\.0*)?)?$"
_OFFSET = re.compile(
    r"([+-]\d{2}:\d{2}|(UTC|GMT) ?[+-]\d{1,2}(:?\d{2})?)$"
)  # where no header says what it is
_PLACE_ZONE = re.compile(
    r"(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[\w/+-]+"
)
_NONE = re.compile(r"[+-]0{1,2}(:?00)?$")
_SAMPLE = 10_000  # rows that tell what a column holds
_PARTS = ("year", "month", "day", "day_of_year", "hour", "minute", "second")
_CLOCK_WORDS = {*TIMES["time_of_day"], *TIMES["hour"], "time", "clocktime", "origin", "ot", "localtime"}
UNZONED = "times without a zone, taken as UTC"
Rest = Mapping[str, Sequence[str]]  # the first values of the columns that are not used, by name


@dataclass(frozen=True)
class Columns:
    """The columns of a table under our names, what the file calls them, and a look at the others."""

    table: pa.Table
    found: Mapping[str, int]
    names: Sequence[str]
    place: Place
    rest: Callable[[], Rest]

    def __contains__(self, ours: str) -> bool:
        return ours in self.found

    def get(self, ours: str) -> pa.ChunkedArray:
        """Return a column."""
        return self.table.column(self.found[ours])

    def name(self, ours: str) -> str:
        """Return what the file calls a column."""
        return self.names[self.found[ours]]

    def error(self, message: str) -> InputError:
        """Return an error of the whole file, to be raised by the caller."""
        return InputError(f"{self.place.file}: {message}")

    def number(self, ours: str) -> Floats:
        """Return a column of numbers."""
        return numbers(self.get(ours), self.name(ours), self.place)


def event_times(columns: Columns, found: list[Finding]) -> Times:
    """Return the times of events in UTC, adding to `found` what was made of them.

    Raises:
        InputError: where columns contradict each other, a part of the time is not found, or a value is no time.
    """
    for key, unit_s in (("time_epoch_s", 1.0), ("time_epoch_ms", 1e-3)):
        if key in columns:
            return times_from_epoch(columns.get(key), unit_s, columns.name(key), columns.place)
    clock = next((key for key in ("time_of_day", "time", "hour") if _is_clock(columns, key)), None)
    if clock is not None and _is_complete(columns, clock):
        clock = None
    whole = [key for key in ("time", "date") if key in columns and key != clock]
    date = None if clock is None else _date(columns, clock, whole)
    text = None
    if clock is not None and date is not None:
        used, text = _joined(columns, date, clock)
        name = " and ".join(columns.name(key) for key in used)
        local = times(text, name, columns.place, found)
    elif whole:
        used = whole[:1]
        text = _text(columns, used[0])
        local = times(text, columns.name(used[0]), columns.place, found)
    else:
        used = [key for key in _PARTS if key in columns]
        local = _from_parts(columns, used)
    local, added = _with_finer_parts(columns, local, text, used)
    _refuse_years_of_two_digits(local, columns, used)
    _look_for_parts_of_seconds(columns, local)
    if not added and "hour" not in used:
        _look_for_a_clock(columns, local, text, found)
    return _in_utc(columns, local, text, [*used, *added], found)


def _is_complete(columns: Columns, clock: str) -> bool:
    """Return whether a column beside a clock holds whole times with their zones, which say more than it does."""
    if "time" not in columns or clock == "time":
        return False
    text = columns.get("time")
    return is_text(text.type) and len(text) > 0 and bool(_zones_of_values(text).all())


def _is_clock(columns: Columns, key: str) -> bool:
    """Return whether a column holds times of day and no dates."""
    if key not in columns or (key == "time" and not {"date", "day"} & set(columns.found)):
        return False
    column = columns.get(key)
    if pa.types.is_time(column.type):
        return True
    word = time_word(columns.name(key), _CLOCK_WORDS)[0]
    if key == "time_of_day" or word in ("hhmmss", "hhmm", "hms"):
        return True
    if key == "hour" and "minute" not in columns and _beyond_hours(column):
        return True
    if key == "time" and not is_text(column.type):
        return not pa.types.is_temporal(column.type)
    shape = rf"^({CLOCK}|\d{{3,6}}(\.\d*)?) ?({ZONE})?$|^{HALF_DAY}" if key == "time" else r"^\d{1,2}:\d"
    first = column.slice(0, _SAMPLE)
    return is_text(column.type) and bool(pc.any(pc.match_substring_regex(stripped(first), shape)).as_py())


def _beyond_hours(column: pa.ChunkedArray) -> bool:
    """Return whether a column of hours holds HHMM or HHMMSS without colons, as most values beyond 24 say."""
    if is_text(column.type):
        beyond = pc.match_substring_regex(stripped(column), r"^(\d{3,4}|\d{5,6}(\.\d*)?)$")
    elif pa.types.is_integer(column.type):
        beyond = pc.greater(column, 24)
    else:
        return False
    return bool((pc.mean(pc.cast(beyond, pa.float64())).as_py() or 0) > 0.5)


def _date(columns: Columns, clock: str, whole: Sequence[str]) -> str | None:
    """Return which column holds the dates of a clock, None where one holds whole times and needs none."""
    for key in whole[::-1]:
        text = _text(columns, key)
        return None if _has_clock(_dates(text)) else key
    if {"year", "month", "day"} <= set(columns.found):
        return "year"
    raise columns.error(
        f"column {columns.name(clock)} holds times of day and no column their dates; "
        "say which one does, e.g. --columns.date=NAME"
    )


def _dates(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times without the midnight that spreadsheets write behind dates."""
    return pc.replace_substring_regex(stripped(text), _MIDNIGHT, "") if is_text(text.type) else text


def _has_clock(text: pa.ChunkedArray | None) -> bool:
    if text is None or not is_text(text.type):
        return False
    return bool(pc.any(pc.match_substring(text.cast(pa.string()), ":")).as_py())


def _joined(columns: Columns, date: str, clock: str) -> tuple[list[str], pa.ChunkedArray]:
    """Return the columns that were used, and date and time of day as one text."""
    if date == "year":
        used = ["year", "month", "day"]
        days = _from_parts(columns, used).astype("datetime64[D]")
        first = pa.chunked_array([pa.array(days.astype(str), pa.string(), mask=np.isnat(days))])
    else:
        used = [date]
        first = _text(columns, date)
        if pa.types.is_timestamp(first.type):
            first = pc.cast(pc.cast(first, pa.date32()), pa.string())
        first = _dates(first)
    return [*used, clock], pc.binary_join_element_wise(first, _clock_text(columns, clock), "T")


def _clock_text(columns: Columns, clock: str) -> pa.ChunkedArray:
    """Return times of day with colons; HHMMSS and HHMM may lack the zeros that a table of numbers drops."""
    column = columns.get(clock)
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values = numbers(column, columns.name(clock), columns.place)
        column = pa.chunked_array(
            [
                pa.array(
                    [None if np.isnan(v) else f"{v:.6f}".rstrip("0").rstrip(".") for v in values], pa.string()
                )
            ]
        )
    text = stripped(column.cast(pa.string()))
    plain = r"^(\d{1,6})(\.\d*)?$"
    if not pc.all(pc.fill_null(pc.match_substring_regex(text, plain), True)).as_py():
        return text
    digits = pc.replace_substring_regex(text, plain, r"\1")
    longest = pc.max(pc.utf8_length(digits)).as_py() or 0
    word = time_word(columns.name(clock), _CLOCK_WORDS)[0]
    if word != "hhmm" and (longest > 4 or word.startswith(("hhmms", "hms"))):
        width, shape, out = 6, r"^(\d{2})(\d{2})(\d{2})", r"\1:\2:\3"
    elif word == "hhmm" or longest > 2:
        width, shape, out = 4, r"^(\d{2})(\d{2})", r"\1:\2"
    else:
        return text
    fraction = pc.replace_substring_regex(text, plain, r"\2")
    return pc.binary_join_element_wise(
        pc.replace_substring_regex(pc.utf8_lpad(digits, width, "0"), shape, out), fraction, ""
    )


def _text(columns: Columns, key: str) -> pa.ChunkedArray:
    """Return a column that may hold dates: numbers such as 20190706 as text."""
    column = columns.get(key)
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us"))
    dates = key == "date" or squeezed(columns.name(key)) in TIMES["date"]
    return column.cast(pa.string()) if dates and pa.types.is_integer(column.type) else column


def _from_parts(columns: Columns, used: Sequence[str]) -> Times:
    given = [key for key in ("hour", "minute", "second") if key in used]
    for key, beside in (("hour", {"minute", "second"}), ("minute", {"hour", "second"})):
        if key not in given and beside & set(given):
            raise _lacking(columns, key, given)
    parts = {key: columns.number(key) for key in used}
    if {"year", "month", "day"} <= set(parts):
        parts["year"] = whole_years(parts["year"], parts["month"], parts["day"])
    return times_from_parts(parts, columns.place, {key: columns.name(key) for key in used})


def _with_finer_parts(
    columns: Columns, local: Times, text: pa.ChunkedArray | None, used: Sequence[str]
) -> tuple[Times, list[str]]:
    """Add hours, minutes and seconds from columns of their own to times that lack them."""
    if text is None or "second" in used:
        return local, []
    for unit, parts in (
        (_DAY, ("hour", "minute", "second")),
        (_HOUR, ("minute", "second")),
        (_MINUTE, ("second",)),
    ):
        given = [key for key in parts if key in columns and key not in used]
        if given and _is_multiple(local, unit):
            lacking = [key for key in parts[: max(2, len(given))] if key not in given and parts[0] == "hour"]
            lacking = lacking or [key for key in parts[: len(given)] if key not in given]
            if lacking:
                raise _lacking(columns, lacking[0], given)
            ones = np.ones(len(local))
            clock = {
                "year": ones + 1999,
                "month": ones,
                "day": ones,
                **{key: columns.number(key) for key in given},
            }
            passed = times_from_parts(clock, columns.place, {key: columns.name(key) for key in given})
            return local + (passed - np.datetime64("2000-01-01", "us")), given
    return local, []


def _lacking(columns: Columns, key: str, given: Sequence[str]) -> InputError:
    beside = " and ".join(columns.name(each) for each in given)
    return columns.error(
        f"no column for the {key} beside {beside}; say which one it is, e.g. --columns.{key}=NAME"
    )


def _is_multiple(local: Times, unit: np.timedelta64) -> bool:
    known = local[~np.isnat(local)]
    return len(known) > 0 and not np.any((known - np.datetime64("2000-01-01", "us")) % unit)


def _refuse_years_of_two_digits(local: Times, columns: Columns, used: Sequence[str]) -> None:
    for row in np.flatnonzero(local < np.datetime64("0100-01-01", "us"))[:1]:
        year = int(str(local[row])[:4])
        name = columns.name("year" if "year" in used else used[0])
        raise columns.place.error(
            int(row),
            f"{name} = {year}; a year of two digits may be {1900 + year} or {2000 + year}: write all four",
        )


def _look_for_a_clock(
    columns: Columns, local: Times, text: pa.ChunkedArray | None, found: list[Finding]
) -> None:
    """Refuse dates beside a column that seems to hold the times of day, and report those beside none."""
    if not _is_multiple(local[:1000], _DAY) or not _is_multiple(local, _DAY):
        return
    rest = columns.rest()
    for name, values in rest.items():
        given = [value.strip() for value in values if value.strip()]
        word, _ = time_word(name, _CLOCK_WORDS)
        clocks = [value for value in given if _shaped_like_a_clock(value)]
        if word in _CLOCK_WORDS or (given and len(clocks) == len(given)):
            raise columns.error(
                f"all times are at midnight, and column {name} may hold the times of day; "
                f"if so, say --columns.time_of_day={name} (in UTC), else leave it out"
            )
    if _has_clock(text):
        return  # midnight, as the file says itself
    others = f"; other columns: {', '.join(list(rest)[:8])}" if rest else ""
    found.append(
        Finding(f"times without a time of day, taken as midnight{others}", int((~np.isnat(local)).sum()))
    )


def _look_for_parts_of_seconds(columns: Columns, local: Times) -> None:
    """Refuse whole seconds beside a column of their thousandths or millionths."""
    if not _is_multiple(local[:1000], _SECOND) or not _is_multiple(local, _SECOND):
        return
    for name, values in columns.rest().items():
        if squeezed(name) in _FINEST and any(value.strip(" 0.") for value in values):
            raise columns.error(
                f"column {name} may hold parts of the seconds; add them to the seconds, or leave it out"
            )


def _shaped_like_a_clock(value: str) -> bool:
    hours, colon, minutes = value.partition(":")
    return bool(colon) and hours.isdecimal() and len(hours) <= 2 and minutes[:1].isdecimal()


def _in_utc(
    columns: Columns, local: Times, text: pa.ChunkedArray | None, used: Sequence[str], found: list[Finding]
) -> Times:
    """Apply the zone that headers or a column of zones give."""
    words = frozenset(word for group in TIMES.values() for word in group)
    zones = {
        zone: columns.name(key)
        for key in used
        if (zone := time_word(columns.name(key), words)[1]) is not None
    }
    for zone, name in zones.items():
        if isinstance(zone, str):
            raise columns.error(
                f"column {name} holds times of a zone without its offset; write it into the header, as in "
                "'Time (UTC+9)', or give times in UTC"
            )
    if len(zones) > 1:
        raise columns.error(f"columns {' and '.join(zones.values())} are of different zones; expected one")
    zone, name = next(iter(zones.items())) if zones else (0, "")
    own = _zones_of_values(text)
    if not zone and "time_zone" not in columns:
        if not zones and not own.all():
            _look_for_zones(columns)
            found.append(Finding(UNZONED, int((~own).sum()) if own.any() else len(local)))
        return local
    minutes = np.full(len(local), float(zone))
    if "time_zone" in columns and not own.all():
        minutes, name = _zone_column(columns), columns.name("time_zone")
        if zones and np.any(minutes != zone):
            raise columns.error(f"the zones in column {name} are not that of {zones[zone]}; expected one")
    if not minutes.any():
        return local
    if own.any():
        if zones:
            raise columns.error(
                f"the header of {name} says {zone_name(int(zone))}, and its values have zones of their "
                "own; take one of the two away"
            )
        minutes = np.where(own, 0, minutes)
    moved = minutes != 0
    said = f" from {zone_name(int(minutes[moved][0]))}" if len(set(minutes[moved])) == 1 else ""
    found.append(Finding(f"times moved to UTC{said}, as {name} says", int(moved.sum())))
    return np.asarray(local - np.round(minutes).astype("timedelta64[m]"))


def _look_for_zones(columns: Columns) -> None:
    """Refuse times beside a column that seems to hold their zones."""
    for name, values in columns.rest().items():
        given = {value.strip() for value in values if value.strip()}
        if given and all(_PLACE_ZONE.fullmatch(value) for value in given):
            raise columns.error(
                f"column {name} holds zones by name ({min(given)}); give times in UTC, or offsets such as +03:00"
            )
        if given and all(_OFFSET.match(value) for value in given) and not all(_NONE.search(v) for v in given):
            raise columns.error(
                f"column {name} may hold the zones of the times; "
                f"if so, say --columns.time_zone={name}, else leave it out"
            )


def _zones_of_values(text: pa.ChunkedArray | None) -> npt.NDArray[np.bool_]:
    """Return which values say their zone themselves."""
    if text is None:
        return np.zeros(1, bool)
    if not is_text(text.type):
        return np.full(len(text), getattr(text.type, "tz", None) is not None)
    said = pc.match_substring_regex(text.cast(pa.string()), rf":[\d.]+ ?{ZONE} *$|T\d+Z$")
    return np.asarray(pc.fill_null(said, False).to_numpy(zero_copy_only=False), bool)


def _zone_column(columns: Columns) -> Floats:
    name = columns.name("time_zone")
    text = pc.replace_substring_regex(
        stripped(columns.get("time_zone").cast(pa.string())), r"^0+(\.0*)?$", "Z"
    )
    minutes, bad = offset_minutes(text)
    for row in np.flatnonzero(bad)[:1]:
        raise columns.place.error(
            int(row),
            f"{name} = {text[int(row)].as_py()!r}; expected an offset such as +09:00, or times in UTC without it",
        )
    return minutes
