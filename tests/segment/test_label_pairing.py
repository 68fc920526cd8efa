"""Labels laid over sections by the numbers of traces and by time, in every form that labels come in."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.segment.data.convert import convert
from terrella.segment.data.sections import Entry, open_sections
from terrella.segment.settings import DataSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from segy_files import floats, write_bytes

INLINES, CROSSLINES, SAMPLES = range(100, 106), range(200, 205), 8
SHUFFLED = [(i, x) for i in INLINES for x in CROSSLINES]
np.random.default_rng(1).shuffle(SHUFFLED)


def silent(event: dict) -> None:
    """Take no notice."""


def label_of(inline: int, crossline: int) -> np.ndarray:
    """Return labels that tell every trace apart, along the samples."""
    bits = [(inline - 90) >> bit & 1 for bit in range(4)] + [(crossline - 195) >> bit & 1 for bit in range(4)]
    return np.array(bits, np.float32)


def write(
    path: Path, pairs: list[tuple[int, int]], start_ms: int = 0, step_us: int = 4000, **more: int
) -> Path:
    """Write traces whose samples are their labels, from `before` zeros on."""
    zeros = np.zeros(more.get("before", 0))
    values = np.array([np.concatenate([zeros, label_of(*pair), zeros]) for pair in pairs])
    heads = [{189: i, 193: x, 109: start_ms, 117: step_us} for i, x in pairs]
    return write_bytes(path, floats(values), heads, binary={(3217, "H"): step_us})


def opened(folder: Path, labels: Path, hold_mb: float = 100.0, **more: object) -> Entry:
    """Return the first section of a table that names the labels."""
    rows = [f"section.sgy,{labels.name},{split},{split}" for split in ("train", "dev", "test")]
    (folder / "table.csv").write_text("section,labels,group,split\n" + "\n".join(rows) + "\n")
    return open_sections(DataSettings(sections=str(folder / "table.csv"), hold_mb=hold_mb, **more))[0]


def check(entry: Entry) -> None:
    """Check that every trace has its own label: the section's samples are the labels that it should have."""
    whole = tuple(slice(0, n) for n in entry.shape)
    np.testing.assert_array_equal(entry.labels(*whole), entry.samples(*whole).astype(np.uint8))
    part = tuple(slice(n // 3, n - 1) for n in entry.shape)
    np.testing.assert_array_equal(entry.labels(*part), entry.samples(*part).astype(np.uint8))


ORDERS = {
    "by inline": [(i, x) for i in INLINES for x in CROSSLINES],
    "falling": [(i, x) for i in INLINES[::-1] for x in CROSSLINES[::-1]],
    "by crossline": [(i, x) for x in CROSSLINES for i in INLINES[::-1]],
    "shuffled": SHUFFLED,
    "wider": [(i, x) for i in range(98, 110) for x in range(199, 206)],
}


@pytest.mark.parametrize("hold_mb", [100.0, 1e-6])
@pytest.mark.parametrize("form", ["sgy", "zarr"])
@pytest.mark.parametrize("order", ORDERS)
def test_volumes_pair_by_inline_and_crossline(tmp_path: Path, order: str, form: str, hold_mb: float) -> None:
    write(tmp_path / "section.sgy", ORDERS["falling"])
    labels = write(tmp_path / "labels.sgy", ORDERS[order])
    if form == "zarr":
        convert(labels, labels := tmp_path / "labels.zarr", silent)
    check(opened(tmp_path, labels, hold_mb))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_two_orders_and_starts_pair(tmp_path: Path, data: st.DataObject) -> None:
    grid = [(100 + 2 * i, 200 + x) for i in range(4) for x in range(3)]
    late = data.draw(st.integers(0, 5))
    write(tmp_path / "section.sgy", data.draw(st.permutations(grid)), start_ms=-8 + 4 * late)
    labels = data.draw(st.permutations(grid))
    check(opened(tmp_path, write(tmp_path / "labels.sgy", labels, start_ms=-8, before=late), 1e-6))


def by_xarray(path: Path, dims: tuple[str, str, str], first_ms: float = 0.0, before: int = 0) -> Path:
    """Write the labels of a volume whose lines fall, as NetCDF or zarr with coordinates."""
    import xarray as xr

    inlines, crosslines = np.array(INLINES)[::-1], np.array(CROSSLINES)[::-1]
    values = np.array([[label_of(i, x) for x in crosslines] for i in inlines])
    values = np.pad(values, ((0, 0), (0, 0), (before, 0)))
    time = xr.Variable(dims[2], first_ms + 4.0 * np.arange(values.shape[2]), {"units": "ms"})
    data = xr.Dataset({"labels": (dims, values)}, {dims[0]: inlines, dims[1]: crosslines, dims[2]: time})
    if path.suffix == ".zarr":
        data.to_zarr(path, consolidated=False)
    else:
        data.to_netcdf(path)
    return path


@pytest.mark.parametrize("name", ["labels.nc", "labels.zarr"])
def test_arrays_with_coordinates_pair_by_them(tmp_path: Path, name: str) -> None:
    write(tmp_path / "section.sgy", ORDERS["by crossline"], start_ms=8)
    check(opened(tmp_path, by_xarray(tmp_path / name, ("iline", "xline", "twt"), 0.0, 2)))
    write(tmp_path / "section.sgy", ORDERS["by crossline"], start_ms=4)
    with pytest.raises(InputError, match="give files of the same samples"):
        opened(tmp_path, by_xarray(tmp_path / f"late {name}", ("iline", "xline", "twt"), 8.0))
    write(tmp_path / "section.sgy", [(i + 1, x) for i, x in ORDERS["by inline"]])
    with pytest.raises(InputError, match="does not have inline 106"):
        opened(tmp_path, by_xarray(tmp_path / f"other {name}", ("inline", "crossline", "time")))


@pytest.mark.parametrize("epoch", ["2020-01-01", "2019-12-31 23:59:58.5", "2020-01-01T00:00:01 UTC"])
def test_records_pair_by_their_clocks(tmp_path: Path, epoch: str) -> None:
    import xarray as xr

    values = np.array([label_of(100, x) for x in CROSSLINES])
    begins = np.datetime64("2020-01-01T00:00:02") - np.datetime64(epoch.removesuffix(" UTC"))
    first_s = float(begins / np.timedelta64(1, "s"))
    for name, begin, units in (
        ("section", 2.0, "seconds since 2020-01-01"),
        ("labels", first_s, f"seconds since {epoch}"),
        ("late", first_s + 0.5, f"seconds since {epoch}"),
    ):
        time = xr.Variable("time", begin + 0.5 * np.arange(8), {"units": units})
        distance = xr.Variable("distance", 10.0 * np.arange(5), {"units": "m"})
        data = {"values": (("distance", "time"), values)}
        xr.Dataset(data, {"time": time, "distance": distance}).to_netcdf(tmp_path / f"{name}.nc")
    row = "section.nc,{},{},{}"
    for labels in ("labels", "late"):
        rows = [row.format(f"{labels}.nc", split, split) for split in ("train", "dev", "test")]
        (tmp_path / f"{labels}.csv").write_text("section,labels,group,split\n" + "\n".join(rows) + "\n")
    check(open_sections(DataSettings(sections=str(tmp_path / "labels.csv")))[0])
    with pytest.raises(InputError, match="give files of the same samples"):
        open_sections(DataSettings(sections=str(tmp_path / "late.csv")))


def test_lines_of_a_section_pair_by_their_numbers(tmp_path: Path) -> None:
    line = [(0, x) for x in (203, 201, 204, 200, 202)]
    for byte in (21, 193, 181):
        heads = [{byte: x, 89: 1} for _, x in line]
        write_bytes(tmp_path / "section.sgy", floats(np.array([label_of(*pair) for pair in line])), heads)
        rows = sorted(line)
        heads = [{byte: x, 89: 1} for _, x in rows]
        labels = write_bytes(tmp_path / "l.sgy", floats(np.array([label_of(*pair) for pair in rows])), heads)
        check(opened(tmp_path, labels))


@pytest.mark.parametrize("step", [3e-5, 1e-3, 12.5])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_close_coordinates_are_told_apart(tmp_path: Path, step: float, dtype: str) -> None:
    import xarray as xr

    values = np.array([label_of(100, x) for x in CROSSLINES])
    along = 15.1234 + step * np.arange(5)
    for name, order in (("section", [2, 0, 4, 1, 3]), ("labels", [4, 3, 2, 1, 0])):
        places = along[order].astype("f8" if name == "section" else dtype)
        axes = {"longitude": ("station", places), "time": ("time", 0.004 * np.arange(8), {"units": "s"})}
        xr.Dataset({"values": (("station", "time"), values[order])}, axes).to_netcdf(tmp_path / f"{name}.nc")
    (tmp_path / "table.csv").write_text("section,labels,group,split\n" + "".join(
        f"section.nc,labels.nc,{split},{split}\n" for split in ("train", "dev", "test")
    ))  # fmt: skip
    check(open_sections(DataSettings(sections=str(tmp_path / "table.csv")))[0])


def test_lines_in_degrees_pair_by_their_coordinates(tmp_path: Path) -> None:
    for name, order in (("section.sgy", [2, 0, 4, 1, 3]), ("labels.sgy", [4, 3, 2, 1, 0])):
        heads = [{181: 151_234 + 3 * i, 185: 401_234 + 2 * i, 71: -10_000, 89: 3} for i in order]
        values = np.array([label_of(100, CROSSLINES[i]) for i in order])
        write_bytes(tmp_path / name, floats(values), heads)
    check(opened(tmp_path, tmp_path / "labels.sgy"))


def test_numbers_between_those_of_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "section.sgy", [(i + 1, x) for i in (100, 120) for x in CROSSLINES])
    labels = write(tmp_path / "labels.sgy", [(i, x) for i in (100, 120) for x in CROSSLINES])
    with pytest.raises(InputError, match="does not have inline 101"):
        opened(tmp_path, labels)


@pytest.mark.parametrize("form", ["mdio", "zarr"])
def test_dead_traces_of_a_mask_are_not_known(tmp_path: Path, form: str) -> None:
    import xarray as xr

    write(tmp_path / "section.sgy", ORDERS["by inline"])
    inlines = np.array(INLINES, np.uint16)[::-1]
    values = np.array([[label_of(int(i), x) for x in CROSSLINES] for i in inlines])
    mask = np.ones((6, 5), bool)
    mask[1, 2] = False  # of inline 104
    values[1, 2] = 0
    axes = ("inline", "crossline", "time")
    data = xr.Dataset(
        {"amplitude": (axes, values), "trace_mask": (axes[:2], mask)},
        {"inline": inlines, "crossline": np.array(CROSSLINES), "time": np.arange(0, 32, 4)},
        {"apiVersion": "1.1.3", "attributes": {"defaultVariableName": "amplitude"}},
    )
    data.to_zarr(labels := tmp_path / "labels.mdio", consolidated=False)
    if form == "zarr":
        convert(labels, labels := tmp_path / "labels.zarr", silent)
    entry = opened(tmp_path, labels)
    whole = tuple(slice(0, n) for n in entry.shape)
    want = entry.samples(*whole).astype(np.uint8)
    want[4, 2] = 255
    np.testing.assert_array_equal(entry.labels(*whole), want)
    if form == "zarr":  # as sections are, whose dead traces have no labels
        np.testing.assert_array_equal(open_section(labels).absent(*whole), ~mask)


def test_arrays_without_names_have_the_sections_unit(tmp_path: Path) -> None:
    import xarray as xr

    values = np.array([label_of(100, x) for x in CROSSLINES])
    depth = ("depth", 5.0 * np.arange(8), {"units": "m"})
    xr.Dataset({"values": (("trace", "depth"), values)}, {"depth": depth}).to_netcdf(tmp_path / "section.nc")
    np.save(tmp_path / "labels.npy", values)
    (tmp_path / "table.csv").write_text("section,labels,group,split\n" + "".join(
        f"section.nc,labels.npy,{split},{split}\n" for split in ("train", "dev", "test")
    ))  # fmt: skip
    check(open_sections(DataSettings(sections=str(tmp_path / "table.csv")))[0])


def test_gathers_in_another_order_are_refused(tmp_path: Path) -> None:
    gathers = [1, 1, 2, 2, 3]
    values = floats(np.array([label_of(100, x) for x in CROSSLINES]))
    write_bytes(tmp_path / "section.sgy", values, [{21: cdp} for cdp in gathers])
    check(opened(tmp_path, write_bytes(tmp_path / "labels.sgy", values, [{21: cdp} for cdp in gathers])))
    labels = write_bytes(tmp_path / "labels.sgy", values[::-1], [{21: cdp} for cdp in gathers[::-1]])
    for name in ("labels.sgy", "labels.zarr"):
        with pytest.raises(InputError, match=r"has CDP 3 in trace 1, .*section\.sgy 1; several"):
            opened(tmp_path, tmp_path / name)
        convert(labels, tmp_path / "labels.zarr", silent)


def test_other_lines_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "section.sgy", ORDERS["by inline"])
    labels = write(tmp_path / "labels.sgy", [(i + 500, x) for i, x in ORDERS["by inline"]])
    with pytest.raises(
        InputError, match=r"does not have inline 100 of .*section\.sgy, and 5 others; it has 600"
    ):
        opened(tmp_path, labels)
    convert(labels, tmp_path / "labels.zarr", silent)
    with pytest.raises(InputError, match=r"labels\.zarr does not have inline 100"):
        opened(tmp_path, tmp_path / "labels.zarr")


