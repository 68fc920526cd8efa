"""Windows of traces that are streamed from disk: those of traces in memory, in the same order."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from feed_stores import make_events, make_small_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.engine.feed import Changing, Feed, Streaming
from terrella.engine.workflow import mean_loss
from terrella.errors import InputError
from terrella.formats.records import past_cache
from terrella.pick.data.store_files import load_store, save_store
from terrella.pick.feed import chunks
from terrella.pick.feed.changes import UNCHANGED, Shares
from terrella.pick.feed.chunks import MIXED_CHUNKS, window_borders
from terrella.pick.feed.from_disk import cut_from_disk, reader
from terrella.pick.feed.recipes import recipe
from terrella.pick.feed.resident import in_ram, on_device
from terrella.pick.feed.source import WindowSource
from terrella.pick.feed.streamed import StreamedWindows, streamed
from terrella.pick.feed.windows import cut, traces_of
from terrella.pick.networks import architecture
from terrella.pick.settings import FitSettings, PickSettings
from terrella.pick.training import sources

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from source_conformance import SourceConformance

CPU = torch.device("cpu")
ALL = Shares(rotate=0.5, noise=0.5, gaps=0.5, drop=0.5, superpose=0.5, amplitude=0.5)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Two stores on disk, one of them in half precision, whose traces make a few chunks."""
    folder = tmp_path_factory.mktemp("stores")
    made = [make_events(60, dev=8), make_events(46, seed=1, length=2500, dev=6)]
    object.__setattr__(made[1], "samples", made[1].samples.astype(np.float16))
    for store, name in zip(made, "ab", strict=True):
        save_store(store, folder / name)
    return [load_store(folder / name) for name in "ab"]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1 << 18)


def make_source(stores, name="phasenet", shares=UNCHANGED, per_trace=1, split="train") -> WindowSource:
    about = recipe(name)
    return WindowSource(
        traces_of(stores, split, about.phase), architecture(name), about, CPU, 3, per_trace, shares
    )


def placements(stores, **about) -> list[WindowSource | StreamedWindows]:
    """The same windows mapped, in RAM, on the device and streamed."""
    mapped = make_source(stores, **about)
    return [
        mapped,
        make_source(in_ram(stores), **about),
        replace(mapped, held=on_device(stores, CPU)),
        streamed(mapped, mapped)[0],
    ]


def assert_equal(one, other) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


class TestStreamedWindows(SourceConformance):
    @pytest.fixture
    def source(self, stores):
        return placements(stores, shares=ALL, per_trace=2)[-1]


@pytest.mark.parametrize("shares", [UNCHANGED, ALL], ids=["plain", "changed"])
@pytest.mark.parametrize(("name", "per_trace"), [("phasenet", 1), ("eqtransformer", 1), ("gpd", 3)])
def test_batches_are_the_same_bit_by_bit_wherever_traces_lie(stores, name, per_trace, shares):
    if name == "gpd":
        shares = replace(shares, rotate=0.0)
    each = placements(stores, name=name, per_trace=per_trace, shares=shares)
    assert isinstance(each[-1], Changing)
    assert isinstance(each[-1].in_epoch(1), Streaming)
    assert len(each[0].borders) > 10
    for epoch in (0, 2):
        fed = [Feed(source, 16, 5, mixed_chunks=4).epoch(epoch) for source in each]
        for first, *others in zip(*fed, strict=True):
            for other in others:
                assert_equal(first, other)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(2, 40), st.integers(0, 4), st.data())
def test_an_epoch_goes_on_from_any_of_its_batches(stores, batch, epoch, data):
    whole = list(Feed(placements(stores, shares=ALL)[-1], batch, mixed_chunks=4).epoch(epoch))
    position = data.draw(st.integers(0, len(whole) - 1))
    again = Feed(placements(stores, shares=ALL)[-1], batch, mixed_chunks=4).epoch(epoch, position)
    for one, other in zip(whole[position:], again, strict=True):
        assert_equal(one, other)


