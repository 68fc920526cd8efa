"""EQTransformer as ONNX models, as ONNX Runtime and as OpenVINO compute it fastest.

Most of its time goes to the decoders, which double their samples and convolve them with up to 11 weights. The two
samples of each pair are the same before the convolution, so that one with half the weights, made for the first and
for the second of a pair, gives both. The last convolution, to one channel, makes 16 samples at once. OpenVINO
moves samples slowly: for it there are transposed convolutions and a last one as it is.
"""

from typing import Any, cast

import numpy as np

from terrella.pick.continuous.onnx_graph import Array, Graph, array, folded, phases
from terrella.pick.networks.eqtransformer import WINDOW, EQTransformer


def eqtransformer_model(network: EQTransformer, plain: bool = False) -> bytes:
    """Return the ONNX model of an EQTransformer: windows (batch, 3, 6000) to logits (batch, 3, 6000).

    It is the plain one for OpenVINO.
    """
    graph, layers = Graph(), cast(Any, network)  # torch knows no types of layers in lists
    x = graph.windows()
    for convolution in layers.encoder.convs:
        reach = convolution.padding[0]
        x = graph.conv(x, _weights(convolution), reach, reach)
        x = graph.add("MaxPool", x, kernel_shape=[1, 2], strides=[1, 2], ceil_mode=1)
    for block in layers.residual:
        x = _residual(graph, x, block)
    x = graph.add("Transpose", graph.add("Squeeze", x, graph.integers(2)), perm=[2, 0, 1])
    for layer in layers.recurrent:  # (frame, batch, channel)
        x = _lstm(graph, x, layer.lstm)
        weight, bias = folded(layer.conv, layer.norm)
        x = _linear(graph, x, weight[:, :, 0].T, bias)
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    for layer in layers.transformers:  # (batch, frame, channel)
        x = _normed(graph, graph.add("Add", x, _attention(graph, x, layer.attention)), layer.norm1)
        wide = graph.add("Relu", _linear(graph, x, array(layer.wide.weight).T, array(layer.wide.bias)))
        narrow = _linear(graph, wide, array(layer.narrow.weight).T, array(layer.narrow.bias))
        x = _normed(graph, graph.add("Add", x, narrow), layer.norm2)
    decoded = [_decoded(graph, x, layers.detection, plain)]
    for pick in layers.picks:
        y = _lstm(graph, graph.add("Transpose", x, perm=[1, 0, 2]), pick.lstm)
        y = _attention(graph, graph.add("Transpose", y, perm=[1, 0, 2]), pick.attention)
        decoded.append(_decoded(graph, y, pick.decoder, plain))
    return graph.model(graph.add("Concat", *decoded, axis=1), (3, WINDOW), (3, WINDOW))


def _residual(graph: Graph, x: str, block: Any) -> str:
    change = x
    for norm, convolution in zip(block.norms, block.convs, strict=True):
        parts = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        constants = [graph.constant(array(part)) for part in parts]
        change = graph.add("Relu", graph.add("BatchNormalization", change, *constants, epsilon=norm.eps))
        change = graph.conv(change, _weights(convolution), block.padding[0], block.padding[1], relu=False)
    return graph.add("Add", x, change)


