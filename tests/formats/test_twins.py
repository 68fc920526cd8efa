"""Events that several agencies give are counted; true neighbours of a dense sequence are not."""

import numpy as np

from terrella.formats.catalogues.raw import Place, RawEvents
from terrella.formats.catalogues.twins import agencies_twins


def several_agencies(n: int, share: float, per_day: float = 20.0) -> RawEvents:
    """Return events at random in a region, a share of them once more, as another agency has them."""
    rng = np.random.default_rng(6)
    second = np.sort(rng.uniform(0, n / per_day * 86_400, n))
    place, magnitude = rng.uniform(0, 4, (2, n)), 3 + rng.exponential(0.43, n)
    again = rng.random(n) < share
    m = int(again.sum())
    seconds = np.append(second, second[again] + rng.normal(0, 2, m))
    order = np.argsort(seconds)
    longitude, latitude = np.append(place, place[:, again] + rng.normal(0, 0.1, (2, m)), axis=1)[:, order]
    return RawEvents(
        time_utc=np.datetime64("2010-01-01", "us") + (seconds[order] * 1e6).astype("timedelta64[us]"),
        longitude=longitude,
        latitude=latitude,
        depth_km=np.full(n + m, 10, np.float32),
        magnitude=np.append(magnitude, magnitude[again] + rng.normal(0, 0.2, m))[order],
        magnitude_type=np.full(n + m, -1, np.int8),
        magnitude_types=(),
        event_id=None,
        event_type=None,
        event_types=(),
        row=np.arange(n + m),
        place=Place("c.csv", str),
    )


def test_events_of_several_agencies_are_counted() -> None:
    raw = several_agencies(3000, 0.2)
    assert abs(int(agencies_twins(raw).sum()) - (len(raw) - 3000)) < 40
    assert not agencies_twins(raw[:0]).any()


def test_true_neighbours_are_not() -> None:
    for per_day in (20.0, 2000.0):
        assert not agencies_twins(several_agencies(3000, 0.0, per_day)).any()
