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
from segy_files import floats, make_volume, patched, write_bytes

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


@pytest.mark.parametrize("by_zarr", [False, True])
@pytest.mark.parametrize(
    ("binary_us", "trace_us", "said", "written"),
    [(0, 0, 0.002, (2000, 2000)), (2000, 1000, 0.001, (1000, 1000)), (4000, 4000, None, (4000, 4000))],
)
def test_an_interval_that_is_said_is_written(
    tmp_path: Path, binary_us: int, trace_us: int, said: float | None, written: tuple[int, int], by_zarr: bool
) -> None:
    values, headers = noise((20, 40)), [{117: trace_us}] * 20
    source = write_bytes(tmp_path / "in.sgy", floats(values), headers, binary={(3217, "H"): binary_us})
    small_bundle(tmp_path / "bundle")
    more = ["--interval", said] if said else []
    if by_zarr:
        assert run("data", source, "-o", tmp_path / "in.zarr", *more) == 0
        source, more = tmp_path / "in.zarr", []
    assert run("predict", source, "--bundle", tmp_path / "bundle", "-o", tmp_path / "out.sgy", *more) == 0
    with segyio.open(str(tmp_path / "out.sgy"), ignore_geometry=True) as file:
        assert file.bin[3217] == written[0]
        assert set(file.attributes(117)[:]) == {written[1]}
    assert open_section(tmp_path / "out.sgy").interval == pytest.approx(written[0] * 1e-6)


def test_an_interval_that_headers_cannot_say_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_bytes(tmp_path / "in.sgy", floats(noise((20, 40))))
    small_bundle(tmp_path / "bundle")
    command = ["predict", source, "--bundle", tmp_path / "bundle", "--interval", 0.0000625]
    assert run(*command, "-o", tmp_path / "out.sgy") == 2
    assert "name the output .zarr" in " ".join(capsys.readouterr().err.split())
    new = write_bytes(tmp_path / "in.sgy", floats(noise((20, 40))), binary={(3501, "B"): 2})
    assert run("predict", new, *command[2:], "-o", tmp_path / "out.sgy") == 0
    assert (
        open_section(tmp_path / "out.sgy", 0.0000625).interval == open_section(tmp_path / "out.sgy").interval
    )


def test_what_was_found_in_a_file_is_said_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.arange(20 * 40).reshape(20, 40) + (1 << 24)
    headers = [{21: 5 + trace + 90 * (trace > 9), 109: 500} for trace in range(20)]
    source = write_bytes(
        tmp_path / "in.sgy", [row.astype(">i4").tobytes() for row in values], headers, code=2
    )
    odd = int((values % 2 == 1).sum())
    small_bundle(tmp_path / "bundle")
    for verb in ("data", "predict"):
        bundle = ["--bundle", tmp_path / "bundle"] if verb == "predict" else []
        assert run(verb, source, *bundle, "-o", tmp_path / f"{verb}.zarr") == 0
        said = " ".join(capsys.readouterr().out.split())
        assert f"{odd} samples are whole numbers above 16,777,216, which are rounded to 24 bits" in said
        assert "CDP number jumps from 14 to 105" in said
        kept = open_section(tmp_path / f"{verb}.zarr")
        assert kept.start == 0.5
        assert kept.lines["CDP"].tolist() == [header[21] for header in headers]
    assert run("show", source, "-o", tmp_path / "in.png") == 0
    assert "CDP number jumps" in " ".join(capsys.readouterr().out.split())
    assert run("show", source, "-o", tmp_path / "in.txt") == 2
    assert "in.txt: the picture's name ends in .png, .pdf, .svg" in " ".join(capsys.readouterr().err.split())


def test_bytes_of_the_numbers_are_options_of_every_command(tmp_path: Path) -> None:
    cube = noise((4, 5, 40))
    headers = [{17: 7 + i, 13: 3 + j} for i in range(4) for j in range(5)]
    source = write_bytes(tmp_path / "in.sgy", floats(cube.reshape(20, 40)), headers)
    small_bundle(tmp_path / "bundle")
    where = ["--inline-byte", 17, "--crossline-byte", 13]
    assert run("data", source, "-o", tmp_path / "in.zarr", *where) == 0
    assert open_section(tmp_path / "in.zarr").shape == (4, 5, 40)
    output = ["-o", tmp_path / "out.sgy", "--figure", tmp_path / "out.pdf"]
    assert run("predict", source, "--bundle", tmp_path / "bundle", *output, *where) == 0
    assert open_section(tmp_path / "out.sgy", lines=(17, 13)).shape == (4, 5, 40)
    assert run("show", source, tmp_path / "out.sgy", "-o", tmp_path / "in.svg", *where) == 0
    assert run("show", tmp_path / "in.zarr", "-o", tmp_path / "in.svg", *where) == 2
    assert run("show", source, "-o", tmp_path / "in.svg", *where[:2]) == 2


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
