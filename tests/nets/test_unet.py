import pytest
import torch

from terrella.errors import InputError
from terrella.nets.unet import UNet


def small(**options) -> UNet:
    torch.manual_seed(1)
    return UNet(widths=(2, 3, 4), **options)


def test_the_defaults_are_the_network_of_the_paper():
    network = UNet()
    # Per width w: 9 (w_before w + w²) + 2 w down; 4·2w·w + w, 9 (2w² + w²) + 2 w up; 8 + 1 at the end.
    widths, before = network.widths, (1, *network.widths[:-1])
    down = sum(9 * (b * w + w * w) + 2 * w for b, w in zip(before, widths, strict=True))
    up = sum(8 * w * w + w + 27 * w * w + 2 * w for w in widths[:-1])
    count = sum(p.numel() for p in network.parameters())
    assert count == down + up + 9
    assert count == pytest.approx(7.8e6, rel=0.01)
    assert network.levels == 7
    assert network.multiple == 64


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (7, 13), (5, 6, 9)])
@pytest.mark.parametrize("normalisation", ["none", "batch", "instance"])
def test_logits_have_the_size_of_any_input(size, normalisation):
    network = small(channels=2, outputs=3, dims=len(size), normalisation=normalisation)
    assert network(torch.randn(2, 2, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_radius_is_how_far_a_changed_input_is_seen(levels):
    network = UNet(widths=(2,) * levels)
    length, reach = 16 * 2**levels, 0
    for point in range(length // 2, length // 2 + network.multiple):
        inputs = torch.zeros(1, 1, network.multiple, length)
        inputs[..., point] = torch.nan  # which every operation on the way hands on
        seen = network(inputs).isnan()[0, 0].any(dim=0).nonzero().flatten()
        reach = max(reach, point - int(seen[0]), int(seen[-1]) - point)
        assert seen[0] > 0
        assert seen[-1] < length - 1
    assert reach == network.radius


def test_pieces_with_a_margin_of_the_radius_equal_the_whole():
    network = small().double()
    inputs = torch.randn(1, 1, 12, 200, dtype=torch.float64)
    whole = network(inputs)
    margin = -(-network.radius // network.multiple) * network.multiple
    piece = network(inputs[..., 80 - margin : 120 + margin])[..., margin : margin + 40]
    torch.testing.assert_close(piece, whole[..., 80:120], rtol=0, atol=1e-12)


@pytest.mark.parametrize("checkpointed", [(True,), (False, True, True), (True, True, True)])
def test_checkpointed_levels_give_the_same_gradients(checkpointed):
    inputs = torch.randn(1, 1, 9, 10)
    gradients = []
    for levels in ((), checkpointed):
        network = small()
        network.checkpointed = levels
        network(inputs).square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_group_and_instance_normalisation_have_no_radius():
    with pytest.raises(InputError, match="looks at its whole input"):
        _ = small(normalisation="instance").radius


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 1}, "2 or 3 axes, not 1"),
        ({"widths": ()}, "at least one channel"),
        ({"widths": (8, 0)}, "at least one channel"),
        ({"normalisation": "layer"}, "not 'layer'"),
        ({"widths": (12,), "normalisation": "group"}, "multiples of 8"),
    ],
)
def test_sizes_that_make_no_network_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        UNet(**options)


def test_inputs_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"\(1, 2, 8, 8\)"):
        small()(torch.zeros(1, 2, 8, 8))
