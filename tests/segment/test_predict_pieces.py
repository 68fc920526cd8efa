"""Pieces: they cover a section once, begin where windows may, and fit the memory."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_cases import noise, small_bundle

from terrella.errors import DoesNotFitError, InputError
from terrella.formats.sections.zarr_sections import Cut
from terrella.nets.unet import UNet
from terrella.segment.bundle import Segmenter
from terrella.segment.data.network_memory import forward_bytes
from terrella.segment.data.normalise import trace_scales
from terrella.segment.data.pieces import fitting_cut, make_pieces
from terrella.segment.use.predict import probabilities


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(0, 30),
    st.sampled_from([1, 2, 4, 8]),
)
def test_cores_cover_the_section_once_and_windows_are_aligned(
    shape: tuple[int, int], shards: tuple[int, int], radius: int, multiple: int
) -> None:
    chosen = Cut(shape, (multiple, multiple), tuple(multiple * n for n in shards))
    times = np.zeros(shape, int)
    for piece in make_pieces(chosen, 2, radius, multiple):
        times[piece.core] += 1
        seen = np.zeros(shape, bool)
        seen[piece.window] = True
        assert all(each.start % multiple == 0 for each in piece.window)
        for axis, (core, window) in enumerate(zip(piece.core, piece.window, strict=True)):
            assert window.start <= max(0, core.start - radius)
            assert window.stop == min(shape[axis], core.stop + radius)
        np.testing.assert_array_equal(
            np.arange(np.prod(shape)).reshape(shape)[piece.window][piece.kept],
            np.arange(np.prod(shape)).reshape(shape)[piece.core],
        )
    assert (times == 1).all()


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return small_bundle(tmp_path_factory.mktemp("segmenter"))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 120), st.integers(1, 150)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.integers(0, 9),
)
def test_no_cut_leaves_a_seam(
    segmenter: Segmenter, shape: tuple[int, int], shards: tuple[int, int], seed: int
) -> None:
    step = segmenter.multiple
    chosen = Cut(shape, (step, step), tuple(step * n for n in shards))
    values, expected = noise(shape, seed), np.full(shape, np.nan)
    scales = trace_scales(values)
    for piece in make_pieces(chosen, 2, segmenter.radius, step):
        levels = scales[piece.window[0]]
        expected[piece.core] = probabilities(segmenter, values[piece.window], levels, piece.kept)
    whole = probabilities(segmenter, values, scales, (slice(None), slice(None)))
    np.testing.assert_allclose(expected, whole, atol=1e-5)


def test_more_memory_makes_larger_pieces_and_too_little_is_named() -> None:
    network = UNet(widths=(4, 8))
    shape = (5000, 20_000)
    small, large = (
        fitting_cut(shape, network, 2, network.radius, network.multiple, (600 + m) << 20) for m in (60, 600)
    )
    assert np.prod(large.shard) > 4 * np.prod(small.shard)
    assert all(s % 256 == 0 for s in (*small.shard, *large.shard))
    with pytest.raises(DoesNotFitError, match="--memory"):
        fitting_cut(shape, network, 2, network.radius, network.multiple, 601 << 20)
    with pytest.raises(InputError, match="volumes of 3 axes"):
        fitting_cut(shape, UNet(widths=(4,), dims=3), 3, 2, 1, 2 << 30)


def test_memory_of_one_convolution_is_known() -> None:
    network = torch.nn.Conv2d(1, 10, 1)
    # 4 bytes in, 40 out; a copy of either as scratch; the margin; samples as read and normalised.
    assert forward_bytes(network, 2, 4) == pytest.approx(1.15 * 2 * 44 + 16, rel=0.01)
