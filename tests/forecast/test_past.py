"""Memories of the past: against sums over all events, and blind to the future."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast import past as past_module
from terrella.forecast.past import Past, make_past, spans
from terrella.formats.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
MEMORY_DAYS = (0.5, 5.0, 100.0)
BANDS = (0.0, 1.0)


def build(catalogue: Catalogue, grid, etas) -> Past:
    return make_past(catalogue, EPOCH, grid, etas, MEMORY_DAYS, BANDS)


def test_spans_are_ranges_one_after_another():
    owner, value = spans(torch.tensor([3, 5, 0]), torch.tensor([5, 5, 2]))
    assert owner.tolist() == [0, 0, 2, 2]
    assert value.tolist() == [3, 4, 0, 1]


def test_memories_equal_sums_over_all_events(catalogue, grid, etas):
    past = build(catalogue, grid, etas)
    assert len(past.knot_days) > 3
    issue = torch.tensor([0.0, 55.5, 401.0, 401.2, 729.0], dtype=torch.float64)
    triggering, local = past.memories(issue)
    days = catalogue.days_since(EPOCH)
    for i, t in enumerate(issue.tolist()):
        before = np.flatnonzero(days < t)
        age = torch.as_tensor(t - days[before], dtype=torch.float32)
        shares = past._shares(torch.as_tensor(before))
        expected = torch.exp(-age / past.time_constants[:, None]) @ shares
        torch.testing.assert_close(triggering[i], expected, rtol=1e-4, atol=1e-7)
        cell = grid.cell_of(catalogue.longitude[before], catalogue.latitude[before])
        large = catalogue.magnitude[before] >= 3.5 - 1e-9
        for memory, tau in enumerate(MEMORY_DAYS):
            weight = np.exp(-(t - days[before]) / tau) * large
            counted = np.bincount(cell, weights=weight, minlength=grid.mask.size)
            np.testing.assert_allclose(local[i, 1, memory, 0].numpy(), counted, rtol=1e-3, atol=1e-5)


def test_the_future_changes_nothing(catalogue, grid, etas):
    days = catalogue.days_since(EPOCH)

    @given(issue=st.floats(1, 729), seed=st.integers(0, 1000))
    @settings(max_examples=20, deadline=None)
    def scrambling_after_any_issue_time(issue, seed):
        draw = np.random.default_rng(seed)
        future = days >= issue
        columns = {
            name: np.where(future, draw.permutation(getattr(catalogue, name)), getattr(catalogue, name))
            for name in ("longitude", "latitude", "magnitude")
        }
        when = torch.tensor([issue], dtype=torch.float64)
        seen = build(catalogue, grid, etas).memories(when)
        blind = build(replace(catalogue, **columns), grid, etas).memories(when)
        for whole, scrambled in zip(seen, blind, strict=True):
            torch.testing.assert_close(whole, scrambled, rtol=0, atol=0)

    scrambling_after_any_issue_time()


def test_counts_are_those_of_each_cell_and_horizon(catalogue, etas):
    grid = make_grid(box(0, 2, 0, 1.6), 0.4, (0, 10, 50))
    past = build(catalogue, grid, etas)
    issue = torch.tensor([10.0, 399.0], dtype=torch.float64)
    horizons = torch.tensor([1.0, 30.0], dtype=torch.float64)
    counts = past.counts(issue, horizons)
    days = catalogue.days_since(EPOCH)
    cell = grid.cell_of(catalogue.longitude, catalogue.latitude, catalogue.depth_km)
    for i, t in enumerate(issue.tolist()):
        for h, horizon in enumerate(horizons.tolist()):
            during = (days >= t) & (days < t + horizon)
            expected = np.bincount(cell[during], minlength=counts[i, h].numel())
            assert counts[i, h].flatten().tolist() == expected.tolist()


def test_memory_of_knots_is_bounded(catalogue, grid, etas, monkeypatch):
    monkeypatch.setattr(past_module, "_KNOT_BYTES", 0)
    none = build(catalogue, grid, etas)
    assert len(none.knot_days) == 1
    monkeypatch.undo()
    some = build(catalogue, grid, etas)
    when = torch.tensor([500.0], dtype=torch.float64)
    for a, b in zip(none.memories(when), some.memories(when), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_an_event_at_the_issue_time_is_of_the_future(grid, etas):
    catalogue = make_catalogue([EPOCH, EPOCH + np.timedelta64(1, "D")], [1, 1], [1, 1], [5.0, 5.0])
    past = build(catalogue, grid, etas)
    triggering, local = past.memories(torch.tensor([0.0, 1.0], dtype=torch.float64))
    assert triggering[0].sum() == 0
    assert local[0].sum() == 0
    assert local[1, 0, 0].sum() < 1
    counts = past.counts(torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64))
    assert counts.sum() == 1
