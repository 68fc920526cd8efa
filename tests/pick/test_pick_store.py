"""From SeisBench data sets to stores: components, rates, picks, oddities, files."""

import json
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from terrella.errors import InputError
from terrella.formats.waveforms.components import component_places
from terrella.formats.waveforms.resampling import resampled
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.data.store import make_store
from terrella.pick.data.store_files import load_store, save_store


def noise(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def written(folder, traces, order="ZNE", rate_hz=100.0, **columns):
    """Write a data set of these traces, all in the training split unless the columns say otherwise."""
    columns = {"split": ["train"] * len(traces), **columns}
    rows = [{key: values[i] for key, values in columns.items()} for i in range(len(traces))]
    write_data_set(
        folder, zip(rows, traces, strict=True), {"component_order": order, "sampling_rate": rate_hz}
    )
    return folder


def lines_of(folder, **options):
    """Make a store and return it with the lines on what was found."""
    events = []
    store = make_store(folder, report=events.append, **options)
    return store, [event["message"] for event in events if event["kind"] == "message"]


def test_a_plain_data_set_goes_in_unchanged(tmp_path):
    traces = [noise(3, n, seed=n) for n in (40, 50, 40, 61)]
    picks = [10, np.nan, 12.5, 60]
    store, lines = lines_of(
        written(tmp_path / "x", traces, trace_P_arrival_sample=picks, split=["train", "dev", "test", "dev"])
    )
    assert lines == []
    assert store.name == "x"
    for i, trace in enumerate(traces):
        np.testing.assert_array_equal(store.trace(i), trace)
    assert store.phases == ("P",)
    assert store.picks[:, 0].tolist() == [10, -1, 12, 60]
    assert store.split.tolist() == ["train", "dev", "test", "dev"]
    assert store.offset.tolist() == [0, 120, 270, 390]


@settings(max_examples=40, deadline=None)
@given(
    st.permutations("ZNE"), st.sampled_from(["ZNE", "Z12", "3NE", "ZRT", "Z1E"]), st.integers(1, 3), st.data()
)
def test_components_find_their_places(tmp_path_factory, permutation, names, count, data):
    """Any order, any names of the horizontals, any of them missing."""
    order = [names["ZNE".index(letter)] for letter in permutation][:count]
    order.insert(data.draw(st.integers(0, count)), "H")
    samples = noise(count + 1, 12)
    folder = written(tmp_path_factory.mktemp("x"), [samples], "".join(order))
    store, lines = lines_of(folder)
    assert lines == [
        f"{folder.name}: 1 traces have components H that are left out: bucket0$0,:{count + 1},:12"
    ]
    for slot, letter in enumerate(names):
        want = samples[order.index(letter)] if letter in order else np.zeros(12)
        np.testing.assert_array_equal(store.trace(0)[slot], want)
        assert store.recorded[0, slot] == (letter in order)


def test_north_goes_before_one_and_unknown_components_are_refused(tmp_path):
    assert component_places("1ZN2", "x") == {0: 1, 1: 2, 2: 3}
    with pytest.raises(InputError, match="order 'UVW' names no component that is known"):
        make_store(written(tmp_path, [noise(3, 9)], "UVW"))


def test_orders_of_single_traces(tmp_path):
    traces = [noise(1, 20), noise(2, 20), noise(3, 20)]
    orders = ["Z", "EN", "ENZ"]
    store = make_store(written(tmp_path, traces, trace_component_order=orders))
    assert store.recorded.tolist() == [[True, False, False], [False, True, True], [True, True, True]]
    np.testing.assert_array_equal(store.trace(0)[0], traces[0][0])
    np.testing.assert_array_equal(store.trace(1)[1:], traces[1][::-1])
    np.testing.assert_array_equal(store.trace(2), traces[2][::-1])


@pytest.mark.parametrize("from_hz", [20.0, 40.0, 50.0, 62.5, 120.0, 200.0, 500.0])
def test_resampling_keeps_a_slow_wave_and_its_times(tmp_path, from_hz):
    """A 3 Hz wave under an offset is the same function of time at any rate; the pick stays at its time."""
    seconds = 40.0

    def wave(rate_hz):
        t = np.arange(int(seconds * rate_hz)) / rate_hz
        return 1e4 + np.sin(2 * np.pi * 3 * t) * np.exp(-(((t - 20) / 6) ** 2))

    picks = [20 * from_hz]
    folder = written(
        tmp_path,
        [np.stack([wave(from_hz)] * 3).astype(np.float32)],
        "ZNE",
        from_hz,
        trace_S_arrival_sample=picks,
    )
    store = make_store(folder)
    assert store.picks.tolist() == [[2000]]
    assert store.length.tolist() == [4000]
    np.testing.assert_allclose(store.trace(0)[1], wave(100.0), atol=0.004)


def test_resampling_to_a_lower_rate_lets_nothing_alias(tmp_path):
    t = np.arange(6000) / 100
    fast = np.sin(2 * np.pi * 43 * t) * np.exp(-(((t - 30) / 8) ** 2))  # 43 Hz would become 3 Hz
    store = make_store(written(tmp_path, [np.stack([fast] * 3).astype(np.float32)]), rate_hz=20.0)
    assert store.rate_hz == 20
    assert np.abs(store.trace(0)).max() < 2e-3


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(1, 2), (2, 1), (5, 2), (2, 5), (8, 5), (1, 5), (5, 1)]),
    st.integers(0, 60),
    st.integers(60, 500),
)
def test_resampling_is_even_and_keeps_lines(ratio, place, n):
    """A pulse stays where it was, equally sharp to both sides; a line stays a line, to its ends."""
    ratio, pulse = Fraction(*ratio), np.zeros((1, 121), np.float32)
    pulse[0, 60] = 1
    out = resampled(np.tile(pulse, (2, 1)), ratio)[1]
    if (60 * ratio).denominator == 1:
        at = int(60 * ratio)
        assert out.argmax() == at
        side = min(at, len(out) - 1 - at)
        np.testing.assert_allclose(out[at - side : at + 1], out[at : at + side + 1][::-1], atol=1e-5)
    line = (1e6 + 3 * place * np.arange(n)).astype(np.float32)[None]
    got = resampled(line, ratio)
    assert got.shape[1] == -(-n * ratio.numerator // ratio.denominator)
    np.testing.assert_allclose(got[0], 1e6 + 3 * place * np.arange(got.shape[1]) / float(ratio), rtol=1e-6)


def test_resampling_equals_scipys_polyphase_filter_below_the_edge():
    slow = resample_poly(noise(4, 300), 4, 1, axis=1)[:, 100:-100]  # up to 12.5 of 100 Hz
    got = resampled(slow.astype(np.float32), Fraction(2, 5))
    np.testing.assert_allclose(got[:, 30:-30], resample_poly(slow, 2, 5, axis=1)[:, 30:-30], atol=0.01)


def test_rates_of_single_traces(tmp_path):
    rates = [100.0, 50.0, 200.0]
    traces = [noise(3, int(rate)) for rate in rates]
    folder = written(tmp_path, traces, trace_sampling_rate_hz=rates, trace_P_arrival_sample=[50.0, 25, 100])
    store = make_store(folder)
    assert store.length.tolist() == [100, 100, 100]
    assert store.picks[:, 0].tolist() == [50, 50, 50]
    np.testing.assert_array_equal(store.trace(0), traces[0])


def test_a_rate_of_no_small_ratio_is_refused(tmp_path):
    with pytest.raises(InputError, match="no ratio of small whole numbers"):
        make_store(written(tmp_path, [noise(3, 90_000)], rate_hz=99.93137))
    # A clock that is a little off moves nothing by a tenth of a sample.
    assert make_store(written(tmp_path, [noise(3, 900)], rate_hz=100.00001)).length.tolist() == [900]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(-200, 200).map(lambda v: round(v, 3)), st.floats(), st.integers(-400, 400)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([20.0, 100.0, 250.0]),
    st.sampled_from([50.0, 100.0]),
)
def test_picks_are_whole_samples_of_their_trace_or_missing(tmp_path_factory, values, from_hz, rate_hz):
    folder = written(
        tmp_path_factory.mktemp("x"),
        [noise(3, 60)] * len(values),
        "ZNE",
        from_hz,
        trace_P_arrival_sample=values,
    )
    store, lines = lines_of(folder, rate_hz=rate_hz)
    values = [float(value) for value in values]
    expected = [-1 if np.isnan(v) else v * (rate_hz / from_hz) for v in values]
    inside = [0 <= np.rint(v) < store.length[0] for v in expected]
    if store.picks.shape[1]:
        assert store.picks[:, 0].tolist() == [
            int(np.rint(v)) if i else -1 for v, i in zip(expected, inside, strict=True)
        ]
    outside = sum(not i and not np.isnan(v) for i, v in zip(inside, values, strict=True))
    assert sum("picks lie outside" in line for line in lines) == (outside > 0)


