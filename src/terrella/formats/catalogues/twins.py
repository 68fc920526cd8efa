"""Events that a catalogue holds twice: exactly, by id, or nearly. All functions expect order of time."""

import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import distance_km
from terrella.formats.catalogues.raw import RawEvents

Mask = npt.NDArray[np.bool_]
_NEAR_S, _NEAR_KM, _NEAR_MAGNITUDE = 1.0, 10.0, 0.5
_AGENCIES_S, _AGENCIES_KM, _AGENCIES_MAGNITUDE = 10.0, 50.0, 1.0
_CHANCE_SPANS = 4  # of 10 s: pairs in the second to the fourth are chance
_MOST_BETWEEN = 20  # events between the two of a pair


def exact_duplicates(raw: RawEvents) -> Mask:
    """Return which events repeat an earlier one in time, place, depth and magnitude."""
    out = np.zeros(len(raw), bool)
    same_time = raw.time_utc[1:] == raw.time_utc[:-1]
    tied = np.flatnonzero(np.append(same_time, False) | np.append(False, same_time))
    if len(tied):
        depth = np.nan_to_num(raw.depth_km[tied], nan=-9999.0)
        # Time need not be a key beyond its rank: ties in time are neighbours already.
        rank = np.cumsum(np.append(True, np.diff(raw.time_utc[tied]) > np.timedelta64(0)))
        keys = np.stack([rank, raw.longitude[tied], raw.latitude[tied], depth, raw.magnitude[tied]])
        order = np.lexsort(keys[::-1])
        repeats = np.all(keys[:, order[1:]] == keys[:, order[:-1]], axis=0)
        out[tied[order[1:][repeats]]] = True
    return out


def repeated_ids(raw: RawEvents) -> Mask:
    """Return which events carry the id of another event; blank ids do not count."""
    out = np.zeros(len(raw), bool)
    if raw.event_id is None or len(raw) < 2:
        return out
    hashes = _hashes(raw.event_id)
    in_order = np.sort(hashes)
    if not np.any(in_order[1:] == in_order[:-1]):
        return out
    order = np.argsort(hashes)
    same = hashes[order][1:] == hashes[order][:-1]
    candidates = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))
    ids = raw.event_id[candidates]
    _, which, counts = np.unique(ids, return_inverse=True, return_counts=True)
    out[candidates[(counts[which] > 1) & (ids != b"")]] = True
    return out


def near_duplicates(raw: RawEvents) -> Mask:
    """Return which events lie within 1 s, 10 km and 0.5 magnitudes of the event before them."""
    out = np.zeros(len(raw), bool)
    close = np.diff(raw.time_utc) <= np.timedelta64(int(_NEAR_S * 1e6), "us")
    close &= np.abs(np.diff(raw.magnitude)) <= _NEAR_MAGNITUDE
    before = np.flatnonzero(close)
    after = before + 1
    apart = distance_km(
        raw.longitude[before], raw.latitude[before], raw.longitude[after], raw.latitude[after]
    )
    out[after[apart <= _NEAR_KM]] = True
    return out


def agencies_twins(raw: RawEvents) -> Mask:
    """Return which events follow another within 10 s, 50 km and one magnitude, where these are no chance.

    So lie the solutions of several agencies for one event. In a dense sequence as many true pairs are that near as
    are apart by two, three or four times 10 s; where no more are, none is returned.
    """
    out = np.zeros(len(raw), bool)
    near, chance = 0, 0.0
    ticks = raw.time_utc.astype("datetime64[us]").view(np.int64)
    for lag in range(1, min(len(raw), _MOST_BETWEEN + 1)):
        before = np.flatnonzero(ticks[lag:] - ticks[:-lag] <= _CHANCE_SPANS * _AGENCIES_S * 1e6)
        if len(before) == 0:
            break
        after = before + lag
        alike = np.abs(raw.magnitude[after] - raw.magnitude[before]) <= _AGENCIES_MAGNITUDE
        before, after = before[alike], after[alike]
        places = raw.longitude[before], raw.latitude[before], raw.longitude[after], raw.latitude[after]
        close = distance_km(*places) <= _AGENCIES_KM
        soon = ticks[after] - ticks[before] <= _AGENCIES_S * 1e6
        out[after[close & soon]] = True
        near += int((close & soon).sum())
        chance += float((close & ~soon).sum()) / (_CHANCE_SPANS - 1)
    return out if near > 2 * chance + 3 * np.sqrt(chance) else np.zeros_like(out)


def _hashes(ids: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash per id: sorting a million of these takes a tenth of sorting the ids."""
    words = -(-ids.dtype.itemsize // 8)
    padded = ids.astype(f"S{8 * words}").view(np.uint64).reshape(len(ids), words)
    out = np.zeros(len(ids), np.uint64)
    for column in padded.T:
        out = (out ^ column) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(29)
    return out
