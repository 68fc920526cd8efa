"""Windows: where they lie, and what is cut, against one trace at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from feed_stores import make_small_store
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.pick.feed.draws import draw
from terrella.pick.feed.normalise import prepare
from terrella.pick.feed.recipes import RECIPES, Recipe, recipe
from terrella.pick.feed.resident import cut_resident, placement_of
from terrella.pick.feed.windows import MISSING, choose_starts, cut, picks_in, traces_of
from terrella.pick.networks import NAMES, architecture

DTYPES = (np.float32, np.float16)


def slow_cut(traces, index, start, window, components):
    trace = traces.stores[traces.store[index]]
    number = int(np.flatnonzero(trace.offset == traces.offset[index])[0])
    waves = trace.trace(number)[["ZNE".index(c) for c in components]]
    padded = np.pad(waves, ((0, 0), (5000, 5000)))
    return padded[:, 5000 + start : 5000 + start + window]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 100), st.integers(-400, 400)), min_size=1, max_size=8),
    st.integers(1, 120),
    st.sampled_from(["ZNE", "Z", "NE", "ENZ"]),
    st.sampled_from(DTYPES),
)
def test_windows_are_those_of_each_trace_padded_with_zeros(lengths, wanted, window, components, dtype):
    stores = [make_small_store(lengths, dtype=dtype, seed=1), make_small_store(lengths[::-1], seed=2)]
    traces = traces_of(stores, "train")
    indices = np.array([k % len(traces) for k, _ in wanted])
    starts = np.array([start for _, start in wanted])
    asked = replace(architecture("phasenet"), window=window, components=tuple(components))
    expected = np.stack(
        [slow_cut(traces, k, start, window, components) for k, start in zip(indices, starts, strict=True)]
    )
    found = cut(traces, indices, starts, asked)
    np.testing.assert_array_equal(found, expected)
    held = [torch.from_numpy(store.samples) for store in stores]
    on_device = cut_resident(held, traces, indices, starts, asked)
    np.testing.assert_array_equal(on_device.numpy(), expected)
    prepare(expected, asked)
    np.testing.assert_array_equal(cut(traces, indices, starts, asked, prepared=True), expected)


def test_a_memory_map_is_cut_like_an_array(tmp_path):
    store = make_small_store([50, 80], seed=3)
    np.save(tmp_path / "samples.npy", store.samples)
    mapped = make_small_store([50, 80], seed=3)
    object.__setattr__(mapped, "samples", np.load(tmp_path / "samples.npy", mmap_mode="r"))
    about = (np.array([0, 1]), np.array([-5, 60]), architecture("gpd"))
    np.testing.assert_array_equal(
        cut(traces_of([store], "train"), *about), cut(traces_of([mapped], "train"), *about)
    )


def test_without_a_plan_ram_holds_what_fills_no_more_than_half_of_it(tmp_path, monkeypatch):
    store = make_small_store([1000])
    np.save(tmp_path / "samples.npy", store.samples)
    mapped = replace(store, samples=np.load(tmp_path / "samples.npy", mmap_mode="r"))
    monkeypatch.setattr("terrella.pick.feed.resident.available_memory", lambda: 20_000.0)
    found = [placement_of(stores, torch.device("cpu")) for stores in ([store] * 2, [mapped], [mapped] * 2)]
    assert found == ["preloaded", "streamed", "streamed"]
    monkeypatch.setattr("terrella.pick.feed.resident.available_memory", lambda: 25_000.0)
    assert placement_of([mapped, store], torch.device("cpu")) == "preloaded"


def test_traces_of_a_split_and_with_a_phase():
    picks = [[5, -1, -1, 9], [-1, 7, 20, -1], [-1, -1, -1, 3]]
    store = make_small_store([30, 40, 50], picks, split=["train", "dev", "train"])
    traces = traces_of([store, store], "train")
    assert traces.length.tolist() == [30, 50, 30, 50]
    assert traces.p.tolist() == [[5, -1], [-1, -1]] * 2
    assert (traces.s == -1).all()
    assert traces.fixed.tolist() == [False] * 4
    assert len(traces_of([store], "train", "P")) == 1
    with pytest.raises(InputError, match="small: no trace with a pick of S in the split 'train'"):
        traces_of([store], "train", "S")
    with pytest.raises(InputError, match="no trace in the split 'test'"):
        traces_of([store], "test")


def test_detections_last_a_fixed_time_in_stores_with_few_picks_of_s():
    few = make_small_store([30] * 3, [[5, -1, -1, -1]] * 2 + [[5, -1, 9, -1]])
    many = make_small_store([30] * 3, [[5, -1, 9, -1]] * 3)
    assert traces_of([few, many], "train").fixed.tolist() == [True] * 3 + [False] * 3


starts_recipe = Recipe("curves", before=300, around=600, around_share=1.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(50, 2000), st.data(), st.integers(1, 400), st.integers(0, 2**31))
def test_a_window_around_a_pick_lies_in_its_stretch_or_covers_it(length, data, window, seed):
    pick = data.draw(st.integers(0, length - 1))
    traces = traces_of([make_small_store([length], [[pick, -1, -1, -1]])], "train")
    indices = np.zeros(200, np.int64)
    drawn = draw(seed, 0, np.arange(200), 0, 3)
    starts = choose_starts(traces, indices, window, starts_recipe, drawn)
    low, high = max(pick - 300, 0), min(pick + 300, length)
    if high - low >= window:
        assert (starts >= low).all()
        assert (starts + window <= high).all()
    else:
        assert (starts <= low).all()
        assert (starts + window >= high).all()


def test_every_place_that_a_window_may_take_is_taken():
    traces = traces_of([make_small_store([60])], "train")
    starts = choose_starts(
        traces, np.zeros(4000, np.int64), 50, recipe("phasenet"), draw(0, 0, np.arange(4000), 0, 3)
    )
    values, counts = np.unique(starts, return_counts=True)
    assert values.tolist() == list(range(11))
    assert counts.min() > 0.7 * 4000 / 11


def test_two_thirds_of_windows_lie_around_each_pick_in_turn():
    traces = traces_of([make_small_store([100_000], [[20_000, 40_000, 80_000, 60_000]])], "train")
    starts = choose_starts(
        traces, np.zeros(6000, np.int64), 3001, recipe("phasenet"), draw(3, 1, np.arange(6000), 0, 3)
    )
    share = [np.mean((starts <= pick) & (starts + 3001 > pick)) for pick in (20_000, 40_000, 80_000)]
    # A window of 3,001 in the 6,000 around a pick holds it, but for its very first place.
    np.testing.assert_allclose(share, 2 / 9 + 0.03 / 3, atol=0.02)
    only_s = choose_starts(
        traces, np.zeros(500, np.int64), 1000, recipe("dpp-s"), draw(3, 1, np.arange(500), 0, 3)
    )
    assert ((only_s <= 80_000) & (only_s + 1000 >= 80_000)).all()


def test_missing_picks_stay_missing_and_those_before_the_window_are_negative():
    found = picks_in(np.array([[5, -1], [-1, 90]], np.int32), np.array([50, 60]))
    assert found.tolist() == [[-45, MISSING], [MISSING, 30]]


def test_random_numbers_are_uniform_and_belong_to_their_sample():
    drawn = draw(1, 2, np.arange(20_000), 0, 4)
    assert 0 <= drawn.min() < drawn.max() < 1
    np.testing.assert_allclose(np.histogram(drawn, 20, (0, 1))[0] / drawn.size, 0.05, atol=0.002)
    assert abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 0.03
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.03
    np.testing.assert_array_equal(draw(1, 2, np.array([7, 3]), 0, 4), drawn[[7, 3]])
    np.testing.assert_array_equal(draw(1, 2, np.array([7]), 0, 2), drawn[[7], :2])
    for other in (
        draw(2, 2, np.arange(9), 0, 4),
        draw(1, 3, np.arange(9), 0, 4),
        draw(1, 2, np.arange(9), 1, 4),
    ):
        assert not np.isin(other, drawn).any()


def test_every_network_has_a_recipe():
    assert set(RECIPES) == set(NAMES)
    with pytest.raises(InputError, match="no recipe to train 'alexnet'"):
        recipe("alexnet")
