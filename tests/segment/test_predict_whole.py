"""Prediction of sections of any size: no seams, the same geometry, and no loss by a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from segment_cases import noise, small_bundle

from terrella.engine.journal import alone
from terrella.errors import DoesNotFitError, InputError, TerrellaError
from terrella.formats.sections.open import open_section
from terrella.segment.bundle import Segmenter
from terrella.segment.data.convert import convert
from terrella.segment.data.normalise import section_scales
from terrella.segment.use import predict as predicting
from terrella.segment.use.predict import predict_section as predict

zarr = pytest.importorskip("zarr")
SMALL = 616 << 20  # bytes: pieces of 256 × 256


def silent(event: dict) -> None:
    """Take no notice."""


def whole(segmenter: Segmenter, values: np.ndarray) -> np.ndarray:
    """What the network gives for everything at once."""

    def read(*where: slice) -> np.ndarray:
        return values[where]

    scales = section_scales(read, values.shape, segmenter.normalise)
    if values.ndim == segmenter.dims:
        return 1 / (1 + np.exp(-segmenter.logits(values, scales)))
    return np.stack([1 / (1 + np.exp(-segmenter.logits(v, s))) for v, s in zip(values, scales, strict=True)])


def everything(path: Path) -> np.ndarray:
    section = open_section(path)
    return section.read(*[slice(None)] * len(section.shape))


@pytest.mark.parametrize("scale", ["trace", "section"])
def test_pieces_equal_the_whole(tmp_path: Path, scale: str) -> None:
    values = noise((530, 701))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "bundle", scale=scale)
    lines = predict(
        tmp_path / "in.npy", str(tmp_path / "bundle"), tmp_path / "out.zarr", silent, SMALL, interval=0.001
    )
    assert "9 pieces" in "".join(lines)
    expected = whole(segmenter, values)
    assert 0.1 < expected.std() < 0.5
    np.testing.assert_allclose(everything(tmp_path / "out.zarr"), expected, atol=1e-5)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_volume_section_by_section_and_as_a_volume(tmp_path: Path) -> None:
    values = noise((3, 40, 300))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "flat")
    predict(tmp_path / "in.npy", str(tmp_path / "flat"), tmp_path / "a.zarr", silent, SMALL, interval=1.0)
    np.testing.assert_allclose(everything(tmp_path / "a.zarr"), whole(segmenter, values), atol=1e-5)
    values = noise((70, 30, 140))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "deep", dims=3, widths=(3, 4))
    lines = predict(
        tmp_path / "in.npy", str(tmp_path / "deep"), tmp_path / "b.zarr", silent, 625 << 20, interval=1.0
    )
    assert not lines[-2].startswith("1 ")
    np.testing.assert_allclose(everything(tmp_path / "b.zarr"), whole(segmenter, values), atol=1e-5)


def test_segy_goes_to_segy_in_the_same_geometry(tmp_path: Path) -> None:
    segyio = pytest.importorskip("segyio")
    sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
    from segy_files import make_volume

    cube = noise((4, 6, 50))
    source = make_volume(tmp_path / "cube.sgy", cube, "crossline")
    segmenter = small_bundle(tmp_path / "bundle")
    predict(source, str(tmp_path / "bundle"), tmp_path / "out.segy", silent)
    with segyio.open(str(source)) as old, segyio.open(str(tmp_path / "out.segy")) as new:
        assert all(dict(a) == dict(b) for a, b in zip(old.header, new.header, strict=True))
        read = segyio.tools.cube(new).swapaxes(0, 1)
    np.testing.assert_allclose(read, whole(segmenter, cube), atol=1e-5)
    # By way of zarr the headers come along.
    convert(source, tmp_path / "cube.zarr", silent)
    predict(tmp_path / "cube.zarr", str(tmp_path / "bundle"), tmp_path / "two.sgy", silent)
    assert (tmp_path / "two.sgy").read_bytes() == (tmp_path / "out.segy").read_bytes()


def test_what_is_no_number_is_named_and_hurts_nobody_else(tmp_path: Path) -> None:
    values = noise((40, 60))
    zeroed = values.copy()
    values[7, 3:9] = np.nan
    zeroed[7, 3:9] = 0
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "bundle")
    lines = predict(
        tmp_path / "in.npy", str(tmp_path / "bundle"), tmp_path / "out.zarr", silent, interval=0.001
    )
    assert lines[0] == "6 samples that are no finite number; they count as 0: trace 8"
    np.testing.assert_allclose(everything(tmp_path / "out.zarr"), whole(segmenter, zeroed), atol=1e-5)


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", noise((20, 30)))
    small_bundle(tmp_path / "bundle")
    bundle = str(tmp_path / "bundle")
    for output, words in (
        ("out.sgy", "no SEG-Y headers"),
        ("out.png", "ends in .zarr"),
        ("in.npy", "ends in .zarr"),
    ):
        with pytest.raises(InputError, match=words):
            predict(tmp_path / "in.npy", bundle, tmp_path / output, silent, interval=0.001)
    (tmp_path / "mine.zarr").mkdir()
    with pytest.raises(InputError, match="no section written here"):
        predict(tmp_path / "in.npy", bundle, tmp_path / "mine.zarr", silent, interval=0.001)


def test_finished_pieces_are_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = noise((530, 530))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "bundle")
    call = (
        tmp_path / "in.npy",
        str(tmp_path / "bundle"),
        tmp_path / "out.zarr",
        silent,
        SMALL,
        1,
        None,
        0.001,
    )
    done: list[int] = []
    real = predicting.predict_piece

    def failing(job, piece):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(piece.number)
        return real(job, piece)

    monkeypatch.setattr(predicting, "predict_piece", failing)
    with pytest.raises(KeyboardInterrupt):
        predict(*call)
    assert not (tmp_path / "out.zarr").exists()
    more: list[int] = []
    monkeypatch.setattr(
        predicting, "predict_piece", lambda job, piece: (more.append(piece.number), real(job, piece))[1]
    )
    predict(*call)
    assert sorted(done + more) == list(range(9))
    np.testing.assert_allclose(everything(tmp_path / "out.zarr"), whole(segmenter, values), atol=1e-5)
    assert predict(*call) == [f"{tmp_path / 'out.zarr'} holds it already"]


def test_a_changed_source_is_predicted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "in.npy", noise((300, 40)))
    segmenter = small_bundle(tmp_path / "bundle")
    call = (
        tmp_path / "in.npy",
        str(tmp_path / "bundle"),
        tmp_path / "out.zarr",
        silent,
        SMALL,
        1,
        None,
        0.001,
    )
    real = predicting.predict_piece

    def changing(job, piece):
        found = real(job, piece)
        np.save(tmp_path / "in.npy", noise((300, 40), seed=9))
        return found

    monkeypatch.setattr(predicting, "predict_piece", changing)
    with pytest.raises(InputError, match="changed while it was read"):
        predict(*call)
    monkeypatch.setattr(predicting, "predict_piece", real)
    predict(*call)
    expected = whole(segmenter, noise((300, 40), seed=9))
    np.testing.assert_allclose(everything(tmp_path / "out.zarr"), expected, atol=1e-5)


def test_a_full_disk_leaves_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "in.npy", noise((530, 530)))
    small_bundle(tmp_path / "bundle")
    call = (
        tmp_path / "in.npy",
        str(tmp_path / "bundle"),
        tmp_path / "out.zarr",
        silent,
        SMALL,
        1,
        None,
        0.001,
    )
    real, written = predicting.write_box, []

    def full(path, where, values):
        if written:
            raise OSError(28, "No space left on device")
        written.append(where)
        real(path, where, values)

    monkeypatch.setattr(predicting, "write_box", full)
    with pytest.raises(TerrellaError, match=r"No space left .* stays"):
        predict(*call)
    journal = (tmp_path / ".out.zarr.journal").read_text().splitlines()
    assert [json.loads(line).get("piece") for line in journal] == [None, 0]


def test_memory_that_runs_out_says_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "in.npy", noise((30, 40)))
    small_bundle(tmp_path / "bundle")

    def greedy(*arguments: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(predicting, "probabilities", greedy)
    with pytest.raises(
        DoesNotFitError, match=r"piece 1, which was to take 2.0 GB; choose a smaller --memory"
    ):
        predict(tmp_path / "in.npy", str(tmp_path / "bundle"), tmp_path / "out.zarr", silent, interval=0.001)


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", noise((30, 40)))
    small_bundle(tmp_path / "bundle")
    call = (
        tmp_path / "in.npy",
        str(tmp_path / "bundle"),
        tmp_path / "out.zarr",
        silent,
        SMALL,
        1,
        None,
        0.001,
    )
    with alone(tmp_path / "out.zarr"), pytest.raises(InputError, match="another process is writing"):
        predict(*call)
    predict(*call)


def test_pieces_that_were_removed_are_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = noise((30, 40))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "bundle")
    call = (
        tmp_path / "in.npy",
        str(tmp_path / "bundle"),
        tmp_path / "out.zarr",
        silent,
        SMALL,
        1,
        None,
        0.001,
    )

    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    for name in ("_finish", "create_section"):  # at its end, and then before there is an output to write to
        with monkeypatch.context() as context:
            context.setattr(predicting, name, stopped)
            with pytest.raises(KeyboardInterrupt):
                predict(*call)
        shutil.rmtree(tmp_path / ".out.zarr.part", ignore_errors=True)
    predict(*call)
    np.testing.assert_allclose(everything(tmp_path / "out.zarr"), whole(segmenter, values), atol=1e-5)


_SCRIPT = """
import sys
from pathlib import Path
from terrella.segment.use.predict import predict_section as predict
def show(event):
    print(event, flush=True)