def test_oddities_are_said_and_the_rest_is_kept(tmp_path):
    traces = [noise(3, 50, seed=i) for i in range(6)]
    traces[1][2, 10:14] = [np.nan, np.inf, -np.inf, np.nan]
    traces[2][:] = 7
    traces[3] = np.zeros((3, 0), np.float32)
    traces[4][1:] = 0
    split = ["train", "test", "dev", "train", "train", "fold3"]
    category = ["noise", None, "earthquake", "Noise", "noise", "earthquake"]
    folder = written(
        tmp_path / "odd",
        traces,
        split=split,
        trace_category=category,
        trace_P_arrival_sample=[5, 5, 51, np.nan, np.nan, 5],
    )
    store, lines = lines_of(folder)
    assert store.noise.tolist() == [False, False, False, True, True, False]
    assert store.split.tolist() == ["train", "test", "dev", "train", "train", ""]
    assert store.recorded[4].tolist() == [True, False, False]
    want = np.nan_to_num(traces[1], nan=0, posinf=0, neginf=0)
    np.testing.assert_array_equal(store.trace(1), want)
    assert [line.split(":")[1].strip() for line in lines] == [
        "1 picks lie outside their trace and are taken for missing",
        "1 traces are of none of the splits train, dev and test",
        "1 traces are called noise and have picks; they are not used as noise",
        "1 traces do not vary",
        "1 traces have NaN or infinite samples, which become zero",
        "1 traces have no samples",
    ]
    assert "(4 of 150)" in lines[4]


