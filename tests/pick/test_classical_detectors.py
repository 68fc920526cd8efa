"""STA/LTA and AIC: equality with ObsPy's, known onsets, edges, and real seismograms."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from classical_stores import store_of, windows_around, with_onsets
from hypothesis import given
from hypothesis import strategies as st

from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.classical import AIC, STALTA, STALTAWithAIC, classical_pickers
from terrella.pick.classical.aic import aic
from terrella.pick.classical.sta_lta import sta_lta
from terrella.pick.picker import Windows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
    from obspy.signal.trigger import aic_simple, classic_sta_lta, recursive_sta_lta


def test_aic_equals_obspys_between_the_ends() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(3, 400)) * np.where(np.arange(400) < 150, 1, 5)
    ours = aic(values)
    for row, record in zip(ours, values, strict=True):
        # ObsPy's entry k splits after k + 1 samples; its last two are equal by convention.
        np.testing.assert_allclose(row[2:399], aic_simple(record)[1:398], rtol=1e-9)


def test_aic_up_to_an_end_is_that_of_the_shorter_record() -> None:
    values = np.random.default_rng(2).normal(size=(2, 300)) + 100
    cut = aic(values, np.array([300, 120]))
    centred = values[1] - values[1].mean()
    np.testing.assert_allclose(cut[1, 2:118], aic(centred[None, :120])[0, 2:118], rtol=1e-6)
    assert np.isinf(cut[1, 120:]).all()


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(31, 80))
def test_sta_lta_equal_obspys_after_the_first_long_average(seed: int, sta: int, lta: int) -> None:
    values = np.random.default_rng(seed).normal(size=(2, 300)) * np.where(np.arange(300) < 200, 1, 7)
    sliding = sta_lta(values, sta, lta, "classic")
    for row, record in zip(sliding, values, strict=True):
        np.testing.assert_allclose(row[lta:], classic_sta_lta(record, sta, lta)[lta:], rtol=1e-8)


def test_recursive_averages_equal_obspys_but_for_their_start() -> None:
    values = np.random.default_rng(4).normal(size=(1, 4000)) * np.where(np.arange(4000) < 3000, 1, 7)
    ours = sta_lta(values, 20, 200, "recursive")[0]
    np.testing.assert_allclose(ours[2500:], recursive_sta_lta(values[0], 20, 200)[2500:], rtol=1e-4)
    # ObsPy starts from an average of nothing, which takes several long averages to forget; stationary noise is 1.
    assert ours[200:3000].mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", ["classic", "recursive"])
def test_stationary_noise_has_a_small_ratio_from_the_trace_s_first_samples_on(kind: str) -> None:
    store, _ = with_onsets(20, 1.0, seed=5, length=3000)
    windows = Windows(np.arange(20), np.zeros(20, np.int64), np.full(20, 3000))
    assert STALTA(kind=kind).answer(store, windows).detection.max() < 3  # type: ignore[arg-type]


def test_windows_with_onsets_have_larger_detections_than_noise() -> None:
    store, onset = with_onsets(30, 6.0, seed=6)
    with_event = windows_around(onset, 7, 3000)
    noise = Windows(np.arange(30), np.zeros(30, np.int64), np.full(30, 3000))
    detector = STALTA()
    assert detector.answer(store, with_event).detection.min() > detector.answer(store, noise).detection.max()


def test_onsets_of_p_and_s_are_found() -> None:
    store, onset = with_onsets(40, 10.0, seed=8)
    answers = AIC().answer(store, windows_around(onset, 9))
    for found in (answers.p_sample, answers.s_sample):
        assert np.median(np.abs(found - onset)) <= 3
        assert np.abs(found - onset).max() <= 30


def test_a_decaying_coda_is_not_split_off() -> None:
    random = np.random.default_rng(10)
    time = np.arange(6000)
    growth = 1 + 30 * (time >= 3200) * np.exp(-np.maximum(time - 3200, 0) / 80)
    store = store_of([random.normal(size=(3, 6000)) * growth for _ in range(20)])
    windows = Windows(np.arange(20), np.full(20, 3000), np.full(20, 4000))
    assert np.abs(AIC().answer(store, windows).s_sample - 3200).max() <= 20


def test_s_is_picked_on_the_vertical_where_there_are_no_horizontals() -> None:
    store, onset = with_onsets(10, 10.0, seed=11)
    traces = [store.trace(i).astype(float) * [[1], [0], [0]] for i in range(10)]
    answers = AIC().answer(store_of(traces, list(onset)), windows_around(onset, 12))
    np.testing.assert_array_equal(answers.s_sample, answers.p_sample)


def test_a_dead_horizontal_changes_nothing() -> None:
    store, onset = with_onsets(10, 10.0, seed=13)
    traces = [store.trace(i).astype(float) for i in range(10)]
    one = [t * [[1], [1], [0]] for t in traces]
    twice = [np.stack([t[0], t[1], t[1]]) for t in traces]
    windows = windows_around(onset, 14)
    np.testing.assert_array_equal(
        AIC().answer(store_of(one), windows).s_sample, AIC().answer(store_of(twice), windows).s_sample
    )


@given(st.integers(-1500, 2500), st.sampled_from([2, 50, 700, 3000]))
def test_answers_lie_in_their_windows_whatever_the_trace(start: int, length: int) -> None:
    random = np.random.default_rng(15)
    gappy = random.normal(size=(3, 2000))
    gappy[:, 600:900] = 0
    store = store_of([gappy, np.zeros((3, 2000)), np.full((3, 40), 3.0)])
    windows = Windows(np.arange(3), np.full(3, start), np.full(3, start + length))
    for picker in classical_pickers():
        answers = picker.answer(store, windows)
        for found in (answers.p_sample, answers.s_sample):
            known = found[np.isfinite(found)]
            assert ((known >= start) & (known < start + length)).all()
        assert not np.isinf(answers.detection).any()


def test_the_pair_answers_detection_and_onsets() -> None:
    store, onset = with_onsets(5, 10.0, seed=16)
    windows = windows_around(onset, 17)
    answers = STALTAWithAIC().answer(store, windows)
    np.testing.assert_array_equal(answers.detection, STALTA().answer(store, windows).detection)
    np.testing.assert_array_equal(answers.s_sample, AIC().answer(store, windows).s_sample)
    assert np.isnan(answers.p_over_s).all()


def test_aic_on_real_local_seismograms(shared_data: Path) -> None:
    from terrella.pick.data.store import make_store

    store = make_store(shared_data / "pick" / "northern_california_local")
    random = np.random.default_rng(0)
    error: dict[str, list[float]] = {"P": [], "S": []}
    for column, phase in enumerate(store.phases):
        kind = phase_kind(phase)
        # P late in the window and S early: most hold one phase.
        start = store.picks[:, column] - random.integers(
            *((750, 950) if kind == "P" else (100, 400)), len(store)
        )
        ends = start + 1000
        others = np.delete(store.picks, column, 1)
        alone = ~((others >= start[:, None]) & (others < ends[:, None])).any(1)
        use = np.flatnonzero((store.picks[:, column] >= 0) & (start >= 0) & (ends <= store.length) & alone)
        answers = AIC().answer(store, Windows(use, start[use], ends[use]))
        found = answers.p_sample if kind == "P" else answers.s_sample
        error[str(kind)] += list((found - store.picks[use, column]) / store.rate_hz)
    for kind, least in (("P", 60), ("S", 30)):
        assert len(error[kind]) >= least
        assert (np.abs(error[kind]) < 0.5).mean() > 0.85
        assert abs(np.median(error[kind])) < 0.05
