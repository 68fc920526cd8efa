"""Picks of continuous records by STA/LTA and AIC: known onsets, quiet records, and triggers of a known ratio."""

import numpy as np
import numpy.typing as npt
import pytest

from terrella.pick.classical.records import pick_record, triggers

RATE_HZ = 100.0


def record_with(onsets: list[tuple[int, int]], seed: int, minutes: int = 4) -> npt.NDArray[np.float64]:
    """Return noise with events, each a P on the vertical and a larger S on the horizontals, both decaying."""
    random = np.random.default_rng(seed)
    n = int(minutes * 60 * RATE_HZ)
    record = random.normal(size=(3, n))
    time = np.arange(n)
    for p, s in onsets:
        for onset, sizes in ((p, (25.0, 6.0, 6.0)), (s, (20.0, 60.0, 60.0))):
            envelope = (time >= onset) * np.exp(-np.maximum(time - onset, 0) / 250)
            record += np.array(sizes)[:, None] * envelope * random.normal(size=(3, n))
    return record


def test_onsets_of_events_are_found() -> None:
    events = [(5000, 5600), (11000, 12200), (17000, 17350)]
    picks = pick_record(record_with(events, 1), RATE_HZ)
    for phase, wanted in (("P", [p for p, _ in events]), ("S", [s for _, s in events])):
        found = np.array([pick.sample for pick in picks if pick.phase == phase])
        for onset in wanted:
            assert np.abs(found - onset).min() <= 15
    assert [pick.sample for pick in picks] == sorted(pick.sample for pick in picks)
    assert len(picks) <= 3 * len(events)


def test_amplitudes_scale_with_the_record() -> None:
    record = record_with([(9000, 9700)], 2)
    small, large = pick_record(record, RATE_HZ), pick_record(record * 50, RATE_HZ)
    assert [pick.sample for pick in small] == [pick.sample for pick in large]
    for a, b in zip(small, large, strict=True):
        assert b.amplitude == pytest.approx(50 * a.amplitude, rel=1e-5)
        assert b.ratio == pytest.approx(a.ratio, rel=1e-5)
    by_phase = {pick.phase: pick.amplitude for pick in small}
    assert by_phase["S"] > by_phase["P"] > 0


@pytest.mark.parametrize("seed", [3, 4])
def test_noise_has_no_picks(seed: int) -> None:
    assert pick_record(record_with([], seed), RATE_HZ) == []


@pytest.mark.parametrize("samples", [1, 10, 500, 3000])
def test_dead_and_short_records_have_no_picks(samples: int) -> None:
    assert pick_record(np.zeros((3, samples)), RATE_HZ) == []
    assert pick_record(np.full((3, samples), 3.0), RATE_HZ) == []


def test_a_vertical_alone_is_picked() -> None:
    record = record_with([(9000, 9700)], 5) * [[1], [0], [0]]
    assert min(abs(pick.sample - 9000) for pick in pick_record(record, RATE_HZ)) <= 15


def test_triggers_hold_until_the_ratio_has_fallen() -> None:
    ratio = np.array([0, 6, 4, 3, 5, 1, 4, 4, 7, 7.5, 2, 0, 0, 9])
    starts, peaks = triggers(ratio, on=5, off=2)
    assert starts.tolist() == [1, 8, 13]
    assert peaks.tolist() == [6, 7.5, 9]
    assert [len(part) for part in triggers(np.zeros(5), 5, 2)] == [0, 0]
