"""SeisBench's data set format, beside SeisBench itself and with data sets bent in every way."""

import sys
import warnings

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from terrella.errors import InputError
from terrella.formats.waveforms.seisbench import read_data_set, read_slabs
from terrella.formats.waveforms.seisbench_table import pick_samples
from terrella.formats.waveforms.seisbench_write import write_data_set

# SeisBench uses parts of pandas that are on their way out.
beside_seisbench = pytest.mark.filterwarnings("ignore")
FORMAT = {"component_order": "ZNE", "sampling_rate": 100.0, "dimension_order": "CW"}


@pytest.fixture(scope="module")
def seisbench(tmp_path_factory):
    pytest.importorskip("seisbench", reason="SeisBench is a peer in tests alone")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path_factory.mktemp("cache")))
        import seisbench.data

        seisbench.logger.setLevel("ERROR")
        yield sys.modules["seisbench"].data


def all_traces(data_set, **options):
    """Return each trace's samples in the order of the metadata."""
    out = [None] * len(data_set)
    for slab in read_slabs(data_set, **options):
        for k, row in enumerate(slab.row):
            assert out[row] is None
            out[row] = slab.trace(k)
    return out


def made(folder, traces, data_format=FORMAT, **columns):
    """Write traces with our writer, with columns of metadata."""
    rows = [{key: values[i] for key, values in columns.items()} for i in range(len(traces))]
    write_data_set(folder, zip(rows, traces, strict=True), data_format)
    return folder


