"""Opening labelled waveforms by any name."""

import numpy as np
import pytest
from feed_stores import make_events

from terrella.errors import InputError
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.data import open as opening
from terrella.pick.data.open import open_store
from terrella.pick.data.store_files import save_store


@pytest.fixture
def data_set(tmp_path):
    """Four traces at 50 Hz in SeisBench's format."""
    draw = np.random.default_rng(0)
    about = {"trace_sampling_rate_hz": 50.0, "trace_P_arrival_sample": 100, "split": "train"}
    traces = ((about, draw.normal(size=(3, 400)).astype(np.float32)) for _ in range(4))
    write_data_set(tmp_path / "mine", traces, {"component_order": "ZNE", "sampling_rate": 50.0})
    return tmp_path / "mine"


def test_a_data_set_is_brought_to_the_rate(data_set):
    store = open_store(str(data_set), 100.0)
    assert store.rate_hz == 100
    assert store.length.tolist() == [800] * 4
    assert store.picks.max() == 200


def test_a_large_data_set_is_made_into_a_store_once(data_set, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_IN_RAM", 100)
    monkeypatch.setenv("TERRELLA_CACHE", str(tmp_path / "cache"))
    said = []
    store = open_store(str(data_set), 100.0, said.append)
    assert isinstance(store.samples, np.memmap)
    (made,) = (tmp_path / "cache" / "stores").iterdir()
    assert str(made) in said[0]["message"]
    before = (made / "samples.npy").stat().st_mtime_ns
    np.testing.assert_array_equal(open_store(str(data_set)).samples, store.samples)
    assert (made / "samples.npy").stat().st_mtime_ns == before
    assert open_store(str(data_set), 20.0).length.tolist() == [160] * 4


def test_a_store_is_opened_as_it_is_and_at_no_other_rate(tmp_path):
    save_store(make_events(20), tmp_path / "store")
    assert open_store(str(tmp_path / "store")).picks.tolist() == make_events(20).picks.tolist()
    with pytest.raises(InputError, match="is a store of 100 Hz, not 50 Hz"):
        open_store(str(tmp_path / "store"), 50.0)


def test_a_synthetic_domain_is_made_with_so_many_traces():
    store = open_store("synthetic:local:12")
    assert len(store) == 12
    slow = open_store("synthetic:local:12", 20.0)
    assert slow.rate_hz == 20
    assert slow.samples.size == 3 * slow.length.sum()
    found = store.picks >= 0
    assert found.any()
    np.testing.assert_array_equal(slow.picks >= 0, found)
    np.testing.assert_allclose(slow.picks[found] / 20, store.picks[found] / 100, atol=0.03)
    # Far below the new rate's highest frequency, records stay as they were.
    one, other = store.trace(0)[0], slow.trace(0)[0]
    lowest = slice(0, len(other) // 8)
    np.testing.assert_allclose(
        np.fft.rfft(other)[lowest] * 5, np.fft.rfft(one)[lowest], atol=0.02 * abs(np.fft.rfft(one)).max()
    )
    with pytest.raises(InputError, match="the number of traces is 'many'"):
        open_store("synthetic:local:many")


def test_what_is_nowhere_is_refused(tmp_path):
    with pytest.raises(InputError):
        open_store(str(tmp_path / "none"))
