"""Which column of a table holds what: an explicit mapping first, then the headers in common use."""

import difflib
from collections.abc import Mapping, Sequence

from terrella.errors import InputError
from terrella.formats.catalogues.headers import Zone, squeezed, time_word

_LATITUDE = (
    "latitude", "lat", "latit", "evla", "epilat", "latitud", "latitudine", "breite", "breidd", "enlem", "lintang",
    "eventlatitude", "широта", "緯度", "纬度", "위도",
)  # fmt: skip
_LONGITUDE = (
    "longitude", "lon", "long", "longit", "lng", "evlo", "epilon", "longitud", "longitudine", "laenge", "lange",
    "lengd", "boylam", "bujur", "eventlongitude", "долгота", "経度", "經度", "经度", "경도",
)  # fmt: skip


def _axis(
    words: Sequence[str], negative: Sequence[str], positive: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Return the headers of a coordinate's degrees, minutes, seconds and hemisphere."""
    sides = (*negative, *positive)
    signs = positive[0][0] + negative[0][0]
    ends = (
        ("", "deg", "degree", "degrees", "d", "wgs", "grados", *sides, *(f"deg{side}" for side in sides)),
        ("min", "mins", "minute", "minutes", "m"),
        ("sec", "secs", "second", "seconds", "s"),
        ("hem", "hemi", "hemisphere", "dir", "direction", signs, signs[::-1]),
    )
    return tuple(tuple(word + end for word in words for end in group) for group in ends)


_LAT = _axis(_LATITUDE, ("s", "south"), ("n", "north"))
_LON = _axis(_LONGITUDE, ("w", "west"), ("e", "east"))
# Headers are compared in lower case, without accents and anything but letters: "Depth/km" reads as "depthkm".
HEADERS: dict[str, tuple[str, ...]] = {
    "longitude": _LON[0],
    "latitude": _LAT[0],
    "magnitude": (
        "magnitude", "mag", "m", "mw", "ml", "mb", "ms", "md", "xm", "mww", "mwc", "magw", "magnitud", "magnitudo",
        "magnitudine", "richter", "localmagnitude", "staerd", "stærð", "buyukluk", "магнитуда", "震级", "震级m",
        "規模", "マクニチュート", "규모",
    ),
    "depth_km": tuple(
        word + unit
        for word in ("depth", "dep", "evdp", "focaldepth", "hypocentraldepth", "hypocenterdepth",
                     "depthofhypocenter", "der", "profondita", "profundidad", "prof", "profondeur", "tiefe",
                     "derinlik", "kedalaman", "dypi", "глубина", "深さ", "深度", "깊이")
        for unit in ("km", "", "m", "inkm", "kilometers", "kilometres", "meters", "metres", "kmreltomsl", "км",
                     "千米", "公里")
    ),
    "magnitude_type": ("magnitudetype", "magtype", "typemag"),
    "event_id": ("eventid", "id", "evid", "event", "publicid", "eqid", "unid"),
    "event_type": ("eventtype", "type", "evtype", "et", "etype", "tip"),
    "status": ("status", "evaluationstatus", "eventstatus", "quality"),
    "latitude_minutes": _LAT[1],
    "latitude_seconds": _LAT[2],
    "latitude_hemisphere": (*_LAT[3], "ns", "northsouth"),
    "longitude_minutes": _LON[1],
    "longitude_seconds": _LON[2],
    "longitude_hemisphere": (*_LON[3], "ew", "we", "eastwest"),
}  # fmt: skip
TIMES: dict[str, tuple[str, ...]] = {
    "time": (
        "time", "datetime", "origintime", "origindatetime", "timestring", "timestamp", "eventtime", "eventdatetime",
        "ot", "otime", "dateandtime", "fechahora", "fechayhora", "datahora", "dataeora", "datadelevento",
        "dateheure", "timeoccurred", "timeoccured", "occurrencetime", "датаивремя",
        "发震时刻", "发震时间", "發震時間", "地震時間", "発生日時", "地震の発生日時", "발생시각", "발생일시",
    ),
    "date": (
        "date", "origindate", "eventdate", "yyyymmdd", "yyymmdd", "yymmdd", "ymd", "fecha", "datum", "tarih",
        "olustarihi", "data", "dagsetning", "tanggal", "tgl", "дата", "日期", "地震の発生日",
    ),
    "time_of_day": (
        "timeofday", "clock", "hms", "hhmmss", "hhmmsss", "hhmmssss", "hhmm", "uhrzeit",
        "zeit", "oluszamani", "timi", "waktu", "время", "地震の発生時刻",
    ),
    "year": ("year", "yr", "yyyy", "yy", "ano", "annee", "anno", "jahr", "yil"),
    "month": ("month", "mo", "mon", "mes", "mois", "mese", "monat", "ay"),
    "day": ("day", "da", "dd", "dy", "dia", "jour", "giorno", "tag", "gun"),
    "day_of_year": ("dayofyear", "doy", "julday", "jday", "julianday", "yday"),
    "hour": ("hour", "ho", "hr", "hh", "hrs", "hours", "hora", "heure", "ora", "stunde", "saat", "jam"),
    "minute": ("minute", "mi", "min", "mn", "mins", "minutes", "minuto", "minuti", "dakika"),
    "second": (
        "second", "se", "sec", "secs", "seconds", "ss", "sss", "ssss", "segundo", "secondo", "seconde", "sekunde",
        "saniye",
    ),
    "time_zone": ("timezone", "tz", "utcoffset", "gmtoffset", "timeoffset"),
}  # fmt: skip
ONLY_BY_MAPPING = ("time_epoch_s", "time_epoch_ms")
NEEDED = ("longitude", "latitude", "magnitude")
_TIME_WORDS = frozenset(word for words in TIMES.values() for word in words)


def find_columns(names: Sequence[str], columns: Mapping[str, str] | None, file: str) -> dict[str, int]:
    """Return the position of each column that the table has, under our names.

    `columns` maps our names to the table's ("magnitude": "Mw") and goes before the common headers. The keys
    `time_epoch_s` and `time_epoch_ms` take seconds or milliseconds since 1970; numbers are never taken for
    times without them. Of times in several zones those in UTC are found, else those that name none.

    Raises:
        InputError: where the mapping names a column that is not there, a needed column is missing, or several
            headers fit equally well.
    """
    found = _mapped(names, columns or {}, file)
    mapped = frozenset(found.values())
    words = [squeezed(name) for name in names]
    for ours, headers in HEADERS.items():
        if ours not in found:
            fitting = [i for i, word in enumerate(words) if word in headers and i not in found.values()]
            if ours == "magnitude" and len(fitting) > 1:
                _refuse_ambiguous(fitting, names, words, file)
            if fitting:
                found[ours] = min((headers.index(words[i]), i) for i in fitting)[1]
    if not set(ONLY_BY_MAPPING) & set(found):
        _find_times(found, names, mapped, file)
    _refuse_missing(found, names, file)
    return found


def looks_like_header(names: Sequence[str], columns: Mapping[str, str] | None) -> bool:
    """Return whether a row of fields names the columns of a catalogue."""
    if columns and set(columns.values()) <= set(names):
        return True
    words = [squeezed(name) for name in names]
    return all(any(word in HEADERS[ours] for word in words) for ours in NEEDED)


def _mapped(names: Sequence[str], columns: Mapping[str, str], file: str) -> dict[str, int]:
    known = [*TIMES, *HEADERS, *ONLY_BY_MAPPING]
    found = {}
    for ours, theirs in columns.items():
        if ours not in known:
            raise InputError(
                f"--columns.{ours}={theirs}: unknown name {ours!r}{_nearest(ours, known)}; "
                f"expected one of {', '.join(known)}"
            )
        if theirs not in names:
            raise InputError(
                f"{file}: no column {theirs!r} (asked for by --columns.{ours}={theirs})"
                f"{_nearest(theirs, names)}; the columns are {_listed(names)}"
            )
        found[ours] = list(names).index(theirs)
    return found


def _find_times(found: dict[str, int], names: Sequence[str], mapped: frozenset[int], file: str) -> None:
    """Add the columns of times: whole ones, dates, clocks, and parts from year to second."""
    free = [i for i in range(len(names)) if i not in found.values()]
    told = {i: time_word(names[i], _TIME_WORDS) for i in free}
    words = _in_runs({i: word for i, (word, _) in told.items()}, len(names))
    best = min((_rank(told[i][1]) for i in free if words[i] in _TIME_WORDS), default=0)
    for ours, headers in TIMES.items():
        fitting = [i for i in free if words[i] in headers]
        if ours in found or not fitting:
            continue
        chosen = min(fitting, key=lambda i: (_rank(told[i][1]), headers.index(words[i]), i))
        # Beside times in UTC those of another zone say nothing more; a date without any zone may be theirs.
        if best == 0 and _rank(told[chosen][1]) > 1 and ("time" in found or "date" in found):
            continue
        twins = [i for i in fitting if words[i] == words[chosen] and told[i][1] == told[chosen][1]]
        if len(twins) > 1:
            raise InputError(
                f"{file}: several columns may hold the {ours} ({_listed([names[i] for i in twins])}); "
                f"name them apart in the header, then say --columns.{ours}=NAME"
            )
        found[ours] = chosen
    if "time" in found and found["time"] in told and _rank(told[found["time"]][1]) == 3 and "hour" in found:
        del found["time"]  # local time beside what gives the time in full


def _rank(zone: Zone | None) -> int:
    """Return 0 for UTC, 1 for no zone, 2 for an offset, 3 for a name whose offset nobody gave."""
    if zone is None:
        return 1
    return 3 if isinstance(zone, str) else 0 if zone == 0 else 2


def _in_runs(words: dict[int, str], n: int) -> dict[int, str]:
    """Say what m, mm and single letters are beside their neighbours: y m d, hh mm ss."""
    row = [words.get(i, "") for i in range(n)]
    out = dict(words)
    for run, parts in (("ymd", ("year", "month", "day")), ("hms", ("hour", "minute", "second"))):
        for i in range(n - 2):
            if row[i : i + 3] == list(run):
                out.update({i + k: part for k, part in enumerate(parts)})
    for i in (i for i, word in words.items() if word == "mm"):
        beside = {row[k] for k in (i - 1, i + 1) if 0 <= k < n}
        if beside & set(TIMES["year"]):
            out[i] = "month"
        elif beside & {*TIMES["hour"], *TIMES["second"]}:
            out[i] = "minute"
    return out


def _refuse_ambiguous(fitting: list[int], names: Sequence[str], words: list[str], file: str) -> None:
    said = [i for word in ("magnitude", "mag") for i in fitting if words[i] == word]
    if not said or sum(words[i] == words[said[0]] for i in said) > 1:
        alike = ", and name them apart in the header" if len({names[i] for i in fitting}) == 1 else ""
        raise InputError(
            f"{file}: several columns may hold the magnitude ({_listed([names[i] for i in fitting])}); "
            f"choose one{alike}, e.g. --columns.magnitude={names[fitting[0]]}"
        )


def _refuse_missing(found: dict[str, int], names: Sequence[str], file: str) -> None:
    here = set(found)
    has_time = bool(here & {"time", "date", *ONLY_BY_MAPPING}) or any(
        parts <= here for parts in ({"year", "month", "day"}, {"year", "day_of_year"})
    )
    missing = [name for name in NEEDED if name not in found] + ([] if has_time else ["time"])
    if missing:
        raise InputError(
            f"{file}: no column for {' and '.join(missing)}; the columns are {_listed(names)}; "
            f"say which one it is, e.g. --columns.{missing[0]}=NAME"
        )


def _nearest(name: str, among: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, among, 1)
    return f", did you mean {close[0]!r}?" if close else ""


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= 30 else name[:27] + "..." for name in names[:25]]
    return ", ".join(repr(name)[1:-1] for name in shown) + (", ..." if len(names) > 25 else "")
