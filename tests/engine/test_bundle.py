"""Bundles of trained models, and the device they run on."""

from pathlib import Path

import pytest
import torch

from terrella.engine.device import choose_device
from terrella.engine.use.bundle import VERSION, Bundle, load_bundle, save_bundle
from terrella.errors import InputError, TerrellaError

BUNDLE = Bundle(
    task="forecast",
    tensors={"weight": torch.arange(6.0).reshape(2, 3), "mask": torch.tensor([True, False])},
    values={"etas": {"mu": 0.1}, "gains": [0.5, None]},
    settings="[fit]\nepochs = 3\n",
    card="# A card\n",
)


@pytest.fixture
def folder(tmp_path) -> Path:
    save_bundle(tmp_path / "run" / "model", BUNDLE)
    return tmp_path / "run" / "model"


def same(one: Bundle, other: Bundle) -> bool:
    tensors = one.tensors.keys() == other.tensors.keys() and all(
        torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors
    )
    return tensors and (one.task, one.values, one.settings, one.card) == (
        other.task,
        other.values,
        other.settings,
        other.card,
    )


def test_a_bundle_is_read_back_from_its_folder_its_run_or_its_name(folder, tmp_path, monkeypatch):
    assert same(load_bundle(folder, "forecast"), BUNDLE)
    assert same(load_bundle(folder.parent, "forecast"), BUNDLE)
    save_bundle(tmp_path / "runs" / "forecast" / "demo" / "model", BUNDLE)
    monkeypatch.chdir(tmp_path)
    assert same(load_bundle(Path("demo"), "forecast"), BUNDLE)
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "model.safetensors", "settings.toml"]


def test_saving_again_replaces_it(folder):
    other = Bundle("forecast", {"new": torch.zeros(1)}, {}, "", "")
    save_bundle(folder, other)
    assert same(load_bundle(folder, "forecast"), other)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_bundle_that_cannot_be_written_leaves_the_earlier_one(folder, monkeypatch):
    def no_space(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("terrella.engine.use.bundle.write_tensors", no_space)
    with pytest.raises(TerrellaError, match="No space left"):
        save_bundle(folder, Bundle("forecast", {}, {}, "", ""))
    assert same(load_bundle(folder, "forecast"), BUNDLE)


def test_missing_parts_are_named(folder, tmp_path):
    with pytest.raises(InputError, match=r"bundle .*none is not there"):
        load_bundle(tmp_path / "none", "forecast")
    with pytest.raises(InputError, match=r"model\.safetensors and settings\.toml missing"):
        load_bundle(tmp_path, "forecast")
    (folder / "settings.toml").unlink()
    with pytest.raises(InputError, match=r"is no bundle: settings\.toml missing"):
        load_bundle(folder, "forecast")


def test_a_damaged_bundle_is_told(folder):
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors is damaged .*; copy or train it again"):
        load_bundle(folder, "forecast")


def test_another_task_or_a_newer_version_is_refused(folder, monkeypatch):
    with pytest.raises(InputError, match="is a bundle of the task 'forecast', not of 'pick'"):
        load_bundle(folder, "pick")
    monkeypatch.setattr("terrella.engine.use.bundle.VERSION", VERSION - 1)
    with pytest.raises(InputError, match=r"was written by a newer Terrella .*; update Terrella"):
        load_bundle(folder, "forecast")


def test_devices_by_name():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", ""])
def test_a_device_that_is_not_there_is_told_in_one_line(name):
    with pytest.raises(InputError, match=r"cannot be used here \(.+\); choose auto, cpu or cuda") as caught:
        choose_device(name)
    assert "\n" not in str(caught.value)