def test_two_processes_share_the_batches(stores):
    whole = Feed(placements(stores)[0], 8, mixed_chunks=4).epoch(1)
    shares = [Feed(placements(stores)[-1], 8, 0, rank, 2, 4).epoch(1) for rank in (0, 1)]
    for one, *both in zip(whole, *shares, strict=True):
        together = torch.stack([each["x"] for each in both], 1).flatten(0, 1)
        assert torch.equal(one["x"][: len(together)], together)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 100), st.integers(-400, 400)), max_size=8),
    st.integers(1, 120),
    st.sampled_from(["ZNE", "Z", "NE", "ENZ"]),
    st.integers(0, 400),
)
def test_windows_from_disk_are_those_from_memory(
    tmp_path, monkeypatch, lengths, wanted, window, components, gap
):
    monkeypatch.setattr("terrella.pick.feed.from_disk._GAP_BYTES", gap)
    monkeypatch.setattr("terrella.pick.feed.from_disk._MOST_BYTES", 1000)
    both = [make_small_store(lengths, dtype=np.float16, seed=1), make_small_store(lengths[::-1], seed=2)]
    for number, store in enumerate(both):
        np.save(tmp_path / f"{number}.npy", store.samples)
    mapped = [
        replace(store, samples=np.load(tmp_path / f"{k}.npy", mmap_mode="r")) for k, store in enumerate(both)
    ]
    asked = replace(architecture("phasenet"), window=window, components=tuple(components))
    traces = traces_of(mapped, "train")
    indices = np.array([k % len(traces) for k, _ in wanted], np.int64)
    starts = np.array([start for _, start in wanted], np.int64)
    found = np.full((len(wanted), len(components), window), np.nan, np.float32)
    cut_from_disk([reader(store) for store in mapped], traces, indices, starts, asked, found)
    np.testing.assert_array_equal(found, cut(traces_of(both, "train"), indices, starts, asked))


def test_a_chunk_is_of_one_store_and_no_larger_than_it_may_be(stores):
    traces = traces_of(stores, "train")
    borders = window_borders(traces, 2, architecture("phasenet"))
    assert borders[0] == 0
    assert borders[-1] == 2 * len(traces)
    assert 2 * 52 in borders.tolist()
    cut_bytes = 2 * 4 * 3 * 3001
    assert (np.diff(borders) > 0).all()
    assert (np.diff(borders) * cut_bytes <= 1 << 18).all()


def test_the_chunks_that_are_mixed_fit_in_the_read_ahead():
    assert 2 * MIXED_CHUNKS << 20 <= 256 << 20


def test_a_chunk_is_read_in_one_piece_and_with_that_of_its_second_events_in_two(stores, monkeypatch):
    reads = []
    read = past_cache.read_file
    monkeypatch.setattr(
        "terrella.formats.records.record_store.read_file", lambda *about: (reads.append(1), read(*about))
    )
    for shares, most in ((UNCHANGED, 1), (Shares(superpose=1.0), 2)):
        source = placements(stores, shares=shares)[-1]
        reads.clear()
        assert len(list(Feed(source, 7, mixed_chunks=8).epoch(0)))
        chunks = len(source.borders) - 1
        # Those that the cuts between lanes divide are read twice.
        assert chunks * most <= len(reads) <= (chunks + 7) * most


def test_second_events_come_from_traces_with_picks_all_alike(stores):
    source = make_source(stores, shares=Shares(superpose=1.0))
    found = np.concatenate(
        [source.in_epoch(epoch).spans(np.arange(len(source))).other for epoch in range(300)]
    )
    counts = np.bincount(found, minlength=len(source))
    assert counts.min() > 150
    assert counts.max() < 500


def test_the_loss_on_the_dev_split_is_the_same_streamed(stores):
    chosen = PickSettings(fit=FitSettings(batch=8, device="cpu"))
    taken = architecture("phasenet")
    network = taken.make().eval()
    losses = [
        mean_loss(network, sources(taken, stores, chosen, each)[1], lambda n, b: n(b["x"]).square().mean(), 8)
        for each in ("preloaded", "streamed", "resident")
    ]
    assert losses[0] == losses[1] == losses[2]


def test_training_and_validation_take_turns_in_one_memory(stores):
    learned, checked = streamed(make_source(stores), make_source(stores, split="dev"))
    for epoch in range(2):
        assert sum(len(batch["x"]) for batch in Feed(learned, 8, mixed_chunks=4).epoch(epoch)) == len(learned)
        parts = torch.arange(len(checked)).split(8)
        assert sum(len(batch["x"]) for batch in checked.stream(parts, 1)) == len(checked)
        assert len(learned.rooms) == 1
        assert learned.rooms is checked.rooms


def test_a_file_that_is_cut_short_in_mid_training_ends_it(tmp_path):
    save_store(make_events(60), tmp_path / "store")
    source = make_source([load_store(tmp_path / "store")])
    ahead = streamed(source, source)[0]
    samples = tmp_path / "store" / "samples.npy"
    # The map keeps the file open; another one in its place is not what was opened.
    os.truncate(samples, samples.stat().st_size - 4000)
    with pytest.raises(InputError, match=r"samples\.npy: changed since it was opened"):
        list(Feed(ahead, 8).epoch(0))
    samples.unlink()
    with pytest.raises(InputError, match=r"samples\.npy.*missing"):
        list(Feed(ahead, 8).epoch(0))
