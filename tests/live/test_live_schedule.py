"""When forecasts are due."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrella.live.schedule import due_between
from terrella.live.settings import LiveSettings
from terrella.live.times import HOUR

NOTHING = (np.zeros(0, np.int64), np.zeros(0))
DAY = 24 * HOUR


def test_every_day_at_midnight_after_the_first_time_and_until_the_last():
    due = due_between(LiveSettings(), *NOTHING, 10 * DAY, 12 * DAY)
    assert [each.time_us for each in due] == [11 * DAY, 12 * DAY]
    assert due[0].reason == "every 24 h"


def test_hourly_after_a_large_event_from_the_minute_that_follows_on():
    seen = np.array([10 * DAY + 5 * HOUR + 90_000_000, 10 * DAY + 6 * HOUR])
    rules = LiveSettings(trigger_magnitude=6.0, hourly_for_hours=2)
    due = due_between(rules, seen, np.array([6.0, 5.9]), 10 * DAY, 11 * DAY - 1)
    first = 10 * DAY + 5 * HOUR + 120_000_000
    assert [each.time_us for each in due] == [first, first + HOUR, first + 2 * HOUR]
    assert [each.reason for each in due] == ["0 h after M 6", "1 h after M 6", "2 h after M 6"]


@given(
    st.lists(st.integers(0, 20 * 24 * 60), min_size=1, max_size=4), st.lists(st.integers(0, 500), max_size=5)
)
def test_steps_of_any_length_are_due_what_one_step_is(events, cuts):
    seen = np.sort(np.array(events, np.int64)) * 60_000_000
    about = (LiveSettings(), seen, np.full(len(seen), 7.0))
    whole = due_between(*about, 0, 500 * HOUR)
    limits = sorted({0, 500, *cuts})
    parts = [due_between(*about, a * HOUR, b * HOUR) for a, b in itertools.pairwise(limits)]
    assert [each for part in parts for each in part] == whole
