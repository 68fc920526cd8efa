"""Conversion to zarr: the same samples, findings named, and no loss by a kill."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segment_cases import small_bundle

from terrella.engine.journal import Journal
from terrella.errors import InputError, TerrellaError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy_write import write_segy
from terrella.formats.sections.zarr_sections import kept_headers
from terrella.segment.data import convert as converting
from terrella.segment.data.convert import convert
from terrella.segment.use.predict import predict_section

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import make_line, make_volume

segyio = pytest.importorskip("segyio")
pytest.importorskip("zarr")
RANDOM = np.random.default_rng(4)


def silent(event: dict) -> None:
    """Take no notice."""


def everything(path: Path) -> np.ndarray:
    section = open_section(path)
    return section.read(*[slice(None)] * len(section.shape))


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of a few kilobytes, so that a small section has many."""
    whole = converting.cut
    monkeypatch.setattr(converting, "cut", lambda shape, chunk=None: whole(shape, chunk, 8192))


def test_a_volume_is_converted_with_its_headers(tmp_path: Path, small_shards: None) -> None:
    cube = RANDOM.standard_normal((6, 9, 50)).astype(np.float32)
    source = make_volume(tmp_path / "cube.sgy", cube)
    lines = convert(source, tmp_path / "cube.zarr", silent, (2, 4, 16))
    assert lines[0].endswith("6 inlines × 9 crosslines × 50 samples, every 0.004 s, 25 m apart")
    np.testing.assert_array_equal(everything(tmp_path / "cube.zarr"), cube)
    write_segy(
        tmp_path / "again.sgy", kept_headers(tmp_path / "cube.zarr"), open_section(tmp_path / "cube.zarr")
    )
    assert (tmp_path / "again.sgy").read_bytes() == source.read_bytes()
    assert convert(source, tmp_path / "cube.zarr", silent, (2, 4, 16))[-1].endswith("holds it already")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.sgy", "cube.sgy", "cube.zarr"]


