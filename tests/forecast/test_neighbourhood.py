"""Boxes, padding and patches of cells agree with each other and with counting by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.earth.grid import make_grid
from terrella.earth.region import Region, box
from terrella.errors import InputError
from terrella.forecast.features.neighbourhood import boxed, padded, patches


@given(
    sizes=st.lists(st.sampled_from([1, 3, 5]), min_size=1, unique=True),
    wraps=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=20, deadline=None)
def test_boxes_are_sums_over_patches(sizes, wraps, seed):
    grid = make_grid(box(-180, 180, -90, 90) if wraps else box(0, 90, 0, 60), 15)
    values = torch.as_tensor(np.random.default_rng(seed).poisson(1.0, (2, 3, *grid.mask.shape))).float()
    flat = values.flatten(-2).numpy()
    for size, sums in zip(sizes, boxed(values, tuple(sizes), wraps), strict=True):
        where = patches(grid, np.arange(grid.mask.sum()), size)
        wanted = np.where(where >= 0, flat[..., where], 0).sum(-1)
        torch.testing.assert_close(sums.flatten(-2), torch.as_tensor(wanted))


def test_boxes_reach_across_the_date_line_and_not_over_the_poles():
    values = torch.zeros(1, 4, 8)
    values[0, 1, 7], values[0, 3, 3] = 1, 1
    around = boxed(values, (3,), wraps=True)[0][0]
    assert around[:3, 0].tolist() == [1, 1, 1]
    assert around[3, 2:5].tolist() == [1, 1, 1]
    assert around[0, 2:5].tolist() == [0, 0, 0]
    assert boxed(values, (3,), wraps=False)[0][0, :3, 0].tolist() == [0, 0, 0]


def test_padding_is_circular_in_longitude_and_zero_at_the_poles():
    values = torch.arange(1.0, 7.0).view(1, 2, 3)
    assert padded(values, 1, True)[0].tolist() == [
        [0, 0, 0, 0, 0], [3, 1, 2, 3, 1], [6, 4, 5, 6, 4], [0, 0, 0, 0, 0],
    ]  # fmt: skip


def test_patches_leave_out_what_lies_outside_the_mask():
    grid = make_grid(Region(((0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3))), 1)
    assert grid.mask.sum() == 5
    first, middle = patches(grid, [0, 3], 3)
    assert first.tolist() == [-1, -1, -1, -1, 0, 1, -1, 3, -1]
    assert middle.tolist() == [-1, 0, 1, -1, 3, -1, -1, 4, -1]


def test_sizes_must_fit():
    with pytest.raises(InputError, match="odd"):
        boxed(torch.zeros(1, 2, 2), (2,), False)
    with pytest.raises(InputError, match="columns around the globe"):
        padded(torch.zeros(1, 2, 2), 3, True)
