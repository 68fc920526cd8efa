"""DAS records in the layouts of instruments, made here and real."""

from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.sections.open import open_section

VALUES = np.random.default_rng(1).integers(-999, 999, (30, 8)).astype(np.int16)  # (time, channel)


def prodml(path: Path, values: np.ndarray = VALUES, time_first: bool = True, rate_hz: float = 500.0) -> Path:
    with h5py.File(path, "w") as file:
        acquisition = file.create_group("Acquisition")
        acquisition.attrs.update(
            {"GaugeLength": 10.0, "SpatialSamplingInterval": 2.0, "schemaVersion": b"2.1"}
        )
        acquisition.attrs["SpatialSamplingInterval.uom"] = acquisition.attrs["GaugeLength.uom"] = b"m"
        raw = acquisition.create_group("Raw[0]")
        raw.attrs["OutputDataRate"] = rate_hz
        array = raw.create_dataset("RawData", data=values if time_first else values.T)
        array.attrs["Dimensions"] = [b"time", b"locus"] if time_first else [b"locus", b"time"]
        raw.create_dataset("RawDataTime", data=np.arange(len(values)) * 2000)
    return path


def silixa(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        array = file.create_dataset("Acoustic", data=VALUES)
        array.attrs.update(
            {
                "SamplingFrequency[Hz]": "500",
                "SpatialResolution[m]": "2",
                "GaugeLength": "10",
                "iDASVersion": "2.4",
            }
        )
    return path


def terra15(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs.update({"dx": 2.0, "dt_computer": 0.002, "gauge_length": 10.0, "file_version": 5})
        file.create_dataset("data_product/data", data=VALUES.astype(np.float32))
    return path


def dasdae(path: Path, dims: str = "time,distance") -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["__format__"] = b"DASDAE"
        patch = file.create_group("waveforms/one")
        patch.attrs.update({"_dims": dims.encode(), "_attrs_gauge_length": 10.0})
        patch["data"] = VALUES if dims.startswith("time") else VALUES.T
        patch["_coord_time"] = np.arange(30) * 2_000_000
        patch["_coord_time"].attrs["is_datetime64"] = np.uint8(1)
        patch["_coord_distance"] = np.arange(8) * 2.0
        patch["_coord_distance"].attrs["units"] = "m"
    return path


@pytest.mark.parametrize("make", [prodml, silixa, terra15, dasdae])
def test_every_layout_becomes_channels_by_samples(tmp_path: Path, make) -> None:
    section = open_section(make(tmp_path / "record.h5"))
    assert section.shape == (8, 30)
    assert (section.interval, section.unit, section.spacing_m) == (
        pytest.approx(0.002),
        "s",
        pytest.approx(2.0),
    )
    assert section.about["gauge length"] == "10 m"
    np.testing.assert_array_equal(section.read(slice(None), slice(None)), VALUES.T)
    np.testing.assert_array_equal(section.read(slice(2, 7, 2), slice(3, 20)), VALUES.T[2:7:2, 3:20])


@pytest.mark.parametrize("make", [prodml, dasdae])
def test_axes_in_either_order(tmp_path: Path, make) -> None:
    where = (slice(1, 5), slice(2, 9))
    other = {"time_first": False} if make is prodml else {"dims": "distance,time"}
    one, two = open_section(make(tmp_path / "a.h5")), open_section(make(tmp_path / "b.h5", **other))
    np.testing.assert_array_equal(one.read(*where), two.read(*where))


def test_rates_that_contradict_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"OutputDataRate says 0\.001 s .* RawDataTime 0\.002 s"):
        open_section(prodml(tmp_path / "record.h5", rate_hz=1000.0))


def test_an_unknown_layout_says_what_is_known(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["amplitudes"] = VALUES
    with pytest.raises(
        InputError, match=r"amplitudes.*PRODML 2.0 and 2.1, Silixa, Terra15 and DASDAE.*\.npy"
    ):
        open_section(tmp_path / "other.h5")


def test_several_patches_are_refused(tmp_path: Path) -> None:
    with h5py.File(dasdae(tmp_path / "record.h5"), "a") as file:
        file.copy("waveforms/one", "waveforms/two")
    with pytest.raises(InputError, match="2 patches"):
        open_section(tmp_path / "record.h5")


def test_one_axis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="RawData should hold numbers of two axes"):
        open_section(prodml(tmp_path / "record.h5", VALUES.ravel()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_raise_input_errors_alone(tmp_path: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([prodml, silixa, terra15, dasdae]))(tmp_path / "record.h5")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(8, len(raw)) | st.just(len(raw)))]))
    with suppress(InputError):
        section = open_section(path)
        section.read(*[slice(0, 4)] * len(section.shape))


REAL = {
    "deformation_rate_event_1.hdf5": ((225, 900), 0.0005, 5.717),
    "dispersion_event.h5": ((101, 2500), 0.0005, None),  # its distance has no unit
    "iDAS005_hdf5_example.626.h5": ((1152, 1000), 0.001, 1.021),
    "prodml_2.0.h5": ((512, 2500), 0.005, 1.021),
    "silixa_h5_1.hdf5": ((3840, 100), 0.002, 2.041904),
    "terra15_v5_test_file.hdf5": ((43, 2060), 0.00031096, 1.6335),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_records(shared_data: Path, name: str) -> None:
    section = open_section(shared_data / "segment" / name)
    shape, interval, spacing_m = REAL[name]
    assert section.shape == shape
    assert section.interval == pytest.approx(interval, rel=1e-3)
    assert section.spacing_m == (None if spacing_m is None else pytest.approx(spacing_m, rel=1e-3))
    whole = section.read(slice(None), slice(None))
    assert np.isfinite(whole).all()
    assert whole.std() > 0
    np.testing.assert_array_equal(section.read(slice(5, 9), slice(10, 50)), whole[5:9, 10:50])


def test_every_real_file_is_one_of_those_tested(shared_data: Path) -> None:
    files = {path.name for path in (shared_data / "segment").iterdir() if path.suffix in (".h5", ".hdf5")}
    assert files == set(REAL)


def test_arrays_that_lie_in_other_files_are_refused(tmp_path: Path) -> None:
    silixa(tmp_path / "other.h5")
    wanted = r"(a|b|c|d)\.h5: .* lies in another file, which is not read"
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Acoustic"] = h5py.ExternalLink("other.h5", "/Acoustic")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
        file["Acoustic"] = h5py.SoftLink("/elsewhere/Acoustic")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        VALUES.tofile(tmp_path / "raw.bin")
        raw = str(tmp_path / "raw.bin")
        file.create_dataset("Acoustic", VALUES.shape, VALUES.dtype, external=[(raw, 0, VALUES.nbytes)])
    with h5py.File(tmp_path / "d.h5", "w") as file:
        layout = h5py.VirtualLayout(VALUES.shape, VALUES.dtype)
        layout[:] = h5py.VirtualSource("other.h5", "Acoustic", VALUES.shape)
        file.create_virtual_dataset("Acoustic", layout)
    for name in "abcd":
        with pytest.raises(InputError, match=wanted):
            open_section(tmp_path / f"{name}.h5")


def test_links_within_a_file_are_followed(tmp_path: Path) -> None:
    with h5py.File(silixa(tmp_path / "record.h5"), "a") as file:
        file.move("Acoustic", "kept")
        file["Acoustic"] = h5py.SoftLink("/kept")
        file["broken"] = h5py.SoftLink("/nowhere")
    assert open_section(tmp_path / "record.h5").shape == (8, 30)
