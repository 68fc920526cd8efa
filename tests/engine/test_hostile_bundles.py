"""Bundles from elsewhere: whatever is wrong in one is told in one line, before it predicts anything."""

import json
import shutil
import struct
import zlib
from pathlib import Path

import pytest
import torch
from torch import nn

from terrella.engine.settings import settings_text
from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.engine.use.checked import checked_network
from terrella.engine.use.find import RELEASED
from terrella.errors import InputError
from terrella.forecast.storage import from_bundle
from terrella.pick.bundle import load_picker_network, picker_values
from terrella.pick.networks import architecture
from terrella.pick.settings import PickSettings
from terrella.segment.bundle import load_segmenter, make_network
from terrella.segment.settings import SegmentSettings

NAN = float("nan")


BEFORE = Path(__file__).parents[1] / "data/before"


def changed(folder: Path, tensors=None, values=None, header=None, settings=None) -> Path:
    """Change a bundle as somebody could who writes its checksums anew."""
    held, about = read_tensors(folder / "model.safetensors")
    held = {**held, **(tensors(held) if tensors else {})}
    about["values"] = {**about["values"], **(values or {})}
    if settings:
        old, new = settings
        text = (folder / "settings.toml").read_text().replace(old, new)
        assert new in text
        (folder / "settings.toml").write_text(text)
        about["settings_crc32"] = f"{zlib.crc32(text.encode()):08x}"
    about = header(about) if header else about
    kept = {name: each for name, each in held.items() if each is not None}
    write_tensors(folder / "model.safetensors", kept, about)
    return folder


def refused(load, folder: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert folder.name in str(caught.value)


@pytest.fixture
def segmenter(tmp_path) -> Path:
    settings = SegmentSettings.model_validate({"network": {"widths": (4, 6), "normalisation": "batch"}})
    values = {"dims": 2, "threshold": 0.4}
    tensors = make_network(settings, 2).state_dict()
    save_bundle(tmp_path / "seg", Bundle("segment", tensors, values, settings_text(settings), ""))
    return tmp_path / "seg"


@pytest.fixture
def picker(tmp_path) -> Path:
    trained = architecture("phasenet")
    bundle = Bundle(
        "pick", trained.make().state_dict(), picker_values(trained), settings_text(PickSettings()), ""
    )
    save_bundle(tmp_path / "pick", bundle)
    return tmp_path / "pick"


@pytest.fixture
def forecast(tmp_path) -> Path:
    shutil.copytree(RELEASED / "forecast" / "italy", tmp_path / "fc")
    return tmp_path / "fc"


def forecast_models(folder: Path):
    return from_bundle(load_bundle(folder, "forecast"))


FIRST, COUNT = "down.0.0.weight", "down.0.1.num_batches_tracked"


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (lambda t: {FIRST: torch.zeros(3, 3)}, rf"{FIRST} has the shape \(3, 3\), expected \(4, 1, 3, 3\)"),
        (lambda t: {FIRST: t[FIRST].to(torch.int32)}, rf"{FIRST} holds int32, expected float32"),
        (lambda t: {FIRST: t[FIRST].double()}, rf"{FIRST} holds float64, expected float32"),
        (lambda t: {COUNT: t[COUNT].float()}, rf"{COUNT} holds float32, expected int64"),
        (lambda t: {FIRST: t[FIRST] * NAN}, rf"{FIRST} holds numbers that are not finite"),
        (lambda t: {FIRST: t[FIRST] / 0}, rf"{FIRST} holds numbers that are not finite"),
        (lambda t: {FIRST: None}, rf"lacks the tensor {FIRST}"),
        (lambda t: {"more": torch.zeros(2)}, "the tensor more is none of its network's"),
    ],
)
def test_a_tensor_that_the_network_does_not_take_is_named(segmenter, tensors, words):
    assert load_segmenter(segmenter).threshold == 0.4
    refused(load_segmenter, changed(segmenter, tensors), words)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dims": 7}, "the value dims: input should be 2 or 3"),
        ({"dims": "2"}, "the value dims"),
        ({"threshold": NAN}, "the value threshold: input should be a finite number"),
        ({"threshold": 1.5}, "the value threshold"),
        ({"threshold": None}, "the value threshold"),
    ],
)
def test_a_value_of_a_segmenter_that_is_none_is_named(segmenter, values, words):
    refused(load_segmenter, changed(segmenter, values=values), words)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (lambda h: [1, 2], "its header is no table"),
        (lambda h: {**h, "values": []}, "values in its header"),
        (lambda h: {**h, "values": {}}, "the value dims: field required"),
        (lambda h: {**h, "version": "1"}, "version in its header"),
        (lambda h: {"task": "segment", "values": {}}, "version in its header: field required"),
        (lambda h: {**h, "task": None}, "task in its header"),
    ],
)
def test_a_header_that_is_none_is_told(segmenter, header, words):
    refused(load_segmenter, changed(segmenter, header=header), words)


def test_sizes_that_no_memory_holds_are_compared_before_any_is_taken(segmenter):
    huge = changed(segmenter, settings=("    6,", "    40000000,"))
    refused(load_segmenter, huge, r"has the shape \(6\,?.*\), expected \(40000000")


def test_settings_that_make_no_network_are_refused(segmenter):
    none = changed(segmenter, settings=("[\n    4,\n    6,\n]", "[]"))
    refused(load_segmenter, none, "its settings make no network")


