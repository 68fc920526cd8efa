"""Losses: against their formulas, known values and each other; unlabelled samples; batches in parts; strips."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from terrella.errors import InputError
from terrella.nets.unet import UNet
from terrella.segment.learning.loss import cross_entropy, dice, focal, make_loss, sample_weights
from terrella.segment.settings import LossSettings


class Given(nn.Module):
    """A network that answers what it is given."""

    def forward(self, x):
        return x


def loss_of(logits, labels, **settings):
    """Return the loss of logits (patch, …) and labels (patch, …)."""
    made = make_loss(LossSettings(**settings))
    return made(Given(), {"x": torch.as_tensor(logits)[:, None], "y": torch.as_tensor(labels)})


def patches(seed=0, shape=(3, 4, 5)):
    """Return logits and labels of patches, some unlabelled."""
    draw = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape, generator=draw)
    labels = torch.tensor([0, 1, 255])[torch.randint(0, 3, shape, generator=draw)].to(torch.uint8)
    labels[:, 0, 0] = 1
    return logits, labels


def test_a_network_that_knows_nothing_loses_ln_2():
    labels = torch.tensor([[[0, 1, 255]]], dtype=torch.uint8)
    assert float(loss_of(torch.zeros(1, 1, 3), labels, name="bce")) == pytest.approx(math.log(2))


def test_cross_entropy_is_that_of_the_labelled_samples():
    logits, labels = patches()
    each = []
    for patch, truth in zip(logits.double(), labels, strict=True):
        p = torch.sigmoid(patch)
        own = [
            -(math.log(q) if y == 1 else math.log(1 - q))
            for q, y in zip(p.flatten(), truth.flatten(), strict=True)
            if y < 2
        ]
        each.append(sum(own) / len(own))
    assert float(loss_of(logits, labels, name="bce")) == pytest.approx(sum(each) / len(each), rel=1e-5)


def test_a_weight_multiplies_the_labelled_samples_alone():
    logits, labels = patches()
    heavy, plain = cross_entropy(logits, labels, 7.0), cross_entropy(logits, labels)
    torch.testing.assert_close(heavy[labels == 1], 7 * plain[labels == 1])
    torch.testing.assert_close(heavy[labels == 0], plain[labels == 0])


def test_focal_loss_has_the_values_of_the_paper():
    """Lin et al. (2017), section 3.2: with γ = 2, p = 0.9 costs 100 times less than with cross-entropy."""
    sure = torch.tensor([math.log(9.0)])
    label = torch.tensor([1], dtype=torch.uint8)
    assert float(cross_entropy(sure, label) / (2 * focal(sure, label, 2.0, 0.5))) == pytest.approx(
        100, rel=1e-4
    )


def test_focal_loss_without_focus_is_half_the_cross_entropy():
    logits, labels = patches()
    torch.testing.assert_close(focal(logits, labels, 0.0, 0.5), cross_entropy(logits, labels) / 2)


@given(st.floats(-20, 20), st.sampled_from([0, 1]), st.floats(0, 5), st.floats(0, 1))
def test_focal_loss_is_its_formula(logit, truth, gamma, alpha):
    p = 1 / (1 + math.exp(-logit)) if truth else 1 / (1 + math.exp(logit))
    expected = -(alpha if truth else 1 - alpha) * (1 - p) ** gamma * math.log(p)
    found = focal(torch.tensor([logit], dtype=torch.float64), torch.tensor([truth]), gamma, alpha)
    assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_dice_of_a_hand_made_patch():
    """p = 1/2 everywhere, 3 of 4 known samples labelled: D = (2·1.5 + 1) / (4/4 + 3 + 1) = 4/5."""
    labels = torch.tensor([[[1, 1, 1, 0, 255]]], dtype=torch.uint8)
    assert float(dice(torch.zeros(1, 1, 5), labels)) == pytest.approx(1 - 4 / 5)


def test_dice_is_0_for_a_perfect_answer_and_near_1_for_a_wrong_one():
    _, labels = patches()
    sure = torch.where(labels == 1, 50.0, -50.0)
    assert float(dice(sure, labels).abs().max()) < 1e-6
    assert float(dice(-sure, labels).min()) > 0.8


@pytest.mark.parametrize("name", ["bce", "weighted", "focal", "dice"])
def test_unlabelled_samples_change_nothing(name):
    logits, labels = patches()
    other = torch.where(labels == 255, torch.full_like(logits, 9.0), logits)
    assert float(loss_of(logits, labels, name=name)) == pytest.approx(
        float(loss_of(other, labels, name=name)), rel=1e-6
    )


@pytest.mark.parametrize("name", ["bce", "weighted", "focal", "dice"])
def test_a_batch_in_parts_has_the_loss_of_the_whole(name):
    logits, labels = patches(shape=(4, 3, 6))
    parts = [loss_of(logits[k : k + 2], labels[k : k + 2], name=name) for k in (0, 2)]
    assert float(sum(parts) / 2) == pytest.approx(float(loss_of(logits, labels, name=name)), rel=1e-6)


def test_a_patch_without_labels_costs_nothing():
    labels = torch.full((1, 2, 3), 255, dtype=torch.uint8)
    assert float(loss_of(torch.ones(1, 2, 3), labels, name="bce")) == 0
    assert float(sample_weights(labels).sum()) == 0


@pytest.mark.parametrize("name", ["bce", "weighted", "focal"])
def test_strips_give_the_loss_and_gradients_of_the_whole_patch(name):
    torch.manual_seed(0)
    network = UNet(widths=(3, 4, 5)).double()
    x = torch.randn(2, 1, 45, 20, dtype=torch.float64)
    labels = torch.tensor([0, 1, 255])[torch.randint(0, 3, (2, 45, 20))].to(torch.uint8)
    found = []
    for rows in (0, 16):
        network.zero_grad()
        loss = make_loss(LossSettings(name=name), rows)(network, {"x": x, "y": labels})
        loss.backward()
        found.append((loss.detach(), [p.grad.clone() for p in network.parameters()]))
    # Weights of samples are float32.
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-9)


def test_dice_in_strips_is_refused():
    with pytest.raises(InputError, match=r"fit\.strips needs a loss that is a sum"):
        make_loss(LossSettings(name="dice"), 32)


def test_strips_need_two_levels():
    loss = make_loss(LossSettings(), 16)
    with pytest.raises(InputError, match="two levels"):
        loss(UNet(widths=(3,)), {"x": torch.zeros(1, 1, 16, 16), "y": torch.zeros(1, 16, 16)})
