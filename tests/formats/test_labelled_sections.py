"""NetCDF and zarr as sections: axes by name, units, packed numbers, holes, against xarray and arithmetic."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.formats.sections.section import Section

zarr = pytest.importorskip("zarr")
START = np.datetime64("2024-01-01T00:00:00", "ns")
KINDS = ("nc", "zarr2", "zarr3")
TICKS_NS = {
    "s": 1e9,
    "seconds": 1e9,
    "ms": 1e6,
    "msec": 1e6,
    "milliseconds": 1e6,
    "microseconds": 1e3,
    "ns": 1.0,
}
METRES = {"m": 1.0, "metres": 1.0, "km": 1e3, "ft": 0.3048, "US survey foot": 1200 / 3937, "cm": 0.01}
ACROSS = [["trace"], ["distance"], ["channel"], ["inline", "crossline"], ["iline", "xline"]]
FILLED = {"dtype": "int16", "scale_factor": 0.5, "add_offset": 1.0, "_FillValue": -32768}


def write(data: xr.Dataset, path: Path, kind: str, encoding: dict[str, Any] | None = None) -> Path:
    where = path.with_suffix(".nc" if kind == "nc" else ".zarr")
    if kind == "nc":
        data.to_netcdf(where, engine="h5netcdf", encoding=encoding)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of consolidated metadata, which version 3 does not have yet
            data.to_zarr(where, mode="w", zarr_format=int(kind[-1]), encoding=encoding)
    return where


def line(time: Any, dims: tuple[str, str] = ("trace", "twt"), traces: int = 6) -> xr.Dataset:
    n = len(time[1] if isinstance(time, tuple) else time)
    values = np.arange(traces * n, dtype=np.float32).reshape(traces, n)
    return xr.Dataset({"amplitude": (dims, values)}, {dims[1]: time})


def everything(section: Section) -> np.ndarray:
    return section.read(*[slice(None)] * len(section.shape))


@st.composite
def files(draw: st.DrawFn) -> tuple[xr.Dataset, dict[str, Any], str, float, float | None, list[str]]:
    """A section or volume, its encoding, its kind, and its interval, spacing and axes as they should be read."""
    kind = draw(st.sampled_from(KINDS))
    last = draw(st.sampled_from(["time", "twt", "samples", "Time"]))
    across = draw(
        st.sampled_from([["trace"], ["distance"], ["channel"], ["inline", "crossline"], ["iline", "xline"]])
    )
    dims = draw(st.permutations([*across, last]))
    sizes = {name: draw(st.integers(2, 5)) for name in across} | {last: draw(st.integers(2, 40))}
    step_ns = draw(st.sampled_from([250_000, 1_000_000, 2_000_000, 4_000_000, 333_000]))
    ticks = np.arange(sizes[last]) * step_ns
    word = draw(st.sampled_from(["datetime", "since", *TICKS_NS]))
    if word == "datetime":
        time: Any = (last, START + ticks.astype("timedelta64[ns]"))
    elif word == "since":
        time = (last, ticks, {"units": "nanoseconds since 2020-01-01"})
    else:
        dtype = draw(st.sampled_from(["f8", "f4"]))
        time = (last, (ticks / TICKS_NS[word]).astype(dtype), {"units": word})
    length = draw(st.sampled_from([None, *METRES]))
    coordinates = {last: time, across[-1]: (across[-1], np.arange(sizes[across[-1]]) * 12.5)}
    if length:
        coordinates[across[-1]] += ({"units": length},)
    values = draw(st.sampled_from(["f4", "f8", "i2", "i4"]))
    shape = [sizes[name] for name in dims]
    numbers = np.random.default_rng(draw(st.integers(0, 99))).integers(-900, 900, shape).astype(values)
    encoding: dict[str, Any] = {}
    if draw(st.booleans()):
        numbers = numbers.astype("f4")
        numbers[draw(st.integers(0, shape[0] - 1))] = np.nan
        encoding = draw(st.sampled_from([{"_FillValue": np.float32(-999.25)}, FILLED]))
    spacing = 12.5 * METRES[length] if length else None
    inline_first = [*across, last]
    return (
        xr.Dataset({"a": (dims, numbers)}, coordinates),
        {"a": encoding},
        kind,
        step_ns * 1e-9,
        spacing,
        inline_first,
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=files())
def test_any_labelled_file_is_read_as_xarray_reads_it(tmp_path: Path, drawn: tuple[Any, ...]) -> None:
    """Axes by name, in either order; CF decoding and units: xarray is the independent reader."""
    data, encoding, kind, interval, spacing_m, order = drawn
    path = write(data, tmp_path / "any", kind, encoding)
    section = open_section(path)
    with xr.open_dataset(path, engine="h5netcdf" if kind == "nc" else "zarr", chunks=None) as read:
        wanted = np.nan_to_num(read["a"].transpose(*order).to_numpy().astype(np.float32))
    np.testing.assert_array_equal(everything(section), wanted)
    assert section.interval == pytest.approx(interval, rel=1e-5)
    assert section.unit == "s"
    assert section.spacing_m == (None if spacing_m is None else pytest.approx(spacing_m))
    where = tuple(slice(1, n) for n in section.shape)
    np.testing.assert_array_equal(section.read(*where), wanted[where])


@pytest.mark.parametrize("kind", KINDS)
def test_milliseconds_since_are_not_seconds(tmp_path: Path, kind: str) -> None:
    """500 Hz came out as one sample in 2 s: xarray writes ms, as others do (Unidata/netcdf4-python#159)."""
    times = START + np.arange(256) * np.timedelta64(2, "ms")
    section = open_section(write(line(times, ("distance", "time")), tmp_path / "a", kind))
    assert (section.interval, section.spacing_m) == (0.002, None)


@pytest.mark.parametrize("unit", ["ft", "feet", "US survey foot"])
def test_feet_become_metres(tmp_path: Path, unit: str) -> None:
    path = write(line(("depth", np.arange(50) * 10.0, {"units": unit}), ("x", "depth")), tmp_path / "a", "nc")
    section = open_section(path)
    assert section.unit == "m"
    assert section.interval == pytest.approx(10 * METRES.get(unit, 0.3048))


@pytest.mark.parametrize(("name", "unit"), [("samples", None), ("twt", "furlongs"), ("twt", "1")])
def test_a_coordinate_without_a_known_unit_is_no_interval(
    tmp_path: Path, name: str, unit: str | None
) -> None:
    """A volume of segysak in ms whose attributes are lost; equinor/segyio#473 asks the same of SEG-Y."""
    path = write(
        line((name, np.arange(64) * 4.0, {"units": unit} if unit else {}), ("t2", name)), tmp_path / "a", "nc"
    )
    with pytest.raises(InputError, match=rf"{name}, in steps of 4, has .*--interval"):
        open_section(path)
    assert open_section(path, interval=0.004).interval == 0.004


def test_segysak_and_mdio_mean_milliseconds(tmp_path: Path) -> None:
    cube = np.arange(4 * 5 * 8, dtype=np.float32).reshape(4, 5, 8)
    numbers = {"iline": np.arange(4), "xline": np.arange(5), "samples": np.arange(8) * 4.0}
    saved = xr.Dataset({"data": (tuple(numbers), cube)}, numbers, {"seisnc": '{"coord_scalar": 1.0}'})
    section = open_section(write(saved, tmp_path / "sak", "nc"))
    assert (section.interval, section.unit, section.spacing_m) == (0.004, "s", None)
    np.testing.assert_array_equal(everything(section), cube)


def mdio(path: Path, dead: bool, dtype: str = "f4", live: bool = True) -> np.ndarray:
    """Make a volume as MDIO 1 does, crosslines first, and return it inlines first; dead traces are NaN or 0."""
    cube = np.arange(5 * 4 * 8, dtype=np.float32).reshape(5, 4, 8)
    mask = np.ones((5, 4), bool)
    mask[2, 1:3] = not dead
    cube[~mask] = np.nan
    stored = cube if dtype == "f4" else np.nan_to_num(cube).astype(dtype)
    data = xr.Dataset(
        {
            "amplitude": (("crossline", "inline", "time"), stored),
            "trace_mask": (("crossline", "inline"), mask & live),
            "fold": (("crossline", "inline"), np.ones((5, 4), np.float32)),
        },
        {"time": ("time", np.arange(0, 16, 2, dtype=np.int32)), "inline": np.arange(4) + 100},
        {"apiVersion": "1.1.3", "attributes": {"defaultVariableName": "amplitude", "surveyType": "3D"}},
    )
    write(data, path, "zarr3")
    return cube.transpose(1, 0, 2)


@pytest.mark.parametrize("dead", [False, True])
def test_mdio_goes_by_its_own_axes_and_mask(tmp_path: Path, dead: bool) -> None:
    cube = mdio(tmp_path / "a", dead)
    section = open_section(tmp_path / "a.zarr")
    assert (section.shape, section.interval) == ((4, 5, 8), 0.002)
    np.testing.assert_array_equal(everything(section), np.nan_to_num(cube))
    said = section.about.get("geometry", "")
    assert said == ("2 of 20 traces are missing and count as dead, as the mask says" if dead else "")
    absent = section.absent(*[slice(None)] * 3)
    assert absent is None if not dead else (absent == np.isnan(cube).any(-1)).all()


@pytest.mark.parametrize("dtype", ["f8", "i2"])
def test_traces_that_a_mask_misses_are_missing_whatever_is_stored(tmp_path: Path, dtype: str) -> None:
    cube = mdio(tmp_path / "a", True, dtype)
    read = open_section(tmp_path / "a.zarr").read_as_stored(*[slice(None)] * 3)
    np.testing.assert_array_equal(read, cube)
    mdio(tmp_path / "b", True, dtype, live=False)
    with pytest.raises(InputError, match="trace_mask has no trace"):
        open_section(tmp_path / "b.zarr")


def test_mdio_before_version_1_has_its_axes_in_attributes(tmp_path: Path) -> None:
    cube = np.arange(5 * 4 * 8, dtype=np.float32).reshape(5, 4, 8)
    group = zarr.open_group(tmp_path / "a.mdio", mode="w", zarr_format=2)
    group.create_array("data/chunked_012", data=cube, chunks=(4, 4, 4))
    group.create_array("data/chunked_01", data=cube, chunks=(4, 4, 8))
    names = ("crossline", "inline", "sample")
    steps = {"crossline": 1, "inline": 2, "sample": 4}
    group.attrs["dimension"] = [
        {"name": name, "coords": list(range(0, n * steps[name], steps[name]))}
        for name, n in zip(names, cube.shape, strict=True)
    ]
    section = open_section(tmp_path / "a.mdio")
    assert (section.shape, section.interval, section.spacing_m) == ((4, 5, 8), 0.004, None)
    np.testing.assert_array_equal(everything(section), cube.transpose(1, 0, 2))


@pytest.mark.parametrize("version", [2, 3])
def test_what_zarr_never_wrote_is_missing_not_its_fill_value(tmp_path: Path, version: int) -> None:
    """pydata/xarray#5475: zarr's fill value is of what was never written; of -999.25 no amplitude is meant."""
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(6, 8), chunks=(2, 8), dtype="f4", fill_value=-999.25, zarr_format=version
    )
    array[:4] = 5.0
    array.attrs.update(interval=0.002, unit="nm/m/s")
    section = open_section(tmp_path / "a.zarr")
    assert section.interval == 0.002
    np.testing.assert_array_equal(everything(section), np.repeat([5.0, 0.0], [4, 2])[:, None] * np.ones(8))
    assert np.isnan(section.read_as_stored(slice(4, 6), slice(None))).all()
    assert "missing" in section.about["fill value"]


