"""Archives of waveforms: the samples asked for, from the bytes that hold them, and a finding for each fault."""

import io
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.waveforms import miniseed
from terrella.formats.waveforms.archive import DAY_NS, open_waveforms

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from obspy import Stream, Trace, UTCDateTime

START = UTCDateTime("2024-03-01T00:00:00")
DAY = START.ns // DAY_NS


@pytest.fixture
def found():
    lines: list[tuple[str, str]] = []

    def add(what: str, name: str) -> None:
        lines.append((what, name))

    add.lines = lines
    return add


def trace(seconds=60.0, rate=100.0, channel="HHZ", station="ABC", start=START, seed=0, dtype=np.int32):
    rng = np.random.default_rng(seed)
    data = (rng.normal(size=round(seconds * rate)) * 1000).astype(dtype)
    header = {
        "network": "XX",
        "station": station,
        "channel": channel,
        "sampling_rate": rate,
        "starttime": start,
    }
    return Trace(data, header)


def write(path, *traces, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Stream(list(traces)).write(str(path), format="MSEED", **{"reclen": 512, **options})
    return path


def used(archive, found, day=DAY):
    """Return the channels of the only instrument of a day."""
    each = archive.instruments("XX", "ABC", day * DAY_NS, (day + 1) * DAY_NS, found)
    return each[0].codes if each else ()


def joined(segments):
    return np.concatenate([each.samples for each in segments])


def test_any_seconds_of_a_long_file_are_read_exactly(tmp_path, found):
    whole = [trace(3600, channel=f"HH{c}", seed=i) for i, c in enumerate("ZNE")]
    # Hour files of three channels, record after record of each.
    path = write(tmp_path / "hour.mseed", *whole)
    archive = open_waveforms(str(path), found)
    assert archive.days() == [("XX", "ABC", DAY)]
    codes = used(archive, found)
    assert [code[3] for code in codes] == ["HHE", "HHN", "HHZ"]
    first, end = START.ns + 1000 * 10**9, START.ns + 1010 * 10**9
    for segment in archive.read(codes, first, end, found):
        theirs = whole["ZNE".index(segment.code[3][-1])]
        assert segment.first_ns <= first
        assert segment.rate_hz == 100
        at = round((segment.first_ns - START.ns) / 1e7)
        assert at + len(segment.samples) >= 101_000
        np.testing.assert_array_equal(segment.samples, theirs.data[at : at + len(segment.samples)])
    assert found.lines == []


def test_only_the_bytes_that_are_needed_are_read(tmp_path, found, monkeypatch):
    path = write(tmp_path / "hour.mseed", trace(3600))
    archive = open_waveforms(str(path), found)
    read = []
    original = miniseed.read_records
    monkeypatch.setattr(
        "terrella.formats.waveforms.archive.read_records", lambda *a: read.append(original(*a)) or read[-1]
    )
    archive.read(used(archive, found), START.ns, START.ns + 10**10, found)
    assert 0 < len(read[0]) <= 256 * 512 < path.stat().st_size / 2


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("reclen", [256, 4096])
@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2", "INT32"])
def test_layouts_of_miniseed(tmp_path, found, byteorder, reclen, encoding):
    one = trace(100)
    path = write(tmp_path / "a.mseed", one, byteorder=byteorder, reclen=reclen, encoding=encoding)
    archive = open_waveforms(str(path), found)
    segments = archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**11, found)
    np.testing.assert_array_equal(joined(segments), one.data)


def test_sac_and_float_samples(tmp_path, found):
    one = trace(50, dtype=np.float32)
    one.write(str(tmp_path / "a.sac"), format="SAC")
    archive = open_waveforms(str(tmp_path), found)
    segments = archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**10, found)
    np.testing.assert_array_equal(joined(segments), one.data)
    assert archive.days() == [("XX", "ABC", DAY)]


def test_an_sds_is_known_by_its_records_and_patterns_choose(tmp_path, found):
    for station in ("ABC", "DEF"):
        for day in (1, 2, 3):
            start = START + (day - 1) * 86400
            name = f"XX.{station}..HHZ.D.2024.{start.julday:03d}"
            write(
                tmp_path / "2024" / "XX" / station / "HHZ.D" / name, trace(60, station=station, start=start)
            )
    archive = open_waveforms(str(tmp_path), found)
    assert {key[1] for key in archive.days()} == {"ABC", "DEF"}
    assert {day - DAY for _, _, day in archive.days()} == {0, 1, 2}
    within = archive.days(START.ns + DAY_NS, START.ns + 2 * DAY_NS, ["XX.A*"])
    assert within == [("XX", "ABC", DAY + 1)]
    pattern = open_waveforms(str(tmp_path / "2024" / "*" / "DEF" / "**" / "*.061"), found)
    assert set(pattern.stations) == {("XX", "DEF")}


