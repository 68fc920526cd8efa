"""Compressed segmenters answer sections of any size as the U-Net does."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from terrella.engine.compress.forms import as_onnx
from terrella.engine.settings import settings_text
from terrella.engine.use.bundle import Bundle, save_bundle
from terrella.errors import InputError
from terrella.segment.bundle import make_network, segmenter_of
from terrella.segment.compressing import compression, imitated, narrower, network_of
from terrella.segment.data.network_memory import forward_bytes
from terrella.segment.settings import NetworkSettings, SegmentSettings
from terrella.segment.use.predict import predict_section

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def full():
    settings = SegmentSettings(network=NetworkSettings(widths=(4, 8)))
    torch.manual_seed(0)
    tensors = make_network(settings, 2).state_dict()
    return Bundle("segment", tensors, {"dims": 2, "threshold": 0.5}, settings_text(settings), "")


def test_a_section_of_any_size_is_answered_as_by_torch(full):
    whole = segmenter_of(full)
    small = segmenter_of(as_onnx(compression, network_of(full), full, "onnx", lambda: None))
    for shape in ((16, 32), (7, 45)):
        samples = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        one, other = (each.logits(samples, np.ones(shape[0], np.float32)) for each in (whole, small))
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert (small.radius, small.multiple) == (whole.radius, whole.multiple)
    bytes_of = [forward_bytes(each.network, 2, each.multiple) for each in (small, whole)]
    assert bytes_of[0] == pytest.approx(bytes_of[1], rel=0.1)


def test_a_section_is_predicted_in_bfloat16_to_its_digits(full, tmp_path):
    zarr = pytest.importorskip("zarr")
    tensors = {name: value.bfloat16() for name, value in full.tensors.items()}
    save_bundle(tmp_path / "whole", full)
    save_bundle(tmp_path / "small", replace(full, tensors=tensors, form="bf16"))
    np.save(tmp_path / "section.npy", np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32))
    said = {}
    for name in ("whole", "small"):
        output = tmp_path / f"{name}.zarr"
        predict_section(tmp_path / "section.npy", str(tmp_path / name), output, print, interval=0.002)
        said[name] = next(iter(dict(zarr.open_group(output, mode="r").arrays()).values()))[:]
    assert 0 < np.abs(said["small"] - said["whole"]).max() < 0.02


def test_a_narrower_network_has_settings_that_make_it(full):
    network, bundle = narrower(network_of(full), full)
    again = segmenter_of(replace(bundle, tensors=network.state_dict()))
    assert again.settings.network.widths == (2, 4)
    x = torch.randn(1, 1, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(again.network(x), network.eval()(x))
    single = SegmentSettings(network=NetworkSettings(widths=(1, 2)))
    thin = replace(full, tensors=make_network(single, 2).state_dict(), settings=settings_text(single))
    with pytest.raises(InputError, match="too few to leave some out"):
        narrower(network_of(thin), thin)


def test_labels_of_the_full_network_are_what_it_says_at_its_threshold(full):
    logits = torch.tensor([[[[-1.0, 0.2, 2.0]]]])
    assert labels_of(logits, full) == [[[0, 1, 1]]]
    strict = replace(full, values={**full.values, "threshold": 0.8})
    assert labels_of(logits, strict) == [[[0, 0, 1]]]


def labels_of(logits, bundle):
    return imitated(lambda x: x, {"x": logits}, bundle)["y"].tolist()
