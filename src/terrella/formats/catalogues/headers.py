"""What the header of a column says: a word, and beside it a zone of time, a unit or a hemisphere."""

import re
import unicodedata
from collections.abc import Collection

Zone = int | str  # minutes east of UTC, or the name of a zone whose offset the header does not give

_OFFSET = re.compile(
    r"(?:\b|_)(?:utc|gmt|ut)[\s_]*([+\-\u2212])\s*(\d{1,2})(?::?([0-5]\d))?(?!\d)|([+\-\u2212])(\d{2}):?([0-5]\d)\b"
)
_UTC = ("utc", "gmt", "ut")
_SIGNS = {ord("ı"): "i", ord("º"): None, ord("ª"): None}  # letters to Unicode, degrees to whoever wrote them
# Names that several countries give to different offsets are why none of them is looked up.
_NAMED = (
    "localtime", "local", "lt", "jst", "kst", "cst", "cdt", "est", "edt", "mst", "mdt", "pst", "pdt", "akst",
    "akdt", "hst", "nzst", "nzdt", "nzt", "aest", "aedt", "awst", "cet", "cest", "eet", "eest", "msk", "trt", "ist",
    "irst", "wib", "wita", "sgt", "hkt", "pht", "bst", "clt", "clst", "art", "brt",
)  # fmt: skip


def squeezed(name: str) -> str:
    """Return a header's letters in lower case without accents: "Depth/km" gives "depthkm"."""
    plain = name.lower()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.translate(_SIGNS))
        plain = unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))
    return "".join(filter(str.isalpha, plain))


def time_word(name: str, words: Collection[str]) -> tuple[str, Zone | None]:
    """Return the word of a header of times, and its zone, None where it names none.

    The word is what is left of the letters without the zone: one of `words`, or the letters as they are.
    """
    found = _OFFSET.search(name.lower())
    offset: int | None = None
    if found:
        sign, hours, minutes = (found.group(i) or found.group(i + 3) for i in (1, 2, 3))
        offset = (1 if sign == "+" else -1) * (int(hours) * 60 + int(minutes or 0))
        name = name[: found.start()] + " " + name[found.end() :]
    letters = squeezed(name)
    if letters in words or (found and not letters):
        return letters or "time", offset
    for zone in (*_UTC, *_NAMED):
        for word in (letters.removesuffix(zone), letters.removeprefix(zone)):
            if word != letters and (word in words or not word):
                named: Zone = 0 if zone in _UTC else zone
                return word or "time", named if offset is None else offset
    return letters, offset


def is_metres(name: str) -> bool:
    """Return whether a header of depths has the unit m."""
    return bool(re.search(r"(?<!k)m$|(?<!kilo)met(er|re)s$", squeezed(name)))


def hemisphere(name: str) -> str:
    """Return N, S, E or W where a header of coordinates ends in it ("lon_w", "Longitude (W)"), else nothing."""
    found = re.search(r"[\[(/_ ]\s*°?\s*(n|s|e|w|north|south|east|west)\.?\s*[\])]?\s*$", name.lower())
    return found.group(1)[0].upper() if found else ""


def zone_name(minutes: int) -> str:
    """Return an offset as a header would have it: UTC+9, UTC-3:30."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
