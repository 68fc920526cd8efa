"""Windows of states: splits, gaps, and the same batches from memory and from the store."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from terrella.engine.feed import Feed
from terrella.errors import InputError
from terrella.weather.data.source import StoredWindows, held_windows, streamed_windows
from terrella.weather.data.store import open_store
from terrella.weather.data.windows import split_times, windows, windows_within

FORCINGS = ("sun", "hour")
CPU = torch.device("cpu")


def test_no_window_reaches_across_a_gap():
    times = np.datetime64("2000-01-01", "s") + np.array([0, 6, 12, 18, 36, 42, 48]) * np.timedelta64(1, "h")
    assert windows(times, 6, 3).tolist() == [0, 1, 4]
    assert windows(times, 6, 4).tolist() == [0]
    assert windows(times, 6, 5).tolist() == []


def test_splits_follow_each_other_and_share_no_state(waves):
    store = open_store(waves)
    spans = split_times(store.times, (0.5, 0.25, 0.25), None, None, waves)
    seen = [windows_within(store.times, span, 6, 4) for span in spans.values()]
    for before, after in pairwise(seen):
        assert before.max() + 4 <= after.min()
    dated = split_times(store.times, (0.5, 0.25, 0.25), "2015-01-11", "2015-01-21", waves)
    assert dated["train"][1] == np.datetime64("2015-01-11") == dated["dev"][0]
    with pytest.raises(InputError, match="no state in the split test"):
        split_times(store.times, (0.5, 0.25, 0.25), "2015-01-11", "2019-01-01", waves)
    with pytest.raises(InputError, match=r"data.dev_from 'soon' is no date"):
        split_times(store.times, (0.5, 0.25, 0.25), "soon", None, waves)


@pytest.mark.parametrize("rollout", [1, 3])
def test_streamed_batches_are_those_of_memory(waves, rollout):
    store = open_store(waves)
    first = np.delete(windows(store.times, 6, 2 + rollout), [5, 40, 41])
    held = held_windows(store, first, rollout, FORCINGS, CPU, resident=True)
    stored = StoredWindows(store, first, rollout, FORCINGS)
    streamed = streamed_windows(store, first, rollout, FORCINGS, CPU)
    assert len(stored.borders) - 1 == len(np.unique(first // store.frames_per_chunk)) > 4
    order = Feed(streamed, 7, seed=3)
    for epoch in range(2):
        for number, batch in enumerate(order.epoch(epoch)):
            indices = order.indices(epoch, number)
            for source in (held, stored):
                other = source.read(indices)
                for name in ("past", "future", "forcings"):
                    assert torch.equal(batch[name], other[name]), name
    assert number == len(first) // 7 if len(first) % 7 else len(first) // 7 - 1


def test_a_window_holds_the_states_around_its_start_normalised(waves):
    store = open_store(waves)
    batch = held_windows(store, np.array([20, 50]), 2, FORCINGS, CPU, resident=False).read(torch.tensor([1]))
    states = (store.read(50, 54) - store.statistics.mean) / store.statistics.std
    np.testing.assert_allclose(torch.cat([batch["past"], batch["future"]], 1)[0], states, atol=2e-5)
    assert batch["forcings"].shape == (1, 4, store.points, 3)


def test_some_variables_and_levels_can_be_chosen_and_others_are_refused(waves):
    store = open_store(waves)
    few = store.chosen(("temperature", "t2m"), (850,))
    assert [channel.short for channel in few.channels] == ["T850", "T2M"]
    whole = store.read(3, 5)
    places = [store.channels.index(channel) for channel in few.channels]
    np.testing.assert_array_equal(few.read(3, 5), whole[..., places])
    np.testing.assert_array_equal(few.states(np.array([4, 3])), whole[[1, 0]][..., places])
    assert few.mark != store.mark
    with pytest.raises(InputError, match="has no level 300 hPa; it has 500, 850"):
        store.chosen((), (300,))
    with pytest.raises(InputError, match="has no variable specific_humidity"):
        store.chosen(("q",), ())


def test_what_is_no_store_is_refused_with_the_command_that_makes_one(tmp_path, waves):
    with pytest.raises(InputError, match="no such folder"):
        open_store(tmp_path / "none.zarr")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(InputError, match="is no zarr group"):
        open_store(tmp_path / "empty.zarr")
