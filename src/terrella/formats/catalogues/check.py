"""Checking events: impossible values are refused, oddities repaired where that is safe, and all are named."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.earth.magnitude import stands_for_unknown
from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.event_types import Kind, kind_of
from terrella.formats.catalogues.findings import Finding, Findings
from terrella.formats.catalogues.raw import RawEvents
from terrella.formats.catalogues.twins import agencies_twins, exact_duplicates, near_duplicates, repeated_ids

_SHOWN = 3
_SUMMIT_KM = -8.9
_HIGHEST_KM, _DEEPEST_KM = -10.0, 800.0  # above any summit; the deepest known events lie near 750 km
_SMALLEST, _LARGEST = -5.0, 10.0
_GREATEST = 9.5  # Chile 1960
_WORDS = 8  # shown in a finding
_FEW = 0.05  # share of depths beyond all limits, above which their unit is in doubt
_DAYS = 50  # with earthquakes, from which their hours should differ
Mask = npt.NDArray[np.bool_]


def check_events(
    raw: RawEvents,
    name: str,
    drop_incomplete: bool = False,
    now_utc: np.datetime64 | None = None,
    drop_impossible: bool = False,
) -> tuple[Catalogue, Findings]:
    """Return a catalogue in order of time and what was found in the events of a file.

    Refused: missing values (unless `drop_incomplete`), latitudes beyond 90, longitudes beyond −180 to 360,
    depths beyond −10 to 800 km, magnitudes beyond −5 to 10, swapped coordinates, no events at all. Left out and
    counted: events that are no earthquakes or were taken back, magnitudes and places that stand for unknown
    (−9.99, 999), exact duplicates, events after `now_utc`. Repaired and counted: order, longitudes above 180,
    depths that stand for unknown. Kept and counted: types in no vocabulary, magnitudes above 9.5, depths above sea
    level, repeated ids, near duplicates, and magnitudes 0 where there are so many that they seem to stand for
    unknown.

    Raises:
        InputError: for what is refused, with the first row and the number of such rows.
    """
    n_rows = len(raw)
    if n_rows == 0:
        raise InputError(f"{raw.place.file}: holds no events")
    found = list(raw.found)
    raw = _leave_out_other_events(raw, found)
    raw = _leave_out_stand_ins(raw, found)
    raw = _leave_out_incomplete(raw, found, drop_incomplete)
    _refuse_swapped(raw)
    raw = _without_impossible(raw, found, drop_impossible)
    raw = _sorted(raw, found)
    raw = _drop(raw, exact_duplicates(raw), "exact duplicates dropped", found)
    now = np.datetime64("now", "us") if now_utc is None else now_utc
    raw = _drop(raw, raw.time_utc > now, "events in the future dropped", found)
    if len(raw) == 0:
        raise InputError(f"{raw.place.file}: no earthquake is left of {n_rows} rows ({_line(found)})")
    _note(raw, raw.longitude > 180, "longitudes above 180 moved by 360 degrees", found)
    _note(
        raw, raw.magnitude > _GREATEST, "events above magnitude 9.5, the largest ever measured; kept", found
    )
    high = raw.depth_km < 0
    most = high.any() and _counted_upward(raw.depth_km)
    upward = "; they are most, and perhaps heights: turn their sign" if most else ""
    _note(raw, high, f"depths above sea level kept{upward}", found)
    _note(
        raw, stands_for_unknown(raw.magnitude), "events of magnitude 0, far more than beside it; kept", found
    )
    hour = _one_hour(raw.time_utc)
    _note(
        raw, hour, "events within one and the same hour of the day, on many days: were the hours lost?", found
    )
    _note(raw, repeated_ids(raw), "events share their id with another; kept", found)
    near = near_duplicates(raw)
    _note(raw, near, "events within 1 s and 10 km of the one before; kept", found)
    twins = agencies_twins(raw) & ~near
    _note(
        raw, twins, "events within 10 s and 50 km of another, as several agencies give one event; kept", found
    )
    _note(raw, np.isnan(raw.depth_km), "events without depth", found, shown=0)
    catalogue = Catalogue(
        time_utc=raw.time_utc,
        longitude=np.where(raw.longitude > 180, raw.longitude - 360, raw.longitude),
        latitude=raw.latitude,
        depth_km=raw.depth_km,
        magnitude=raw.magnitude,
        magnitude_type=raw.magnitude_type,
        magnitude_types=raw.magnitude_types,
        event_id=raw.event_id,
        name=name,
    )
    return catalogue, Findings(n_rows, len(catalogue), tuple(found))


def _leave_out_other_events(raw: RawEvents, found: list[Finding]) -> RawEvents:
    """Leave out what was taken back and what is no earthquake; name words that no vocabulary has."""
    for code, word in enumerate(raw.statuses):
        raw = _drop(raw, np.asarray(raw.status == code), f"events of status {word!r} left out", found)
    for code, word in enumerate(raw.event_types):
        if kind_of(word) is Kind.OTHER:
            raw = _drop(raw, np.asarray(raw.event_type == code), f"events of type {word!r} left out", found)
    rows = np.zeros(len(raw), bool)
    counts = []
    for code, word in enumerate(raw.event_types):
        of_word = np.asarray(raw.event_type == code)
        if kind_of(word) is Kind.UNKNOWN and of_word.any():
            rows |= of_word
            counts.append(f"{word!r} {int(of_word.sum()):,}")
    more = ", ..." if len(counts) > _WORDS else ""
    _note(raw, rows, f"events of types in no vocabulary kept ({', '.join(counts[:_WORDS])}{more})", found)
    return raw


def _leave_out_stand_ins(raw: RawEvents, found: list[Finding]) -> RawEvents:
    """Leave out events whose magnitude or place is a number that stands for unknown; such depths become unknown."""
    magnitude = raw.magnitude
    unknown = _stands_in(magnitude, (magnitude < _SMALLEST) | (magnitude > _GREATEST))
    lone = magnitude == -1
    if lone.any() and not lone.all():
        beside = float(np.sum((np.abs(magnitude + 1) < 1) & ~lone)) / 20  # events per 0.1
        if beside == 0 or (lone.sum() >= 50 and lone.sum() > 10 * beside):
            unknown |= lone
    values = sorted({f"{value:.6g}" for value in magnitude[unknown]}, key=float)
    raw = _drop(
        raw,
        unknown,
        f"events left out whose magnitude stands for unknown ({', '.join(values[:_WORDS])})",
        found,
    )
    for what, most in (("latitude", 90.0), ("longitude", 360.0)):
        degrees = getattr(raw, what)
        raw = _drop(
            raw,
            _stands_in(degrees, np.abs(degrees) > most),
            f"events left out whose {what} stands for unknown",
            found,
        )
    depth = raw.depth_km
    above = depth < _SUMMIT_KM
    if above.any() and _counted_upward(depth):
        above[:] = False
    unknown = _stands_in(depth, above | (depth > _DEEPEST_KM))
    _note(raw, unknown, "depths that stand for unknown, taken as such", found)
    return (
        replace(raw, depth_km=np.where(unknown, np.float32(np.nan), raw.depth_km)) if unknown.any() else raw
    )


def _counted_upward(depth: npt.NDArray[np.floating[Any]]) -> bool:
    """Return whether depths seem to be heights: most of those that are not 0 are negative."""
    below, above = np.sum(depth > 0), np.sum((depth < 0) & (depth > -_DEEPEST_KM))
    return bool(above > below)


def _one_hour(time: npt.NDArray[np.datetime64]) -> Mask:
    """Return which events lie in the one hour of the day that holds nearly all, if any; midnights say nothing."""
    days = time.astype("datetime64[D]")
    clock = (time - days.astype(time.dtype)).astype("timedelta64[s]").astype(int)
    hours = clock // 3600
    counts = np.bincount(hours[clock > 0], minlength=24)
    often = int(counts.argmax())
    chosen = (hours == often) & (clock > 0)
    lost = counts[often] > 0.95 * counts.sum() and len(np.unique(days[chosen])) >= _DAYS
    return chosen if lost else np.zeros(len(time), bool)


def _stands_in(values: npt.NDArray[np.floating[Any]], beyond: Mask) -> Mask:
    """Return which of the values beyond what can be are nines and nothing else, as agencies write for unknown."""
    out = np.zeros(len(values), bool)
    rows = np.flatnonzero(beyond)
    out[rows] = [set(f"{abs(value):.4g}") <= set("9.") for value in values[rows]]
    return out


def _leave_out_incomplete(raw: RawEvents, found: list[Finding], drop_incomplete: bool) -> RawEvents:
    blank: dict[str, Mask] = {
        "time": np.isnat(raw.time_utc),
        "longitude": np.isnan(raw.longitude),
        "latitude": np.isnan(raw.latitude),
        "magnitude": np.isnan(raw.magnitude),
    }
    for what, rows in blank.items():
        if rows.any() and not drop_incomplete:
            remedy = f"drop such rows with `terrella forecast data {raw.place.file} -o OUT --drop-incomplete`"
            raise _refusal(raw, rows, (), f"no {what}; every event needs one", remedy)
    incomplete = np.any(list(blank.values()), axis=0)
    missing = [what for what, rows in blank.items() if rows.any()]
    return _drop(raw, incomplete, f"rows without {' or '.join(missing)} dropped", found)


def _refuse_swapped(raw: RawEvents) -> None:
    """Refuse latitudes that only make sense as longitudes."""
    beyond = (np.abs(raw.latitude) > 90) & (np.abs(raw.latitude) <= 360)
    if np.all(np.abs(raw.longitude) <= 90) and beyond.sum() >= 3 and beyond.mean() >= 0.25:
        lon, lat = raw.column("longitude"), raw.column("latitude")
        remedy = f"say --columns.latitude={lon} --columns.longitude={lat}"
        message = "latitude and longitude seem to be swapped"
        raise _refusal(raw, beyond, ("latitude", "longitude"), message, remedy)


def _without_impossible(raw: RawEvents, found: list[Finding], drop_impossible: bool) -> RawEvents:
    """Refuse values that cannot be, or leave their rows out."""
    limits = (
        ("latitude", -90.0, 90.0, ""),
        ("longitude", -180.0, 360.0, ""),
        ("depth_km", _HIGHEST_KM, _DEEPEST_KM, " km, positive down"),
        ("magnitude", _SMALLEST, _LARGEST, ""),
    )
    for what, low, high, unit in limits:
        values = getattr(raw, what)
        rows = (values < low) | (values > high)
        if drop_impossible:
            raw = _drop(raw, rows, f"rows with a {what} beyond {low:g} to {high:g} dropped", found)
        elif rows.any():
            remedy = f"correct or delete it, or name another column with --columns.{what}=NAME"
            if what == "depth_km" and rows.sum() > _FEW * len(raw):
                metres = f"if they are metres, let the header say so ({raw.column(what)}_m)"
                heights = "if they are heights, turn their sign"
                remedy = f"{heights if _counted_upward(values) else metres}, else {remedy}"
            raise _refusal(raw, rows, (what,), f"expected {low:g} to {high:g}{unit}", remedy)
    return raw


def _sorted(raw: RawEvents, found: list[Finding]) -> RawEvents:
    earlier = np.zeros(len(raw), bool)
    earlier[1:] = raw.time_utc[1:] < raw.time_utc[:-1]
    if not earlier.any():
        return raw
    _note(raw, earlier, "rows earlier than the row before; sorted by time", found)
    return raw[np.argsort(raw.time_utc, kind="stable")]


def _drop(raw: RawEvents, rows: Mask, what: str, found: list[Finding]) -> RawEvents:
    _note(raw, rows, what, found)
    return raw[~rows] if rows.any() else raw


def _note(raw: RawEvents, rows: Mask, what: str, found: list[Finding], shown: int = _SHOWN) -> None:
    if rows.any():
        examples = tuple(_named(raw, int(i)) for i in np.flatnonzero(rows)[:shown])
        found.append(Finding(what, int(rows.sum()), examples))


def _named(raw: RawEvents, i: int) -> str:
    given = "" if raw.event_id is None else raw.event_id[i].decode("utf-8", "replace")
    row = raw.place.name_row(int(raw.row[i]))
    time = "no time" if np.isnat(raw.time_utc[i]) else str(raw.time_utc[i].astype("datetime64[s]"))
    return ", ".join([row, time, *([given] if given and given not in row else [])])


def _refusal(raw: RawEvents, rows: Mask, shown: tuple[str, ...], message: str, remedy: str) -> InputError:
    first, count = int(np.flatnonzero(rows)[0]), int(rows.sum())
    values = ", ".join(f"{raw.column(name)} = {getattr(raw, name)[first]:g}" for name in shown)
    others = f" ({count:,} such rows)" if count > 1 else ""
    text = "; ".join(part for part in (values, message + others, remedy) if part)
    return raw.place.error(int(raw.row[first]), text)


def _line(found: list[Finding]) -> str:
    return "; ".join(f"{each.count:,} {each.what}" if each.count else each.what for each in found)
