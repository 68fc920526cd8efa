"""Targets: what each window may hold, and files like those of the study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_stores import store_of

from terrella.errors import InputError
from terrella.pick.judging.target_files import read_targets, write_targets
from terrella.pick.judging.targets import Targets, make_targets
from terrella.pick.store import Store


def random_store(seed: int, n: int = 40) -> Store:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(50, 12_000, n)
    picks = np.where(draw.random((n, 4)) < 0.5, draw.integers(0, lengths[:, None], (n, 4)), -1)
    split = draw.choice(["train", "dev", "test"], n)
    return store_of(picks, lengths, ("Pn", "Pg", "Lg", "S"), draw.random(n) < 0.1, split)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_windows_hold_what_they_say(seed: int) -> None:
    store = random_store(seed)
    found = make_targets(store, "test", seed)
    arrivals = [sorted(p for p, name in zip(row, store.phases, strict=True) if p >= 0 and name != "Lg")
                for row in store.picks]  # fmt: skip
    for windows in (found.detection, found.phase):
        assert (windows.start >= 0).all()
        assert (windows.end <= store.length[windows.trace]).all()
        assert (store.split[windows.trace] == "test").all()
    for trace, start, end, event in zip(
        found.detection.trace, found.detection.start, found.detection.end, found.event, strict=True
    ):
        inside = [p for p in arrivals[trace] if start <= p < end]
        assert 100 < end - start <= 3000
        if event:
            assert arrivals[trace][0] in inside
        else:
            assert not inside
            assert not arrivals[trace] or end <= arrivals[trace][0]
        if not event and not arrivals[trace]:
            assert store.noise[trace]
    for i, (trace, start, end) in enumerate(
        zip(found.phase.trace, found.phase.start, found.phase.end, strict=True)
    ):
        inside = [p for p in arrivals[trace] if start <= p < end]
        assert inside == [found.onset[i]]
        assert end - start <= 1000
        assert store.picks[trace][store.phases.index(found.label[i])] == found.onset[i]
        assert found.is_p[i] == (found.label[i] != "S")
        others = [p for p in arrivals[trace] if p != found.onset[i]]
        assert all(p < start - 49 or p >= end + 49 for p in others)


def test_one_event_gives_one_window_with_it_and_one_before_it() -> None:
    store = store_of([[3000, 3500], [2999, 3500], [2999, 3099], [2999, 3103], [-1, -1]], [9001] * 5)
    found = make_targets(store, "test", 3)
    # 30 s before the first arrival are enough, a sample less is not; the last trace is noise.
    assert found.detection.trace.tolist() == [0, 0, 1, 2, 3, 4]
    assert found.event.tolist() == [True, False, True, True, True, False]
    assert (found.detection.start[1], found.detection.end[1]) == (0, 3000)
    # P and S a second apart cannot be told from each other by a window with half a second to either side.
    assert found.phase.trace.tolist() == [0, 0, 1, 1, 3, 3]
    assert found.is_p.tolist() == [True, False] * 3


def test_onsets_lie_anywhere_but_near_the_windows_edges() -> None:
    store = store_of([[4000, -1]] * 5000, [9000] * 5000, samples=np.zeros(5000 * 27000, np.float16))
    found = make_targets(store, "test", 0)
    place = found.onset - found.phase.start
    assert place.min() == 50
    assert place.max() == 950
    assert np.bincount(place // 100, minlength=10)[1:9].std() < 40  # uniform: about 22 of 555
    first = 4000 - found.detection.start[found.event]
    assert first.min() >= 100
    assert first.max() <= 2900
    assert np.ptp(first) > 2780


def test_targets_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    store = random_store(1)
    a, b, c = (make_targets(store, "all", seed) for seed in (5, 5, 6))
    assert same(a, b)
    assert not same(a, c)


def same(a: Targets, b: Targets) -> bool:
    parts = [
        (x.detection.trace, x.detection.start, x.detection.end, x.event, x.phase.trace, x.phase.start, x.phase.end,
         x.is_p, x.onset, x.label)
        for x in (a, b)
    ]  # fmt: skip
    return all(np.array_equal(left, right) for left, right in zip(*parts, strict=True))


def test_files_hold_targets_and_have_the_studys_columns(tmp_path: Path) -> None:
    store = random_store(2)
    targets = make_targets(store, "all", 0)
    write_targets(targets, store, tmp_path)
    assert same(read_targets(tmp_path, store, "all"), targets)
    assert same(read_targets(tmp_path, store, "dev"), read_targets(tmp_path, store, "dev"))
    test = read_targets(tmp_path, store, "test")
    assert len(test.detection)
    assert (store.split[test.detection.trace] == "test").all()
    start = "trace_name trace_idx trace_split sampling_rate start_sample end_sample"
    for name, more in (("task1", "trace_type"), ("task23", "phase_label full_phase_label phase_onset")):
        assert " ".join(pd.read_csv(tmp_path / f"{name}.csv").columns) == f"{start} {more}"


def test_files_at_another_rate_are_brought_to_the_stores(tmp_path: Path) -> None:
    store = store_of([[3000, 6000]], [9000])
    write_targets(make_targets(store, "all", 0), store, tmp_path)
    slow = store_of([[600, 1200]], [1800], rate_hz=20.0)
    found, original = read_targets(tmp_path, slow, "test"), read_targets(tmp_path, store, "test")
    assert found.onset.tolist() == [600, 1200]
    assert np.abs(found.phase.start - original.phase.start / 5).max() <= 0.5


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"trace_name": "nowhere", "trace_idx": 77}, "no trace nowhere in made"),
        ({"end_sample": 1}, "the window"),
        ({"start_sample": "x"}, "row 1 has no number"),
        ({"sampling_rate": 0}, "row 1 has no number"),
        ({"phase_label": "Lg"}, "expected P or S"),
    ],
)
def test_bad_files_give_a_line(tmp_path: Path, change: dict[str, object], line: str) -> None:
    store = store_of([[3000, 6000]], [9000])
    write_targets(make_targets(store, "all", 0), store, tmp_path)
    pd.read_csv(tmp_path / "task23.csv").assign(**change).to_csv(tmp_path / "task23.csv", index=False)
    with pytest.raises(InputError, match=line):
        read_targets(tmp_path, store, "all")
    with pytest.raises(InputError, match="no targets"):
        read_targets(tmp_path / "none", store, "all")
    (tmp_path / "task1.csv").write_text("trace_name\na\n")
    with pytest.raises(InputError, match="no column trace_idx"):
        read_targets(tmp_path, store, "all")
