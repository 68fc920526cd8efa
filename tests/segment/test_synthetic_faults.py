"""Modelled faults: where the mask is, layers do not continue."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.segment.baselines.coherence import discontinuity
from terrella.segment.synthetic.faults import make_faults


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(0, 999), st.lists(st.integers(16, 40), min_size=2, max_size=3))
def test_any_size_and_the_same_again(seed, index, shape):
    once, again = make_faults(seed, index, tuple(shape)), make_faults(seed, index, tuple(shape))
    assert once.samples.shape == once.mask.shape == tuple(shape)
    assert np.isfinite(once.samples).all()
    np.testing.assert_array_equal(once.samples, again.samples)
    np.testing.assert_array_equal(once.mask, again.mask)
    assert set(np.unique(once.mask)) <= {0, 1}
    assert once.arrivals is None


def test_each_index_is_a_group_of_its_own():
    one, other = make_faults(0, 0, (32, 32)), make_faults(0, 1, (32, 32))
    assert one.group != other.group
    assert not np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize("shape", [(128, 128), (24, 40, 64)])
def test_layers_end_at_faults_and_nowhere_else(shape):
    inside, outside = [], []
    for index in range(4):
        made = make_faults(5, index, shape, noise=0.0)
        scores = discontinuity(made.samples, around=3)
        inside.append(scores[made.mask == 1].mean())
        outside.append(scores[made.mask == 0].mean())
    assert np.mean(inside) > 3 * np.mean(outside)


def test_without_faults_there_is_no_mask_and_layers_continue():
    made = make_faults(1, 2, (128, 128), noise=0.0, faults=0)
    assert not made.mask.any()
    assert np.quantile(discontinuity(made.samples, around=3), 0.9) < 0.1


def test_noise_is_as_strong_as_asked():
    quiet, loud = (make_faults(3, 3, (200, 200), noise=each).samples for each in (0.0, 1.0))
    assert quiet.std() == pytest.approx(1, rel=1e-3)
    assert (loud - quiet).std() == pytest.approx(1, rel=1e-3)


def test_wrong_requests_are_refused():
    for arguments in ((-1, 0, (32, 32)), (0, 0, (32,)), (0, 0, (8, 32))):
        with pytest.raises(InputError, match="faults of seed"):
            make_faults(*arguments)
