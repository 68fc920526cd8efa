"""Every network can be trained, and answers in evaluation do not depend on the batch."""

import pytest
import torch
from filled_weights import filled_windows

from terrella.errors import InputError
from terrella.pick.networks import NAMES, architecture


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_reduce_the_loss(name: str) -> None:
    torch.manual_seed(5)
    network = architecture(name)
    module = network.make()
    for each in module.modules():
        if isinstance(each, torch.nn.Dropout | torch.nn.Dropout1d):
            each.p = 0.0
    windows = network.prepared(filled_windows(len(network.components), network.window))
    shape = module(windows).shape
    assert shape == (3, len(network.outputs), *((network.frames,) if network.frames else ()))
    target = (torch.arange(shape.numel()).reshape(shape) // 7 % 3 == 0).float()
    optimiser = torch.optim.Adam(module.parameters(), 3e-3)
    losses = []
    for _ in range(6):
        logits = module(windows)
        if network.activation == "softmax":
            loss = torch.nn.functional.cross_entropy(
                logits, target / target.sum(1, keepdim=True).clamp(min=1)
            )
        else:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        optimiser.zero_grad()
        loss.backward()
        gradients = [each.grad for each in module.parameters()]
        assert all(each is not None and bool(each.isfinite().all()) for each in gradients)
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_depends_on_its_window_alone(name: str) -> None:
    torch.manual_seed(6)
    network = architecture(name)
    module = network.make().eval()
    raw = 300 + 5e4 * filled_windows(len(network.components), network.window)
    with torch.no_grad():
        together = module(network.prepared(raw))
        alone = module(network.prepared(raw[1:2]))
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize("name", NAMES)
def test_facts_of_an_architecture(name: str) -> None:
    network = architecture(name)
    last = network.first + max(network.frames - 1, 0) * network.stride
    assert 0 <= network.first <= last < network.window
    assert network.overlap < network.window
    assert 2 * network.blind < max(network.frames, 1)
    assert network.name == name


def test_prepared_windows() -> None:
    raw = 7 + torch.randn(4, 3, 600) * torch.tensor([1.0, 10.0, 100.0]).reshape(3, 1)
    raw[:, 1] = 1e5 + 1 / 3  # dead, on an offset that float32 does not hold
    each = architecture("basicphaseae").prepared(raw)
    torch.testing.assert_close(each.mean(-1), torch.zeros(4, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(each.abs().amax(-1), torch.tensor([1.0, 0.0, 1.0]).expand(4, 3))
    joint = architecture("gpd").prepared(raw).abs().amax(-1)
    torch.testing.assert_close(joint[:, 1:], torch.tensor([0.0, 1.0]).expand(4, 2))
    assert (joint[:, 0] < 0.05).all()
    tapered = architecture("eqtransformer").prepared(torch.randn(1, 3, 6000))
    assert (tapered[..., [0, -1]] == 0).all()


def test_unknown_name() -> None:
    with pytest.raises(InputError, match="no network 'unet'; there are basicphaseae"):
        architecture("unet")
