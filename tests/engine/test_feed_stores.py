"""Stores on disk as sources: zarr, HDF5 and NetCDF, npy; damage, loss and change of their chunks."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from source_conformance import SourceConformance

from terrella.engine.feed import Chunked, Feed, Stored, preloaded, streamed
from terrella.errors import InputError
from terrella.formats.records.array_files import open_hdf5, open_npy
from terrella.formats.records.hdf5_chunks import _undo
from terrella.formats.records.zarr_store import open_zarr

zarr = pytest.importorskip("zarr")
codecs = pytest.importorskip("zarr.codecs")

RECORDS = 43
WAVES = np.random.default_rng(1).normal(size=(RECORDS, 3, 50)).astype(np.float32)
LABELS = np.arange(RECORDS) ** 2


def npy(folder: Path) -> Stored:
    np.save(folder / "waves.npy", WAVES)
    np.save(folder / "labels.npy", LABELS.astype(">i8"))
    return Stored(open_npy({"waves": folder / "waves.npy", "labels": folder / "labels.npy"}, 5))


def hdf5(folder: Path, **how: object) -> Stored:
    with h5py.File(folder / "store.h5", "w") as file:
        # Some MiB so that a piece is a few of the file's chunks.
        file.create_dataset("waves", data=WAVES, **how)
        file.create_dataset("group/labels", data=LABELS)
        file.create_dataset("elsewhere", data=np.zeros(7))
        file.create_dataset("name", data=b"text")
    return Stored(open_hdf5(folder / "store.h5"))


def zarr_store(folder: Path, shards: tuple[int, ...] | None, compressors: object, **more: object) -> Stored:
    group = zarr.create_group(folder / "store.zarr")
    chunks = (5, 2, 50)
    waves = group.create_array(
        "waves", shape=WAVES.shape, dtype="f4", chunks=chunks, shards=shards, compressors=compressors, **more
    )
    waves[:] = WAVES
    group.create_array("labels", shape=LABELS.shape, dtype="i8", chunks=(43,))[:] = LABELS
    return Stored(open_zarr(folder / "store.zarr"))


MAKERS = {
    "npy": npy,
    "contiguous": hdf5,
    "chunked": lambda folder: hdf5(folder, chunks=(4, 2, 20)),
    "gzip": lambda folder: hdf5(folder, chunks=(4, 3, 50), compression="gzip", shuffle=True, fletcher32=True),
    "lzf": lambda folder: hdf5(folder, chunks=(4, 3, 50), compression="lzf"),
    "zarr": lambda folder: zarr_store(folder, None, None),
    "zarr_zstd": lambda folder: zarr_store(folder, None, "auto"),
    "transposed": lambda folder: zarr_store(
        folder, None, None, filters=[codecs.TransposeCodec(order=(1, 0, 2))]
    ),
    "sharded": lambda folder: zarr_store(folder, (20, 4, 50), [codecs.Crc32cCodec()]),
    "sharded_gzip": lambda folder: zarr_store(
        folder, (10, 4, 50), [codecs.GzipCodec(), codecs.Crc32cCodec()]
    ),
    "sharded_blosc": lambda folder: zarr_store(folder, (10, 4, 50), [codecs.BloscCodec()]),
}


@pytest.fixture(params=MAKERS)
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    # Small pieces, so that these small stores have many chunks.
    for module in ("record_store", "array_files", "zarr_store"):
        monkeypatch.setattr(
            f"terrella.formats.records.{module}.whole_pieces", lambda chunk, *_: chunk, raising=False
        )
    return MAKERS[request.param](tmp_path)


class TestStored(SourceConformance):
    def test_it_is_what_was_written(self, source, everything):
        assert isinstance(source, Chunked)
        assert len(source.borders) > 8 or "contiguous" in str(source.store.path)
        waves, labels = (everything[name] for name in sorted(everything, key=lambda name: "labels" in name))
        np.testing.assert_array_equal(waves, WAVES)
        np.testing.assert_array_equal(labels, LABELS)
        held = preloaded(source)
        assert all(torch.equal(held.samples[name], values) for name, values in everything.items())


def streamed_whole(source: Stored) -> None:
    for _ in Feed(streamed(source), 8, mixed_chunks=4).epoch(0):
        pass


@pytest.mark.parametrize(
    ("name", "file"), [("npy", "waves.npy"), ("contiguous", "store.h5"), ("gzip", "store.h5")]
)
def test_a_file_that_changes_during_a_training_ends_it(name, file, tmp_path):
    source = MAKERS[name](tmp_path)
    path = tmp_path / file
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    with pytest.raises(InputError, match=rf"{file}: changed since it was opened"):
        streamed_whole(source)


@pytest.mark.parametrize(
    ("name", "file"), [("npy", "waves.npy"), ("contiguous", "store.h5"), ("gzip", "store.h5")]
)
def test_a_file_that_vanishes_is_named_with_its_chunk(name, file, tmp_path):
    source = MAKERS[name](tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(InputError, match=r"chunk \d+ \(records .* missing, cut short or damaged"):
        streamed_whole(source)


def test_an_npy_that_is_cut_short_is_refused_when_it_is_opened(tmp_path):
    npy(tmp_path)
    with (tmp_path / "waves.npy").open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(InputError, match=r"waves\.npy: missing, cut short or damaged"):
        open_npy({"waves": tmp_path / "waves.npy"})


def damaged(path: Path, place: int) -> None:
    """Flip a byte, and leave size and time as they were."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["sharded", "sharded_gzip"])
