"""PhaseNet as an ONNX model for bfloat16 by OpenVINO, whose kernels take 32 channels in little more time than 8.

Four samples of the first level's channels lie side by side as channels (sample and channel): its convolution with a
stride of 4, and its transposed one, are plain ones of these blocks. The levels below are computed layer by layer.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from terrella.pick.continuous.onnx_graph import Array, Graph, array, folded
from terrella.pick.continuous.phasenet_graph import KERNEL, STRIDE, first_kept, shortened, zeros_around
from terrella.pick.networks.phasenet import PhaseNet

_HALF = KERNEL // 2
_COMPONENTS = _OUTPUTS = 3

Weights = tuple[Array, Array]


def blocked_phasenet_model(network: PhaseNet, samples: int) -> bytes:
    """Return the ONNX model of a PhaseNet: windows (batch, 3, sample) to logits (batch, 3, sample)."""
    graph, layers = Graph(), cast(Any, network)  # torch knows no types of layers in lists
    top, last, blocks = layers.down[0], layers.up[-1], -(-samples // STRIDE)
    x = graph.conv(_taken(graph, samples), _same(folded(layers.entry, layers.entry_norm)), 1, 1)
    smooth = _same(folded(top.smooth.conv, top.smooth.norm))
    skip = _ended(graph, graph.conv(_ended(graph, x, network, samples), smooth, 1, 1), network, samples)
    before, _ = zeros_around(samples, blocks)
    x = graph.conv(skip, _of_blocks(folded(top.conv, top.norm), 1, STRIDE, lambda _, tap: tap - before), 1, 1)
    x = _ended(graph, _raised(graph, _below(graph, layers, x, blocks), last, samples), network, samples)
    kernel, bias = folded(last.smooth.conv, last.smooth.norm)
    parts = [_same((part, bias)) for part in np.split(kernel, 2, axis=1)]
    x = graph.summed((skip, x), (np.concatenate([part for part, _ in parts], 1), parts[0][1]), 1, 1)
    return graph.model(_given(graph, x, layers.out, samples), (_COMPONENTS, samples), (_OUTPUTS, samples))


def _taken(graph: Graph, samples: int) -> str:
    """Return the windows as blocks, (batch, sample and component, 1, block)."""
    blocks = -(-samples // STRIDE)
    x = graph.add("Pad", "windows", graph.integers(0, 0, 0, 0, 0, blocks * STRIDE - samples))
    x = graph.add("Reshape", x, graph.integers(0, _COMPONENTS, blocks, STRIDE))
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    return graph.add("Reshape", x, graph.integers(0, STRIDE * _COMPONENTS, 1, blocks))


def _given(graph: Graph, x: str, layer: Any, samples: int) -> str:
    """Return the outputs of blocks as a signal."""
    kernel, bias = _of_blocks((array(layer.weight), array(layer.bias)), STRIDE, STRIDE, lambda made, _: made)
    return _signal(graph, graph.conv(x, (kernel[:, :, 1:2], bias), 0, 0, relu=False), _OUTPUTS, samples)


def _signal(graph: Graph, x: str, channels: int, samples: int) -> str:
    """Return blocks as a signal (batch, channel, 1, sample). OpenVINO has channels last: a block's are in order."""
    x = graph.add("Transpose", graph.add("Squeeze", x, graph.integers(2)), perm=[0, 2, 1])
    x = graph.add("Reshape", x, graph.integers(0, -(-samples // STRIDE) * STRIDE, channels))
    x = graph.add("Slice", x, graph.integers(0), graph.integers(samples), graph.integers(1))
    return graph.add("Unsqueeze", graph.add("Transpose", x, perm=[0, 2, 1]), graph.integers(2))


def _below(graph: Graph, layers: Any, x: str, samples: int) -> str:
    """Return what the levels below the first make of the signal that it hands down."""
    skips, lengths = [], [samples]
    for level in layers.down[1:]:
        x = graph.conv(x, folded(level.smooth.conv, level.smooth.norm), _HALF, _HALF)
        skips.append(x)
        x, short = shortened(graph, x, folded(level.conv, level.norm), lengths[-1])
        lengths.append(short)
    x = graph.conv(x, folded(layers.bottom.conv, layers.bottom.norm), _HALF, _HALF)
    for level, skip, long in zip(layers.up[:-1], skips[::-1], lengths[-2::-1], strict=True):
        kernel, bias = folded(level.smooth.conv, level.smooth.norm)
        x = _signal(graph, _raised(graph, x, level, long), len(bias), long)
        x = graph.summed((skip, x), (kernel, bias), _HALF, _HALF)
    return x


def _raised(graph: Graph, x: str, level: Any, samples: int) -> str:
    """Return the blocks that a level's transposed convolution makes, a block of each sample."""
    kernel, bias = folded(level.conv, level.norm, transposed=True)
    first = first_kept(-(-samples // STRIDE), samples)
    weights = kernel.transpose(1, 0, 2), bias
    return graph.conv(x, _of_blocks(weights, STRIDE, 1, lambda made, tap: made + first - tap), 1, 1)


def _same(weights: Weights) -> Weights:
    """Return the weights of a convolution that keeps the samples."""
    return _of_blocks(weights, STRIDE, STRIDE, lambda made, tap: made + tap - _HALF)


def _of_blocks(weights: Weights, made: int, taken: int, place: Callable[[int, int], int]) -> Weights:
    """Return weights that make so many samples of a block from so many of it, of the one before and of the next.

    A made sample takes a tap's weight of the sample `place(made, tap)`, counted by fours from the block's first;
    where there is none of that number, nothing.
    """
    kernel, bias = weights
    outputs, inputs, taps = kernel.shape
    many = np.zeros((made, outputs, taken, inputs, 3), np.float32)
    for sample in range(made):
        for tap in range(taps):
            block, source = divmod(place(sample, tap), STRIDE)
            if source < taken:
                many[sample, :, source, :, block + 1] = kernel[:, :, tap]
    return many.reshape(made * outputs, taken * inputs, 3), np.tile(bias, made)


def _ended(graph: Graph, x: str, network: PhaseNet, samples: int) -> str:
    """Return blocks with zeros where the window has no samples any more."""
    blocks = -(-samples // STRIDE)
    inside = (np.arange(blocks * STRIDE) < samples).reshape(blocks, STRIDE).T
    return graph.add("Mul", x, graph.constant(inside.repeat(network.entry.out_channels, 0)[None, :, None]))
