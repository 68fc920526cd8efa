"""DAS records against DASCore and arithmetic: units, order of axes, holes in time, tails, and others' formats."""

import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_das import REAL, VALUES, dasdae, prodml, silixa, terra15

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.section import Section

FEET_M = 0.3048


@pytest.fixture(scope="session")
def dascore() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(
            "dascore", minversion="0.1.24", reason="DASCore is not installed, or older"
        )


def everything(section: Section) -> np.ndarray:
    return section.read(slice(None), slice(None))


def check_against_dascore(dascore: Any, path: Path, kind: str | None = None) -> None:
    section = open_section(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (patch,) = dascore.read(path, file_format=kind)
    patch = patch.transpose("distance", "time")
    np.testing.assert_array_equal(everything(section), patch.data.astype(np.float32))
    step_ns = patch.get_coord("time").step.astype("timedelta64[ns]").astype(float)
    assert section.interval == pytest.approx(step_ns * 1e-9, rel=2e-3)  # Terra15's clock jitters over 0.6 s
    distance = patch.get_coord("distance")
    if distance.units is None:
        assert section.spacing_m is None
    else:
        assert section.spacing_m == pytest.approx(float((distance.step * distance.units).to("m").magnitude))


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_records_are_those_of_dascore(dascore: Any, shared_data: Path, name: str) -> None:
    check_against_dascore(dascore, shared_data / "segment" / name)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_dasdae_is_read_as_dascore_reads_it(dascore: Any, tmp_path: Path, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(2, 6), st.integers(2, 30)))
    values = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-999, 999, shape)
    step_ns = data.draw(st.sampled_from([250_000, 2_000_000, 333_333]))
    start = data.draw(st.sampled_from([np.datetime64("2024-01-01", "ns"), np.timedelta64(0, "ns")]))
    coordinates = {
        "distance": np.arange(shape[0]) * data.draw(st.sampled_from([1.0, 5.0, 1.02])),
        "time": start + np.arange(shape[1]) * np.timedelta64(step_ns, "ns"),
    }
    dims = ("distance", "time")
    patch = dascore.Patch(values.astype(data.draw(st.sampled_from(["f4", "f8", "i2"]))), coordinates, dims)
    unit = data.draw(st.sampled_from([None, "m", "ft", "km"]))
    patch = patch.set_units(distance=unit) if unit else patch
    path = tmp_path / "record.h5"
    path.unlink(missing_ok=True)
    patch.transpose(*data.draw(st.permutations(dims))).io.write(path, "DASDAE")
    check_against_dascore(dascore, path, "DASDAE")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_prodml_is_read_as_dascore_reads_it(dascore: Any, tmp_path: Path, data: st.DataObject) -> None:
    n_time, n_loci = data.draw(st.integers(2, 40)), data.draw(st.integers(2, 9))
    step_us = data.draw(st.sampled_from([250, 1000, 2000, 333]))
    path = tmp_path / "record.h5"
    values = np.random.default_rng(n_time).integers(-999, 999, (n_time, n_loci)).astype(np.int16)
    time_first = data.draw(st.booleans())
    prodml(path, values, time_first, 1e6 / step_us)
    start = np.datetime64("2024-01-01T00:00:00", "us")
    stamps = start + np.arange(n_time) * np.timedelta64(step_us, "us")
    with h5py.File(path, "r+") as file:
        acquisition, raw = file["Acquisition"], file["Acquisition/Raw[0]"]
        acquisition.attrs.update(
            PulseRate=1e4, PulseWidth=1.0, NumberOfLoci=n_loci, uuid="0", StartLocusIndex=3
        )
        del acquisition.attrs["SpatialSamplingInterval.uom"], raw["RawDataTime"]
        name = data.draw(st.sampled_from(["SpatialSamplingIntervalUnit", "SpatialSamplingInterval.uom"]))
        acquisition.attrs[name] = data.draw(st.sampled_from(["m", "ft"]))
        if data.draw(st.booleans()):
            raw["RawData"].attrs["Dimensions"] = "time, locus" if time_first else "locus time"
        # DASCore goes by the times in attributes, ours by the rate: the stamps may count in any unit.
        scale = data.draw(st.sampled_from([1, 1000]))
        times = raw.create_dataset("RawDataTime", data=stamps.astype(np.int64) * scale)
        times.attrs.update(PartStartTime=f"{stamps[0]}Z", PartEndTime=f"{stamps[-1]}Z")
    check_against_dascore(dascore, path, "PRODML")


