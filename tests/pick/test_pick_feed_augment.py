"""Changes to windows: what they do, and what they leave as it was."""

import numpy as np
import pytest
import torch

from terrella.pick.feed import augment
from terrella.pick.feed.windows import MISSING

TABLE = augment.noise_table(torch.device("cpu"))


@pytest.fixture
def windows():
    return torch.randn(40, 3, 500, generator=torch.Generator().manual_seed(2)) * 50 + 7


def test_noise_has_the_asked_strength_and_is_another_in_every_window(windows):
    share = torch.linspace(0, 0.5, 40)
    place = torch.rand(40, generator=torch.Generator().manual_seed(1))
    added = augment.add_noise(windows, share, place, TABLE) - windows
    assert (added[0] == 0).all()
    expected = share[:, None, None] * augment.largest(windows)
    torch.testing.assert_close(
        added.std((1, 2), keepdim=True)[1:] / expected[1:], torch.ones(39, 1, 1), rtol=0.1, atol=0
    )
    ratio = (added / expected)[1:].flatten(1)
    assert (torch.corrcoef(ratio) - torch.eye(39)).abs().max() < 0.2


def test_noise_leaves_flat_components_flat(windows):
    windows[:, 1] = 3
    found = augment.add_noise(windows, torch.full((40,), 0.2), torch.rand(40), TABLE)
    assert (found[:, 1] == 3).all()
    assert (found[:, 0] != windows[:, 0]).any(1).all()


def test_the_table_of_noise_is_standard_normal():
    assert abs(TABLE.mean()) < 0.005
    assert abs(TABLE.std() - 1) < 0.005
    assert abs((TABLE**4).mean() - 3) < 0.05


def test_a_gap_is_zero_inside_and_nothing_outside(windows):
    first, last = torch.full((40,), 100), torch.full((40,), 180)
    picks = torch.tensor([[99, 180]] * 20 + [[MISSING, 100]] * 10 + [[179, -3]] * 10)
    found = augment.add_gap(windows, first, last, picks)
    assert (found[:20, :, 100:180] == 0).all()
    torch.testing.assert_close(found[:20, :, :100], windows[:20, :, :100])
    torch.testing.assert_close(found[:20, :, 180:], windows[:20, :, 180:])
    torch.testing.assert_close(found[20:], windows[20:])


def test_dropping_never_leaves_nothing(windows):
    windows[:20, 1:] = 4.0  # only Z was recorded
    kept = torch.zeros(40, 3, dtype=torch.bool)
    kept[:, 1] = True
    found = augment.drop_components(windows, kept)
    torch.testing.assert_close(found[:20], windows[:20])
    torch.testing.assert_close(found[20:, 1], windows[20:, 1])
    assert (found[20:, [0, 2]] == 0).all()


def test_a_second_event_has_the_asked_peak(windows):
    others = torch.randn(40, 3, 500) * 1e-2 - 3
    share = torch.linspace(0.1, 1, 40)
    added = augment.superpose(windows, others, share) - windows
    torch.testing.assert_close(
        added.abs().amax((1, 2)), share * augment.largest(windows)[:, 0, 0], rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(augment.superpose(windows, torch.full_like(windows, 8.0), share), windows)


def test_rotation_moves_windows_and_labels_alike(windows):
    by = torch.arange(40) * 13
    found = augment.rotate(windows, by)
    for row in range(40):
        np.testing.assert_array_equal(found[row], np.roll(windows[row], int(by[row]), 1))


def test_scaling_multiplies_components(windows):
    factors = torch.rand(40, 3) + 0.5
    expected = torch.einsum("wcs,wc->wcs", windows, factors)
    torch.testing.assert_close(augment.scale_components(windows, factors), expected)
