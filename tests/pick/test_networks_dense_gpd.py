"""Dense GPD is GPD: nearly the same in a scan, and the same answers wherever a pick can be."""

import numpy as np
import pytest
import torch
from filled_weights import filled, uniform
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from terrella.errors import InputError
from terrella.pick.networks import Architecture, architecture, dense_gpd
from terrella.pick.networks.dense_gpd import Dense, _Spectral
from terrella.pick.networks.weights import seisbench_name, with_weights


@pytest.fixture(scope="module")
def gpd() -> tuple[torch.nn.Module, Architecture]:
    network = architecture("gpd")
    names = {seisbench_name("gpd", name): value for name, value in network.make().state_dict().items()}
    return with_weights(filled(names), {"phases": "PSN"}, {}, network, "formula")


def records(number: int, samples: int, onset: int = 0) -> Tensor:
    """Return noise (record, 3, sample) on an offset, 20 times as loud from the onset on."""
    noise = uniform(number * 3 * samples, 77).reshape(number, 3, samples) - 0.5
    if onset:
        noise[..., onset:] *= 20
    return torch.from_numpy((noise + 3).astype(np.float32))


def single(module: torch.nn.Module, windows: Tensor) -> Tensor:
    """Return the logits (record, output, window) of windows (record, 3, window, sample), one by one."""
    with torch.no_grad():
        return module(windows.transpose(1, 2).flatten(0, 1)).unflatten(0, (len(windows), -1)).transpose(1, 2)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
@pytest.mark.parametrize("each", [False, True])
def test_windows_on_their_own(gpd, stride: int, each: bool) -> None:
    module, network = gpd
    network = Architecture(**{**vars(network), "normalise_each": each})
    x = records(2, 450, 425)
    windows = x.unfold(-1, 400, stride).transpose(1, 2)
    prepared = network.prepared(windows.flatten(0, 1)).unflatten(0, windows.shape[:2]).transpose(1, 2)
    expected = torch.softmax(single(module, prepared), 1)
    dense = Dense(module, network)
    torch.testing.assert_close(dense.each(x, stride), expected, rtol=0, atol=1e-5)
    # Where every window is in doubt, no scan remains.
    torch.testing.assert_close(dense.probabilities(x, stride, doubt=0), expected, rtol=0, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(samples=st.integers(9, 90), padding=st.integers(0, 4), transform=st.sampled_from([16, 27, 40]))
def test_products_of_transforms_are_convolutions(samples: int, padding: int, transform: int) -> None:
    values = torch.from_numpy(uniform(2 * 3 * samples + 4 * 3 * 9, 5).astype(np.float32)) - 0.5
    x, weight = values[: 6 * samples].reshape(2, 3, samples), values[6 * samples :].reshape(4, 3, 9)
    found = _Spectral(weight, torch.zeros(4), transform)(x, padding)
    torch.testing.assert_close(found, F.conv1d(x, weight, padding=padding), rtol=0, atol=1e-5)


@pytest.mark.parametrize("stride", [2, 8])
def test_answers_in_doubt_are_exact_and_the_rest_below_doubt(gpd, stride: int, monkeypatch) -> None:
    module, network = gpd
    dense, x = Dense(module, network), records(1, 1200, 900)
    scan = dense.scan(x, stride)
    doubt = float((1 - scan[:, 2]).quantile(0.9))
    exact = dense.each(x, stride)
    # Between two windows: on one of them, rounding that differs between processors decides.
    phase = float((1 - exact[:, 2]).quantile(0.9505))
    monkeypatch.setattr(dense_gpd, "_PHASE", phase)
    found = dense.probabilities(x, stride, doubt)
    own = (found - exact).abs().amax(1) < 1e-5
    assert own[(1 - scan[:, 2]) >= doubt].all()
    beside = F.max_pool1d((own & (1 - exact[:, 2] >= phase)).float(), 3, 1, 1) > 0
    assert own[beside].all()
    as_scanned = (found == scan).all(1)
    assert (own | as_scanned).all()
    assert 0.1 < as_scanned.float().mean() < 0.95


def test_a_scan_is_exact_where_loudness_jumps(gpd) -> None:
    dense, x = Dense(*gpd), records(1, 1500) - 3
    x[..., 1000] = 50  # first in window 76
    scan, exact = dense.scan(x), dense.each(x)
    torch.testing.assert_close(scan[..., 75:77], exact[..., 75:77], rtol=0, atol=1e-5)
    assert ((scan - exact).abs().amax(1) > 1e-4).float().mean() > 0.5


def test_what_is_louder_by_orders_of_magnitude_changes_nothing_before_it(gpd) -> None:
    dense, x = Dense(*gpd), records(1, 1500, 1000) - 3
    louder = torch.cat((x[..., :1000], 1e7 * x[..., 1000:]), -1)
    torch.testing.assert_close(dense.scan(louder)[..., :76], dense.scan(x)[..., :76], rtol=0, atol=1e-5)


def test_scan_is_close(gpd) -> None:
    module, network = gpd
    dense, x = Dense(module, network), records(2, 2400, 1200)
    scan, exact = dense.scan(x), dense.each(x)
    # 0.93; where the loud half is scanned at the quiet half's scale, 0.85.
    assert float(torch.corrcoef(torch.stack((scan.flatten(), exact.flatten())))[0, 1]) > 0.9
    torch.testing.assert_close(dense.scan(x[:1]), scan[:1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("gain", [1e-3, 1e9])
def test_gain_does_not_matter(gpd, gain: float) -> None:
    dense, x = Dense(*gpd), records(1, 600, 500) - 3
    torch.testing.assert_close(dense.probabilities(gain * x), dense.probabilities(x), rtol=0, atol=1e-3)


@pytest.mark.parametrize("each", [False, True])
def test_gaps_and_dead_components(gpd, each: bool) -> None:
    module, network = gpd
    x = torch.cat((records(1, 500), torch.zeros(1, 3, 500)), -1)
    x[:, 1] = 5e6 + 1 / 3
    dense = Dense(module, Architecture(**{**vars(network), "normalise_each": each}))
    found = dense.scan(x)
    assert found.isfinite().all()
    torch.testing.assert_close(found.sum(1), torch.ones(1, found.shape[-1]))
    x[:, 1] = 0
    torch.testing.assert_close(dense.scan(x), found, rtol=0, atol=1e-3)


def test_refusals(gpd) -> None:
    module, network = gpd
    dense = Dense(module, network)
    with pytest.raises(InputError, match="needs 1, 2, 4 or 8"):
        dense.probabilities(torch.zeros(1, 3, 500), 5)
    with pytest.raises(InputError, match="399 samples is shorter"):
        dense.probabilities(torch.zeros(1, 3, 399))
    phasenet = architecture("phasenet")
    with pytest.raises(InputError, match="dense evaluation is for GPD; got PhaseNet"):
        Dense(phasenet.make(), phasenet)