def test_what_is_no_number_is_named_and_zeroed(tmp_path: Path, small_shards: None) -> None:
    traces = RANDOM.standard_normal((40, 120)).astype(np.float32)
    traces[3, 5:8], traces[31, 100] = np.nan, np.inf
    lines = convert(make_line(tmp_path / "line.sgy", traces), tmp_path / "line.zarr", silent, (16, 16))
    assert "4 samples that are no finite number; they count as 0: trace 4, trace 32" in lines
    expected = np.where(np.isfinite(traces), traces, 0)
    np.testing.assert_array_equal(everything(tmp_path / "line.zarr"), expected)
    rms = np.sqrt(np.mean(expected.astype(float) ** 2))
    assert (
        f"amplitudes from {expected.min():.4g} to {expected.max():.4g}, root mean square {rms:.4g}" in lines
    )


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_a_stopped_conversion_goes_on(
    tmp_path: Path, stop: int, small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = RANDOM.standard_normal((70, 120)).astype(np.float32)
    traces[0, 0] = np.nan
    source = make_line(tmp_path / "line.sgy", traces)
    real, written = converting.write_box, []

    def stopping(path, where, values):
        if len(written) == stop:
            raise KeyboardInterrupt
        written.append(where)
        real(path, where, values)

    monkeypatch.setattr(converting, "write_box", stopping)
    with pytest.raises(KeyboardInterrupt):
        convert(source, tmp_path / "line.zarr", silent, (16, 16))
    assert not (tmp_path / "line.zarr").exists()
    # Half a line, as a kill leaves it, counts for nothing.
    journal = tmp_path / ".line.zarr.journal"
    journal.write_text(journal.read_text() + '{"piece": 5, "fou')
    again = []
    monkeypatch.setattr(
        converting, "write_box", lambda *arguments: (again.append(arguments[1]), real(*arguments))
    )
    lines = convert(source, tmp_path / "line.zarr", silent, (16, 16))
    assert len(written) + len(again) == len({str(where) for where in [*written, *again]})
    assert len(written) == stop
    assert any(line.startswith("1 samples that are no finite number") for line in lines)
    np.testing.assert_array_equal(everything(tmp_path / "line.zarr"), np.nan_to_num(traces))


def test_another_source_begins_anew_and_replaces_the_old_output(tmp_path: Path, small_shards: None) -> None:
    one, two = (RANDOM.standard_normal((20, 30)).astype(np.float32) for _ in range(2))
    convert(make_line(tmp_path / "line.sgy", one), tmp_path / "line.zarr", silent)
    make_line(tmp_path / "line.sgy", two)
    convert(tmp_path / "line.sgy", tmp_path / "line.zarr", silent)
    np.testing.assert_array_equal(everything(tmp_path / "line.zarr"), two)


def test_a_full_disk_is_one_line(tmp_path: Path, small_shards: None, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_line(tmp_path / "line.sgy", np.ones((20, 30), np.float32))

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(converting, "write_box", full)
    with pytest.raises(TerrellaError, match=r"No space left on device.*make room") as caught:
        convert(source, tmp_path / "line.zarr", silent)
    assert not isinstance(caught.value, InputError)


@pytest.mark.parametrize("output", ["line.h5", "folder.zarr"])
def test_outputs_that_are_something_else_are_refused(tmp_path: Path, output: str) -> None:
    (tmp_path / "folder.zarr").mkdir()
    source = make_line(tmp_path / "line.sgy", np.ones((20, 30), np.float32))
    with pytest.raises(InputError):
        convert(source, tmp_path / output, silent)


_SCRIPT = """
import sys
from pathlib import Path
from terrella.segment.data import convert as converting
whole = converting.cut
converting.cut = lambda shape, chunk=None: whole(shape, chunk, 65536)
converting.convert(Path(sys.argv[1]), Path(sys.argv[2]), lambda event: print(event, flush=True))
"""


@pytest.mark.parametrize("kill_after", [1, 4])
def test_kill_9_changes_nothing(tmp_path: Path, kill_after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = RANDOM.standard_normal((600, 1200)).astype(np.float32)
    source = make_line(tmp_path / "line.sgy", traces)
    arguments = [sys.executable, "-c", _SCRIPT, "line.sgy", "line.zarr"]
    process = subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    seen = 0
    for line in process.stdout:
        seen += "'progress'" in line
        if seen == kill_after:
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "line.zarr").exists()
    whole, events = converting.cut, []
    monkeypatch.setattr(converting, "cut", lambda shape, chunk=None: whole(shape, chunk, 65536))
    convert(source, tmp_path / "line.zarr", events.append)
    assert "written already" in events[0]["message"]
    np.testing.assert_array_equal(everything(tmp_path / "line.zarr"), traces)
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("at", ["between", "after"])
@pytest.mark.parametrize("verb", ["data", "predict"])
def test_a_kill_while_an_earlier_output_is_replaced_locks_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, at: str
) -> None:
    output, line = tmp_path / "out.zarr", tmp_path / "line.sgy"
    small_bundle(tmp_path / "bundle")

    def make(level: float) -> None:
        make_line(line, np.full((30, 40), level, np.float32))
        os.utime(line, ns=(1, int(level)))
        if verb == "data":
            convert(line, output, silent)
        else:
            predict_section(line, str(tmp_path / "bundle"), output, silent)

    def killed(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    make(1.0)
    before, rename, remove = everything(output), Path.replace, shutil.rmtree
    old = output.with_name(f".{output.name}.old")
    with monkeypatch.context() as context:
        if at == "after":
            context.setattr(
                shutil, "rmtree", lambda path, **more: (killed if old.exists() else remove)(path, **more)
            )
        else:
            context.setattr(Path, "replace", lambda a, b: killed() if b == output else rename(a, b))
        with pytest.raises(KeyboardInterrupt):
            make(2.0)
    make(2.0)
    assert verb == "predict" or (everything(output) == 2 * before).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "line.sgy", "out.zarr"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 200), st.binary(max_size=6))
def test_a_journal_survives_any_cut(tmp_path: Path, end: int, rest: bytes) -> None:
    whole = Journal(tmp_path / "journal", {"shape": (3, 4)})
    whole.begin()
    for piece in range(4):
        whole.add(piece, {"n": piece})
    raw = whole.path.read_bytes()
    whole.path.write_bytes(raw[:end] + rest)
    again = Journal(whole.path, {"shape": (3, 4)})
    if again.resume():
        assert all(again.found[piece] == {"n": piece} for piece in again.found)
        again.add(9, {})
        last = Journal(whole.path, {"shape": (3, 4)})
        assert last.resume()
        assert last.found == again.found
    assert not Journal(whole.path, {"shape": (4, 3)}).resume()


@pytest.mark.parametrize("name", ["viking_small.segy", "f3.sgy", "prodml_2.0.h5", "silixa_h5_1.hdf5"])
def test_real_files(tmp_path: Path, shared_data: Path, name: str) -> None:
    source = shared_data / "segment" / name
    lines = convert(source, tmp_path / "out.zarr", silent)
    np.testing.assert_array_equal(everything(tmp_path / "out.zarr"), everything(source))
    assert open_section(tmp_path / "out.zarr").interval == open_section(source).interval
    assert any(line.startswith("format: ") for line in lines)
