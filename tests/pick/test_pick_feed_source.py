"""The source of windows: an engine's source, whatever is done to the windows."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from feed_stores import make_events, make_small_store

from terrella.engine.feed import Changing, Feed
from terrella.pick.feed.buffers import Buffers
from terrella.pick.feed.changes import Shares
from terrella.pick.feed.recipes import recipe
from terrella.pick.feed.source import WindowSource
from terrella.pick.feed.windows import traces_of
from terrella.pick.networks import NAMES, architecture

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from source_conformance import SourceConformance, assert_same

CPU = torch.device("cpu")
ALL = Shares(rotate=0.5, noise=0.5, gaps=0.5, drop=0.5, superpose=0.5, amplitude=0.5)


def make_source(name="phasenet", shares=None, per_trace=1, seed=0, **changed) -> WindowSource:
    shares = shares or Shares()
    stores = [make_events(7, dev=2), make_events(6, seed=1, length=2500, dev=2)]
    object.__setattr__(stores[1], "samples", stores[1].samples.astype(np.float16))
    about = recipe(name)
    return WindowSource(
        traces_of(stores, "train", about.phase),
        architecture(name),
        about,
        CPU,
        seed,
        per_trace,
        shares,
        **changed,
    )


class TestPlainWindows(SourceConformance):
    @pytest.fixture
    def source(self):
        return make_source()


class TestChangedWindows(SourceConformance):
    @pytest.fixture
    def source(self):
        return make_source(shares=ALL, per_trace=3)


class TestChangedWindowsOfEQTransformer(SourceConformance):
    @pytest.fixture
    def source(self):
        return make_source("eqtransformer", ALL)


@pytest.mark.parametrize("name", NAMES)
def test_batches_are_as_the_network_takes_and_gives_them(name):
    source, wanted = make_source(name), architecture(name)
    batch = source.read(torch.arange(len(source)))
    assert batch["x"].shape == (len(source), len(wanted.components), wanted.window)
    network = wanted.make().eval()
    with torch.no_grad():
        assert network(batch["x"]).shape == batch["y"].shape
    flat = replace(wanted, taper=0)
    torch.testing.assert_close(
        replace(source, architecture=flat).read(torch.arange(2))["x"],
        flat.prepared(batch["x"][:2]),
        rtol=1e-3,
        atol=0.02,
    )


def test_each_epoch_has_windows_of_its_own_and_always_the_same():
    source = make_source(shares=ALL)
    assert isinstance(source, Changing)
    first, second = (source.in_epoch(epoch).read(torch.arange(4)) for epoch in (0, 1))
    assert not torch.equal(first["x"], second["x"])
    assert_same(second, make_source(shares=ALL).in_epoch(1).read(torch.arange(4)))
    assert not torch.equal(first["x"], make_source(shares=ALL, seed=1).read(torch.arange(4))["x"])


def test_windows_of_one_trace_differ():
    windows = make_source(per_trace=3).read(torch.arange(3))["x"]
    assert not torch.equal(windows[0], windows[1])
    assert not torch.equal(windows[1], windows[2])


def test_a_feed_from_the_middle_of_an_epoch_goes_on_as_it_would_have():
    feed = Feed(make_source(shares=ALL, per_trace=2), 4, seed=2)
    whole, rest = list(feed.epoch(5)), list(feed.epoch(5, 2))
    for one, other in zip(whole[2:], rest, strict=True):
        assert_same(one, other)


def test_labels_lie_where_the_onsets_are():
    """The bursts of the traces begin at their picks, and nothing louder comes before."""
    batch = make_source(per_trace=20).read(torch.arange(160))
    p = batch["y"][:, 0]
    rows = torch.nonzero((p.amax(1) == 1) & (p.argmax(1) > 100))[:, 0]
    assert len(rows) > 50
    for row in rows.tolist():
        at = int(p[row].argmax())
        before, after = batch["x"][row, 0, at - 100 : at], batch["x"][row, 0, at : at + 100]
        assert after.abs().max() > 1.5 * before.abs().max()


def test_second_events_bring_their_picks():
    plain, both = (
        make_source(shares=s, per_trace=10).read(torch.arange(80)) for s in (None, Shares(superpose=1.0))
    )
    count = [(batch["y"][:, 0] > 0.99).sum() for batch in (plain, both)]
    assert count[1] > 1.3 * count[0]
    # What was there stays: a curve is only lowered where another is near.
    assert (both["y"][:, :2].sum(1) >= plain["y"][:, :2].sum(1) - 1e-6).all()


def test_noise_alone_gets_no_second_event():
    traces = traces_of([make_small_store([4000] * 3)], "train")
    source = WindowSource(
        traces, architecture("phasenet"), recipe("phasenet"), CPU, shares=Shares(superpose=1.0)
    )
    assert (source.read(torch.arange(3))["y"][:, 2] == 1).all()


def test_samples_held_by_the_device_give_the_same_windows():
    for shares in (Shares(), ALL):
        source = make_source(shares=shares)
        held = tuple(torch.from_numpy(store.samples) for store in source.traces.stores)
        assert_same(replace(source, held=held).read(torch.arange(8)), source.read(torch.arange(8)))


def test_memory_is_used_again_only_when_nothing_of_it_is_held():
    buffers = Buffers()
    first = torch.from_numpy(buffers.take((2, 3, 100)))
    first[:] = 1
    view = first[1:, 2]
    place = first.data_ptr()
    del first
    second = torch.from_numpy(buffers.take((2, 3, 100)))
    second[:] = 2
    assert second.data_ptr() != place
    assert (view == 1).all()
    del view
    assert torch.from_numpy(buffers.take((2, 3, 90))).data_ptr() == place
    assert buffers.take((2, 3, 20)).size == 120


def test_batches_that_are_kept_stay_as_they_were():
    source = make_source(per_trace=4)
    kept = [source.read(torch.arange(k, k + 5)) for k in range(20)]
    for k, batch in enumerate(kept):
        assert_same(batch, make_source(per_trace=4).read(torch.arange(k, k + 5)))