def test_broadband_goes_before_short_period_and_the_first_location_before_others(tmp_path, found):
    channels = ["BHZ", "EHZ", "EHN", "EHE", "HNZ", "HDH"]
    write(tmp_path / "a.mseed", *(trace(channel=channel) for channel in channels))
    archive = open_waveforms(str(tmp_path), found)
    assert [code[3] for code in used(archive, found)] == ["BHZ"]
    assert used(archive, found, DAY + 5) == ()


def test_a_truncated_file_is_read_up_to_its_last_whole_record(tmp_path, found):
    one = trace(600)
    path = write(tmp_path / "a.mseed", one)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 100])
    archive = open_waveforms(str(path), found)
    samples = joined(archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**12, found))
    assert 20_000 < len(samples) < 40_000
    np.testing.assert_array_equal(samples, one.data[: len(samples)])
    assert [what for what, _ in found.lines] == [
        "miniSEED files end inside a record (truncated); all before it is read"
    ]


def test_rubbish_between_records_is_passed_over(tmp_path, found):
    one = trace(600)
    path = write(tmp_path / "a.mseed", one)
    data = bytearray(path.read_bytes())
    data[10 * 512 : 12 * 512] = b"\xff" * 1024
    path.write_bytes(data)
    archive = open_waveforms(str(path), found)
    segments = archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**12, found)
    assert len(segments) == 2  # before and after
    assert any("no records" in what for what, _ in found.lines)


def test_records_that_go_back_in_time_are_put_in_order(tmp_path, found):
    later, earlier = trace(60, start=START + 60, seed=1), trace(60, seed=2)
    data = io.BytesIO()
    for one in (later, earlier):
        one.write(data, format="MSEED", reclen=512)
    (tmp_path / "a.mseed").write_bytes(data.getvalue())
    archive = open_waveforms(str(tmp_path), found)
    segments = archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**12, found)
    np.testing.assert_array_equal(joined(segments), np.concatenate([earlier.data, later.data]))
    assert [what for what, _ in found.lines] == [
        "channels have records that go back in time; they are put in order"
    ]


def test_what_is_no_waveform_is_named_and_the_rest_is_read(tmp_path, found):
    write(tmp_path / "a.mseed", trace())
    (tmp_path / "b.mseed").write_bytes(b"not a waveform" * 100)
    (tmp_path / "c.mseed").write_bytes(b"")
    archive = open_waveforms(str(tmp_path), found)
    assert len(archive.read((("XX", "ABC", "", "HHZ"),), START.ns, START.ns + 10**12, found)) == 1
    assert sorted(name.split(":")[0] for what, name in found.lines) == ["b.mseed", "c.mseed"]


def test_nothing_to_read_is_an_error(tmp_path, found):
    with pytest.raises(InputError, match="no such file or folder"):
        open_waveforms(str(tmp_path / "absent"), found)
    with pytest.raises(InputError, match="no file with waveforms"):
        open_waveforms(str(tmp_path), found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_stops_the_rest(tmp_path, data):
    """Bytes overwritten, cut out or put in anywhere: an error in one line, or samples, never anything else."""
    lines = []

    def found(what, name):
        lines.append((what, name))

    path = write(tmp_path / f"x{data.draw(st.integers(0, 10**9))}.mseed", trace(40))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        kind, some = data.draw(st.sampled_from("oci")), data.draw(st.binary(min_size=1, max_size=80))
        if kind == "o":
            content[at : at + len(some)] = some
        elif kind == "c":
            del content[at : at + data.draw(st.integers(1, 3000))]
        else:
            content[at:at] = some
    path.write_bytes(content)
    try:
        archive = open_waveforms(str(path), found)
    except InputError:
        return
    for network, station in archive.stations:
        for code in {code for file in archive.stations[network, station] for code in file.codes}:
            for segment in archive.read((code,), 0, 2**62, found):
                assert segment.rate_hz > 0
                assert len(segment.samples)
