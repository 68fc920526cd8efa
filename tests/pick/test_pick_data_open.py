"""Labelled waveforms by any of their names."""

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.data import open as opening
from terrella.pick.data.open import open_store
from terrella.pick.data.store import make_store


@pytest.fixture
def data_set(tmp_path):
    samples = np.random.default_rng(1).normal(size=(3, 400)).astype(np.float32)
    rows = [{"split": split, "trace_P_arrival_sample": 10.0} for split in ("train", "dev", "test")]
    write_data_set(
        tmp_path / "mine",
        [(row, samples) for row in rows],
        {"component_order": "ZNE", "sampling_rate": 100.0},
    )
    return tmp_path / "mine"


def test_a_data_set_and_its_store_are_the_same(data_set, tmp_path):
    make_store(data_set, tmp_path / "store")
    by_set, by_store = open_store(str(data_set)), open_store(str(tmp_path / "store"))
    np.testing.assert_array_equal(by_set.samples, by_store.samples)
    assert isinstance(by_store.samples, np.memmap)
    assert open_store(str(data_set), rate_hz=50.0).picks[:, 0].tolist() == [5, 5, 5]
    with pytest.raises(InputError, match="store of 100 Hz, not 50 Hz"):
        open_store(str(tmp_path / "store"), rate_hz=50.0)


def test_a_large_data_set_is_made_once_on_disk(data_set, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_IN_RAM", 0)
    monkeypatch.setenv("TERRELLA_CACHE", str(tmp_path / "cache"))
    first = open_store(str(data_set))
    assert isinstance(first.samples, np.memmap)
    (made,) = (tmp_path / "cache" / "stores").iterdir()
    before = (made / "samples.npy").stat().st_mtime_ns
    open_store(str(data_set))
    assert (made / "samples.npy").stat().st_mtime_ns == before
    open_store(str(data_set), rate_hz=20.0)
    assert len(list((tmp_path / "cache" / "stores").iterdir())) == 2
