"""Files, folders and tensors that appear whole or not at all."""

import json
import signal
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrella import files
from terrella.engine.tensor_file import read_tensors, write_tensors
from terrella.errors import InputError, TerrellaError
from terrella.files import (
    recover_folder,
    replace_file,
    replace_folder,
    swap_folder,
    write_json,
    write_text,
)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_leaves_nothing_beside_it(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "one")
    write_text(tmp_path / "deep" / "a.txt", "two µ")
    assert (tmp_path / "deep" / "a.txt").read_text("utf-8") == "two µ"
    assert names(tmp_path / "deep") == ["a.txt"]


def test_json_is_written_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "São Miguel", "value": [1, 2.5]})
    assert "São Miguel" in (tmp_path / "a.json").read_text("utf-8")
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"name": "São Miguel", "value": [1, 2.5]}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("bug")])
def test_a_failing_writer_leaves_file_and_folder_as_they_were(tmp_path, error):
    write_text(tmp_path / "a.txt", "before")
    write_text(tmp_path / "b" / "inner.txt", "before")

    def half_file(path):
        path.write_text("half")
        raise error

    def half_folder(path):
        (path / "inner.txt").write_text("half")
        raise error

    expected = TerrellaError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(expected):
        replace_file(tmp_path / "a.txt", half_file)
    with pytest.raises(expected):
        replace_folder(tmp_path / "b", half_folder)
    assert names(tmp_path) == ["a.txt", "b"]
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b" / "inner.txt").read_text() == "before"


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(TerrellaError, match=r"a/b.txt could not be written \(.*\); what was there before"):
        write_text(tmp_path / "a" / "b.txt", "x")


def test_a_folder_is_replaced_whole(tmp_path):
    replace_folder(tmp_path / "a", lambda path: write_text(path / "old.txt", "1"))
    replace_folder(tmp_path / "a", lambda path: write_text(path / "new.txt", "2"))
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["new.txt"]


def test_a_folder_whose_replacing_was_killed_between_its_renames_is_not_lost(tmp_path):
    write_text(tmp_path / ".a.old" / "inner.txt", "before")

    def fail(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(TerrellaError, match="No space left"):
        replace_folder(tmp_path / "a", fail)
    assert (tmp_path / "a" / "inner.txt").read_text() == "before"


_KILLED = """
import os, signal, sys
from pathlib import Path
from terrella.files import replace_file
def write(path):
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
replace_file(Path(sys.argv[1]), write)
"""


def test_what_a_killed_command_left_is_removed_by_the_next_one(tmp_path):
    process = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "a.txt")])
    assert process.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    (tmp_path / ".hidden.txt").write_text("the user's")

    def write(path):
        path.write_text("b")
        write_text(tmp_path / "c.txt", "meanwhile")
        assert path.exists()  # that of a living process stays

    replace_file(tmp_path / "b.txt", write)
    assert names(tmp_path) == [".hidden.txt", "b.txt", "c.txt"]


@pytest.mark.parametrize("at", ["before", "between", "after"])
def test_a_swap_of_folders_that_is_killed_leaves_the_one_or_the_other(tmp_path, monkeypatch, at):
    for name, text in (("a", "old"), ("made", "new")):
        write_text(tmp_path / name / "inner.txt", text)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        if at == "after":
            context.setattr(files.shutil, "rmtree", killed)
        else:
            rename = files.Path.replace
            calls = iter([killed] if at == "before" else [rename, killed])
            context.setattr(files.Path, "replace", lambda self, other: next(calls)(self, other))
        with pytest.raises(KeyboardInterrupt):
            swap_folder(tmp_path / "made", tmp_path / "a")
    recover_folder(tmp_path / "a")
    assert (tmp_path / "a" / "inner.txt").read_text() == ("new" if at == "after" else "old")
    assert names(tmp_path) == (["a"] if at == "after" else ["a", "made"])


TENSORS = {
    "floats": torch.randn(3, 4).T,
    "half": torch.randn(5).to(torch.bfloat16),
    "scalar": torch.tensor(3.5, dtype=torch.float64),
    "bool": torch.tensor([True, False]),
    "none": torch.zeros(0, 3),
    "bytes": torch.arange(7, dtype=torch.uint8),
}


def test_tensors_and_values_are_read_back_bit_for_bit(tmp_path):
    tied = {**TENSORS, "tied": TENSORS["floats"]}
    write_tensors(tmp_path / "a.safetensors", tied, {"x": [1, None, 0.1], "name": "µ"})
    tensors, values = read_tensors(tmp_path / "a.safetensors")
    assert values == {"x": [1, None, 0.1], "name": "µ"}
    assert tensors.keys() == tied.keys()
    for name, value in tied.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    write_tensors(path, TENSORS, {"x": 1})
    return path


@given(st.data())
def test_any_changed_or_missing_byte_is_found(written, data):
    content = written.read_bytes()
    damaged = written.with_name("damaged.safetensors")
    if data.draw(st.booleans()):
        damaged.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    else:
        changed = bytearray(content)
        changed[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        damaged.write_bytes(changed)
    try:
        tensors, values = read_tensors(damaged)
    except InputError:
        return
    # What passes may differ in unused white space of the header alone.
    assert values == {"x": 1}
    assert all(torch.equal(tensors[name], value) for name, value in TENSORS.items())


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="is damaged"):
        read_tensors(tmp_path / "none.safetensors")
