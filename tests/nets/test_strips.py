import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.nets.strips import Strips, strip_loss
from terrella.nets.unet import UNet


def weighted(logits, target, weight):
    return (weight * F.binary_cross_entropy_with_logits(logits, target, reduction="none")).sum()


def problem(widths, size, dims=2, outputs=1, channels=1, batch=1, seed=0):
    torch.manual_seed(seed)
    network = UNet(channels, outputs, widths, dims).double()
    inputs = torch.randn(batch, channels, *size, dtype=torch.float64)
    target = (torch.rand(batch, outputs, *size) < 0.3).double()
    return network, inputs, target, torch.rand(batch, 1, *size, dtype=torch.float64)


def gradients(network, loss):
    network.zero_grad()
    loss.backward()
    return [p.grad.clone() for p in network.parameters()]


def assert_equal_to_the_whole(strips, network, inputs, target, weight):
    inputs.requires_grad_()
    expected = weighted(network(inputs), target, weight)
    wanted = [*gradients(network, 3 * expected), inputs.grad]
    inputs.grad = None
    loss = strip_loss(network, strips, inputs, weighted, target, weight)
    found = [*gradients(network, 3 * loss), inputs.grad]
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10 * max(1.0, float(theirs.abs().max())))
    with torch.no_grad():
        without = strip_loss(network, strips, inputs, weighted, target, weight)
    torch.testing.assert_close(without, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("size", "levels", "rows"),
    [
        ((64, 24), 1, 16),
        ((64, 24), 2, 8),
        ((67, 21), 2, 12),
        ((33, 5), 3, 8),
        ((130, 16), 3, 24),
        ((5, 9), 1, 4),
    ],
)
def test_sections_in_strips_equal_the_whole(size, levels, rows):
    assert_equal_to_the_whole(Strips(levels, rows), *problem((2, 3, 4, 5), size, outputs=2, batch=2))


@pytest.mark.parametrize(("size", "levels", "rows"), [((21, 6, 9), 1, 8), ((16, 8, 8), 2, 4)])
def test_volumes_in_strips_equal_the_whole(size, levels, rows):
    assert_equal_to_the_whole(Strips(levels, rows), *problem((2, 3, 2), size, dims=3, channels=2))


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_strips_equal_the_whole(data):
    widths = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    levels = data.draw(st.integers(1, len(widths) - 1))
    rows = data.draw(st.integers(1, 6)) * 2**levels
    size = data.draw(st.tuples(st.integers(1, 50), st.integers(1, 12)))
    assert_equal_to_the_whole(
        Strips(levels, rows), *problem(widths, size, seed=data.draw(st.integers(0, 99)))
    )


def test_inner_levels_may_be_checkpointed():
    network, *data = problem((2, 3, 4, 5), (40, 16))
    network.checkpointed = (False, False, True, True)
    assert_equal_to_the_whole(Strips(2, 8), network, *data)


def test_a_frozen_part_stays_without_gradient():
    network, *data = problem((2, 3, 4), (32, 16))
    whole = copy.deepcopy(network)
    for each in (network, whole):
        each.down[0].requires_grad_(False)
        each.merge[0].requires_grad_(False)
    strip_loss(network, Strips(2, 8), data[0], weighted, *data[1:]).backward()
    weighted(whole(data[0]), *data[1:]).backward()
    for ours, theirs in zip(network.parameters(), whole.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_autocast_holds_in_the_backward_pass():
    network, inputs, target, weight = (x.float() for x in problem((4, 8, 8), (64, 32)))
    with torch.autocast("cpu", torch.bfloat16):
        expected = weighted(network(inputs), target, weight)
        loss = strip_loss(network, Strips(2, 16), inputs, weighted, target, weight)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    for ours, theirs in zip(gradients(network, loss), gradients(network, expected), strict=True):
        # bfloat16 has 8 bits: the two differ in how sums of it are rounded.
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0.03 * float(theirs.abs().max()))


def test_backward_runs_once():
    network, *data = problem((2, 3), (8, 8))
    loss = strip_loss(network, Strips(1, 4), data[0], weighted, *data[1:])
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="runs once"):
        loss.backward()


@pytest.mark.parametrize(
    ("network", "strips", "message"),
    [
        (
            UNet(widths=(8, 8), normalisation="group"),
            Strips(1, 8),
            "group normalisation cannot be trained in strips",
        ),
        (UNet(widths=(2, 2)), Strips(2, 8), "1 to 1 levels"),
        (UNet(widths=(2, 2, 2)), Strips(2, 6), "multiple of 4 rows, not 6"),
    ],
)
def test_strips_that_cannot_be_are_refused(network, strips, message):
    inputs = torch.zeros(1, 1, 8, 8)
    with pytest.raises(InputError, match=message):
        strip_loss(network, strips, inputs, weighted, inputs, inputs)