def test_a_unit_that_may_be_the_axis_or_the_amplitude_is_asked_for(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 6), np.float32), chunks=(4, 6))
    array.attrs.update(interval=5, unit="m")
    with pytest.raises(InputError, match="--unit"):
        open_section(tmp_path / "a.zarr")
    assert open_section(tmp_path / "a.zarr", unit="m").unit == "m"


def test_an_array_of_a_group_has_the_groups_coordinates(tmp_path: Path) -> None:
    times = START + np.arange(30) * np.timedelta64(2, "ms")
    write(line(times, ("distance", "time")).transpose("time", "distance"), tmp_path / "a", "zarr3")
    section = open_section(tmp_path / "a.zarr" / "amplitude")
    assert (section.shape, section.interval) == ((6, 30), 0.002)


HOLES = {"a hole": (20, 5), "one sample": (20, 1), "at the end": (38, 3), "back": (20, -1)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", HOLES)
def test_a_hole_in_time_is_named_wherever_it_is(tmp_path: Path, kind: str, where: str) -> None:
    after, lost = HOLES[where]
    ticks = np.arange(40) + lost * (np.arange(40) >= after)
    path = write(line(START + ticks * np.timedelta64(2, "ms"), ("trace", "time")), tmp_path / "a", kind)
    with pytest.raises(
        InputError, match=rf"time goes on by {2e-3 * (lost + 1):g} s after sample {after}, .*--interval"
    ):
        open_section(path)
    believed = open_section(path, interval=0.002)
    assert believed.shape == (6, 40)
    assert "read as even" in believed.notes[0]


def test_a_late_hole_in_a_long_record_is_seen(tmp_path: Path) -> None:
    """Only the first 1,000 steps used to be looked at."""
    ticks = np.arange(5000) + 2 * (np.arange(5000) >= 4000)
    path = write(line(("time", ticks * 2.0, {"units": "ms"}), ("trace", "time")), tmp_path / "a", "nc")
    with pytest.raises(InputError, match="after sample 4,000"):
        open_section(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tail_of_an_unfinished_record_is_left_out_and_named(tmp_path: Path, kind: str) -> None:
    times = (START + np.arange(40) * np.timedelta64(2, "ms")).astype("datetime64[ns]")
    times[33:] = np.datetime64("NaT")
    section = open_section(write(line(times, ("trace", "time")), tmp_path / "a", kind))
    assert (section.shape, section.interval) == ((6, 33), pytest.approx(0.002))
    assert "the last 7 samples have no time" in section.notes[0]


def test_times_that_run_backwards_are_refused(tmp_path: Path) -> None:
    path = write(line(("twt", np.arange(40)[::-1] * 4.0, {"units": "ms"})), tmp_path / "a", "nc")
    with pytest.raises(InputError, match="runs backwards"):
        open_section(path)


def test_heights_that_fall_lead_down(tmp_path: Path) -> None:
    path = write(line(("z", np.arange(40) * -5.0, {"units": "m"}), ("x", "z")), tmp_path / "a", "nc")
    section = open_section(path)
    assert (section.interval, section.unit) == (5.0, "m")


@pytest.mark.parametrize(("first", "attributes"), [(-100.0, {}), (50.0, {"positive": "up"}), (0.0, {})])
def test_heights_begin_at_their_depth(tmp_path: Path, first: float, attributes: dict[str, str]) -> None:
    heights = ("z", first - 5.0 * np.arange(40), {"units": "m", **attributes})
    section = open_section(write(line(heights, ("x", "z")), tmp_path / "a", "nc"))
    assert (section.interval, section.start) == (5.0, -first)


def test_heights_that_rise_are_refused(tmp_path: Path) -> None:
    heights = ("z", -200 + 5.0 * np.arange(40), {"units": "m", "positive": "up"})
    path = write(line(heights, ("x", "z")), tmp_path / "a", "nc")
    with pytest.raises(InputError, match="z, which is `positive: up`, runs backwards"):
        open_section(path)


@pytest.mark.parametrize("kind", KINDS)
def test_inlines_go_first_by_their_coordinates_too(tmp_path: Path, kind: str) -> None:
    cube = np.arange(4 * 5 * 8, dtype=np.float32).reshape(4, 5, 8)
    data = xr.Dataset(
        {"a": (("x", "y", "twt"), cube.transpose(1, 0, 2))},
        {
            "inline": ("y", np.arange(104, 100, -1, dtype=np.uint16)),
            "crossline": ("x", np.arange(200, 205)),
            "twt": ("twt", np.arange(8) * 4.0, {"units": "ms"}),
        },
    )
    section = open_section(write(data, tmp_path / "a", kind))
    np.testing.assert_array_equal(everything(section), cube)
    assert {name: values.tolist() for name, values in section.lines.items()} == {
        "inline": [104, 103, 102, 101], "crossline": [200, 201, 202, 203, 204],
    }  # fmt: skip


def test_line_numbers_are_no_distances(tmp_path: Path) -> None:
    cube = np.zeros((4, 5, 8), np.float32)
    data = xr.Dataset(
        {"a": (("inline", "crossline", "twt"), cube), "cdp_x": (("inline", "crossline"), cube[..., 0])},
        {
            "inline": np.arange(4),
            "crossline": np.arange(5) * 2,
            "twt": ("twt", np.arange(8) * 4.0, {"units": "ms"}),
        },
    )
    assert open_section(write(data, tmp_path / "a", "nc")).spacing_m is None


def test_another_coordinate_along_the_axis_says_the_spacing(tmp_path: Path) -> None:
    data = line(("time", np.arange(9) * 2.0, {"units": "ms"}), ("channel", "time"))
    data = data.assign_coords(channel=np.arange(6), distance=("channel", np.arange(6) * 8.0, {"units": "ft"}))
    assert open_section(write(data, tmp_path / "a", "zarr2")).spacing_m == pytest.approx(8 * 0.3048)


def test_axes_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    path = write(line(("channel", np.arange(9.0)), ("offset", "channel")), tmp_path / "a", "nc")
    with pytest.raises(InputError, match="cannot be told from offset, channel"):
        open_section(path, interval=0.002)


def test_a_wrong_layout_is_not_called_damaged(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("x", data=np.ones(5))
    with pytest.raises(InputError, match="one array of two or three axes was expected; it has none"):
        open_section(tmp_path / "a.zarr")
    array = zarr.create_array(tmp_path / "b.zarr", data=np.ones((4, 6), np.float32), chunks=(4, 6))
    array.attrs["interval"] = "soon"
    with pytest.raises(InputError, match=r"attribute `interval` is 'soon'; a number was expected"):
        open_section(tmp_path / "b.zarr")
    held = json.loads((tmp_path / "b.zarr" / "zarr.json").read_text())
    held["codecs"][0] = {"name": "furlong"}
    (tmp_path / "b.zarr" / "zarr.json").write_text(json.dumps(held))
    with pytest.raises(InputError, match="cannot be read as zarr"):
        open_section(tmp_path / "b.zarr")


@pytest.mark.parametrize("encoding", [{}, {"amplitude": FILLED}])
def test_netcdf_of_the_classic_format_is_read_through_scipy(tmp_path: Path, encoding: dict[str, Any]) -> None:
    data = line(START + np.arange(30) * np.timedelta64(2, "ms"), ("distance", "time")).transpose(
        "time", "distance"
    )
    data.to_netcdf(tmp_path / "a.nc", engine="scipy", encoding=encoding)
    section = open_section(tmp_path / "a.nc")
    assert (section.shape, section.interval) == ((6, 30), 0.002)
    np.testing.assert_array_equal(everything(section), data["amplitude"].transpose().to_numpy())


@pytest.mark.parametrize("hole", [0, 10])
def test_times_between_tie_points(tmp_path: Path, hole: int) -> None:
    """As xdas writes them (CF conventions, 8.3): linear between the points, a hole where two of them meet."""
    ties = np.array([0, 29, 30, 59])
    data = xr.Dataset(
        {
            "a": (("time", "distance"), np.arange(480.0).reshape(60, 8)),
            "time_interpolation": ((), 0.0, {"interpolation_name": "linear"}),
            "time_indices": ("time_points", ties),
            "time_values": (
                "time_points",
                ties * 2 + hole * (ties >= 30),
                {"units": "milliseconds since 2024-01-01"},
            ),
        }
    )
    data["time_interpolation"].attrs["tie_point_mapping"] = "time: time_indices time_points"
    data["a"].attrs["coordinate_interpolation"] = "time_values: time_interpolation"
    path = write(data, tmp_path / "a", "nc")
    if hole:
        with pytest.raises(InputError, match=r"time goes on by 0\.012 s after sample 30"):
            open_section(path)
    else:
        assert open_section(path).interval == pytest.approx(0.002)


def test_arrays_in_inner_groups_and_native_times(tmp_path: Path) -> None:
    times = START + np.arange(30) * np.timedelta64(2, "ms")
    data = line(times, ("distance", "time"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.to_zarr(tmp_path / "a.zarr", group="x/y", zarr_format=3, consolidated=False)
        group = zarr.open_group(tmp_path / "b.zarr", mode="w")
        group.create_array("time", data=times, dimension_names=["time"])
        group.create_array("a", data=data["amplitude"].to_numpy(), dimension_names=["distance", "time"])
    for name in "ab":
        section = open_section(tmp_path / f"{name}.zarr")
        assert section.interval == 0.002
        np.testing.assert_array_equal(everything(section), data["amplitude"].to_numpy())


@pytest.mark.parametrize("names", [("time", "distance"), ("time", None)])
def test_a_group_that_xarray_does_not_read_keeps_the_names_of_axes(
    tmp_path: Path, names: tuple[Any, ...]
) -> None:
    values = np.arange(240, dtype=np.float32).reshape(30, 8)
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("a", data=values, dimension_names=names)
    group.create_array("time", data=np.arange(30) * 2, dimension_names=["time"]).attrs["units"] = "ms"
    group.create_array("notes", data=np.zeros(3))
    section = open_section(tmp_path / "a.zarr")
    assert section.interval == pytest.approx(0.002)
    np.testing.assert_array_equal(everything(section), values.T)


def test_two_axes_of_time_are_not_guessed_between(tmp_path: Path) -> None:
    data = line(("twt", np.arange(9) * 2.0, {"units": "ms"}), ("time", "twt")).assign_coords(
        time=np.arange(6)
    )
    assert open_section(write(data, tmp_path / "a", "nc")).shape == (6, 9)  # twt alone has a unit of time
    data["twt"].attrs.clear()
    with pytest.raises(InputError, match="cannot be told from time, twt"):
        open_section(write(data, tmp_path / "b", "nc"), interval=0.002)


def test_several_values_for_what_is_missing(tmp_path: Path) -> None:
    data = line(("twt", np.arange(9) * 2.0, {"units": "ms"}))
    data["amplitude"].attrs.update(missing_value=np.float32(5))
    path = write(data, tmp_path / "a", "nc", {"amplitude": {"_FillValue": np.float32(7)}})
    wanted = np.arange(54.0)
    wanted[[5, 7]] = 0
    np.testing.assert_array_equal(everything(open_section(path)).ravel(), wanted)


def test_a_variable_in_a_group_of_netcdf(tmp_path: Path) -> None:
    data = line(("twt", np.arange(9) * 2.0, {"units": "ms"}))
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", group="das/raw")
    section = open_section(tmp_path / "a.nc")
    assert section.interval == pytest.approx(0.002)
    np.testing.assert_array_equal(everything(section), data["amplitude"].to_numpy())
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", group="das/filtered", mode="a")
    with pytest.raises(InputError, match="it has das/filtered/amplitude, das/raw/amplitude"):
        open_section(tmp_path / "a.nc")
