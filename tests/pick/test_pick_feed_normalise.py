"""Preparing windows in place on a CPU does what `Architecture.prepared` says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.pick.feed.normalise import prepare
from terrella.pick.networks import architecture


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["std", "peak"]),
    st.booleans(),
    st.sampled_from([0, 6]),
    st.integers(1, 3),
    st.floats(-1e6, 1e6, width=32),
    st.sampled_from([1e-9, 1.0, 1e6]),
    st.integers(0, 2**31),
)
def test_it_is_what_the_architecture_prepares(norm, each, taper, components, offset, size, seed):
    wanted = replace(architecture("phasenet"), normalise=norm, normalise_each=each, taper=taper)
    draws = np.random.default_rng(seed)
    windows = (
        size * draws.normal(size=(4, components, 200)) * draws.lognormal(0, 1, (4, components, 1))
    ).astype("f4")
    windows += np.float32(offset * size)
    windows[1, 0] = offset  # a dead channel
    windows[2, :, :70] = 0  # before the trace begins
    windows[3] = 0
    expected = wanted.prepared(torch.from_numpy(windows)).numpy()
    prepare(windows, wanted)
    # Rounding of samples far from zero.
    np.testing.assert_allclose(windows, expected, rtol=1e-4, atol=1e-4 + 3e-6 * abs(offset))


@pytest.mark.parametrize("norm", ["std", "peak"])
def test_a_window_does_not_depend_on_its_neighbours(norm):
    wanted = replace(architecture("phasenet"), normalise=norm)
    windows = np.random.default_rng(1).normal(size=(5, 3, 3001)).astype(np.float32)
    alone = windows[3:4].copy()
    prepare(windows, wanted)
    prepare(alone, wanted)
    np.testing.assert_array_equal(alone[0], windows[3])
    assert abs(windows.mean(2)).max() < 1e-6
