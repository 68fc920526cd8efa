"""Training and prediction straight from SEG-Y, as a user types them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from segment_cases import noise, small_bundle
from test_file_patches import write_lines

from terrella.cli.main import main
from terrella.engine.tensor_file import read_tensors
from terrella.formats.sections.open import open_section
from terrella.segment import demo
from terrella.segment.settings import SegmentSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import make_volume, patched

segyio = pytest.importorskip("segyio")
SMALL = [
    "--network.widths", 4, 8, "--fit.epochs", 2, "--fit.batch", 4, "--patch.shape", 16, 64,
    "--patch.per-section", 12, "--judge.resamples", 20, "--no-plan",
]  # fmt: skip


def run(*arguments: object) -> int:
    """Run a command in this process and return its exit code."""
    try:
        main(["segment", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_streamed_from_segy_and_held_in_memory_train_the_same_network(tmp_path: Path) -> None:
    table = write_lines(tmp_path, shape=(60, 300))
    tensors = []
    for name, hold_mb in (("held", 1000), ("streamed", 0.001)):
        where = ["--data.sections", table, "--data.hold-mb", hold_mb, "--run", tmp_path / name]
        assert run("train", *where, *SMALL) == 0
        tensors.append(read_tensors(tmp_path / name / "model" / "model.safetensors")[0])
    assert tensors[0].keys() == tensors[1].keys()
    for name, values in tensors[0].items():
        np.testing.assert_array_equal(values, tensors[1][name])
    assert run("judge", "--run", tmp_path / "streamed") == 0
    assert (
        run("predict", tmp_path / "s2.sgy", "--bundle", tmp_path / "streamed", "-o", tmp_path / "p.sgy") == 0
    )
    assert open_section(tmp_path / "p.sgy").shape == (60, 300)


@pytest.mark.parametrize(
    ("file", "at", "content", "words"),
    [
        ("s1.sgy", 3225, b"\0\x63", "format code (bytes 3225-3226) is 99"),
        ("l0.sgy", 3221, b"\0\x15", "fits no whole number of traces of 21 samples"),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, file: str, at: int, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_lines(tmp_path)
    patched(tmp_path / file, at, content)
    assert run("train", "--data.sections", table, "--run", tmp_path / "run", *SMALL) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert words in said
    assert file in said
    assert "Traceback" not in said


def test_a_volume_with_gaps_is_said_and_keeps_its_traces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = np.zeros((5, 7), bool)
    missing[:2, :2] = True
    source = make_volume(tmp_path / "cube.sgy", noise((5, 7, 40)), missing=missing)
    small_bundle(tmp_path / "bundle")
    assert run("data", source, "-o", tmp_path / "cube.zarr") == 0
    assert "4 of 35 traces are missing and count as dead" in " ".join(capsys.readouterr().out.split())
    output, figure = tmp_path / "out.sgy", tmp_path / "out.png"
    assert run("predict", source, "--bundle", tmp_path / "bundle", "-o", output, "--figure", figure) == 0
    assert "4 of the volume's 35 traces are missing" in " ".join(capsys.readouterr().out.split())
    with segyio.open(str(output), ignore_geometry=True) as file:
        assert file.tracecount == 31
    assert figure.read_bytes()[:4] == b"\x89PNG"


def test_the_demo_takes_noise_and_says_where_some_is(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERRELLA_DATA", str(shared_data))
    monkeypatch.setattr("terrella.segment.task.show_real_sections", lambda run, report: [])
    whole = demo.demo_settings

    def small(seed: int, noise: Path | None) -> SegmentSettings:
        full = whole(seed, noise)
        data = full.data.model_copy(
            update={"surveys": 4, "per_survey": 2, "shape": (24, 128), "shares": (2, 1, 1)}
        )
        chosen = SegmentSettings.model_validate(
            {"network": {"widths": (4, 8)}, "fit": {"epochs": 1}, "judge": {"resamples": 20}}
        )
        return chosen.model_copy(update={"data": data})

    monkeypatch.setattr(demo, "demo_settings", small)
    assert run("demo", "--run", tmp_path / "plain") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"segment demo --noise {shared_data / 'segment'}" in said
    assert run("demo", "--run", tmp_path / "das", "--noise", shared_data / "segment") == 0
    assert "--noise" not in capsys.readouterr().out
    assert (tmp_path / "das" / "report.html").is_file()
    assert run("demo", "--run", tmp_path / "none", "--noise", tmp_path) == 2
    assert "no records in HDF5 there" in " ".join(capsys.readouterr().err.split())
