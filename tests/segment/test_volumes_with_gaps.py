"""Volumes that miss traces: converted, predicted, and written with the traces that they have."""

import sys
from pathlib import Path

import numpy as np
import pytest
from segment_cases import noise, small_bundle

from terrella.formats.sections.open import open_section
from terrella.formats.sections.segy_write import write_segy
from terrella.formats.sections.zarr_sections import kept_headers
from terrella.segment.data.convert import convert
from terrella.segment.data.normalise import section_scales
from terrella.segment.use.predict import predict_section as predict

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import make_volume

segyio = pytest.importorskip("segyio")
zarr = pytest.importorskip("zarr")
ALL = (slice(None),) * 3
CUBE = noise((6, 9, 50))
MISSING = np.add.outer(np.arange(6), np.arange(9)) < 3
MISSING[4, 5:7] = True


def silent(event: dict) -> None:
    """Take no notice."""


@pytest.mark.parametrize("by", ["inline", "crossline"])
def test_a_converted_volume_keeps_its_gaps_and_its_headers(tmp_path: Path, by: str) -> None:
    source = make_volume(tmp_path / "cube.sgy", CUBE, by, missing=MISSING)
    lines = convert(source, tmp_path / "cube.zarr", silent, (2, 4, 16))
    assert any("8 of 54 traces are missing and count as dead" in line for line in lines)
    assert not any("no finite number" in line for line in lines)
    held = CUBE[~MISSING]
    assert any(f"root mean square {np.sqrt(np.mean(held.astype(float) ** 2)):.4g}" in line for line in lines)
    section = open_section(tmp_path / "cube.zarr")
    np.testing.assert_array_equal(section.read(*ALL), np.where(MISSING[..., None], 0, CUBE))
    assert np.isnan(section.read_as_stored(*ALL)[MISSING]).all()
    np.testing.assert_array_equal(section.absent(*ALL), MISSING)
    write_segy(tmp_path / "again.sgy", kept_headers(tmp_path / "cube.zarr"), section)
    assert (tmp_path / "again.sgy").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("scale", ["trace", "section"])
def test_a_prediction_has_the_traces_of_the_input_and_no_others(tmp_path: Path, scale: str) -> None:
    source = make_volume(tmp_path / "cube.sgy", CUBE, missing=MISSING)
    segmenter = small_bundle(tmp_path / "bundle", scale=scale)
    lines = predict(source, str(tmp_path / "bundle"), tmp_path / "out.segy", silent)
    assert lines[0] == "8 of the volume's 54 traces are missing: dead, and not written as SEG-Y"
    dead = np.where(MISSING[..., None], 0, CUBE).astype(np.float32)
    scales = section_scales(lambda *where: dead[where], dead.shape, scale)
    if scale == "section":  # missing traces say nothing about the noise
        live = np.abs(CUBE[~MISSING])
        assert scales[0, 0] == pytest.approx(np.median(np.median(live, axis=-1)) / 0.6745, rel=1e-5)
    whole = np.stack([1 / (1 + np.exp(-segmenter.logits(v, s))) for v, s in zip(dead, scales, strict=True)])
    with (
        segyio.open(str(source), ignore_geometry=True) as old,
        segyio.open(str(tmp_path / "out.segy"), ignore_geometry=True) as new,
    ):
        assert new.tracecount == old.tracecount == 46
        assert all(dict(a) == dict(b) for a, b in zip(old.header, new.header, strict=True))
        np.testing.assert_allclose(new.trace.raw[:], whole[~MISSING], atol=1e-5)
    # By way of zarr it is the same, and a zarr of probabilities has none where there is no trace.
    convert(source, tmp_path / "cube.zarr", silent)
    predict(tmp_path / "cube.zarr", str(tmp_path / "bundle"), tmp_path / "two.sgy", silent)
    assert (tmp_path / "two.sgy").read_bytes() == (tmp_path / "out.segy").read_bytes()
    predict(source, str(tmp_path / "bundle"), tmp_path / "out.zarr", silent)
    probabilities = open_section(tmp_path / "out.zarr").read_as_stored(*ALL)
    np.testing.assert_array_equal(np.isnan(probabilities).all(-1), MISSING)
    np.testing.assert_allclose(probabilities[~MISSING], whole[~MISSING], atol=1e-5)


def test_stores_of_before_gaps_were_read_keep_their_geometry(tmp_path: Path) -> None:
    source = make_volume(tmp_path / "cube.sgy", CUBE, "crossline")
    convert(source, tmp_path / "cube.zarr", silent)
    group = zarr.open_group(tmp_path / "cube.zarr", mode="r+")
    held = dict(group.attrs["segy"])
    del held["places"]
    group.attrs["segy"] = {**held, "strides": [1, 6]}
    section = open_section(tmp_path / "cube.zarr")
    write_segy(tmp_path / "again.sgy", kept_headers(tmp_path / "cube.zarr"), section)
    assert (tmp_path / "again.sgy").read_bytes() == source.read_bytes()


def test_zarr_of_version_2_is_read_and_converted(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "old.zarr", mode="w", zarr_format=2)
    group.create_array("samples", shape=(30, 40), dtype="f4", chunks=(16, 16))[:] = CUBE.reshape(-1, 50)[
        :30, :40
    ]
    group.attrs.update({"interval": 0.004, "unit": "s", "spacing_m": 12.5})
    section = open_section(tmp_path / "old.zarr")
    assert (section.shape, section.interval, section.spacing_m) == ((30, 40), 0.004, 12.5)
    convert(tmp_path / "old.zarr", tmp_path / "new.zarr", silent)
    both = (slice(None), slice(None))
    np.testing.assert_array_equal(
        open_section(tmp_path / "new.zarr").read(*both), CUBE.reshape(-1, 50)[:30, :40]
    )
