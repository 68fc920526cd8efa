"""The perceptron in chunks: a plain one gives the same outputs and gradients."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import layer_norm, linear, silu

from terrella.engine.plan.memory.workspace import _allocations
from terrella.nets import perceptron_kernels
from terrella.nets.costs import own_cost
from terrella.nets.perceptron import Form, _listed, perceptron
from terrella.nets.perceptron_kernels import Operands

ROWS, NODES, RECEIVERS, WIDTH, HIDDEN, OUTPUTS = 150, 11, 7, 5, 6, 5


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setitem(perceptron_kernels._CHUNK_ELEMENTS, "cpu", 64 * HIDDEN)


def operands(kind: str, samples: int = 2, dtype: torch.dtype = torch.float64) -> Operands:
    """Return made-up operands of edges, of nodes with two operands, or of an output without a layer norm."""
    torch.manual_seed(0)

    def drawn(*shape):
        return torch.randn(*shape, dtype=dtype).requires_grad_()

    norm = None if kind == "output" else (drawn(1, OUTPUTS), drawn(samples, OUTPUTS))
    places = [torch.randint(NODES, (ROWS,)), torch.randint(RECEIVERS, (ROWS,)).sort()[0]]
    edges = kind.startswith("edges")
    dense = [drawn(1 if kind == "edges that all samples share" else samples, ROWS, WIDTH)]
    dense += [] if edges else [drawn(1, ROWS, 3)]
    return Operands(
        dense,
        [drawn(HIDDEN, each.shape[2]) for each in dense],
        [drawn(samples, NODES, HIDDEN), drawn(1, RECEIVERS, HIDDEN)] if edges else [],
        places if edges else [],
        None if edges else drawn(HIDDEN),
        drawn(OUTPUTS, HIDDEN),
        drawn(OUTPUTS),
        *(norm or (None, None)),
        places[1] if edges else None,
    )


def plain(given: Operands, form: Form) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return what the perceptron gives, in the plainest words."""
    hidden = sum(linear(x, weight) for x, weight in zip(given.dense, given.first, strict=True))
    hidden = hidden + sum(x[:, at] for x, at in zip(given.nodes, given.places, strict=True))
    out = linear(silu(hidden if given.bias is None else hidden + given.bias), given.last, given.last_bias)
    if given.scale is not None:
        out = layer_norm(out, out.shape[-1:]) * given.scale[:, None] + given.offset[:, None]
    sums = None
    if given.receivers is not None:
        sums = out.new_zeros(len(out), form.sums_of, out.shape[2]).index_add(1, given.receivers, out)
    return out + given.dense[0] if form.add else out, sums


def leaves(given: Operands) -> list[torch.Tensor]:
    rest = [given.bias, given.last, given.last_bias, given.scale, given.offset]
    return [
        each for some in (given.dense, given.first, given.nodes, rest) for each in some if each is not None
    ]


