"""Every operator whose derivative is its own, on made-up operands: `terrella doctor --gradients` and tests."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Operator = tuple[Callable[..., Any], Sequence[Tensor]]  # and what it is differentiated by


def is_right(operator: Callable[[], Operator]) -> bool:
    """Return whether an operator's derivative is that of finite differences, in double precision."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        function, given = operator()
        plain = {"check_undefined_grad": False, "raise_exception": False}
        return bool(torch.autograd.gradcheck(function, tuple(given), **plain))


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


def _strips() -> Operator:
    from terrella.nets.strips import Strips, strip_loss
    from terrella.nets.unet import UNet

    network = UNet(1, 1, (1, 1, 1), 2).double()
    with torch.no_grad():
        for each in network.parameters():
            each.normal_()  # without a bias, sums of nothing lie on the kink of a ReLU

    def loss(inputs: Tensor) -> Tensor:
        return strip_loss(network, Strips(1, 4), inputs, lambda logits: logits.square().sum())

    class Afresh(torch.autograd.Function):
        """The loss, whose graph serves one backward pass, made anew for each."""

        @staticmethod
        def forward(ctx: Any, inputs: Tensor, *weights: Tensor) -> Tensor:
            ctx.save_for_backward(inputs)
            return loss(inputs)

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
            inputs = ctx.saved_tensors[0].detach().requires_grad_()
            with torch.enable_grad():
                found = torch.autograd.grad(loss(inputs), [inputs, *network.parameters()])
            return tuple(gradients[0] * each for each in found)

    return Afresh.apply, [_drawn(1, 1, 8, 4), *network.parameters()]


def _messages() -> Operator:
    from terrella.nets.perceptron import Form, perceptron
    from terrella.nets.perceptron_kernels import Operands

    rows, nodes, receivers, width, hidden, outputs = 6, 4, 3, 3, 4, 3
    places = [torch.randint(nodes, (rows,)), torch.randint(receivers, (rows,)).sort()[0]]
    given = [
        _drawn(1, rows, width), _drawn(hidden, width), _drawn(1, nodes, hidden), _drawn(1, receivers, hidden),
        _drawn(outputs, hidden), _drawn(outputs), _drawn(1, outputs), _drawn(1, outputs),
    ]  # fmt: skip

    def apply(
        dense: Tensor, first: Tensor, senders: Tensor, to: Tensor, *rest: Tensor
    ) -> tuple[Tensor, Tensor]:
        last, last_bias, scale, offset = rest
        nodes = [senders, to]
        operands = Operands([dense], [first], nodes, places, None, last, last_bias, scale, offset, places[1])
        return perceptron(operands, Form(receivers, True, True, True, torch.float64, torch.float64))

    return apply, given


def _weighted_squares() -> Operator:
    from terrella.weather.learning.loss import weighted_squares

    future, area, channel = _drawn(2, 5, 4).detach(), torch.rand(5).double(), torch.rand(4).double()
    return lambda found: weighted_squares(found, future, area, channel), [_drawn(2, 5, 4)]


def _differences() -> Operator:
    from terrella.engine.explain.numerical import differentiable

    def function(x: Tensor) -> Tensor:
        return torch.stack([x[:, 0] * x[:, 1], x[:, 0].sin()], 1).detach()

    return lambda x: differentiable(function, x, torch.tensor([1.0, 2.0])), [_drawn(2, 2)]


# By what they are to a user; each file with an `autograd.Function` has one here, which a test holds it to.
OPERATORS: dict[str, Callable[[], Operator]] = {
    "loss of sections in strips": _strips,
    "messages along edges": _messages,
    "weighted squares of fields": _weighted_squares,
    "differences of published motions": _differences,
}
FILES = ("nets/strips.py", "nets/perceptron.py", "weather/learning/loss.py", "engine/explain/numerical.py")
