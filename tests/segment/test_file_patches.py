"""Training from files that are not held: SEG-Y pairs read window by window, in the order of held ones."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_sections import make_section
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.engine.feed import Changing, Chunked, Feed, Streaming
from terrella.errors import InputError
from terrella.nets.unet import UNet
from terrella.segment.data.sections import of_split, open_sections
from terrella.segment.judging.piecewise import labelled_scores
from terrella.segment.judging.scores import best_threshold, count_levels
from terrella.segment.learning.file_patches import FilePatches
from terrella.segment.learning.source import fixed_source, patch_source
from terrella.segment.settings import DataSettings, PatchSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import make_line, make_volume, patched

segyio = pytest.importorskip("segyio")
CPU = torch.device("cpu")
CHANGES = PatchSettings(shape=(12, 48), per_section=30, noise=0.3)
STILL = {"labelled": 0.0, "flip": 0.0, "polarity": 0.0, "amplitude": 1.0, "noise": 0.0}


def write_lines(folder: Path, shape: tuple[int, int] = (40, 260), codes: tuple[int, ...] = (1, 5, 5)) -> Path:
    """Write pairs of SEG-Y lines, one for each split, and their table."""
    rows = [("section", "labels", "group", "split")]
    for k, (split, code) in enumerate(zip(("train", "train", "dev"), codes, strict=True)):
        section = make_section([7, k], shape=shape)
        make_line(folder / f"s{k}.sgy", section.samples, code)
        make_line(folder / f"l{k}.sgy", section.mask.astype(np.int8), 8)
        rows.append((f"s{k}.sgy", f"l{k}.sgy", f"line {k}", split))
    rows.append(("s2.sgy", "l2.sgy", "line 3", "test"))
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "table.csv"


def learned(table: Path, hold_mb: float, changes: PatchSettings = CHANGES, seed: int = 1) -> FilePatches:
    entries = open_sections(DataSettings(sections=str(table), hold_mb=hold_mb))
    return patch_source(of_split(entries, "train"), changes, "trace", seed, CPU)


def assert_same(one: dict, other: dict) -> None:
    for name in ("x", "y"):
        assert torch.equal(one[name], other[name]), name


def test_streamed_and_held_patches_come_in_the_same_order(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    held, streamed = learned(table, 1000.0), learned(table, 1e-3)
    assert isinstance(streamed, Chunked)
    assert isinstance(streamed, Changing)
    for epoch in (0, 3):
        assert isinstance(streamed.in_epoch(epoch), Streaming)
        assert not isinstance(held.in_epoch(epoch), Streaming)
        batches = [list(Feed(source, 7, 5).epoch(epoch)) for source in (held, streamed)]
        assert len(batches[0]) == len(batches[1]) == 9
        for one, other in zip(*batches, strict=True):
            assert_same(one, other)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 20), st.integers(0, 4), st.data())
def test_any_position_of_an_epoch_is_restored(
    tmp_path: Path, batch: int, epoch: int, data: st.DataObject
) -> None:
    table = tmp_path / "table.csv" if (tmp_path / "table.csv").exists() else write_lines(tmp_path)
    feed = Feed(learned(table, 1e-3), batch, 2)
    whole = list(feed.epoch(epoch))
    position = data.draw(st.integers(0, len(whole) - 1))
    again = list(Feed(learned(table, 1e-3), batch, 2).epoch(epoch, position))
    for one, other in zip(whole[position:], again, strict=True):
        assert_same(one, other)


def test_two_processes_share_what_one_reads(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    whole = list(Feed(learned(table, 1e-3), 8, 2).epoch(1))
    shares = [list(Feed(learned(table, 1e-3), 8, 2, rank, 2).epoch(1)) for rank in (0, 1)]
    for one, first, second in zip(whole, *shares, strict=True):
        together = torch.stack([first["x"], second["x"]], 1).flatten(0, 1)
        assert torch.equal(one["x"][: len(together)], together)


def test_windows_are_those_of_the_file(tmp_path: Path) -> None:
    source = learned(write_lines(tmp_path), 1e-3, CHANGES.model_copy(update=STILL))
    for epoch in (0, 1):
        made = source.in_epoch(epoch).source
        read = made.read(torch.arange(len(made)))
        levels = [np.asarray(each) for each in made.scales]
        for k in range(len(made)):
            which, (i, j) = int(made.drawn.entry[k]), made.drawn.corner[k]
            with (
                segyio.open(str(tmp_path / f"s{which}.sgy"), ignore_geometry=True) as file,
                segyio.open(str(tmp_path / f"l{which}.sgy"), ignore_geometry=True) as labels,
            ):
                samples, mask = (each.trace.raw[i : i + 12][:, j : j + 48] for each in (file, labels))
            expected = np.arcsinh(samples / levels[which][i : i + 12, None])
            np.testing.assert_allclose(read["x"][k, 0], expected, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(read["y"][k], mask)


def test_each_epoch_holds_other_patches_and_neighbours_make_a_chunk(tmp_path: Path) -> None:
    source = learned(write_lines(tmp_path), 1e-3)
    one, two = (source.in_epoch(epoch).source.drawn for epoch in (0, 1))
    assert not np.array_equal(one.corner, two.corner)
    place = one.entry * 1000 + one.corner[:, 0] // 12
    assert (np.diff(place) >= 0).all()
    assert source.borders.tolist() == [0, 60]  # patches of 3 kB make one chunk of up to 1 MiB


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from terrella.formats.sections import segy

    table = write_lines(tmp_path, shape=(1500, 520))
    largest = []
    fill = segy.SegySamples._fill
    monkeypatch.setattr(
        segy.SegySamples,
        "_fill",
        lambda self, f, at, out, t: (largest.append(out.nbytes), fill(self, f, at, out, t)),
    )
    batches = Feed(learned(table, 1e-3, CHANGES.model_copy(update={"labelled": 0.0})), 4).epoch(0)
    largest.clear()  # the pass over noise levels reads 256 traces at once
    sum(len(batch["x"]) for batch in batches)
    assert max(largest) < 4 * 12 * 2320  # a few windows, of traces of 2,320 bytes, and not the file's 3.5 MB


@pytest.mark.parametrize("hold_mb", [1000.0, 1e-3])
def test_missing_traces_of_a_volume_are_unlabelled(tmp_path: Path, hold_mb: float) -> None:
    cube = np.random.default_rng(0).standard_normal((6, 8, 20)).astype(np.float32)
    missing = np.zeros((6, 8), bool)
    missing[2:4, 3] = True
    for k in range(3):
        make_volume(tmp_path / f"s{k}.sgy", cube, missing=missing)
        np.save(tmp_path / f"l{k}.npy", np.ones(cube.shape, np.uint8))
    lines = [f"s{k}.sgy,l{k}.npy,g{k},{split}" for k, split in enumerate(("train", "dev", "test"))]
    (tmp_path / "table.csv").write_text("\n".join(["section,labels,group,split", *lines]))
    entries = open_sections(DataSettings(sections=str(tmp_path / "table.csv"), hold_mb=hold_mb))
    mask = entries[0].labels(slice(1, 4), slice(0, 8), slice(0, 20))
    np.testing.assert_array_equal(mask == 255, np.broadcast_to(missing[1:4, :, None], mask.shape))
    assert (entries[0].samples(*[slice(None)] * 3)[missing] == 0).all()


def test_a_file_that_changes_during_training_ends_it(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    source = learned(table, 1e-3)
    path = tmp_path / "s1.sgy"
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(InputError, match=r"s1\.sgy changed while it was read"):
        list(Feed(source, 4).epoch(0))


def test_what_is_no_label_ends_it(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    # One sample of the labels, in a trace's middle.
    patched(tmp_path / "l0.sgy", 3600 + 20 * (240 + 260) + 240 + 130, b"\x07")
    with pytest.raises(InputError, match=r"l0\.sgy: label 7 at"):
        learned(table, 1e-3)


@pytest.mark.parametrize(
    ("at", "content", "words"),
    [
        (3225, b"\0\x63", r"s0\.sgy: the binary header's format code .* is 99"),
        (3221, b"\0\x15", r"s0\.sgy: its size fits no whole number of traces"),
    ],
)
def test_bad_headers_are_refused_before_training(tmp_path: Path, at: int, content: bytes, words: str) -> None:
    table = write_lines(tmp_path)
    patched(tmp_path / "s0.sgy", at, content)
    with pytest.raises(InputError, match=words):
        learned(table, 1e-3)


def test_labels_of_other_traces_are_refused(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    make_line(tmp_path / "l1.sgy", np.zeros((39, 260), np.int8), 8)
    with pytest.raises(InputError, match=r"l1\.sgy: labels of shape \(39, 260\).*\(40, 260\)"):
        learned(table, 1e-3)


def test_validation_patches_are_the_same_held_or_not(tmp_path: Path) -> None:
    table = write_lines(tmp_path)
    both = [
        fixed_source(
            of_split(open_sections(DataSettings(sections=str(table), hold_mb=hold)), "dev"),
            CHANGES, "trace", 1, CPU, (12, 48),
        )
        for hold in (1000.0, 1e-3)
    ]  # fmt: skip
    assert_same(*(source.read(torch.arange(len(source))) for source in both))


def test_the_threshold_of_pieces_is_that_of_the_whole(tmp_path: Path) -> None:
    table = write_lines(tmp_path, shape=(300, 560))
    torch.manual_seed(0)
    network = UNet(channels=1, outputs=1, widths=(4, 6), dims=2, normalisation="none").eval()
    found = []
    for hold in (1000.0, 1e-3):
        dev = of_split(open_sections(DataSettings(sections=str(table), hold_mb=hold)), "dev")[0]
        parts = list(labelled_scores(network, "trace", dev, 8 << 20))
        assert (len(parts) == 1) == (hold > 1)
        counts = count_levels(parts)
        assert counts.labelled.sum() + counts.other.sum() == 300 * 560
        found.append(best_threshold(counts))
    assert found[0] == pytest.approx(found[1], rel=0.02)
