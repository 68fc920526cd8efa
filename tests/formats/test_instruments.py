"""Which component a channel is, and which instrument is used when: by hand, from spans of seconds."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.formats.waveforms.instruments import ordered, passed_over, stretches
from terrella.formats.waveforms.orientation import place

HOUR = 3600
DAY = 24 * HOUR


def recorded(**spans):
    """Return spans in seconds by channel, such as HHZ, or 10_HHZ with its location, as the archive gives them."""
    return {
        ("XX", "ABC", name.rpartition("_")[0].strip("_"), name.rpartition("_")[2]): [
            (first * 10**9, end * 10**9) for first, end in each
        ]
        for name, each in spans.items()
    }


def used(spans, first=0, end=DAY):
    found = stretches(spans, first * 10**9, end * 10**9)
    return [(each.name, each.first_ns // 10**9, each.end_ns // 10**9) for each in found]


def left_out(spans):
    return passed_over(spans, stretches(spans, 0, DAY * 10**9), 0, DAY * 10**9)


def three(instrument, *spans):
    return {f"{instrument}{letter}": spans for letter in "ZNE"}


@pytest.mark.parametrize(
    ("channel", "instrument", "component"),
    [
        ("HHZ", "HH", "Z"), ("bhn", "BH", "N"), ("EH1", "EH", "N"), ("HN2", "HN", "E"), ("SH3", "SH", "Z"),
        ("BHR", "BH", "N"), ("BHT", "BH", "E"), ("HHX", "HH", "E"), ("HHY", "HH", "N"),
        # K-NET, which seisbench/seisbench#145 finds no component in, and KiK-net's two sensors.
        ("UD", "", "Z"), ("NS", "", "N"), ("EW", "", "E"), ("U-D", "", "Z"), ("N-S", "", "N"),
        ("UD1", "1", "Z"), ("NS1", "1", "N"), ("EW2", "2", "E"),
        ("Z", "", "Z"), ("U", "", "Z"), ("NORTH", "", "N"), ("E", "", "E"), ("B_H_Z", "B_H", "Z"),
        ("HHU", "HH", ""), ("BHA", "BH", ""),
    ],
)  # fmt: skip
def test_a_channel_tells_its_instrument_and_component(channel, instrument, component):
    found = place(channel)
    assert (found.instrument, found.component) == (instrument, component)


@pytest.mark.parametrize("channel", ["", "LCE", "VMZ", "HDH", "BDF", "LOG", "VEC", "HJZ"])
def test_what_is_no_motion_of_the_ground_is_none(channel):
    assert place(channel) is None


def test_a_fragment_does_not_hide_a_whole_day():
    spans = recorded(**three("HH", (HOUR, HOUR + 60)), **three("BH", (0, DAY)))
    assert used(spans) == [("BH", 0, DAY)]
    assert left_out(spans) == ["HH"]
    whole = recorded(**three("HH", (0, DAY)), **three("BH", (0, DAY)))
    assert used(whole) == [("HH", 0, DAY)]
    assert left_out(whole) == []


def test_an_instrument_that_is_recorded_on_other_days_alone_is_not_used():
    spans = recorded(**three("HH", (DAY, 2 * DAY)), **three("BH", (0, DAY)))
    assert used(spans) == [("BH", 0, DAY)]
    assert left_out(spans) == []
    assert used(spans, DAY, 2 * DAY) == [("HH", DAY, 2 * DAY)]
    assert used(spans, 2 * DAY, 3 * DAY) == []


def test_where_one_ends_another_takes_over():
    noon = DAY // 2
    spans = recorded(**three("BH", (0, noon)), **three("HH", (noon, DAY)))
    assert used(spans) == [("BH", 0, noon), ("HH", noon, DAY)]
    spans = recorded(**three("10_HH", (0, noon)), **three("00_HH", (noon, DAY)))
    assert used(spans) == [("10.HH", 0, noon), ("00.HH", noon, DAY)]


def test_holes_of_a_minute_and_more_are_filled_and_shorter_ones_are_not():
    spans = recorded(
        **three("HH", (0, 30_000), (30_059, 50_000), (54_000, DAY)), **three("HN", (0, DAY)), LHZ=[(0, DAY)]
    )
    assert used(spans) == [("HH", 0, 50_000), ("HN", 50_000, 54_000), ("HH", 54_000, DAY)]


def test_a_choppy_record_gives_way_to_a_whole_one():
    every_20_min = [(first, first + 800) for first in range(0, DAY, 1200)]
    spans = recorded(**three("HH", *every_20_min), **three("BH", (0, DAY)))
    assert used(spans) == [("BH", 0, DAY)]


def test_of_equals_the_kind_goes_first_then_three_components_then_the_location():
    assert used(recorded(HHZ=[(0, DAY)], **three("BH", (0, DAY))))[0][0] == "BH"
    assert used(recorded(BHZ=[(0, DAY)], **three("EH", (0, DAY))))[0][0] == "BH"
    # Weak motion on one component before strong motion on three.
    assert used(recorded(EHZ=[(0, DAY)], **three("HN", (0, DAY))))[0][0] == "EH"
    assert used(recorded(**three("10_HH", (0, DAY)), **three("00_HH", (0, DAY))))[0][0] == "00.HH"
    # Components that died in the night are none.
    dead = {"HHZ": [(0, DAY)], "HHN": [(0, 60)], "HHE": [(0, 60)]}
    assert used(recorded(**dead, **three("BH", (0, DAY))))[0][0] == "BH"


def test_slow_channels_are_used_where_there_is_nothing_else():
    spans = recorded(LHZ=[(0, DAY)], HHZ=[(0, HOUR)])
    assert used(spans) == [("HH", 0, HOUR), ("LH", HOUR, DAY)]


def test_all_instruments_come_in_order():
    spans = recorded(**three("HH", (0, 60)), **three("BH", (0, DAY)), HNZ=[(0, DAY)], HDH=[(0, DAY)])
    assert [codes[0][3][:2] for codes in ordered(spans, 0, DAY * 10**9)] == ["BH", "HN", "HH"]


SPANS = st.lists(st.tuples(st.integers(0, 1400), st.integers(2, 400)), max_size=6)


@given(st.dictionaries(st.sampled_from(["HHZ", "HHN", "BHZ", "10_HHZ", "HNE", "LHZ"]), SPANS))
def test_stretches_follow_each_other_and_no_recorded_hour_is_lost(minutes):
    """Each minute that anything recorded for a minute or more around it lies in a stretch of what recorded then."""
    spans = recorded(
        **{name: [(a * 60, min((a + n) * 60, DAY)) for a, n in each] for name, each in minutes.items()}
    )
    found = stretches(spans, 0, DAY * 10**9)
    assert all(a.end_ns <= b.first_ns for a, b in itertools.pairwise(found))
    assert all(each.first_ns < each.end_ns for each in found)
    for at in range(30 * 10**9, DAY * 10**9, 60 * 10**9):
        alive = {code for code, each in spans.items() if any(a <= at < b for a, b in each)}
        here = [each for each in found if each.first_ns <= at < each.end_ns]
        assert len(here) <= 1
        if alive:
            (stretch,) = here
            assert alive & set(stretch.codes)
