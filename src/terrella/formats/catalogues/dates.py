"""Dates as people write them, with the year first: the day before the month or after it, months by name."""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from terrella.formats.catalogues.findings import Finding

# By their first letters in English, Spanish, Portuguese, Italian, German, Indonesian and Turkish.
_MONTHS = {
    word: month
    for month, words in enumerate(
        (
            "jan ene gen oca", "feb fev sub", "mar", "apr abr nis", "may mai mag mei", "jun giu haz", "jul lug tem",
            "aug ago agu", "sep set eyl", "oct out ott okt eki", "nov kas", "dec dic dez des ara",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_NAME = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_BETWEEN = r"[-/., ]\s*"
_NAMED = re.compile(
    rf"^(?:(?P<day>\d{{1,2}}){_BETWEEN}{_NAME}{_BETWEEN}(?P<year>\d{{4}})"
    rf"|{_NAME.replace('name', 'name1')}{_BETWEEN}(?P<day1>\d{{1,2}}){_BETWEEN}(?P<year1>\d{{4}})"
    rf"|(?P<year2>\d{{4}}){_BETWEEN}{_NAME.replace('name', 'name2')}{_BETWEEN}(?P<day2>\d{{1,2}}))(?:[T,]|\b)",
    re.IGNORECASE,
)
_YEAR_LAST = r"^(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})[-/.](?P<year>\d{4})(?P<rest>\D.*)?$"
HALF_DAY = r"(?i)(?P<clock>\d{1,2}(:\d{1,2}){1,2}(\.\d*)?) ?(?P<half>[ap])\.?m\.?$"


def year_first(text: pa.ChunkedArray, name: str, found: list[Finding]) -> pa.ChunkedArray:
    """Return times as text with year, month and day in this order and clocks of 24 hours, where that can be told.

    Of dates such as 27/08/2025 the values tell which part is the day: one of the two is somewhere above 12 and the
    other nowhere, and all have one sign between them. What cannot be told stays as it is.
    """
    if pc.any(pc.match_substring_regex(text, f"(?i){'|'.join(_MONTHS)}")).as_py():
        text = _each(text, _number_month)
    if pc.any(pc.match_substring_regex(text, HALF_DAY)).as_py():
        text = _each(text, _whole_day)
    if not pc.any(pc.match_substring_regex(text, _YEAR_LAST)).as_py():
        return text
    parts = pc.extract_regex(text, _YEAR_LAST)
    largest = [
        pc.max(pc.cast(pc.struct_field(parts, part), pa.int8())).as_py() for part in ("first", "second")
    ]
    of_one_source = pc.count_distinct(pc.struct_field(parts, "sign")).as_py() == 1
    if not of_one_source or (largest[0] > 12) == (largest[1] > 12):
        return text
    day, month = ("first", "second") if largest[0] > 12 else ("second", "first")
    order = "day, month, year" if day == "first" else "month, day, year"
    dated = pc.is_valid(parts)
    found.append(Finding(f"dates of {name} read as {order}, as their values say", pc.sum(dated).as_py()))
    turned = pc.binary_join_element_wise(
        *(pc.struct_field(parts, part) for part in ("year", month, day)), "-"
    )
    turned = pc.binary_join_element_wise(turned, pc.struct_field(parts, "rest"), "")
    return pc.if_else(dated, turned, text)


def _each(text: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    return pa.chunked_array(
        [pa.array([None if each is None else change(each) for each in text.to_pylist()], pa.string())]
    )


def _number_month(text: str) -> str:
    """Return a time that begins with a date of a named month with the date as numbers."""
    match = _NAMED.match(text)
    if match is None:
        return text
    said = {key.rstrip("12"): value for key, value in match.groupdict().items() if value}
    month = _MONTHS[said["name"].lower()]
    rest = re.sub(r"^[\s,-]+", "", text[match.end() :].lstrip("T"))
    return f"{said['year']}-{month:02d}-{int(said['day']):02d}" + (f" {rest}" if rest else "")


def _whole_day(text: str) -> str:
    """Return a time whose clock ends in AM or PM with one of 24 hours."""
    match = re.search(HALF_DAY, text)
    if match is None:
        return text
    hour, colon, rest = match["clock"].partition(":")
    if not 1 <= int(hour) <= 12:
        return text
    hours = int(hour) % 12 + 12 * (match["half"].lower() == "p")
    return f"{text[: match.start()]}{hours:02d}{colon}{rest}"