predict(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), show, int(sys.argv[4]), interval=0.001)
"""


def test_kill_9_changes_nothing(tmp_path: Path) -> None:
    values = noise((800, 800))
    np.save(tmp_path / "in.npy", values)
    segmenter = small_bundle(tmp_path / "bundle")
    arguments = [sys.executable, "-c", _SCRIPT, "in.npy", "bundle", "out.zarr", str(SMALL)]
    process = subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "'predict'" in line and "'done': 2" in line:
            time.sleep(0.01)  # it works on its third piece
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.zarr").exists()
    events: list[dict] = []
    output = tmp_path / "out.zarr"
    predict(tmp_path / "in.npy", str(tmp_path / "bundle"), output, events.append, SMALL, interval=0.001)
    assert "pieces are done already" in events[0]["message"]
    np.testing.assert_allclose(everything(output), whole(segmenter, values), atol=1e-5)
    assert not list(tmp_path.rglob("*.partial"))


def test_processes_give_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", noise((530, 400)))
    small_bundle(tmp_path / "bundle")
    for name, workers in (("one.zarr", 1), ("two.zarr", 2)):
        memory = SMALL if workers == 1 else SMALL * workers + (600 << 20)
        predict(
            tmp_path / "in.npy",
            str(tmp_path / "bundle"),
            tmp_path / name,
            silent,
            memory,
            workers,
            interval=0.001,
        )
    np.testing.assert_allclose(
        everything(tmp_path / "one.zarr"), everything(tmp_path / "two.zarr"), atol=1e-5
    )
    shutil.rmtree(tmp_path / "two.zarr")
