"""Sections of the user and synthetic ones: tables, splits, patches."""

import csv

import numpy as np
import pytest
import torch
from fake_sections import make_entries, make_entry, make_section
from hypothesis import given
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.segment.data.normalise import normalised, section_scales, trace_scales
from terrella.segment.data.sections import common_dims, data_mark, of_split, open_sections
from terrella.segment.data.split import SPLITS, check_splits, split_sections
from terrella.segment.learning.source import fixed_source, patch_shape, patch_source
from terrella.segment.settings import DataSettings, PatchSettings

CPU = torch.device("cpu")
STILL = PatchSettings(labelled=0, flip=0, polarity=0, amplitude=1)


def write_pairs(folder, number=6, groups=3, header=("section", "labels", "group"), shape=(16, 64)):
    """Write sections, labels and their table; return the table's path."""
    rows = []
    for k in range(number):
        section = make_section([9, k], shape=shape)
        np.save(folder / f"s{k}.npy", section.samples)
        np.save(folder / f"l{k}.npy", section.mask)
        rows.append([f"s{k}.npy", f"l{k}.npy", f"event {k % groups}"][: len(header)])
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return folder / "table.csv"


@given(st.lists(st.integers(0, 12), min_size=3, max_size=60), st.integers(0, 99))
def test_no_group_is_in_two_splits_and_every_split_has_one(groups, seed):
    names = [f"survey {k}" for k in groups]
    if len(set(names)) < 3:
        with pytest.raises(InputError, match="cannot be split"):
            split_sections(names, "group", (0.6, 0.2, 0.2), seed, "table.csv")
        return
    found = split_sections(names, "group", (0.6, 0.2, 0.2), seed, "table.csv")
    assert len(set(zip(names, found, strict=True))) == len(set(names))
    assert set(found) == set(SPLITS)
    check_splits(found, names, "table.csv")


def test_shares_are_those_of_the_groups():
    found = split_sections([str(k) for k in range(20)], "group", (0.5, 0.2, 0.3), 0, "x")
    assert [found.count(name) for name in SPLITS] == [10, 4, 6]


def test_a_random_split_is_refused_where_groups_exist():
    with pytest.raises(
        InputError, match=r"a random split would put sections of one group.*leave data\.split"
    ):
        split_sections(["a", "b", "c"], "random", (1, 1, 1), 0, "table.csv")
    with pytest.raises(InputError, match="synthetic surveys: a random split"):
        open_sections(DataSettings(split="random"))


def test_a_split_by_groups_needs_groups():
    with pytest.raises(InputError, match="no column group"):
        split_sections([None] * 5, "group", (1, 1, 1), 0, "table.csv")
    assert set(split_sections([None] * 5, "random", (1, 1, 1), 0, "table.csv")) == set(SPLITS)


def test_a_table_that_puts_a_group_into_two_splits_is_refused():
    with pytest.raises(InputError, match="group 'a' stands in the splits train and test"):
        check_splits(["train", "test", "dev"], ["a", "a", "b"], "table.csv")
    with pytest.raises(InputError, match="row 2: split is 'validation'"):
        check_splits(["train", "validation", "dev"], ["a", "b", "c"], "table.csv")
    with pytest.raises(InputError, match="no section in the split dev"):
        check_splits(["train", "test"], ["a", "b"], "table.csv")


@pytest.mark.parametrize("hold_mb", [1000.0, 0.001])
def test_files_are_read_held_or_piece_by_piece(tmp_path, hold_mb):
    table = write_pairs(tmp_path)
    entries = open_sections(DataSettings(sections=str(table), interval_s=0.002, hold_mb=hold_mb))
    assert len(entries) == 6
    assert common_dims(entries) == 2
    for k, entry in enumerate(entries):
        whole = make_section([9, k])
        np.testing.assert_array_equal(entry.samples(slice(2, 5), slice(7, 30)), whole.samples[2:5, 7:30])
        np.testing.assert_array_equal(entry.labels(slice(0, 16), slice(0, 64)), whole.mask)
        loaded = entry.load()
        assert loaded.group == entry.group == f"event {k % 3}"
        np.testing.assert_allclose(np.sort(loaded.arrivals.time_s), np.sort(whole.arrivals.time_s))


def test_volumes_have_no_onsets(tmp_path):
    for k in range(3):
        np.save(tmp_path / f"s{k}.npy", np.random.default_rng(k).random((4, 5, 6), np.float32))
        np.save(tmp_path / f"l{k}.npy", np.zeros((4, 5, 6), np.uint8))
    rows = "".join(f"s{k}.npy,l{k}.npy,{k}\n" for k in range(3))
    (tmp_path / "table.csv").write_text("section,labels,group\n" + rows)
    entries = open_sections(DataSettings(sections=str(tmp_path / "table.csv"), interval_s=1.0))
    assert common_dims(entries) == 3
    assert entries[0].load().arrivals is None


