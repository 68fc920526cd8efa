"""The sweep: against the memories of `Past` and sums over all events, causal, and at home on the globe."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from past_oracle import make_past

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.features.sweep import Sources, make_sources, sweep
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
MEMORY_DAYS = (0.5, 5.0, 100.0)
BANDS = (0.0, 1.0)


def build(catalogue: Catalogue, grid, etas) -> Sources:
    return make_sources(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)


def all_of(sources: Sources, issue, batch: int = 3):
    parts = list(sweep(sources, issue, batch))
    return np.concatenate([p.triggering for p in parts]), np.concatenate([p.local for p in parts])


def random_catalogue(seed: int, n: int, west=-180.0, east=180.0, south=-90.0, north=90.0) -> Catalogue:
    draw = np.random.default_rng(seed)
    return make_catalogue(
        EPOCH + (draw.uniform(0, 300, n) * 86_400e6).astype("timedelta64[us]"),
        draw.uniform(west, east, n),
        draw.uniform(south, north, n),
        2.5 + np.round(draw.exponential(0.45, n), 1),
        draw.uniform(0, 30, n),
    )


@given(
    seed=st.integers(0, 10_000),
    issue=st.lists(st.floats(-5, 900), min_size=1, max_size=7).map(sorted),
    batch=st.integers(1, 4),
    layers=st.sampled_from([(0.0, 1000.0), (0.0, 10.0, 1000.0)]),
)
@settings(max_examples=15, deadline=None)
def test_equals_the_memories_of_past(seed, issue, batch, layers, etas):
    grid = make_grid(box(0, 2, 0, 1.6), 0.2, layers)
    events = random_catalogue(seed, 60, -0.1, 2.1, -0.1, 1.7)
    issue = [*issue, float(events.days_since(EPOCH)[30])]  # exactly at an event
    issue.sort()
    triggering, local = all_of(build(events, grid, etas), issue, batch)
    past = make_past(events, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    wanted, wanted_local = past.memories(torch.tensor(issue, dtype=torch.float64))
    # A thousandth of the productivity per cell and event, and what lies beyond the windows.
    number = etas.productivity(events.magnitude).sum()
    np.testing.assert_allclose(triggering, wanted.numpy(), rtol=2e-3, atol=1e-3 * number)
    np.testing.assert_allclose(local, wanted_local.numpy(), rtol=1e-3, atol=1e-4)
    # What lies beyond a window falls away: at most a hundredth of each event.
    age = np.array(issue)[:, None] - events.days_since(EPOCH)
    decay = np.exp(-np.maximum(age, 0)[:, None] / past.time_constants.numpy()[:, None]) * (age > 0)[:, None]
    whole = (decay * etas.productivity(events.magnitude)).sum(2)
    missing = wanted.numpy().sum(2) - triggering.sum(2)
    assert np.all(missing < 0.011 * whole + 1e-5)
    assert np.all(missing > -0.002 * whole - 1e-5)


def test_what_has_all_but_ended_is_nothing_and_no_number_below_the_normal_ones_is_left(etas):
    grid = make_grid(box(0, 2, 0, 1.6), 0.2)
    events = random_catalogue(1, 60, -0.1, 2.1, -0.1, 1.7)
    issue = np.arange(0, 340, 0.37)
    _, local = all_of(build(events, grid, etas), issue, 50)
    assert local[local > 0].min() > 1e-12
    assert (local[-1, :, 0] == 0).all()  # half a day's memory, 40 days after the last event
    past = make_past(events, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    wanted = past.memories(torch.tensor(issue, dtype=torch.float64))[1].numpy()
    np.testing.assert_allclose(local, wanted, rtol=1e-3, atol=1e-10)


@given(issue=st.floats(0, 300), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_future_changes_nothing(issue, seed, etas):
    grid = make_grid(box(-180, 180, -90, 90), 10)
    events = random_catalogue(seed, 100)
    draw = np.random.default_rng(seed + 1)
    future = events.days_since(EPOCH) >= issue
    columns = {
        name: np.where(future, draw.permutation(getattr(events, name)), getattr(events, name))
        for name in ("longitude", "latitude", "magnitude")
    }
    seen = all_of(build(events, grid, etas), [issue / 2, issue])
    blind = all_of(build(replace(events, **columns), grid, etas), [issue / 2, issue])
    for whole, scrambled in zip(seen, blind, strict=True):
        np.testing.assert_array_equal(whole, scrambled)


def test_an_event_at_the_issue_time_does_not_enter_and_one_just_before_does(etas):
    grid = make_grid(box(-180, 180, -90, 90), 10)
    one = make_catalogue([EPOCH + np.timedelta64(86_400_000_000, "us")], [5.0], [5.0], [4.0], [10.0])
    _, local = all_of(build(one, grid, etas), [0.0, 1.0, 1.0 + 1e-6, 2.0])
    assert local[:, 0, 1].sum((1, 2)) == pytest.approx([0, 0, 1, np.exp(-1 / 5)], rel=1e-5)


def test_an_event_just_west_of_the_date_line_feeds_the_cells_east_of_it(etas):
    grid = make_grid(box(-180, 180, -90, 90), 1)
    day = EPOCH + np.array([0, 1], "timedelta64[D]")
    events = make_catalogue(day, [179.9, 0.0], [10.5, 0.0], [5.0, 2.5], [10.0, 10.0])
    triggering, _ = all_of(build(events, grid, etas), [0.5])
    on_map = triggering[0, -1].reshape(180, 360)
    assert on_map[100, 0] > 0.02 * on_map[100, 359]
    # the event lies 0.9° into its cell: the mirror image of an event 0.1° into its own, one cell on
    mirrored = replace(events, longitude=np.array([-179.9, 0.0]))
    other = all_of(build(mirrored, grid, etas), [0.5])[0][0, -1].reshape(180, 360)
    np.testing.assert_allclose(other, on_map[:, ::-1], rtol=1e-5)


@given(turn=st.integers(-40, 40), seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_rotating_the_earth_rotates_the_answer(turn, seed, etas):
    grid = make_grid(box(-180, 180, -90, 90), 5)
    events = random_catalogue(seed, 50)
    turned = replace(events, longitude=(events.longitude + 5 * turn + 180) % 360 - 180)
    for before, after in zip(
        all_of(build(events, grid, etas), [10, 400]),
        all_of(build(turned, grid, etas), [10, 400]),
        strict=True,
    ):
        before, after = (x.reshape(*x.shape[:-1], 36, 72) for x in (before, after))
        np.testing.assert_allclose(after, np.roll(before, turn, -1), rtol=1e-4, atol=1e-9)


@given(seed=st.integers(0, 1000), size=st.sampled_from([2.0, 10.0, 30.0]))
@settings(max_examples=10, deadline=None)
def test_on_the_globe_no_aftershock_is_lost(seed, size, etas):
    grid = make_grid(box(-180, 180, -90, 90), size)
    events = random_catalogue(seed, 40)
    triggering, _ = all_of(build(events, grid, etas), [301.0])
    age = 301.0 - events.days_since(EPOCH)
    tau = build(events, grid, etas).time_constants
    wanted = np.exp(-age / tau[:, None]) @ etas.productivity(events.magnitude)
    np.testing.assert_allclose(triggering[0].sum(-1), wanted, rtol=1e-5, atol=1e-30)


def test_slow_decays_do_not_stop_in_small_steps(etas):
    grid = make_grid(box(-180, 180, -90, 90), 30)
    events = random_catalogue(3, 20)
    fine = all_of(build(events, grid, etas), 300 + np.linspace(0, 1, 20_001), 5000)
    coarse = all_of(build(events, grid, etas), [301.0])
    np.testing.assert_allclose(fine[0][-1], coarse[0][0], rtol=1e-6, atol=1e-30)


def test_observed_counts_are_those_of_past(catalogue, grid, etas):
    draw = np.random.default_rng(0)
    sources = build(catalogue, grid, etas)
    past = make_past(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)
    issue, horizons = draw.uniform(0, 720, 200), np.array([1.0, 7.0, 30.0])
    issue[:20] = catalogue.days_since(EPOCH)[:20]
    wanted = past.counts(torch.as_tensor(issue), torch.as_tensor(horizons)).numpy()
    np.testing.assert_array_equal(observed_counts(sources, issue, horizons), wanted)


def test_issue_times_must_ascend(catalogue, grid, etas):
    sources = build(catalogue, grid, etas)
    with pytest.raises(InputError, match="ascending"):
        next(sweep(sources, [2.0, 1.0]))
