"""Compressed forecasts: the same map, and what cannot go on from one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from terrella.engine.compress.forms import as_onnx
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.errors import InputError
from terrella.forecast.compressing import compression, narrower, network_of, predicts
from terrella.forecast.general import started
from terrella.forecast.issuing import issue
from terrella.forecast.judging.score_files import bundle_mark
from terrella.forecast.prediction import forecaster_at
from terrella.forecast.storage import WEIGHTS, from_bundle
from terrella.formats.catalogues.read import read_catalogue

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
TIME = np.datetime64("2008-03-01T06:00:00", "us")
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0]


@pytest.fixture(scope="module")
def full():
    """A bundle whose network changes much."""
    bundle = load_bundle(BEFORE / "finished", "forecast")
    torch.manual_seed(0)
    head = f"{WEIGHTS}head.weight"
    return replace(bundle, tensors={**bundle.tensors, head: 0.3 * torch.randn_like(bundle.tensors[head])})


@pytest.fixture(scope="module")
def small(full):
    network = network_of(full)
    example = [np.zeros((1, len(network.feature_mean)), np.float32), np.zeros((1, 2), np.float32)]
    return as_onnx(compression, network, full, "onnx", lambda: example)


def test_a_compressed_network_issues_the_same_map(full, small, tmp_path):
    save_bundle(tmp_path, small)
    one, other = (
        issue(forecaster_at(from_bundle(each), CATALOGUE, TIME), TIME, "network")
        for each in (full, load_bundle(tmp_path, "forecast"))
    )
    torch.testing.assert_close(one.mean, other.mean, rtol=1e-4, atol=0)
    assert (one.mean / one.etas - 1).std() > 0.05


def test_products_in_bfloat16_issue_nearly_the_same_map_under_a_mark_of_their_own(full, small):
    tensors = {
        name: each.bfloat16() if each.dtype == torch.float32 and compression.weights(name) else each
        for name, each in full.tensors.items()
    }
    half = replace(full, tensors=tensors, form="bf16")
    one, other = (
        issue(forecaster_at(from_bundle(each), CATALOGUE, TIME), TIME, "network") for each in (full, half)
    )
    assert other.mean.dtype == one.mean.dtype
    torch.testing.assert_close(one.mean, other.mean, rtol=0.05, atol=0)
    assert len({bundle_mark(each) for each in (full, half, small)}) == 3


def test_a_training_does_not_start_from_a_compressed_bundle(small, tmp_path):
    save_bundle(tmp_path, small)
    models = from_bundle(small)
    with pytest.raises(InputError, match=r"is compressed \(onnx\); start from its run"):
        started(models.settings.model_copy(update={"start_from": str(tmp_path)}), models, CATALOGUE)


def test_a_narrower_network_has_settings_that_make_it(full):
    made, bundle = narrower(network_of(full), full)
    own = {f"{WEIGHTS}{name}": each for name, each in made.state_dict().items()}
    again = network_of(replace(bundle, tensors={**full.tensors, **own}))
    x = torch.randn(5, len(made.feature_mean)), torch.randn(5, 2)
    for one, other in zip(again(*x), made.eval()(*x), strict=True):
        torch.testing.assert_close(one, other)


def test_a_network_that_no_horizon_uses_is_told(full):
    assert "network" not in predicts(replace(full, values={**full.values, "gains": []}))