FAULTS = {
    "section,group\na.npy,1\n": "no column labels",
    "section,labels,event\na.npy,b.npy,1\n": "unknown column 'event'",
    "section,labels,group\ns0.npy,l0.npy\n": "row 1: 2 fields where the header has 3",
    "section,labels,group\ns0.npy,l0.npy,\n": "row 1: group is empty",
    "section,labels,group\nnone.npy,l0.npy,1\n": r"row 1: .*none\.npy is not there",
    "section,labels,group\n": "no row below the header",
    "": "is empty",
    "section,labels\nGräben.npy,l0.npy\n": "is not utf-8: byte 0xe4 in line 2",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_table_at_fault_says_where(tmp_path, text):
    write_pairs(tmp_path)
    (tmp_path / "bad.csv").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=FAULTS[text]):
        open_sections(DataSettings(sections=str(tmp_path / "bad.csv"), interval_s=0.002))


def test_labels_at_fault_say_where(tmp_path):
    table = write_pairs(tmp_path)
    chosen = DataSettings(sections=str(table), interval_s=0.002)
    with pytest.raises(InputError, match=r"s0\.npy.*give data\.interval_s"):
        open_sections(chosen.model_copy(update={"interval_s": None}))
    labels = np.load(tmp_path / "l0.npy")
    labels[3, 4] = 7
    np.save(tmp_path / "l0.npy", labels)
    with pytest.raises(InputError, match=r"l0\.npy: label 7 at \(3, 4\); expected 1, 0, or 255"):
        open_sections(chosen)[0].load()
    np.save(tmp_path / "l0.npy", labels[:, :-1])
    with pytest.raises(InputError, match=r"l0\.npy: labels of shape \(16, 63\), but .* has \(16, 64\)"):
        open_sections(chosen)


def test_a_change_of_data_changes_the_mark(tmp_path):
    chosen = DataSettings(sections=str(write_pairs(tmp_path)), interval_s=0.002)
    before = data_mark(open_sections(chosen))
    assert data_mark(open_sections(chosen.model_copy(update={"hold_mb": 0.001}))) == before
    samples = np.load(tmp_path / "s2.npy")
    samples[0] += 1
    np.save(tmp_path / "s2.npy", samples)
    assert data_mark(open_sections(chosen)) != before


def test_noise_levels_are_those_of_the_noise():
    section = make_section(1, shape=(200, 2000), amplitude=300.0, noise=4.0)
    section.samples[7] = 0
    levels = trace_scales(section.samples)
    assert levels[7] == 1
    np.testing.assert_allclose(np.delete(levels, 7), 4.0, rtol=0.15)
    read = lambda *where: section.samples[where]  # noqa: E731
    np.testing.assert_array_equal(section_scales(read, (200, 2000), "trace"), levels)
    # The dead trace says nothing about the noise of the others.
    assert section_scales(read, (200, 2000), "section").tolist() == [np.median(np.delete(levels, 7))] * 200
    assert set(section_scales(read, (200, 2000), "none").tolist()) == {1.0}


def test_a_volume_has_a_noise_level_for_each_trace():
    samples = np.random.default_rng(0).standard_normal((3, 4, 50)).astype(np.float32)
    found = section_scales(lambda *where: samples[where], (3, 4, 50), "trace")
    np.testing.assert_array_equal(found, trace_scales(samples))
    assert normalised(samples, found).shape == samples.shape


def test_patches_are_cut_from_sections_with_their_labels():
    entries = make_entries(shape=(16, 64))
    source = patch_source(of_split(entries, "train"), STILL, "none", 0, CPU)
    batch = source.read(torch.arange(len(source)))
    for k, entry in enumerate(of_split(entries, "train")):
        whole = entry.load()
        np.testing.assert_allclose(batch["x"][k, 0], np.arcsinh(whole.samples), rtol=1e-6)
        np.testing.assert_array_equal(batch["y"][k], whole.mask)


@given(st.integers(1, 40), st.integers(1, 90), st.integers(0, 5))
def test_what_lies_beyond_a_section_is_unlabelled_and_zero(traces, samples, epoch):
    entry = make_entry(make_section(2, shape=(16, 64)))
    wanted = PatchSettings(shape=(traces, samples), flip=0.5)
    batch = patch_source([entry], wanted, "trace", 1, CPU).in_epoch(epoch).read(torch.tensor([0]))
    assert batch["x"].shape == (1, 1, traces, samples)
    inside = batch["y"][0] != 255
    assert int(inside.sum()) == min(traces, 16) * min(samples, 64)
    assert float(batch["x"][0, 0][~inside].abs().sum()) == 0


def test_patches_do_not_depend_on_the_batch_they_are_read_in():
    changes = PatchSettings(shape=(8, 32), per_section=4, noise=0.5)
    source = patch_source(make_entries(shape=(16, 64)), changes, "trace", 3, CPU).in_epoch(2)
    whole = source.read(torch.arange(len(source)))
    order = torch.randperm(len(source))
    parts = [source.read(part) for part in order.split(5)]
    for name in ("x", "y"):
        torch.testing.assert_close(torch.cat([part[name] for part in parts]), whole[name][order])
    other = source.in_epoch(3).read(torch.arange(len(source)))
    assert not torch.equal(other["x"], whole["x"])


