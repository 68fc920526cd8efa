"""Boxes and padding of cells agree with counting by hand."""

import numpy as np
import pytest
import torch

from terrella.errors import InputError
from terrella.forecast.features.neighbourhood import boxed, padded


@pytest.mark.parametrize("wraps", [True, False])
def test_boxes_are_sums_of_shifted_maps(wraps):
    values = torch.as_tensor(np.random.default_rng(0).poisson(1.0, (2, 3, 6, 12))).float()
    for size, sums in zip((1, 3, 5), boxed(values, (1, 3, 5), wraps), strict=True):
        around = padded(values, size // 2, wraps)
        wanted = sum(around[..., i : i + 6, j : j + 12] for i in range(size) for j in range(size))
        torch.testing.assert_close(sums, wanted)


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


def test_sizes_must_fit():
    with pytest.raises(InputError, match="odd"):
        boxed(torch.zeros(1, 2, 2), (2,), False)
    with pytest.raises(InputError, match="columns around the globe"):
        padded(torch.zeros(1, 2, 2), 3, True)
