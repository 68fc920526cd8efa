"""Pictures of sections and the commands data, predict and show."""

from pathlib import Path

import numpy as np
import pytest
from cyclopts import App
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from segment_cases import noise, small_bundle

from terrella.cli.segment import data, predict, show
from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.segment.use import show as showing
from terrella.segment.use.predict import memory_in_bytes
from terrella.segment.use.show import draw_amplitudes, draw_probability, overview, strongest

pytest.importorskip("zarr")
_PNG = b"\x89PNG"


def run(*words: object) -> None:
    app = App(name="segment")
    for command in (data, predict, show):
        app.command(command)
    app([str(word) for word in words], exit_on_error=False, print_error=False, result_action="return_value")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4))
def test_the_strongest_of_each_cell_keeps_its_sign(rows: int, columns: int, a: int, b: int) -> None:
    values = noise((rows, columns))
    found = strongest(values, (a, b))
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            cell = values[i * a : (i + 1) * a, j * b : (j + 1) * b]
            assert found[i, j] == cell.flat[np.abs(cell).argmax()]


@pytest.mark.parametrize("at_once", [1, 50, 1 << 20])
def test_an_overview_does_not_depend_on_how_much_is_read(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = noise((3, 37, 53))
    np.save(tmp_path / "a.npy", values)
    monkeypatch.setattr(showing, "_READ_SAMPLES", at_once)
    found = overview(open_section(tmp_path / "a.npy", 1.0), (10, 20))
    np.testing.assert_array_equal(found, strongest(values[1], (4, 3)))


def test_panels_show_time_downward_and_probability_from_0_to_1() -> None:
    axes = Figure().subplots(1, 2)
    left = draw_amplitudes(axes[0], noise((6, 9)), (0, 60, 0.9, 0))
    right = draw_probability(axes[1], np.full((6, 9), 0.3, np.float32), (0, 60, 0.9, 0))
    assert left.images[0].get_array().shape == (9, 6)
    assert left.get_ylim() == (0.9, 0)
    assert left.images[0].get_clim()[0] == -left.images[0].get_clim()[1]
    assert right.images[0].get_clim() == (0, 1)
    # A section of zeros is drawn too.
    assert draw_amplitudes(axes[0], np.zeros((3, 3), np.float32), (0, 3, 3, 0)).images[-1].get_clim() == (
        -1,
        1,
    )


def test_commands_from_record_to_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "in.npy", noise((40, 60)))
    small_bundle(tmp_path / "bundle")
    run("data", tmp_path / "in.npy", "-o", tmp_path / "in.zarr", "--interval", 0.002, "--chunk", 16, 32)
    printed = capsys.readouterr().out
    assert "40 traces × 60 samples, every 0.002 s" in printed
    run(
        "predict", tmp_path / "in.zarr", "--bundle", tmp_path / "bundle", "-o", tmp_path / "p.zarr",
        "--memory", "1GB", "--figure", tmp_path / "p.png",
    )  # fmt: skip
    assert "1 piece of up to 256 × 256 samples, 0% more" in capsys.readouterr().out
    run("show", tmp_path / "in.zarr", tmp_path / "p.zarr", "-o", tmp_path / "again.png")
    assert all((tmp_path / name).read_bytes().startswith(_PNG) for name in ("p.png", "again.png"))
    np.save(tmp_path / "other.npy", noise((40, 61)))
    with pytest.raises(InputError, match="shape"):
        run("show", tmp_path / "in.zarr", tmp_path / "other.npy", "-o", tmp_path / "again.png")


def test_sizes_of_memory() -> None:
    assert memory_in_bytes("2GB") == 2 << 30
    assert memory_in_bytes(" 1.5 GiB ") == 3 << 29
    assert memory_in_bytes("800m") == 800 << 20
    for text in ("2", "two GB", "", "-1GB"):
        with pytest.raises(InputError, match="--memory"):
            memory_in_bytes(text)


@pytest.mark.parametrize(
    "name", ["f3.sgy", "volve10r12-full-z-il10117sub.sgy", "iDAS005_hdf5_example.626.h5"]
)
def test_real_sections_are_predicted_and_drawn(tmp_path: Path, shared_data: Path, name: str) -> None:
    small_bundle(tmp_path / "bundle")
    source = shared_data / "segment" / name
    output = tmp_path / ("out.sgy" if source.suffix == ".sgy" else "out.zarr")
    run("predict", source, "--bundle", tmp_path / "bundle", "-o", output, "--figure", tmp_path / "p.png")
    before, after = open_section(source), open_section(output)
    assert (after.shape, after.interval, after.unit) == (before.shape, before.interval, before.unit)
    values = after.read(*[slice(None)] * len(after.shape))
    assert 0 <= values.min() < values.max() <= 1
    assert (tmp_path / "p.png").stat().st_size > 20_000