KINDS = ["edges", "edges that all samples share", "nodes", "output"]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_those_of_a_plain_one(kind, add, keep):
    given = operands(kind)
    form = Form(
        RECEIVERS if given.receivers is not None else 0, True, add, keep, torch.float64, torch.float64
    )
    found, expected = perceptron(given, form), plain(given, form)
    weights = [torch.randn_like(each) for each in expected if each is not None]

    def gradients(outputs):
        total = sum(
            (each * weight).sum() for each, weight in zip(filter(_there, outputs), weights, strict=True)
        )
        return torch.autograd.grad(total, leaves(given))

    for ours, theirs in zip(found, expected, strict=True):
        if theirs is not None:
            torch.testing.assert_close(ours, theirs)
    for ours, theirs in zip(gradients(found), gradients(expected), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_gradient_is_that_of_finite_differences(monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", 6)
    given = operands("edges", samples=1)

    def of(*tensors):
        dense, first, senders, receivers, last, last_bias, scale, offset = tensors
        rest = last, last_bias, scale, offset, given.receivers
        changed = Operands([dense], [first], [senders, receivers], given.places, None, *rest)
        return perceptron(changed, Form(RECEIVERS, True, True, True, torch.float64, torch.float64))

    assert torch.autograd.gradcheck(of, leaves(given))


def test_sums_alone_leave_no_rows_and_need_none_for_their_gradient():
    given = operands("edges")
    form = Form(RECEIVERS, False, False, True, torch.float64, torch.float64)
    rows, sums = perceptron(given, form)
    assert rows.numel() == 0
    for ours, theirs in zip(
        torch.autograd.grad(sums.square().sum(), leaves(given)),
        torch.autograd.grad(plain(given, form)[1].square().sum(), leaves(given)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_in_half_precision_values_and_gradients_are_near(kind):
    given = operands(kind, dtype=torch.float32)
    form = Form(
        RECEIVERS if given.receivers is not None else 0, True, False, True, torch.bfloat16, torch.bfloat16
    )
    (found, sums), (expected, _) = perceptron(given, form), plain(given, form)
    assert found.dtype == torch.bfloat16
    assert sums.dtype == torch.float32
    assert float(((found - expected).norm() / expected.norm()).detach()) < 0.02
    ours, theirs = (
        torch.autograd.grad(each.float().square().mean(), leaves(given)) for each in (found, expected)
    )
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == torch.float32
        assert float((mine - other).norm()) < 0.05 * float(other.norm()) + 1e-6


def test_what_needs_no_gradient_gets_none():
    given = operands("nodes")
    given.dense[1].requires_grad_(False)
    rows, _ = perceptron(given, Form(rows_dtype=torch.float64, dtype=torch.float64))
    rows.sum().backward()
    assert given.dense[1].grad is None
    assert given.dense[0].grad is not None


@pytest.mark.parametrize("kind", KINDS)
def test_on_shapes_alone_it_gives_what_it_gives_on_values(kind):
    form = Form(RECEIVERS if kind.startswith("edges") else 0, rows_dtype=torch.bfloat16, dtype=torch.bfloat16)

    def described():
        given = operands(kind, dtype=torch.float32)
        found = perceptron(given, form)
        gradients = torch.autograd.grad(found[0].float().sum(), leaves(given))
        return [(each.shape, each.dtype) for each in (*found, *gradients)]

    real = described()
    with FakeTensorMode():
        assert described() == real


def _there(values: torch.Tensor | None) -> bool:
    return values is not None and values.numel() > 0


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(
    ("kind", "dtype", "near"),
    [
        ("edges", torch.float32, 0.05),
        ("nodes", torch.float32, 0.05),
        ("edges", torch.bfloat16, 0.15),
        ("nodes", torch.bfloat16, 0.25),  # how much oneDNN copies there differs between processors
    ],
)
def test_what_a_call_holds_for_itself_is_what_the_plan_is_told(kind, keep, dtype, near, monkeypatch):
    for name, value in {"ROWS": 4096, "WIDTH": 64, "HIDDEN": 64, "OUTPUTS": 64}.items():
        monkeypatch.setitem(globals(), name, value)
    monkeypatch.setitem(perceptron_kernels._CHUNK_ELEMENTS, "cpu", 1024 * 64)
    with torch.no_grad():
        given = operands(kind, samples=1, dtype=torch.float32)
        sums_of = RECEIVERS if given.receivers is not None else 0
        forward = (*_listed(given), sums_of, True, False, keep, torch.float32, dtype)
        rows, sums, *kept = torch.ops.terrella.perceptron(*forward)
        gradients = torch.ones_like(rows), torch.ones_like(sums)
        wanted = [True] * len(given.dense)
        backward = (*_listed(given), *gradients, *kept, False, wanted, dtype)
        for name, arguments in (("perceptron", forward), ("perceptron_backward", backward)):
            measured = _held(getattr(torch.ops.terrella, name), arguments)
            assert own_cost(f"terrella.{name}", arguments, "cpu").held == pytest.approx(measured, rel=near)


def _held(operator, arguments) -> int:
    """Return the bytes that a call holds at its peak beside what it returns."""
    returned = []
    live = peak = 0
    for change in _allocations(lambda: returned.append(operator(*arguments))):
        live += change
        peak = max(peak, live)
    return peak - live