@pytest.mark.parametrize("times", [(2, 1), (2, 9)], ids=["lost one", "lost many"])
@pytest.mark.parametrize("after", [1, 15, 29])
def test_a_hole_in_time_stamps_is_named(tmp_path: Path, times: tuple[int, int], after: int) -> None:
    ticks = np.arange(30) + times[1] * (np.arange(30) >= after)
    with h5py.File(prodml(tmp_path / "record.h5"), "r+") as file:
        file["Acquisition/Raw[0]/RawDataTime"][:] = ticks * 2000
    with pytest.raises(InputError, match=rf"goes on by {2e-3 * (times[1] + 1):g} s after sample {after}, "):
        open_section(tmp_path / "record.h5")
    believed = open_section(tmp_path / "record.h5", interval=0.002)
    assert (believed.shape, len(believed.notes)) == ((8, 30), 1)


def test_a_small_hole_in_a_long_record_is_seen(tmp_path: Path) -> None:
    """The mean rate of 200 s changes by less than 1 % where 1.9 s are lost."""
    path = prodml(tmp_path / "record.h5", np.zeros((100_000, 2), np.int16))
    with h5py.File(path, "r+") as file:
        file["Acquisition/Raw[0]/RawDataTime"][50_000:] += 1_900_000
    with pytest.raises(InputError, match=r"goes on by 1\.902 s after sample 50,000"):
        open_section(path)


def test_clocks_that_jitter_have_no_holes(tmp_path: Path) -> None:
    stamps = 1.7e9 + np.arange(30) * 0.002 + np.random.default_rng(0).uniform(-1e-4, 1e-4, 30)
    with h5py.File(terra15(tmp_path / "record.h5"), "r+") as file:
        file["data_product/gps_time"] = stamps
    assert open_section(tmp_path / "record.h5").interval == pytest.approx(0.002)
    with h5py.File(tmp_path / "record.h5", "r+") as file:
        file["data_product/gps_time"][17:] += 0.002
    with pytest.raises(InputError, match="after sample 17"):
        open_section(tmp_path / "record.h5")


@pytest.mark.parametrize("clock", ["gps_time", "posix_time"])
def test_frames_that_were_never_filled_are_left_out(tmp_path: Path, clock: str) -> None:
    """DASDAE/dascore#1159: an unfinished file ends in rows of zeros; DASDAE/dascore#127: GPS time may be absent."""
    with h5py.File(terra15(tmp_path / "record.h5"), "r+") as file:
        file[f"data_product/{clock}"] = np.where(np.arange(30) < 20, 1.7e9 + np.arange(30) * 0.002, 0.0)
    section = open_section(tmp_path / "record.h5")
    assert section.shape == (8, 20)
    assert "the last 10 samples have no time" in section.notes[0]
    np.testing.assert_array_equal(everything(section), VALUES.T[:, :20])


def test_terra15_of_version_4_names_its_group(tmp_path: Path) -> None:
    with h5py.File(terra15(tmp_path / "record.h5"), "r+") as file:
        file.move("data_product", "velocity")
        file.attrs.update(file_version=4, data_product="velocity")
    np.testing.assert_array_equal(everything(open_section(tmp_path / "record.h5")), VALUES.T)


def test_prodml_without_names_of_axes_goes_by_their_lengths(tmp_path: Path) -> None:
    path = prodml(tmp_path / "record.h5", time_first=False)
    with h5py.File(path, "r+") as file:
        del file["Acquisition/Raw[0]/RawData"].attrs["Dimensions"]
        file["Acquisition"].attrs["NumberOfLoci"] = 8
    np.testing.assert_array_equal(everything(open_section(path)), VALUES.T)
    with h5py.File(path, "r+") as file:
        file["Acquisition/Raw[0]/RawData"].attrs["Dimensions"] = "time, locus"
    with pytest.raises(
        InputError, match=r"said to be time × locus, but its shape is \(8, 30\) with 8 loci and 30"
    ):
        open_section(path)


