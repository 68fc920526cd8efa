"""Baer & Kradolfer's picker: known onsets, edges of records, and the search for its parameters."""

import builtins
import sys
import warnings

import numpy as np
import pytest
from classical_stores import RATE_HZ, store_of, windows_around, with_onsets

from terrella.errors import InputError
from terrella.pick.classical import BaerKradolfer, BaerKradolferParameters
from terrella.pick.classical.baer_kradolfer import first_onset
from terrella.pick.classical.baer_search import search_baer_kradolfer
from terrella.pick.picker import Windows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
    from obspy.signal.filter import bandpass
    from obspy.signal.trigger import pk_baer

PARAMETERS = BaerKradolferParameters(1.0, 30.0, 2.0, 1.0, 25.0)


def one_window(start: int, end: int) -> Windows:
    return Windows(np.array([0]), np.array([start]), np.array([end]))


def test_known_onsets_are_found_to_a_few_samples() -> None:
    store, onset = with_onsets(40, 30.0, seed=1)
    windows = windows_around(onset, 2)
    answers = BaerKradolfer(PARAMETERS).answer(store, windows)
    error = answers.p_sample - onset
    assert np.median(np.abs(error)) <= 5
    assert (np.abs(error) <= 20).mean() >= 0.9
    for other in (answers.detection, answers.p_over_s, answers.s_sample):
        assert np.isnan(other).all()


def test_one_window_equals_obspy_on_the_filtered_record() -> None:
    trace = np.random.default_rng(3).normal(size=(3, 12000)) * (1 + 20 * (np.arange(12000) >= 7100))
    answer = BaerKradolfer(PARAMETERS).answer(store_of([trace]), one_window(6500, 7500))
    # 30 s in which the filter settles, then 60 s around the window of 10 s.
    record = trace[0, 1000:10000] - trace[0, 1000:10000].mean()
    filtered = bandpass(record, 1.0, 30.0, RATE_HZ, corners=2)[3000:]
    expected, _ = pk_baer(filtered.astype(np.float32), 100, 200, 100, 25.0, 50.0, 100, 100)
    assert 6500 < 4000 + expected < 7500
    assert answer.p_sample[0] == 4000 + expected


def test_spans_shrink_until_the_pick_lies_in_the_window() -> None:
    random = np.random.default_rng(4)
    trace = random.normal(size=(3, 9000))
    trace[:, 3000:3400] *= 40  # an earlier event, which the longest span picks first
    trace[:, 5500:6500] *= 40
    store = store_of([trace])
    answer = BaerKradolfer(PARAMETERS).answer(store, one_window(5000, 6000))
    assert abs(answer.p_sample[0] - 5500) <= 20


def test_windows_without_an_onset_answer_their_first_sample() -> None:
    flat = np.zeros((3, 4000))
    constant = np.full((3, 4000), 7.0)
    store = store_of([flat, constant])
    windows = Windows(np.array([0, 1]), np.array([1000, 2000]), np.array([2000, 3000]))
    assert BaerKradolfer(PARAMETERS).answer(store, windows).p_sample.tolist() == [1000, 2000]


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_units_of_the_record_do_not_matter(scale: float) -> None:
    store, onset = with_onsets(5, 30.0, seed=5)
    scaled = store_of([store.trace(i).astype(float) * scale for i in range(5)], list(onset))
    windows = windows_around(onset, 6)
    expected = BaerKradolfer(PARAMETERS).answer(store, windows).p_sample
    np.testing.assert_array_equal(BaerKradolfer(PARAMETERS).answer(scaled, windows).p_sample, expected)


@pytest.mark.parametrize("start", [0, 7900, 8700, -300])
def test_windows_at_the_ends_of_a_trace_are_answered_inside(start: int) -> None:
    store, _ = with_onsets(1, 1.0, seed=7)
    answer = BaerKradolfer(PARAMETERS).answer(store, one_window(start, start + 1000))
    assert start <= answer.p_sample[0] < start + 1000


def test_records_too_short_for_the_first_variance_have_no_onset() -> None:
    noise = np.random.default_rng(8).normal(size=102).astype(np.float32)
    assert [first_onset(noise[:n], PARAMETERS, RATE_HZ) for n in (0, 1, 50, 102)] == [0, 0, 0, 0]


def test_the_search_beats_its_starts_and_repeats() -> None:
    store, onset = with_onsets(30, 4.0, seed=9)
    windows = windows_around(onset, 10)
    found = search_baer_kradolfer(store, windows, onset, initial_points=8, evaluations=1, seed=3)
    again = search_baer_kradolfer(store, windows, onset, initial_points=8, evaluations=1, seed=3)
    assert found == again
    assert (found.picks, found.evaluations) == (30, 3 + 8 + 1)
    answers = BaerKradolfer(found.parameters).answer(store, windows)
    rmse = np.sqrt(np.mean((answers.p_sample - onset) ** 2)) / RATE_HZ
    assert found.rmse_s == pytest.approx(rmse, rel=1e-5)
    starts = search_baer_kradolfer(store, windows, onset, initial_points=0, evaluations=0)
    assert found.rmse_s < starts.rmse_s


def test_a_search_draws_so_many_picks_and_reports_each_evaluation() -> None:
    store, onset = with_onsets(20, 10.0, seed=11)
    events: list[dict[str, object]] = []
    found = search_baer_kradolfer(
        store,
        windows_around(onset, 12),
        onset,
        initial_points=1,
        evaluations=1,
        picks=7,
        report=events.append,
    )
    assert found.picks == 7
    assert [event["done"] for event in events] == [1, 2, 3, 4, 5]


def test_a_search_without_picks_is_refused() -> None:
    store, _ = with_onsets(1, 10.0, seed=13)
    none = np.empty(0, np.int64)
    with pytest.raises(InputError, match="made: no P picks"):
        search_baer_kradolfer(store, Windows(none, none, none), none)


def test_a_search_without_optuna_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: object) -> object:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "optuna", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    store, onset = with_onsets(1, 10.0, seed=14)
    with pytest.raises(InputError, match=r"pip install 'terrella\[pick\]'"):
        search_baer_kradolfer(store, windows_around(onset, 15), onset)
