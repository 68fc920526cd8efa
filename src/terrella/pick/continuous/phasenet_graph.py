"""PhaseNet as an ONNX model with its norms in the weights, as ONNX Runtime computes it fastest.

It has plain convolutions only. A transposed convolution with 7 weights and a stride of 4 is a convolution
with 2 weights that makes four channels of each, one per phase of the stride: put one after the other, they are the
upsampled signal. Where there are fewer than 16 channels, several samples of each are made at once.
"""

from typing import Any, cast

import numpy as np

from terrella.pick.continuous.onnx_graph import Array, Graph, array, folded, phases
from terrella.pick.networks.phasenet import PhaseNet

STRIDE = 4
KERNEL = 7
_FAST = 16  # channels that a kernel computes at once


def phasenet_model(network: PhaseNet, samples: int) -> bytes:
    """Return the ONNX model of a PhaseNet: windows (batch, 3, sample) to logits (batch, 3, sample)."""
    graph, layers = Graph(), cast(Any, network)  # torch knows no types of layers in lists
    x = graph.conv(graph.windows(), folded(layers.entry, layers.entry_norm), 3, 3)
    skips, lengths = [], [samples]
    for level in layers.down:
        smooth = folded(level.smooth.conv, level.smooth.norm)
        if (number := _at_once(smooth)) > 1:
            x = graph.conv(x, phases(smooth, number), 3, *_ahead(number, lengths[-1]))
            x = graph.interleaved(x, len(smooth[1]), number, -(-lengths[-1] // number))
            x = graph.cut(x, 0, lengths[-1])
        else:
            x = graph.conv(x, smooth, 3, 3)
        skips.append(x)
        x, short = shortened(graph, x, folded(level.conv, level.norm), lengths[-1])
        lengths.append(short)
    x = graph.conv(x, folded(layers.bottom.conv, layers.bottom.norm), 3, 3)
    sizes = zip(lengths[:0:-1], lengths[-2::-1], strict=True)
    for level, skip, (short, long) in zip(layers.up, skips[::-1], sizes, strict=True):
        x = _upsampled(graph, x, folded(level.conv, level.norm, transposed=True), short, long)
        smooth = folded(level.smooth.conv, level.smooth.norm)
        number = _at_once(smooth)
        x = graph.summed((skip, x), phases(smooth, number), 3, *_ahead(number, long))
        if number > 1 and long != samples:
            x = graph.cut(graph.interleaved(x, len(smooth[1]), number, -(-long // number)), 0, long)
    # All phases of each output from those of each channel.
    out = np.kron(array(layers.out.weight)[:, :, 0], np.eye(number))[:, :, None]
    x = graph.conv(x, (out.astype(np.float32), array(layers.out.bias).repeat(number)), 0, 0, relu=False)
    x = graph.cut(graph.interleaved(x, 3, number, -(-samples // number)), 0, samples)
    return graph.model(x, (3, samples), (3, samples))


def shortened(graph: Graph, x: str, weights: tuple[Array, Array], long: int) -> tuple[str, int]:
    """Return every fourth sample of a convolution with zeros around it, and how many these are."""
    short = -(-long // STRIDE)
    return graph.conv(x, weights, *zeros_around(long, short), STRIDE), short


def zeros_around(long: int, short: int) -> tuple[int, int]:
    """Return how many zeros lie before and after the samples of which a convolution leaves every fourth."""
    zeros = max((short - 1) * STRIDE + KERNEL - long, 0)
    return zeros // 2, zeros - zeros // 2


def first_kept(short: int, long: int) -> int:
    """Return the first sample of a transposed convolution's that PhaseNet keeps.

    One goes at its beginning, two at its end, and more on both sides.
    """
    return 1 + (STRIDE * (short - 1) + KERNEL - 3 - long) // 2


def _at_once(weights: tuple[Array, Array]) -> int:
    """Return how many samples of each channel to make at once."""
    return max(1, _FAST // len(weights[1]))


def _ahead(number: int, samples: int) -> tuple[int, int]:
    """Return the zeros after the samples, and the stride, where so many samples are made at once."""
    return 3 + -samples % number, number


def _upsampled(graph: Graph, x: str, weights: tuple[Array, Array], short: int, long: int) -> str:
    """Return four samples of each of `short`, of these the `long` that PhaseNet keeps."""
    kernel, bias = weights  # (input, output, 7)
    outputs = kernel.shape[1]
    # Sample 4 i + r takes weight r of input i and weight r + 4 of input i - 1.
    eight = np.pad(kernel, ((0, 0), (0, 0), (0, 1)))
    phases = np.stack((eight[:, :, STRIDE:], eight[:, :, :STRIDE]), -1)  # (input, output, phase, tap)
    phases = np.ascontiguousarray(phases.transpose(1, 2, 0, 3)).reshape(-1, kernel.shape[0], 2)
    x = graph.conv(x, (phases, bias.repeat(STRIDE)), 1, 1)
    x = graph.interleaved(x, outputs, STRIDE, short + 1)
    first = first_kept(short, long)
    return graph.cut(x, first, first + long)