@pytest.mark.parametrize("place", [30, -10], ids=["chunk", "index"])
def test_a_wrong_checksum_in_a_shard_is_named(name, place, tmp_path):
    source = MAKERS[name](tmp_path)
    damaged(tmp_path / "store.zarr" / "waves" / "c" / "0" / "0" / "0", place)
    with pytest.raises(
        InputError, match=r"waves/c/0/0/0: .*(index|record 0 on).* damaged \(wrong checksum\)"
    ):
        streamed_whole(source)


def test_a_wrong_checksum_in_hdf5_is_named(tmp_path):
    source = hdf5(tmp_path, chunks=(4, 3, 50), fletcher32=True)
    with h5py.File(tmp_path / "store.h5") as file:
        place = file["waves"].id.get_chunk_info(3).byte_offset
    source = Stored(open_hdf5(tmp_path / "store.h5"))
    damaged(tmp_path / "store.h5", place + 7)
    with pytest.raises(InputError, match=r"store\.h5, chunk \d+ .*wrong checksum"):
        streamed_whole(source)


@given(hnp.arrays(np.uint8, st.integers(1, 3000)))
@settings(deadline=None, max_examples=50)
def test_hdf5_and_this_reader_agree_on_every_checksum(values):
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        array = file.create_dataset("x", data=values, chunks=values.shape, fletcher32=True)
        raw = np.frombuffer(array.id.read_direct_chunk((0,))[1], np.uint8)
    np.testing.assert_array_equal(_undo(h5py.h5z.FILTER_FLETCHER32, raw, 1), values)


def test_a_chunk_that_is_missing_is_an_error_unless_it_stands_for_the_fill_value(tmp_path):
    source = zarr_store(tmp_path, (20, 4, 50), None)
    (tmp_path / "store.zarr" / "waves" / "c" / "1" / "0" / "0").unlink()
    with pytest.raises(
        InputError, match=r"c/1/0/0: the chunk from record 20 on is missing; .* set fill_missing"
    ):
        streamed_whole(source)
    filled = Stored(open_zarr(tmp_path / "store.zarr", fill_missing=True)).read(torch.arange(RECORDS))
    assert not filled["waves"][20:40].any()
    np.testing.assert_array_equal(filled["waves"][:20], WAVES[:20])
    np.testing.assert_array_equal(filled["waves"][40:], WAVES[40:])


def test_a_chunk_that_a_shard_leaves_out_holds_the_fill_value(tmp_path):
    group = zarr.create_group(tmp_path / "s.zarr")
    array = group.create_array("x", shape=(20,), dtype="f4", chunks=(5,), shards=(20,), fill_value=7.0)
    array[5:10] = np.arange(5)
    values = Stored(open_zarr(tmp_path / "s.zarr")).read(torch.arange(20))["x"]
    assert values.tolist() == [7.0] * 5 + [0, 1, 2, 3, 4] + [7.0] * 10


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["nothing"], "no variable 'nothing'; there are"),
        (["waves", "elsewhere"], "need the same leading axis"),
    ],
)
def test_names_that_do_not_go_together_are_refused(names, message, tmp_path):
    hdf5(tmp_path)
    with pytest.raises(InputError, match=message):
        open_hdf5(tmp_path / "store.h5", names)


@pytest.mark.parametrize("separator", [".", "/"])
def test_version_2_of_zarr_is_read_through_zarr_python(tmp_path, separator):
    group = zarr.open_group(tmp_path / "old", mode="w", zarr_format=2)
    encoding = {"name": "v2", "separator": separator}
    waves = group.create_array(
        "waves", shape=WAVES.shape, dtype="f4", chunks=(5, 2, 50), chunk_key_encoding=encoding
    )
    waves[:] = WAVES
    group.create_array("labels", shape=LABELS.shape, dtype=">i8", chunks=(43,))[:] = LABELS
    source = Stored(open_zarr(tmp_path / "old"))
    read = source.read(torch.arange(RECORDS))
    np.testing.assert_array_equal(read["waves"], WAVES)
    np.testing.assert_array_equal(read["labels"], LABELS)
    chunk = tmp_path / "old" / "waves" / separator.join("310")
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"changed since it was opened|damaged"):
        source.read(torch.tensor([16]))
    chunk.unlink()
    with pytest.raises(InputError, match=r"the chunk from record 15 on is missing; fetch it again"):
        Stored(open_zarr(tmp_path / "old")).read(torch.tensor([16]))
    filled = Stored(open_zarr(tmp_path / "old", fill_missing=True)).read(torch.tensor([16]))
    np.testing.assert_array_equal(filled["waves"][0, 2:], 0)
    np.testing.assert_array_equal(filled["waves"][0, :2], WAVES[16, :2])


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"nothing of the kind" * 100)
    np.save(tmp_path / "text.npy", np.array(["a", "b"]))
    for call in (
        lambda: open_hdf5(tmp_path / "x"),
        lambda: open_npy({"x": tmp_path / "x"}),
        lambda: open_npy({"x": tmp_path / "text.npy"}),
        lambda: open_zarr(tmp_path / "x"),
        lambda: open_zarr(tmp_path),
    ):
        with pytest.raises(InputError, match=str(tmp_path)):
            call()


def test_packed_numbers_are_refused(tmp_path):
    path = tmp_path / "packed.nc"
    with h5py.File(path, "w") as file:
        file["t2m"] = np.arange(20, dtype=np.int16).reshape(10, 2)
        file["t2m"].attrs["scale_factor"] = 0.01
    with pytest.raises(InputError, match=r"t2m holds packed numbers \(scale_factor\)"):
        open_hdf5(path)