def test_changes_are_those_asked_for():
    entry = make_entry(make_section(4))
    plain = patch_source([entry], STILL, "trace", 0, CPU).read(torch.tensor([0]))
    flipped = patch_source([entry], STILL.model_copy(update={"flip": 1.0}), "trace", 0, CPU)
    turned = patch_source([entry], STILL.model_copy(update={"polarity": 1.0}), "trace", 0, CPU)
    torch.testing.assert_close(flipped.read(torch.tensor([0]))["x"], plain["x"].flip(2))
    torch.testing.assert_close(flipped.read(torch.tensor([0]))["y"], plain["y"].flip(1))
    torch.testing.assert_close(turned.read(torch.tensor([0]))["x"], -plain["x"])
    loud = patch_source([entry], STILL.model_copy(update={"amplitude": 3.0}), "trace", 0, CPU)
    factors = [
        float((torch.sinh(loud.in_epoch(e).read(torch.tensor([0]))["x"]) / torch.sinh(plain["x"])).median())
        for e in range(20)
    ]
    assert min(factors) < 0.7 < 1.4 < max(factors)
    assert all(1 / 3.001 < factor < 3.001 for factor in factors)


def test_validation_patches_stay_as_they_are():
    entries = make_entries(shape=(16, 64))
    source = fixed_source(entries, PatchSettings(noise=1.0), "trace", 0, CPU, (8, 8))
    assert source.in_epoch(5) is source


def test_a_patch_has_as_many_axes_as_the_sections():
    entries = make_entries(shape=(16, 64))
    assert patch_shape(PatchSettings(), entries) == (16, 64)
    with pytest.raises(InputError, match=r"patch\.shape has 3 axes, but .* has 2; give traces and samples"):
        patch_shape(PatchSettings(shape=(4, 4, 4)), entries)


def test_sections_and_volumes_do_not_mix():
    flat, deep = make_entry(make_section(0)), make_section(0)
    volume = make_entry(type(deep)(deep.samples[None], deep.mask[None], 1.0, 1.0, None, "volume"))
    with pytest.raises(InputError, match="not both"):
        common_dims([flat, volume])


@pytest.mark.parametrize("hold_mb", [1000.0, 0.001])
def test_synthetic_sections_are_split_by_survey(hold_mb):
    chosen = DataSettings(surveys=4, per_survey=2, shape=(12, 64), hold_mb=hold_mb)
    entries = open_sections(chosen)
    assert len(entries) == 8
    assert len({(entry.group, entry.split) for entry in entries}) == 4
    first = entries[0]
    assert first.load().samples.shape == (12, 64)
    np.testing.assert_array_equal(first.samples(slice(3, 5), slice(0, 9)), first.load().samples[3:5, :9])
    again = open_sections(chosen.model_copy(update={"seed": 1}))[0]
    assert not np.array_equal(again.load().samples, first.load().samples)


def test_half_of_the_patches_lie_over_a_label():
    entries = make_entries(groups=4, each=6, shape=(32, 2000))
    wanted = STILL.model_copy(update={"labelled": 0.5, "shape": (8, 40), "per_section": 40})
    source = patch_source(entries, wanted, "none", 0, CPU)
    batch = source.read(torch.arange(len(source)))
    share = float((batch["y"] == 1).flatten(1).any(1).float().mean())
    assert 0.47 < share < 0.6
    plain = patch_source(entries, wanted.model_copy(update={"labelled": 0.0}), "none", 0, CPU)
    assert float((plain.read(torch.arange(len(plain)))["y"] == 1).flatten(1).any(1).float().mean()) < 0.1


def test_without_labels_patches_lie_anywhere():
    entries = [make_entry(make_section(k, events=0)) for k in range(3)]
    source = patch_source(entries, PatchSettings(labelled=1.0), "none", 0, CPU)
    assert int((source.read(torch.arange(3))["y"] == 1).sum()) == 0


def test_every_second_section_has_the_noise_of_real_records(shared_data, tmp_path):
    settings = DataSettings(surveys=3, per_survey=2, shape=(32, 256))
    plain = open_sections(settings)
    real = open_sections(settings.model_copy(update={"noise": str(shared_data / "segment")}))
    same = [
        bool(np.array_equal(a.load().samples, b.load().samples)) for a, b in zip(plain, real, strict=True)
    ]
    assert same == [True, False] * 3
    assert all((a.load().mask.shape == b.load().mask.shape) for a, b in zip(plain, real, strict=True))
    with pytest.raises(InputError, match="no records in HDF5 there"):
        open_sections(settings.model_copy(update={"noise": str(tmp_path)}))[1].load()