def test_samples_pair_by_time(tmp_path: Path) -> None:
    write(tmp_path / "section.sgy", ORDERS["by inline"], start_ms=12)
    check(opened(tmp_path, write(tmp_path / "labels.sgy", ORDERS["by inline"], start_ms=0, before=3)))
    for start_ms, before in ((0, 0), (20, 0), (2, 3)):
        labels = write(tmp_path / "labels.sgy", ORDERS["by inline"], start_ms=start_ms, before=before)
        with pytest.raises(InputError, match="give files of the same samples"):
            opened(tmp_path, labels)


@pytest.mark.parametrize("form", ["sgy", "zarr"])
def test_other_intervals_are_refused(tmp_path: Path, form: str) -> None:
    write(tmp_path / "section.sgy", ORDERS["by inline"])
    labels = write(tmp_path / "labels.sgy", ORDERS["by inline"], step_us=2000)
    if form == "zarr":
        convert(labels, labels := tmp_path / "labels.zarr", silent)
    with pytest.raises(InputError, match=r"a sample every 0\.002 s, .* every 0\.004 s"):
        opened(tmp_path, labels)
    if form == "sgy":  # a user who knows better says so for both
        assert opened(tmp_path, labels, interval_s=0.004).shape == (6, 5, 8)


def test_labels_without_numbers_pair_by_position_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path / "section.sgy", ORDERS["by inline"])
    values = np.array([label_of(*pair) for pair in ORDERS["by inline"]]).reshape(6, 5, 8)
    np.save(tmp_path / "labels.npy", values)
    check(opened(tmp_path, tmp_path / "labels.npy"))
    said: list[str] = []
    chosen = DataSettings(sections=str(tmp_path / "table.csv"))
    open_sections(chosen, lambda event: said.append(event["message"]))
    assert len(said) == 1
    assert "paired by position" in said[0]


