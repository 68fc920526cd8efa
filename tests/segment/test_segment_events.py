"""Detections and onsets: hand-made sections."""

from dataclasses import replace

import numpy as np
import pytest
from fake_sections import INTERVAL_S, make_section, perfect_scores

from terrella.segment.data.onsets import arrivals_of_mask, rising, run_ends
from terrella.segment.judging.events import detect, earlier, match, nearest, truth_of


def blocks(shape, *boxes):
    """Return scores that are 1 in boxes (first trace, last, first sample, last), 0 elsewhere."""
    scores = np.zeros(shape, np.float32)
    for a, b, c, d in boxes:
        scores[a:b, c:d] = 1
    return scores


def test_runs_begin_and_end():
    marked = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 1, 1]], bool)
    trace, sample = rising(marked)
    assert list(zip(trace.tolist(), sample.tolist(), strict=True)) == [(0, 1), (0, 4), (1, 0), (1, 3)]
    assert run_ends(marked, trace, sample).tolist() == [3, 5, 1, 5]


def test_runs_that_are_close_are_one():
    marked = np.array([[1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1]], bool)
    assert rising(marked, 1)[1].tolist() == [0, 2, 5, 10]
    assert rising(marked, 2)[1].tolist() == [0, 5, 10]
    assert rising(marked, 3)[1].tolist() == [0, 10]


def test_a_detection_follows_the_moveout_and_jumps_a_dead_trace():
    scores = np.zeros((8, 60), np.float32)
    for trace in range(8):
        scores[trace, 10 + 4 * trace : 14 + 4 * trace] = trace != 3
    found = detect(scores, 0.5, traces=5, apart=5)
    assert found.count == 1
    assert found.trace.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert found.sample.tolist() == [10, 14, 18, 26, 30, 34, 38]


def test_what_covers_too_few_traces_is_no_detection():
    scores = blocks((10, 50), (0, 4, 5, 9), (4, 10, 30, 34))
    assert detect(scores, 0.5, traces=5, apart=5).count == 1
    assert detect(scores, 0.5, traces=7, apart=5).count == 0
    assert detect(np.zeros((4, 8), np.float32), 0.5, traces=1, apart=5).count == 0


def test_two_detections_have_numbers_of_their_own():
    found = detect(blocks((6, 80), (0, 6, 5, 9), (0, 6, 50, 55)), 0.5, 5, 5)
    assert found.count == 2
    assert {(n, s) for n, s in zip(found.number.tolist(), found.sample.tolist(), strict=True)} == {
        (0, 5),
        (1, 50),
    }


def test_a_perfect_detector_finds_every_event_and_every_onset():
    section = make_section(14, shape=(20, 300), events=2)  # far apart
    truth = truth_of(section, 5, 5)
    found = detect(perfect_scores(section), 0.5, 5, 5)
    matched = match(truth, found, 5, 5)
    assert matched.detected.tolist() == [True, True]
    assert matched.false == 0
    assert np.abs(nearest(found.trace, found.sample, truth)).max() == 0


def test_a_late_detector_is_late_by_as_much_until_it_is_corrected():
    section = make_section(4, shape=(12, 200))
    truth = truth_of(section, 3, 5)
    found = detect(np.roll(perfect_scores(section), 4, axis=1), 0.5, 5, 3)
    assert set(nearest(found.trace, found.sample, truth).tolist()) == {4.0}
    assert not match(truth, found, 3, 5).detected.any()
    assert match(truth, earlier(found, 4.0), 3, 5).detected.all()


@pytest.mark.parametrize("late", [-4, 4])
def test_an_onset_as_far_away_as_the_tolerance_counts_and_no_further(late):
    section = make_section(4, shape=(12, 200))
    truth = truth_of(section, 4, 5)
    found = detect(perfect_scores(section), 0.5, 5, 3)
    assert match(truth, earlier(found, late), 4, 5).detected.all()
    assert not match(truth, earlier(found, late), 3, 5).detected.any()
    # As many traces as are asked for, and a quarter of the wave's.
    assert match(truth, earlier(found, late), 4, 12).detected.all()
    assert not match(truth, earlier(found, late), 4, 13).detected.any()


def test_a_quarter_of_a_waves_traces_is_enough():
    section = make_section(4, shape=(12, 200))
    truth = truth_of(section, 4, 2)
    for traces, enough in ((3, True), (2, False)):
        scores = perfect_scores(section)
        scores[traces:] = 0
        assert match(truth, detect(scores, 0.5, 2, 3), 4, 2).detected.all() == enough


def test_a_detection_half_of_which_is_quiet_is_not_false():
    section = make_section(14, shape=(12, 300))
    truth = truth_of(section, 5, 5)
    for begin, false in ((2, 0), (1, 1)):  # of ten onsets, five or six lie where nothing is
        section.mask[:] = 0
        section.mask[begin : begin + 5, 200:210] = 1
        quiet = truth_of(section, 5, 5).quiet
        found = detect(blocks((12, 300), (2, 12, 200, 204)), 0.5, 5, 5)
        own = quiet[found.trace, found.sample.astype(int)]
        assert own.sum() == 5 + false
        assert match(replace(truth, quiet=quiet), found, 5, 5).false == false


def test_a_detection_in_noise_is_a_false_alarm_and_finds_nothing():
    section = make_section(5, shape=(12, 200), events=0)
    truth = truth_of(section, 5, 5)
    matched = match(truth, detect(blocks((12, 200), (0, 9, 100, 110)), 0.5, 5, 5), 5, 5)
    assert len(matched.detected) == 0
    assert matched.false == 1
    assert truth.empty


def test_calling_everything_an_arrival_is_no_detection():
    section = make_section(6, shape=(12, 200))
    truth = truth_of(section, 5, 5)
    matched = match(truth, detect(np.ones((12, 200), np.float32), 0.5, 5, 5), 5, 5)
    assert not matched.detected.any()
    assert matched.false == 1


def test_a_detection_where_nothing_is_known_is_neither_right_nor_false():
    section = make_section(7, shape=(12, 200), events=0)
    section.mask[:, 90:120] = 255
    truth = truth_of(section, 5, 5)
    assert match(truth, detect(blocks((12, 200), (0, 9, 100, 110)), 0.5, 5, 5), 5, 5).false == 0


def test_an_event_on_too_few_traces_does_not_count():
    section = make_section(8, shape=(4, 100))
    assert truth_of(section, 5, 4).events.tolist() == [0]
    assert truth_of(section, 5, 5).events.tolist() == []


def test_onsets_of_other_traces_are_not_near():
    section = make_section(9, shape=(3, 100))
    found = detect(blocks((3, 100), (0, 1, 20, 90)), 0.5, 1, 5)
    distance = nearest(found.trace, found.sample, truth_of(section, 5, 1))
    assert np.isfinite(distance).tolist() == [True, False, False]


def test_onsets_of_a_drawn_mask():
    section = make_section(10, shape=(16, 200))
    found = arrivals_of_mask(section)
    order = np.argsort(found.trace)
    assert set(found.event.tolist()) == {0}
    np.testing.assert_allclose(found.time_s[order], section.arrivals.time_s)
    assert np.median(found.snr) == pytest.approx(6.5, abs=1.5)
    assert section.interval_s == INTERVAL_S


def test_a_mask_without_labels_has_no_onsets():
    assert len(arrivals_of_mask(make_section(11, events=0)).time_s) == 0
