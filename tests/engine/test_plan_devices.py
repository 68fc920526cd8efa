"""Devices that one may plan for, and the calibration of the machine at hand."""

import json
import os
from dataclasses import replace

import pytest
import torch

from terrella.engine.plan.devices import _shipped, find_device, this_machine
from terrella.engine.plan.time import calibrate
from terrella.engine.plan.time.calibrate import Calibration, calibration
from terrella.engine.plan.time.disk import _measured, data_rate
from terrella.errors import InputError

MINE = "flops = {float32 = 1e12, bfloat16 = 4e12}\nbandwidth = 1e11\nmemory = 8e9\ncompute_share = 0.5\n"
MEASURED = Calibration(
    calibrate._VERSION,
    "a processor",
    1,
    {"float32": 8e10, "bfloat16": 2e11, "float64": 4e10},
    {"float32": 6e10},
    2e10,
    3e-6,
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "terrella"


@pytest.fixture
def counted(monkeypatch):
    """Replace the measurement, and count how often it is done."""
    done = []

    def measure():
        done.append(1)
        return replace(MEASURED, copy_bandwidth=2e10 + len(done))

    monkeypatch.setattr(calibrate, "_measure", measure)
    return done


def test_every_shipped_device_is_complete_and_says_its_source():
    for name in _shipped():
        device = find_device(name)
        assert device.source != "the user's", name
        assert 0 < device.rate("bfloat16") <= device.flops["bfloat16"]
        assert device.memory >= 8e9
        assert device.link > 0
    assert {"rtx-5080", "rtx-4090", "rtx-3090", "a100-40", "a100-80", "h100", "h200", "v100"} <= set(
        _shipped()
    )
    assert {"tpu-v4", "tpu-v5e", "cpu-laptop"} <= set(_shipped())


@pytest.mark.parametrize(
    ("name", "precision", "peak", "bandwidth", "memory"),
    [
        ("a100-40", "bfloat16", 312e12, 1555e9, 40e9),
        ("H100", "float32", 67e12, 3350e9, 80e9),
        ("rtx 4090", "float32", 82.6e12, 1008e9, 24e9),
        ("tpu_v4", "bfloat16", 275e12, 1228e9, 32e9),
    ],
)
def test_peaks_are_those_of_the_data_sheets(name, precision, peak, bandwidth, memory):
    device = find_device(name)
    assert (device.flops[precision], device.bandwidth, device.memory) == (peak, bandwidth, memory)


def test_convolutions_use_tf32_on_a_gpu_and_products_do_not():
    device = find_device("a100-80")
    assert device.rate("float32", convolution=True) == 8 * device.rate("float32")


def test_an_unknown_device_names_the_nearest():
    with pytest.raises(InputError, match="did you mean rtx-5080"):
        find_device("rtx-5081")
    with pytest.raises(InputError, match=r"known are .*cpu-laptop"):
        find_device("abacus")


@pytest.mark.parametrize("head", ["", "[my-card]\n"])
def test_a_device_of_ones_own(tmp_path, head):
    path = tmp_path / "mine.toml"
    path.write_text(head + MINE)
    device = find_device(str(path))
    assert device.title == "mine"
    assert device.rate("bfloat16") == 2e12
    assert device.rate("float16") == 0.5e12  # unknown: as float32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flops = ", "cannot be read"),
        ("# für\n" + MINE, "is not utf-8: byte 0xfc in line 1"),
        (MINE.replace("bandwidth", "bandwith"), "bandwith: .*did you mean bandwidth"),
        (MINE.replace("8e9", '"much"'), "memory: .*got 'much'"),
        (MINE.replace("0.5", "1.5"), "compute_share: .*less than or equal to 1; got 1.5"),
        (MINE.replace("float32", "single"), "flops must hold float32"),
        (MINE.replace("4e12", "-4e12"), "be positive"),
        (MINE.replace("1e11", "inf"), "bandwidth: .*finite"),
    ],
)
def test_a_faulty_file_is_told_in_one_line(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=message) as raised:
        find_device(str(path))
    assert "mine.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_told():
    with pytest.raises(InputError, match=r"nowhere.toml is not there"):
        find_device("nowhere.toml")


def test_the_calibration_is_measured_once(cache, counted):
    first = calibration()
    assert calibration() == first
    assert len(counted) == 1
    assert calibration(refresh=True).copy_bandwidth == first.copy_bandwidth + 1
    assert calibration().copy_bandwidth == first.copy_bandwidth + 1
    assert [path.suffix for path in cache.iterdir()] == [".json"]


def test_another_number_of_threads_is_another_machine(cache, counted, monkeypatch):
    calibration()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    calibration()
    assert len(counted) == 2


@pytest.mark.parametrize("damage", ["{", "[]", "null", '{"version": 1}', "rates"])
def test_a_damaged_cache_is_measured_again(cache, counted, damage):
    calibration()
    (path,) = cache.iterdir()
    if damage == "rates":
        values = json.loads(path.read_text())
        damage = json.dumps(values | {"copy_bandwidth": 0.0})
    path.write_text(damage)
    assert calibration().processor == "a processor"
    assert len(counted) == 2
    calibration()
    assert len(counted) == 2


def test_without_a_cache_folder_it_is_measured_each_time(tmp_path, counted, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    calibration()
    calibration()
    assert len(counted) == 2


def test_this_machine_is_measured(cache):
    found = calibration()
    # Any processor of this century does more than 100 MFLOP/s and copies more than 100 MB/s.
    assert min(*found.product_flops.values(), found.copy_bandwidth) > 1e8
    assert found.convolution_flops.keys() == found.product_flops.keys()
    assert 1e-8 < found.call_s < 1e-2
    device = this_machine("cpu")
    assert device.at_hand
    assert device.rate("float32") == found.product_flops["float32"]
    assert device.rate("float32", convolution=True) == found.convolution_flops["float32"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_told(cache, counted):
    with pytest.raises(InputError, match="no CUDA device"):
        this_machine("cuda")


def test_reads_of_a_file_are_measured_whatever_its_size(tmp_path):
    path = tmp_path / "data"
    for size, block in ((10_000_001, 70_001), (5000, 4096), (3, 4096)):
        path.write_bytes(b"x" * size)
        assert _measured(path, block) > 0


def test_the_rate_of_data_is_that_of_their_own_file_and_measured_once(tmp_path, cache, monkeypatch):
    (tmp_path / "store" / "inner").mkdir(parents=True)
    (tmp_path / "store" / "small.csv").write_bytes(b"x" * 5000)
    # Nothing to tell by.
    assert data_rate(tmp_path / "store", 40_000) is None
    assert data_rate(tmp_path / "nowhere", 40_000) is None
    large = tmp_path / "store" / "inner" / "samples.npy"
    large.write_bytes(os.urandom(1 << 20) * 8)
    blocks = []

    def measured(path, block):
        blocks.append((path, block))
        return 123e6

    monkeypatch.setattr("terrella.engine.plan.time.disk._measured", measured)
    # A folder, its large file, and a like block: measured once.
    assert [data_rate(*each) for each in ((tmp_path / "store", 40_000), (large, 36_000))] == [123e6, 123e6]
    assert blocks == [(large, 65_536)]
    assert data_rate(large, 70_000) == 123e6
    assert blocks[1:] == [(large, 131_072)]
    for kept in cache.glob("disk-*"):
        kept.write_text("{")
    assert data_rate(large, 70_000) == 123e6
    assert len(blocks) == 3
