"""Which column of a table holds what: an explicit mapping first, then the headers in common use."""

import difflib
import re
from collections.abc import Mapping, Sequence

from terrella.errors import InputError

# Headers are compared in lower case with everything but letters removed: "Depth/km" reads as "depthkm".
HEADERS: dict[str, tuple[str, ...]] = {
    "time": (
        "time", "timeutc", "utc", "utctime", "datetime", "datetimeutc", "origintime", "origintimeutc",
        "timestring", "timestamp", "eventtime", "ot", "date",
    ),
    "longitude": ("longitude", "lon", "long", "lng", "longitudedeg", "londeg", "lond", "evlo", "epilon"),
    "latitude": ("latitude", "lat", "latitudedeg", "latdeg", "latd", "evla", "epilat"),
    "magnitude": ("magnitude", "mag", "m", "mw", "ml", "mb", "ms", "md", "mww", "mwc", "magw"),
    "depth_km": ("depthkm", "depth", "dep", "depkm", "evdp", "hypocentraldepthkm"),
    "magnitude_type": ("magnitudetype", "magtype", "typemag"),
    "event_id": ("eventid", "id", "evid", "event", "publicid"),
    "event_type": ("eventtype", "type", "evtype"),
    "time_of_day": ("timeofday",),
    "year": ("year", "yr", "yyyy"),
    "month": ("month", "mo", "mon"),
    "day": ("day", "da", "dd"),
    "hour": ("hour", "ho", "hr", "hh"),
    "minute": ("minute", "mi", "min"),
    "second": ("second", "se", "sec", "seconds"),
}  # fmt: skip
ONLY_BY_MAPPING = ("time_epoch_s", "time_epoch_ms")
NEEDED = ("longitude", "latitude", "magnitude")


def find_columns(names: Sequence[str], columns: Mapping[str, str] | None, file: str) -> dict[str, int]:
    """Return the position of each column that the table has, under our names.

    `columns` maps our names to the table's ("magnitude": "Mw") and goes before the common headers. The keys
    `time_epoch_s` and `time_epoch_ms` take seconds or milliseconds since 1970; numbers are never taken for
    times without them.

    Raises:
        InputError: where the mapping names a column that is not there, a needed column is missing, or several
            headers fit equally well.
    """
    found = _mapped(names, columns or {}, file)
    squeezed = [re.sub("[^a-z]", "", name.lower()) for name in names]
    for ours, headers in HEADERS.items():
        if ours not in found:
            fitting = [i for i, name in enumerate(squeezed) if name in headers and i not in found.values()]
            if ours == "magnitude" and len(fitting) > 1:
                _refuse_ambiguous(fitting, names, squeezed, file)
            if fitting:
                found[ours] = min((headers.index(squeezed[i]), i) for i in fitting)[1]
    _pair_date_with_time(found, squeezed)
    _refuse_missing(found, names, file)
    return found


def _mapped(names: Sequence[str], columns: Mapping[str, str], file: str) -> dict[str, int]:
    known = [*HEADERS, *ONLY_BY_MAPPING]
    found = {}
    for ours, theirs in columns.items():
        if ours not in known:
            raise InputError(
                f"--columns {ours}={theirs}: unknown name {ours!r}{_nearest(ours, known)}; "
                f"expected one of {', '.join(known)}"
            )
        if theirs not in names:
            raise InputError(
                f"{file}: no column {theirs!r} (asked for by --columns {ours}={theirs})"
                f"{_nearest(theirs, names)}; the columns are {_listed(names)}"
            )
        found[ours] = list(names).index(theirs)
    return found


def _pair_date_with_time(found: dict[str, int], squeezed: list[str]) -> None:
    """Where a table has both `date` and `time`, the second may hold the time of day."""
    if "date" in squeezed and found.get("time") != squeezed.index("date") and "time_of_day" not in found:
        found["date"] = squeezed.index("date")


def _refuse_ambiguous(fitting: list[int], names: Sequence[str], squeezed: list[str], file: str) -> None:
    if not any(squeezed[i] in ("magnitude", "mag") for i in fitting):
        raise InputError(
            f"{file}: several columns may hold the magnitude ({_listed([names[i] for i in fitting])}); "
            f"choose one, e.g. --columns magnitude={names[fitting[0]]}"
        )


def _refuse_missing(found: dict[str, int], names: Sequence[str], file: str) -> None:
    has_time = any(key in found for key in ("time", *ONLY_BY_MAPPING)) or {"year", "month", "day"} <= set(
        found
    )
    missing = [name for name in NEEDED if name not in found] + ([] if has_time else ["time"])
    if missing:
        raise InputError(
            f"{file}: no column for {' and '.join(missing)}; the columns are {_listed(names)}; "
            f"say which one it is, e.g. --columns {missing[0]}=NAME"
        )


def _nearest(name: str, among: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, among, 1)
    return f", did you mean {close[0]!r}?" if close else ""


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= 30 else name[:27] + "..." for name in names[:25]]
    return ", ".join(repr(name)[1:-1] for name in shown) + (", ..." if len(names) > 25 else "")
