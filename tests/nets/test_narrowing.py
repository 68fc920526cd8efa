"""Networks with fewer filters: the largest stay, and with all of them the network is the same."""

import pytest
import torch
from torch import nn

from terrella.nets.narrowing import largest_filters, narrowed_unet
from terrella.nets.unet import UNet


@pytest.mark.parametrize("normalisation", ["none", "batch", "instance"])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_unet_with_all_its_filters_is_the_same_network(normalisation, dims):
    torch.manual_seed(0)
    network = UNet(widths=(4, 6, 8), dims=dims, normalisation=normalisation)
    x = torch.randn(2, 1, *[12] * dims)
    network.train()(x)  # statistics of norms that are not 0 and 1
    with torch.no_grad():
        torch.testing.assert_close(narrowed_unet(network.eval(), 1).eval()(x), network(x))


def test_filters_that_are_zero_are_left_out_and_the_answer_stays():
    torch.manual_seed(0)
    network = UNet(widths=(4, 8))
    with torch.no_grad():
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Conv2d) and name != "head":
                layer.weight[1::2] = 0
                layer.bias[1::2] = 0
        network.up[0].weight[:, 1::2] = 0
        network.up[0].bias[1::2] = 0
        x = torch.randn(1, 1, 16, 16)
        small = narrowed_unet(network, 2)
        torch.testing.assert_close(small(x), network(x))
    assert small.widths == (2, 4)


def test_the_filters_with_the_largest_weights_stay_in_their_order():
    conv, small = nn.Conv1d(2, 4, 3), nn.Conv1d(1, 2, 3)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, -4.0, 2.0, 3.0]).view(4, 1, 1).expand(4, 2, 3))
    kept = largest_filters(conv, None, small, None, torch.tensor([1]))
    assert kept.tolist() == [1, 3]
    assert small.weight[:, 0, 0].tolist() == [-4.0, 3.0]