def test_silixas_fibre_is_longer_than_its_cable(tmp_path: Path) -> None:
    with h5py.File(silixa(tmp_path / "record.h5"), "r+") as file:
        file["Acoustic"].attrs["Fibre Length Multiplier"] = "1.020952"
    assert open_section(tmp_path / "record.h5").spacing_m == pytest.approx(2 * 1.020952)


def test_a_length_without_a_unit_is_none(tmp_path: Path) -> None:
    with h5py.File(prodml(tmp_path / "a.h5"), "r+") as file:
        del file["Acquisition"].attrs["SpatialSamplingInterval.uom"]
    with h5py.File(dasdae(tmp_path / "b.h5"), "r+") as file:
        del file["waveforms/one/_coord_distance"].attrs["units"]
    assert [open_section(tmp_path / name).spacing_m for name in ("a.h5", "b.h5")] == [None, None]


class _Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (Path(self.folder),)


def test_units_are_read_from_a_pickle_of_which_nothing_runs(tmp_path: Path) -> None:
    """Older DASDAE files keep the units of coordinates pickled."""
    with h5py.File(dasdae(tmp_path / "record.h5"), "r+") as file:
        del file["waveforms/one/_coord_distance"].attrs["units"]
        held = {"distance": {"units": "ft", "step": _Runs(str(tmp_path / "made"))}}
        file["waveforms/one"].attrs["_attrs_coords"] = np.bytes_(pickle.dumps(held, 0))
    assert open_section(tmp_path / "record.h5").spacing_m == pytest.approx(2 * FEET_M)
    assert not (tmp_path / "made").exists()