def by_hand(folder, arrays, names, data_format=FORMAT, **columns):
    """Write the two files as given, without our writer."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        for name, array in arrays.items():
            file[f"data/{name}"] = array
        for name, value in data_format.items():
            file[f"data_format/{name}"] = value
    pd.DataFrame({"trace_name": names, **columns}).to_csv(folder / "metadata.csv", index=False)
    return folder


def attempted(folder):
    """Return the traces of a data set and no error, or none and the error."""
    try:
        return all_traces(read_data_set(folder)), None
    except InputError as error:
        return [], error


def noise(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


shapes = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    shapes, st.integers(1, 5), st.sampled_from(["<f4", "<f8", "<i4", "<i2"]), st.integers(1, 300), st.data()
)
def test_what_is_written_is_read(tmp_path_factory, shapes, block_traces, dtype, slab_bytes, data):
    folder = tmp_path_factory.mktemp("set")
    traces = [data.draw(npst.arrays(dtype, shape)) for shape in shapes]
    rows = [
        {"trace_name": f"t{i}", "trace_component_order": "ZNEH"[: len(t)], "station_network_code": "NA"}
        for i, t in enumerate(traces)
    ]
    n = write_data_set(folder, zip(rows, traces, strict=True), {"sampling_rate": 50.0}, "", block_traces)
    data_set = read_data_set(folder)
    assert n == len(data_set) == len(traces)
    assert data_set.metadata["trace_name_original"].tolist() == [row["trace_name"] for row in rows]
    assert set(data_set.metadata["station_network_code"]) == {"NA"}
    assert data_set.n_samples.tolist() == [t.shape[1] for t in traces]
    for got, want in zip(all_traces(data_set, slab_bytes=slab_bytes), traces, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


@beside_seisbench
def test_seisbench_reads_what_we_write(tmp_path, seisbench):
    traces = [noise(3, n, seed=n) for n in (50, 70, 50, 50, 61)]
    columns = {
        "split": ["train", "dev", "test", "train", "train"],
        "trace_P_arrival_sample": [10.0, np.nan, 12.25, 3, 0],
        "station_code": ["A", "B", "C", "D", "E"],
    }
    made(tmp_path, traces, **columns)
    theirs = seisbench.WaveformDataset(tmp_path, component_order="ZNE")
    assert len(theirs) == 5
    for i, trace in enumerate(traces):
        samples, about = theirs.get_sample(i)
        np.testing.assert_array_equal(samples, trace)
        assert about["split"] == columns["split"][i]
        np.testing.assert_equal(about["trace_P_arrival_sample"], columns["trace_P_arrival_sample"][i])
        assert about["trace_sampling_rate_hz"] == 100


@beside_seisbench
def test_we_read_what_seisbench_writes(tmp_path, seisbench):
    traces = [noise(3, n, seed=n) for n in (150, 170, 150, 155, 611)]
    with seisbench.WaveformDataWriter(tmp_path / "metadata.csv", tmp_path / "waveforms.hdf5") as writer:
        writer.data_format = {**FORMAT, "component_order": "ENZ"}
        for i, trace in enumerate(traces):
            writer.add_trace({"trace_name": f"x{i}", "trace_p_arrival_sample": i, "split": "train"}, trace)
    ours, theirs = read_data_set(tmp_path), seisbench.WaveformDataset(tmp_path, component_order="ENZ")
    for got, want in zip(all_traces(ours), traces, strict=True):
        np.testing.assert_array_equal(got, want)
    assert ours.metadata["trace_name"].tolist() == theirs.metadata["trace_name"].tolist()
    assert set(ours.metadata["trace_component_order"]) == {"ENZ"}
    phases, picks = pick_samples(ours.metadata, tmp_path)
    assert phases == ("P",)
    assert picks[:, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["northern_california_local", "norsar_regional"])
@beside_seisbench
def test_real_data_equal_seisbench(shared_data, seisbench, name):
    folder = shared_data / "pick" / name
    ours, theirs = read_data_set(folder), seisbench.WaveformDataset(folder, component_order="ZNE")
    traces = all_traces(ours, slab_bytes=1 << 20)
    for i in range(0, len(ours), 7):
        np.testing.assert_array_equal(traces[i], theirs.get_sample(i)[0])
    for column in theirs.metadata:
        if column not in ("index", "trace_component_order"):
            assert (
                ours.metadata[column].tolist() == pytest.approx(theirs.metadata[column].tolist(), nan_ok=True)
                if (theirs.metadata[column].dtype.kind == "f")
                else ours.metadata[column].dropna().tolist() == theirs.metadata[column].dropna().tolist()
            )


@pytest.mark.parametrize("order", ["CW", "WC", "NCW", "NWC"])
def test_dimension_orders(tmp_path, order):
    block = noise(4, 3, 20)
    stored = block if "CW" in order else block.transpose(0, 2, 1)
    sizes = ":3,:17" if "CW" in order else ":17,:3"
    by_hand(
        tmp_path, {"b": stored}, [f"b${i},{sizes}" for i in range(4)], {**FORMAT, "dimension_order": order}
    )
    for got, want in zip(all_traces(read_data_set(tmp_path)), block[:, :, :17], strict=True):
        np.testing.assert_array_equal(got, want)


@beside_seisbench
def test_locations_follow_numpy(tmp_path, seisbench):
    locations = ["0,:,:", "-1,:3,2:7", " 2, :, :-5", "1", "1,:3", "3,:,4:"]
    by_hand(tmp_path, {"b": noise(4, 3, 20)}, [f"b${one}" for one in locations])
    theirs = seisbench.WaveformDataset(tmp_path, component_order="ZNE")
    for i, got in enumerate(all_traces(read_data_set(tmp_path))):
        np.testing.assert_array_equal(got, theirs.get_sample(i)[0])


def test_traces_without_blocks_and_in_groups(tmp_path):
    arrays = {"one": noise(3, 10), "event/two": noise(3, 12), "three": noise(3, 9)}
    by_hand(tmp_path, arrays, ["three", "one", "event/two", "one$:3,2:5"])
    wanted = [arrays["three"], arrays["one"], arrays["event/two"], arrays["one"][:, 2:5]]
    for got, want in zip(all_traces(read_data_set(tmp_path)), wanted, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("place", ["data/one", "data", "data_format", "data_format/dimension_order"])
def test_arrays_that_lie_in_other_files_are_refused(tmp_path, place):
    other = by_hand(tmp_path / "other", {"one": noise(3, 10)}, ["one"])
    by_hand(tmp_path / "set", {"one": noise(3, 10)}, ["one"])
    with h5py.File(tmp_path / "set" / "waveforms.hdf5", "a") as file:
        del file[place]
        file[place] = h5py.ExternalLink(str(other / "waveforms.hdf5"), f"/{place}")
    with pytest.raises(InputError, match=rf"waveforms\.hdf5: /{place} lies in another file"):
        read_data_set(tmp_path / "set")


def test_an_array_whose_bytes_lie_in_another_file_is_refused(tmp_path):
    by_hand(tmp_path, {"one": noise(3, 10)}, ["one"])
    noise(3, 10).tofile(tmp_path / "raw.bin")
    with h5py.File(tmp_path / "waveforms.hdf5", "a") as file:
        del file["data/one"]
        file["data"].create_dataset("one", (3, 10), "<f4", external=[(str(tmp_path / "raw.bin"), 0, 120)])
    with pytest.raises(InputError, match="/data/one lies in another file"):
        read_data_set(tmp_path)


@pytest.mark.parametrize("listed", [True, False])
@beside_seisbench
def test_chunks(tmp_path, seisbench, listed):
    for chunk, seed in (("_b", 2), ("_a", 1)):
        write_data_set(tmp_path, [({"trace_name": chunk}, noise(3, 30, seed=seed))] * 2, FORMAT, chunk)
    if not listed:
        (tmp_path / "chunks").unlink()
    ours = read_data_set(tmp_path)
    theirs = seisbench.WaveformDataset(tmp_path, component_order="ZNE")
    assert (
        ours.metadata["trace_chunk"].tolist()
        == theirs.metadata["trace_chunk"].tolist()
        == ["_a"] * 2 + ["_b"] * 2
    )
    for i, got in enumerate(all_traces(ours)):
        np.testing.assert_array_equal(got, theirs.get_sample(i)[0])


def test_rows_are_read_in_few_slabs_and_only_where_asked(tmp_path):
    by_hand(tmp_path, {"b": noise(100, 3, 10)}, [f"b${i},:3,:10" for i in range(100)])
    data_set = read_data_set(tmp_path)
    slabs = list(read_slabs(data_set, np.array([7, 3, 99]), slab_bytes=10 * 120))
    assert [slab.row.tolist() for slab in slabs] == [[3, 7], [99]]
    assert len(list(read_slabs(data_set))) == 1


@pytest.mark.parametrize(
    ("columns", "common", "rates"),
    [
        ({"trace_sampling_rate_hz": [20, 40]}, {}, [20, 40]),
        ({"trace_dt_s": [0.05, 0.01]}, {}, [20, 100]),
        ({"trace_sampling_rate_hz": [np.nan, 40], "trace_dt_s": [0.1, 1]}, {}, [10, 40]),
        ({"trace_sampling_rate_hz": [np.nan, 40]}, {"sampling_rate": 200}, [200, 40]),
        ({}, {"sampling_rate": 50}, [50, 50]),
    ],
)
def test_sampling_rates(tmp_path, columns, common, rates):
    by_hand(
        tmp_path,
        {"b": noise(2, 3, 5)},
        ["b$0,:3,:5", "b$1,:3,:5"],
        {"component_order": "ZNE", **common},
        **columns,
    )
    assert read_data_set(tmp_path).metadata["trace_sampling_rate_hz"].tolist() == pytest.approx(rates)


def test_older_pick_columns_and_doubled_ones(tmp_path):
    columns = {
        "trace_p_arrival_sample": [1, 2, 3],
        "trace_P_arrival_sample": [np.nan, 20.5, np.nan],
        "trace_s_arrival_sample": [np.nan, np.nan, 9.0],
        "trace_Pn_arrival_sample": [np.nan] * 3,
    }
    by_hand(tmp_path, {"b": noise(3, 3, 5)}, [f"b${i},:3,:5" for i in range(3)], **columns)
    phases, picks = pick_samples(read_data_set(tmp_path).metadata, tmp_path)
    assert phases == ("P", "S")
    np.testing.assert_array_equal(picks, [[1, np.nan], [20.5, np.nan], [3, 9]])


def test_hundreds_of_columns(tmp_path):
    """As INSTANCE has them; pandas warns of tables that grow by columns, and warnings are errors here."""
    columns = {f"path_{i}": [i, 2.5] for i in range(120)} | {f"source_{i}": ["a", "b"] for i in range(120)}
    by_hand(tmp_path, {"b": noise(2, 3, 5)}, NAMES, **columns)
    metadata = read_data_set(tmp_path).metadata
    assert metadata.shape == (2, 240 + 4)
    assert metadata["path_7"].tolist() == [7, 2.5]


NAMES = ["b$0,:3,:5", "b$1,:3,:5"]
BAD = {
    "past its array": {"names": ["b$0,:3,:5", "b$1,:3,:6"]},
    "past its array of": {"names": ["b$0,:3,:5", "b$2,:3,:5"]},
    "no array 'c'": {"names": ["b$0,:3,:5", "c$1,:3,:5"]},
    "location": {"names": ["b$0,:3,:5", "b$x,:3,:5"]},
    "location '1,:3,:5:2'": {"names": ["b$0,:3,:5", "b$1,:3,:5:2"]},
    "without a sampling rate": {"data_format": {"component_order": "ZNE"}},
    "row 2: 0 Hz": {"trace_sampling_rate_hz": [100, 0]},
    "'fast'; a number was expected": {"trace_sampling_rate_hz": [100, "fast"]},
    "without a component order": {"data_format": {"sampling_rate": 100}},
    "component order 'ZZE'": {"trace_component_order": ["ZNE", "ZZE"]},
    "order 'ZN', 3 components": {"trace_component_order": ["ZNE", "ZN"]},
    "dimension order 'WHC'": {"data_format": {**FORMAT, "dimension_order": "WHC"}},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_data_sets_are_refused_in_one_line(tmp_path, message):
    given = {"names": NAMES, "data_format": FORMAT, **BAD[message]}
    by_hand(tmp_path, {"b": noise(2, 3, 5)}, given.pop("names"), given.pop("data_format"), **given)
    with pytest.raises(InputError, match=message) as caught:
        read_data_set(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_files_and_columns(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_data_set(tmp_path / "none")
    with pytest.raises(InputError, match="no SeisBench data set"):
        read_data_set(tmp_path)
    by_hand(tmp_path, {"b": noise(2, 3, 5)}, NAMES)
    (tmp_path / "metadata.csv").write_text("split\ntrain\n")
    with pytest.raises(InputError, match="no column trace_name"):
        read_data_set(tmp_path)
    (tmp_path / "metadata.csv").write_text("trace_name\n")
    with pytest.raises(InputError, match="no row"):
        read_data_set(tmp_path)
    (tmp_path / "metadata.csv").unlink()
    with pytest.raises(InputError, match=r"metadata\.csv is missing"):
        read_data_set(tmp_path)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path_factory, where, byte):
    """Cut at any place, or with any byte changed: a line, or arrays of the right shapes."""
    folder = made(tmp_path_factory.mktemp("set"), [noise(3, 40)] * 3, split=["train"] * 3)
    path = folder / "waveforms.hdf5"
    whole = path.read_bytes()
    place = min(int(where * len(whole)), len(whole) - 1)
    for damaged in (whole[:place], whole[:place] + bytes([byte]) + whole[place + 1 :]):
        path.write_bytes(damaged)
        traces, error = attempted(folder)
        if error is None:
            assert [trace.shape for trace in traces] == [(3, 40)] * 3
            assert len(damaged) == len(whole)
        else:
            assert "\n" not in str(error)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=',:-$0123456789b "x\n', max_size=40))
def test_any_metadata_are_read_or_refused(tmp_path_factory, text):
    folder = by_hand(tmp_path_factory.mktemp("set"), {"b": noise(2, 3, 5)}, NAMES)
    (folder / "metadata.csv").write_text(f"trace_name,split\n{text}\n")
    traces, error = attempted(folder)
    assert all(trace.ndim == 2 for trace in traces)
    assert error is None or "\n" not in str(error)


def test_nothing_is_left_where_writing_fails(tmp_path):
    made(tmp_path, [noise(3, 5)])
    before = (tmp_path / "waveforms.hdf5").read_bytes()
    with pytest.raises(InputError, match=r"\(component, sample\)"):
        made(tmp_path, [noise(3, 5), noise(5)])
    assert (tmp_path / "waveforms.hdf5").read_bytes() == before
    assert len(read_data_set(tmp_path)) == 1
    with pytest.raises(InputError, match="no trace to write"):
        made(tmp_path, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metadata.csv", "waveforms.hdf5"]