def test_traces_called_nothing_are_noise_without_pick_and_source(tmp_path):
    folder = written(
        tmp_path, [noise(3, 50)] * 3, trace_P_arrival_sample=[5, np.nan, np.nan], source_id=["a", "b", None]
    )
    assert make_store(folder).noise.tolist() == [False, False, True]


def test_values_beyond_single_precision_are_not_finite(tmp_path):
    trace = np.ones((3, 10))
    trace[0, 4] = 1e300
    store, lines = lines_of(written(tmp_path, [trace]))
    assert "NaN or infinite" in lines[0]
    assert np.isfinite(store.samples).all()


def test_no_split_is_refused(tmp_path):
    folder = tmp_path / "x"
    write_data_set(folder, [({}, noise(3, 9))], {"component_order": "ZNE", "sampling_rate": 100.0})
    with pytest.raises(InputError, match="no column split"):
        make_store(folder)
    with pytest.raises(InputError, match="no trace has a split"):
        make_store(written(tmp_path / "y", [noise(3, 9)], split=["a"]))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_on_disk_is_as_in_ram(tmp_path, dtype):
    traces = [noise(3, n, seed=n) * 1e6 for n in (200, 150)]
    many = {f"path_{i}": [f"{i}", "x"] for i in range(130)}
    folder = written(tmp_path / "x", traces, trace_S_arrival_sample=[1, 3], mixed=["a", 1], **many)
    in_ram, on_disk = make_store(folder, dtype=dtype), make_store(folder, tmp_path / "store", dtype=dtype)
    assert isinstance(on_disk.samples, np.memmap)
    assert on_disk.samples.dtype == in_ram.samples.dtype == dtype
    for name in ("samples", "offset", "length", "recorded", "picks", "split", "noise"):
        np.testing.assert_array_equal(getattr(on_disk, name), getattr(in_ram, name))
    assert on_disk.phases == in_ram.phases
    assert on_disk.table["trace_name"].tolist() == in_ram.table["trace_name"].tolist()
    assert not isinstance(load_store(tmp_path / "store", in_ram=True).samples, np.memmap)


def test_half_precision_keeps_the_shape_of_each_trace(tmp_path):
    """Large counts on a large offset: nothing overflows, and 11 bits are left for each sample."""
    traces = [1e6 + 1e5 * noise(3, 500, seed=s) for s in range(4)]
    store = make_store(written(tmp_path, traces), dtype="float16")
    for i, trace in enumerate(traces):
        back = store.trace(i) * store.table["trace_store_scale"][i]
        centred = trace - trace.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(back, centred, atol=np.abs(centred).max() * 2.0**-11)


