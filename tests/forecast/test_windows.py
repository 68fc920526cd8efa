"""Times as commands and settings take them: ISO 8601, in UTC unless they say their zone."""

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.forecast.windows import parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-07-06T04:00:00Z", "2019-07-06T04:00"),
        (" 2019-07-06 04:00 ", "2019-07-06T04:00"),
        ("2019-07-06T04:00:00.25", "2019-07-06T04:00:00.25"),
        ("2019-07-05T21:00:00-07:00", "2019-07-06T04:00"),
        ("2019-07-06T09:30+05:30", "2019-07-06T04:00"),
        ("2019-07-06", "2019-07-06"),
        ("2019-07", "2019-07-01"),
        ("2019", "2019-01-01"),
        ("1693-01-11", "1693-01-11"),
    ],
)
def test_a_time_is_in_utc_unless_it_says_its_zone(text: str, expected: str) -> None:
    assert parse_time(text, "--issue-time") == np.datetime64(expected, "us")


@pytest.mark.parametrize(
    "text", ["", "NaT", "now", "today", "06.07.2019", "2019-13-01", "2019-07-06T04:00 JST"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--issue-time: .* is not a time"):
        parse_time(text, "--issue-time")