def optodas(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.update({"acqSpec": 1, "cableSpec": 1, "fileVersion": 8, "data": VALUES.astype(np.int32)})
        header = file.create_group("header")
        header.update(
            {
                "dimensionNames": [b"time", b"distance"], "dimensionUnits": [b"s", b"m"], "time": 1.6e9,
                "channels": np.arange(100, 108), "gaugeLength": 10.0, "unit": b"rad/m/s", "instrument": b"x",
                "experiment": b"e", "dataScale": 0.25,
            }
        )  # fmt: skip
        for i, (step, n) in enumerate(((0.002, 30), (2.0, 8))):
            header.create_group(f"dimensionRanges/dimension{i}").update(
                {"unitScale": step, "min": 0, "max": n - 1}
            )


def sintela(path: Path) -> None:
    start_ns, channels, samples, rate_hz, spacing_m, gauge_m = 1_700_000_000 * 10**9, 8, 30, 500.0, 2.0, 10.0
    about = struct.pack(
        "<QQIIfffIIIIiI6BH8H", 0, start_ns, channels, samples, rate_hz, spacing_m, gauge_m, 0, 0, 1, *[0] * 18
    )
    path.write_bytes(
        struct.pack("<3I", 0x11223344, 12 + len(about), 3) + about + VALUES.astype("<f4").tobytes()
    )


def febus(path: Path) -> None:
    with h5py.File(path, "w") as file:
        source = file.create_group("fa1-1/Source1")
        source.attrs.update(AmpliPower=1, Hostname="h", WholeExtent=[0], SamplingRate=[500])
        source["time"] = 1.7e9 + np.arange(3) * 0.02
        zone = source.create_group("Zone1")
        zone.attrs.update(
            Extent=[0, 7, 0, 9, 0, 0], Spacing=[2.0, 2.0, 0.0], Origin=[0.0, 0.0, 0.0], GaugeLength=10.0,
            PulseWidth=1.0, Version="2.0", BlockRate=50_000, BlockOverlap=0,
        )  # fmt: skip
        zone["StrainRate"] = VALUES.reshape(3, 10, 8).astype(np.float32)


@pytest.mark.parametrize(("make", "factor"), [(optodas, 0.25), (sintela, 1.0), (febus, 1.0)])
def test_what_dascore_knows_is_read_through_it(
    dascore: Any, tmp_path: Path, make: Any, factor: float
) -> None:
    make(tmp_path / "record")
    section = open_section(tmp_path / "record")
    assert (section.interval, section.spacing_m) == (pytest.approx(0.002), pytest.approx(2.0))
    assert section.about["format"].endswith("by DASCore")
    np.testing.assert_array_equal(everything(section), (VALUES.T * factor).astype(np.float32))
    np.testing.assert_array_equal(section.read(slice(2, 5), slice(3, 9)), everything(section)[2:5, 3:9])


def test_a_hole_between_febus_blocks_is_named(dascore: Any, tmp_path: Path) -> None:
    febus(tmp_path / "record.h5")
    with h5py.File(tmp_path / "record.h5", "r+") as file:
        file["fa1-1/Source1/time"][2] += 5
    with pytest.raises(InputError, match=r"block 3 begins 5\.02 s after"):
        open_section(tmp_path / "record.h5")


@pytest.mark.parametrize("make", [optodas, sintela])
def test_without_dascore_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr("terrella.formats.sections.dascore_records.installed", lambda: False)
    make(tmp_path / "record")
    with pytest.raises(InputError, match=r"terrella\[das\]"):
        open_section(tmp_path / "record")


@pytest.mark.parametrize(("known", "scale"), [("Uom", 1000), ("PartEndTime", 1000), ("", 1)])
def test_times_without_a_rate_count_in_the_unit_that_they_name(
    tmp_path: Path, known: str, scale: int
) -> None:
    """DASDAE/dascore#514 has a wrong PartEndTime; times count in microseconds only where nothing else is said."""
    with h5py.File(prodml(tmp_path / "record.h5"), "r+") as file:
        raw = file["Acquisition/Raw[0]"]
        del raw.attrs["OutputDataRate"]
        raw["RawDataTime"][:] *= scale
        ends = {"PartStartTime": "2024-01-01T00:00:00-07:00", "PartEndTime": "2024-01-01T00:00:00.058-07:00"}
        raw["RawDataTime"].attrs.update({"": {}, "Uom": {"Uom": "ns"}, "PartEndTime": ends}[known])
    assert open_section(tmp_path / "record.h5").interval == pytest.approx(0.002)


@pytest.mark.parametrize("ending", ["Unit", ".uom"])
@pytest.mark.parametrize(("rate", "unit"), [(0.5, b"kHz"), (500.0, "Hz"), (5e5, "mHz")])
def test_rates_are_in_the_unit_beside_them(tmp_path: Path, ending: str, rate: float, unit: str) -> None:
    with h5py.File(prodml(tmp_path / "record.h5", rate_hz=rate), "r+") as file:
        raw = file["Acquisition/Raw[0]"]
        raw.attrs["OutputDataRate" + ending] = unit
        raw["RawDataTime"][:] += 1_704_067_200_000_000
    assert open_section(tmp_path / "record.h5").interval == pytest.approx(0.002)
    with h5py.File(tmp_path / "record.h5", "r+") as file:
        file["Acquisition/Raw[0]"].attrs["OutputDataRate" + ending] = "samples"
    with pytest.raises(InputError, match="OutputDataRate is in 'samples'"):
        open_section(tmp_path / "record.h5")
    assert open_section(tmp_path / "record.h5", 0.002).interval == 0.002


def test_times_of_this_age_are_not_taken_for_milliseconds(tmp_path: Path) -> None:
    """A rate a thousand times too low agreed with times in microseconds as if they counted milliseconds."""
    with h5py.File(prodml(tmp_path / "record.h5", rate_hz=0.5), "r+") as file:
        file["Acquisition/Raw[0]/RawDataTime"][:] += 1_704_067_200_000_000
    with pytest.raises(InputError, match=r"OutputDataRate says 2 s .* RawDataTime 0\.002 s"):
        open_section(tmp_path / "record.h5")


def test_times_that_were_never_written_say_nothing(tmp_path: Path) -> None:
    with h5py.File(prodml(tmp_path / "record.h5"), "r+") as file:
        file["Acquisition/Raw[0]/RawDataTime"][:] = 0
    section = open_section(tmp_path / "record.h5")
    assert (section.shape, section.interval) == ((8, 30), 0.002)


def test_a_hole_in_a_patch_of_dasdae_is_named(tmp_path: Path) -> None:
    with h5py.File(dasdae(tmp_path / "record.h5"), "r+") as file:
        file["waveforms/one/_coord_time"][12:] += 4_000_000
    with pytest.raises(InputError, match=r"time goes on by 0\.006 s after sample 12"):
        open_section(tmp_path / "record.h5")
