"""UTC times as microseconds since 1970, and as text."""

import numpy as np

HOUR = 3_600_000_000
DAY = 24 * HOUR


def microseconds(time: np.datetime64 | str) -> int:
    """Return a UTC time, or its text by ISO 8601 without a zone, in microseconds since 1970."""
    return int(np.array(time, "datetime64[us]").astype(np.int64))


def iso(time_us: int) -> str:
    """Return a UTC time by ISO 8601, to the second."""
    return f"{np.datetime64(time_us, 'us').astype('datetime64[s]')}Z"


def stamp(time_us: int) -> str:
    """Return a UTC time as a part of a name, to the second, such as 20190706T040000Z."""
    return iso(time_us).replace("-", "").replace(":", "")
