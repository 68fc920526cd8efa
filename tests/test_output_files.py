"""Output files and folders: whole and new, or untouched."""

import json
import os
import stat
from pathlib import Path

import pytest

from terrella.errors import InputError, TerrellaError
from terrella.files import replace_file, replace_folder, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def full_disk(path: Path) -> None:
    """Leave half of what was to be written, as a full disk does."""
    (path / "half" if path.is_dir() else path).write_text("ha")
    raise OSError(28, "No space left on device")


def a_bug(path: Path) -> None:
    (path / "half" if path.is_dir() else path).write_text("ha")
    raise ZeroDivisionError


def test_a_file_is_written_replaced_and_leaves_no_other(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "a.txt"
    write_text(target, "Alpine–Himalayan\n")
    write_text(target, "second")
    assert target.read_bytes() == b"second"
    assert names(target.parent) == ["a.txt"]


def test_the_temporary_file_lies_beside_the_target_with_its_suffix(tmp_path: Path) -> None:
    given: list[Path] = []

    def write(path: Path) -> None:
        given.append(path)
        assert not (tmp_path / "grid.nc").exists()
        path.write_bytes(b"x")

    replace_file(tmp_path / "grid.nc", write)
    assert given[0].parent == tmp_path
    assert given[0].suffix == ".nc"
    assert given[0].name.startswith(".")


@pytest.mark.parametrize("before", ["old", None])
def test_a_full_disk_leaves_the_old_file_and_is_one_line_to_the_user(
    tmp_path: Path, before: str | None
) -> None:
    target = tmp_path / "scores.json"
    if before is not None:
        target.write_text(before)
    with pytest.raises(TerrellaError) as caught:
        replace_file(target, full_disk)
    assert str(target) in str(caught.value)
    assert "No space left on device" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, InputError)
    assert names(tmp_path) == ([] if before is None else ["scores.json"])
    if before is not None:
        assert target.read_text() == before


def test_any_other_error_of_the_writer_comes_through_and_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        replace_file(target, a_bug)
    assert names(tmp_path) == ["a.csv"]
    assert target.read_text() == "old"


def test_an_input_error_of_the_writer_stays_one(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise InputError("a magnitude of 12")

    with pytest.raises(InputError, match="a magnitude of 12"):
        replace_file(tmp_path / "a.csv", refuse)
    assert names(tmp_path) == []


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(TerrellaError, match=r"a\.txt could not be written"):
        write_text(tmp_path / "a.txt", "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(TerrellaError, match=r"inside could not be written"):
        write_text(tmp_path / "file" / "inside", "x")
    assert names(tmp_path) == ["a.txt", "file"]


def test_a_writer_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TerrellaError, match="could not be written"):
        replace_file(tmp_path / "a.txt", lambda path: None)
    assert names(tmp_path) == []


def test_json_is_readable_by_people_and_keeps_their_letters(tmp_path: Path) -> None:
    values = {"place": "Tōhoku", "magnitude": 9.1, "depth_km": None, "days": [1, 7]}
    write_json(tmp_path / "a.json", values)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == values
    assert "Tōhoku" in text
    assert text.count("\n") > len(values)


def fill(content: str):  # type: ignore[no-untyped-def]
    def write(folder: Path) -> None:
        (folder / "inner").mkdir()
        (folder / "a").write_text(content)
        (folder / "inner" / "b").write_text(content)

    return write


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "model"
    replace_folder(target, fill("one"))
    (target / "left from before").write_text("x")
    replace_folder(target, fill("two"))
    assert names(target) == ["a", "inner"]
    assert (target / "inner" / "b").read_text() == "two"
    assert names(target.parent) == ["model"]


@pytest.mark.parametrize(("writer", "error"), [(full_disk, TerrellaError), (a_bug, ZeroDivisionError)])
def test_a_failing_writer_leaves_the_old_folder(tmp_path: Path, writer, error) -> None:  # type: ignore[no-untyped-def]
    target = tmp_path / "model"
    replace_folder(target, fill("one"))
    with pytest.raises(error):
        replace_folder(target, writer)
    assert names(tmp_path) == ["model"]
    assert names(target) == ["a", "inner"]


def test_a_kill_between_the_two_renames_costs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    replace_folder(target, fill("one"))
    # What a kill at the worst moment leaves: the old folder aside, the new one not yet in place.
    target.rename(tmp_path / ".model.old")
    (tmp_path / ".model.new").mkdir()
    (tmp_path / ".model.new" / "a").write_text("half")
    with pytest.raises(TerrellaError):
        replace_folder(target, full_disk)
    assert (target / "a").read_text() == "one"
    replace_folder(target, fill("two"))
    assert (target / "a").read_text() == "two"
    assert names(tmp_path) == ["model"]


def test_a_failing_second_rename_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model"
    replace_folder(target, fill("one"))
    rename = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if self.name == ".model.new":
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(TerrellaError, match="Permission denied"):
        replace_folder(target, fill("two"))
    assert (target / "a").read_text() == "one"
    assert names(tmp_path) == ["model"]


def test_content_reaches_the_disk_before_the_name_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        done.append("sync " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    def replace(self: Path, to: Path) -> Path:
        done.append(f"rename to {to.name}")
        return rename(self, to)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system has no /proc to see which file is synced")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    replace_folder(tmp_path / "model", fill("one"))
    at = done.index("rename to model")
    assert {"sync a", "sync inner", "sync b", "sync .model.new"} <= set(done[:at])
    assert done[at + 1 :] == [f"sync {tmp_path.name}"]
    done.clear()
    write_text(tmp_path / "a.txt", "x")
    assert [step.split()[0] for step in done] == ["sync", "rename", "sync"]


def private(path: Path) -> None:
    """Write a file as some libraries do: for its owner alone."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("x")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_whoever_writes_a_file_the_umask_says_who_may_read_it(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "a", private)
        write_text(tmp_path / "b", "x")
        replace_folder(tmp_path / "c", lambda folder: private(folder / "d"))
    finally:
        os.umask(before)
    for name in ("a", "b", "c/d"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    assert names(tmp_path) == ["a", "b", "c"]
    assert names(tmp_path / "c") == ["d"]