def test_a_store_is_made_once(tmp_path):
    folder, output = written(tmp_path / "x", [noise(3, 50)]), tmp_path / "store"
    make_store(folder, output)
    first = (output / "samples.npy").stat().st_mtime_ns
    make_store(folder, output)
    assert (output / "samples.npy").stat().st_mtime_ns == first
    make_store(folder, output, rate_hz=50.0)
    assert load_store(output).rate_hz == 50
    written(folder, [noise(3, 60)])
    assert make_store(folder, output, rate_hz=50.0).length.tolist() == [30]
    assert sorted(p.name for p in output.iterdir()) == [
        "samples.npy",
        "store.json",
        "table.parquet",
        "traces.npz",
    ]


def test_who_comes_second_waits_and_finds_it_made(tmp_path):
    """As when pieces of a comparison start at once: one converts, the others open what it has made."""
    folder, events = written(tmp_path / "x", [noise(3, 50)] * 4), []
    both = threading.Barrier(2)

    def report(event):
        if event["kind"] == "progress":
            # The first to come here has the claim; it goes on once the second has said that it waits.
            both.wait(10)
        elif "waiting" in event["message"]:
            both.wait(10)
        events.append(event["kind"])

    with ThreadPoolExecutor(2) as pool:
        stores = list(pool.map(lambda _: make_store(folder, tmp_path / "store", report=report), range(2)))
    assert sorted(events) == ["message", "progress"]
    np.testing.assert_array_equal(stores[0].samples, stores[1].samples)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "x"]


def test_a_folder_of_something_else_stays(tmp_path):
    folder = written(tmp_path / "x", [noise(3, 50)])
    with pytest.raises(InputError, match="holds no store"):
        make_store(folder, folder)
    assert sorted(p.name for p in folder.iterdir()) == ["metadata.csv", "waveforms.hdf5"]
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_store_from_ram_is_saved_and_damage_is_said(tmp_path):
    store = make_store(written(tmp_path / "x", [noise(3, 50)] * 2, trace_P_arrival_sample=[1, np.nan]))
    save_store(store, tmp_path / "store")
    again = load_store(tmp_path / "store")
    np.testing.assert_array_equal(again.samples, store.samples)
    assert again.picks.tolist() == [[1], [-1]]
    whole = (tmp_path / "store" / "samples.npy").read_bytes()
    (tmp_path / "store" / "samples.npy").write_bytes(whole[:200])
    with pytest.raises(InputError, match="damaged store"):
        load_store(tmp_path / "store")
    (tmp_path / "store" / "samples.npy").unlink()
    with pytest.raises(InputError, match=r"samples\.npy is missing"):
        load_store(tmp_path / "store")


def test_memory_does_not_grow_with_the_data(tmp_path):
    """72 MB of samples in one block go to the disk through a few slabs."""
    folder = written(tmp_path / "x", [noise(3, 2000)] * 3000)
    tracemalloc.start()
    try:
        make_store(folder, tmp_path / "store")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "store" / "samples.npy").stat().st_size > 72e6
    assert peak < 48e6


def test_real_traces(shared_data, tmp_path):
    store, lines = lines_of(shared_data / "pick" / "northern_california_local", output=tmp_path / "store")
    assert lines == []
    assert (len(store), store.phases, store.recorded.sum(axis=0).tolist()) == (103, ("P", "S"), [103, 83, 83])
    assert (store.picks[:, 0] == 3000).all()
    assert np.isin(store.split, ("train", "dev", "test")).all()
    store, lines = lines_of(shared_data / "pick" / "norsar_regional")
    assert store.length.tolist() == [54_000] * 82
    assert len(lines) == 1
    assert "(2,400 of 64,800)" in lines[0]
    assert np.isfinite(store.samples).all()
    assert json.dumps(store.phases) == '["P", "Pb", "Pg", "Pn", "S", "Sb", "Sg", "Sn"]'


def test_several_data_sets_make_one_store(tmp_path):
    """As for INSTANCE, whose noise is a data set of its own, in another type and with other columns."""
    events = written(
        tmp_path / "events", [noise(3, 40)] * 2, trace_P_arrival_sample=[1, 2], source_id=["a", "b"]
    )
    quiet = written(tmp_path / "quiet", [(1000 * noise(3, 20, seed=2)).astype(np.int32)] * 3, "ENZ", 50.0)
    store = make_store([events, quiet], tmp_path / "store", name="both")
    assert store.name == "both"
    assert store.picks[:, 0].tolist() == [1, 2, -1, -1, -1]
    assert store.noise.tolist() == [False, False, True, True, True]
    assert store.length.tolist() == [40] * 5
    alone = make_store(quiet)
    np.testing.assert_array_equal(store.trace(4), alone.trace(2))
    assert alone.phases == ()
    assert alone.picks.shape == (3, 0)