def _lstm(graph: Graph, x: str, lstm: Any) -> str:
    """Return (frame, batch, directions and hidden) of (frame, batch, channel)."""
    ends = ("", "_reverse") if lstm.bidirectional else ("",)
    inner, outer, bias = ([] for _ in range(3))
    for end in ends:
        # The order of gates is input, forget, cell, output there and input, output, forget, cell here.
        w, r, b, c = (
            np.concatenate([np.split(array(getattr(lstm, f"{name}_l0{end}")), 4)[i] for i in (0, 3, 1, 2)])
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        inner.append(w)
        outer.append(r)
        bias.append(np.concatenate([b, c]))
    constants = [graph.constant(np.stack(each)) for each in (inner, outer, bias)]
    direction = "bidirectional" if lstm.bidirectional else "forward"
    y = graph.add("LSTM", x, *constants, hidden_size=lstm.hidden_size, direction=direction)
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", y, graph.integers(0, 0, len(ends) * lstm.hidden_size))


def _attention(graph: Graph, x: str, attention: Any) -> str:
    query = graph.add("MatMul", x, graph.constant(array(attention.query)))
    # The bias of all scores is lost when the largest is subtracted.
    query = graph.add("Add", query, graph.constant(array(attention.query_bias)))
    key = graph.add("MatMul", x, graph.constant(array(attention.key)))
    pairs = graph.add(
        "Add",
        graph.add("Unsqueeze", query, graph.integers(2)),
        graph.add("Unsqueeze", key, graph.integers(1)),
    )
    score = graph.add("MatMul", graph.add("Tanh", pairs), graph.constant(array(attention.score)))
    score = graph.add("Squeeze", score, graph.integers(3))
    largest = graph.add("ReduceMax", score, axes=[2], keepdims=1)
    weight = graph.add("Exp", graph.add("Sub", score, largest))
    if attention.reach is not None:
        frame = np.arange(_frames())
        near = np.abs(frame - frame[:, None]) <= attention.reach
        weight = graph.add("Mul", weight, graph.constant(near))
    total = graph.add("ReduceSum", weight, graph.integers(2), keepdims=1)
    weight = graph.add("Div", weight, graph.add("Add", total, graph.constant(1e-5)))
    return graph.add("MatMul", weight, x)


def _normed(graph: Graph, x: str, norm: Any) -> str:
    constants = (graph.constant(array(part)[:, 0]) for part in (norm.gamma, norm.beta))
    return graph.add("LayerNormalization", x, *constants, axis=-1, epsilon=1e-14)


def _decoded(graph: Graph, x: str, decoder: Any, plain: bool) -> str:
    """Return the logits (batch, 1, 1, 6000) of frames (batch, frame, channel)."""
    x = graph.add("Unsqueeze", graph.add("Transpose", x, perm=[0, 2, 1]), graph.integers(2))
    short = _frames()
    for convolution, long in zip(decoder.convs, decoder.lengths, strict=True):
        kernel, bias = _weights(convolution)
        reach = convolution.padding[0]
        if long == 2 * short:
            pairs, before, after = _pairs(kernel)
            if plain:
                x = _transposed(graph, x, (pairs, bias), before, after)
            else:
                x = graph.conv(x, (pairs, bias.repeat(2)), before, after)
                x = graph.interleaved(x, len(bias), 2, short)
        else:
            x = graph.add("Concat", x, x, axis=2)
            x = graph.add(
                "Reshape", graph.add("Transpose", x, perm=[0, 1, 3, 2]), graph.integers(0, 0, 1, -1)
            )
            x = graph.conv(graph.cut(x, 0, long), (kernel, bias), reach, reach)
        short = long
    reach, number = decoder.out.padding[0], 16
    if plain:
        return graph.conv(x, _weights(decoder.out), reach, reach, relu=False)
    x = graph.conv(x, phases(_weights(decoder.out), number), reach, reach, number, relu=False)
    return graph.interleaved(x, 1, number, WINDOW // number)


def _pairs(kernel: Array) -> tuple[Array, int, int]:
    """Return the weights (output and phase, input, tap) on single samples, and how far they reach before and after.

    Sample 2 i + phase of the result takes weight t of the doubled sample 2 i + phase + t - reach.
    """
    taps = kernel.shape[-1]
    reach = taps // 2
    before, after = -(-reach // 2), (reach + 1) // 2
    pairs = np.zeros((len(kernel), 2, kernel.shape[1], before + 1 + after), np.float32)
    for phase in range(2):
        for tap in range(taps):
            pairs[:, phase, :, before + (phase + tap - reach) // 2] += kernel[:, :, tap]
    return pairs.reshape(-1, *pairs.shape[2:]), before, after


def _transposed(graph: Graph, x: str, weights: tuple[Array, Array], before: int, after: int) -> str:
    """Return the ReLU of what `_pairs` weights give, as a transposed convolution."""
    pairs, bias = weights
    kernel = pairs.reshape(len(bias), 2, *pairs.shape[1:])[..., ::-1]  # (output, phase, input, tap)
    kernel = kernel.transpose(2, 0, 3, 1).reshape(pairs.shape[1], len(bias), 1, -1)
    x = graph.add(
        "ConvTranspose", x, graph.constant(kernel), graph.constant(bias),
        kernel_shape=[1, kernel.shape[-1]], strides=[1, 2], pads=[0, 2 * after, 0, 2 * before],
    )  # fmt: skip
    return graph.add("Relu", x)


def _linear(graph: Graph, x: str, weight: Array, bias: Array) -> str:
    return graph.add("Add", graph.add("MatMul", x, graph.constant(weight)), graph.constant(bias))


def _weights(convolution: Any) -> tuple[Array, Array]:
    return array(convolution.weight), array(convolution.bias)


def _frames() -> int:
    return -(-WINDOW // 128)