def test_samples_without_known_times_pair_by_position_and_that_is_said(tmp_path: Path) -> None:
    import xarray as xr

    line = [(100, x) for x in CROSSLINES]
    values = np.array([label_of(*pair) for pair in line])
    write_bytes(tmp_path / "section.sgy", floats(values), [{21: x} for _, x in line])
    axes = {"cdp": np.array(CROSSLINES), "twt": 1000 + 4.0 * np.arange(8)}
    xr.Dataset({"labels": (("cdp", "twt"), values)}, axes).to_netcdf(tmp_path / "labels.nc")
    check(opened(tmp_path, tmp_path / "labels.nc"))
    said: list[str] = []
    chosen = DataSettings(sections=str(tmp_path / "table.csv"))
    open_sections(chosen, lambda event: said.append(event["message"]))
    assert said == [f"{tmp_path}/labels.nc does not say where its samples begin: they are paired by position"]


def test_missing_traces_of_labels_are_not_known(tmp_path: Path) -> None:
    write(tmp_path / "section.sgy", ORDERS["falling"])
    some = [pair for pair in ORDERS["by inline"] if pair != (103, 202)]
    entry = opened(tmp_path, write(tmp_path / "labels.sgy", some))
    labels = entry.labels(*(slice(0, n) for n in entry.shape))
    assert (labels[2, 2] == 255).all()
    assert (labels == 255).sum() == SAMPLES


def test_custom_bytes_hold_for_both_files(tmp_path: Path) -> None:
    for name, pairs in (("section.sgy", ORDERS["falling"]), ("labels.sgy", ORDERS["by crossline"])):
        heads = [{17: i, 13: x} for i, x in pairs]
        write_bytes(tmp_path / name, floats(np.array([label_of(*pair) for pair in pairs])), heads)
    entry = opened(tmp_path, tmp_path / "labels.sgy", inline_byte=17, crossline_byte=13)
    assert entry.shape == (6, 5, 8)
    check(entry)
    with pytest.raises(InputError, match="given together"):
        opened(tmp_path, tmp_path / "labels.sgy", inline_byte=17)