def test_settings_that_are_not_those_of_the_weights_are_refused(segmenter, picker, forecast, tmp_path):
    for load, folder in (
        (load_segmenter, segmenter),
        (load_picker_network, picker),
        (forecast_models, forecast),
    ):
        with (folder / "settings.toml").open("a") as file:
            file.write("# another line\n")
        refused(load, folder, r"settings\.toml is not the one that its weights were written with")
    # The first bundles have no checksum of their settings.
    first = shutil.copytree(BEFORE / "forecast/finished/model", tmp_path / "first")
    with (first / "settings.toml").open("a") as file:
        file.write("# another line\n")
    assert forecast_models(first).network is not None


def test_a_missing_value_that_a_command_asks_for_is_told(segmenter):
    with pytest.raises(InputError, match=r"seg lacks the value fingerprint; copy or train it again"):
        load_bundle(segmenter, "segment").values["fingerprint"]


def test_a_card_that_is_no_text_is_told(segmenter):
    (segmenter / "card.md").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="the bundle cannot be read"):
        load_segmenter(segmenter)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"network": "phasenot"}, "the value network"),
        ({"network": ["phasenet"]}, "the value network"),
        ({"architecture": {}}, "the value architecture.make: field required"),
        ({"architecture": {"make": {"evil": 1}}}, "make no network"),
        ({"architecture": {"make": {}, "window": "long"}}, "the value architecture.window"),
        ({"architecture": {"make": {}, "evil": 1}}, "the value architecture.evil"),
        ({"architecture": {"make": {}, "rate_hz": NAN}}, "the value architecture.rate_hz"),
        ({"architecture": {"make": {}, "rate_hz": -100.0}}, "rate_hz is -100.0"),
        ({"architecture": {"make": {}, "outputs": "PSN"}}, "the value architecture.outputs"),
    ],
)
def test_a_value_of_a_picker_that_is_none_is_named(picker, values, words):
    load_picker_network(picker)
    refused(load_picker_network, changed(picker, values=values), words)


def test_a_picker_with_weights_that_are_not_finite_is_refused(picker):
    held, _ = read_tensors(picker / "model.safetensors")
    name = next(iter(held))
    refused(load_picker_network, changed(picker, lambda t: {name: t[name] * NAN}), f"{name} holds numbers")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("grid.longitude_edges", lambda each: each.flip(0), r"grid\.longitude_edges does not rise"),
        ("grid.mask", lambda each: each.float(), r"grid\.mask holds float32, expected truth values"),
        ("grid.mask", lambda each: each & False, r"grid\.mask has no cell"),
        ("grid.mask", lambda each: each[1:], r"grid\.mask has the shape"),
        ("maps.background", lambda each: each.flatten()[:5], r"maps\.background has the shape \(5,\)"),
        ("maps.background", lambda each: each * NAN, r"maps\.background holds numbers that are not finite"),
        ("climatology.rate_per_day", lambda each: each[:-1], r"climatology\.rate_per_day has the shape"),
        ("persistence.floor_per_day", lambda each: None, r"lacks the tensor persistence\.floor_per_day"),
        ("background.weight", lambda each: each[:-1], r"background\.weight has the shape"),
        ("background.bandwidth_km", lambda each: 0 * each, r"background\.bandwidth_km is not positive"),
        ("network.head.bias", lambda each: each.int(), r"network: the tensor head\.bias holds int32"),
        ("network.feature_mean", lambda each: each[1:], r"network: the tensor feature_mean has the shape"),
    ],
)
def test_an_array_of_a_forecast_that_does_not_fit_is_named(forecast, name, change, words):
    refused(forecast_models, changed(forecast, lambda t: {name: change(t[name])}), words)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("etas", lambda each: {**each, "evil": 1}, "the value etas.evil"),
        ("etas", lambda each: {**each, "mu": NAN}, "the value etas.mu: input should be a finite number"),
        ("epoch", lambda each: "yesterday", "the value epoch"),
        ("min_magnitude", lambda each: str(each), "the value min_magnitude"),
        ("gains", lambda each: [{"value": 1.0}], "the value gains.0.low: field required"),
        ("calibrations", lambda each: {name: c[:1] for name, c in each.items()}, "of other horizons"),
        ("climatology", lambda each: {**each, "width": None}, "the value climatology.width"),
        ("region", lambda each: [1, 2], "the value region"),
    ],
)
def test_a_value_of_a_forecast_that_is_none_is_named(forecast, name, change, words):
    before = load_bundle(forecast, "forecast").values[name]
    refused(forecast_models, changed(forecast, values={name: change(before)}), words)


def test_the_same_bundle_is_the_same_bytes(segmenter, tmp_path):
    held, about = read_tensors(segmenter / "model.safetensors")
    write_tensors(tmp_path / "again.safetensors", held, about)
    content = (tmp_path / "again.safetensors").read_bytes()
    assert content == (segmenter / "model.safetensors").read_bytes()
    # Whatever a hash of this process says, the texts of the header are in order.
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    assert list(header["__metadata__"]) == ["crc32", "values"]


@pytest.mark.parametrize("name", ["cred", "eqtransformer", "gpd"])
def test_a_network_is_filled_whatever_it_computes_when_it_is_made(name):
    make = architecture(name).make
    weights = make().state_dict()
    filled = checked_network(make, weights, name)
    assert all(torch.equal(each, weights[name]) for name, each in filled.state_dict().items())
    assert not any(each.is_meta for each in [*filled.parameters(), *filled.buffers()])
    assert isinstance(filled, nn.Module)
    assert not filled.training
