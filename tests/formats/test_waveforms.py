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
    import obspy
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


def sds(folder, *traces):
    for one in traces:
        start = one.stats.starttime
        write(folder / f"{one.id}.D.{start.year}.{start.julday:03d}", one)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{id}.D.{year}.{day:03d}", False),
        ("XX.{station}.--.{channel}.D.{year}.{day:03d}", False),  # blank, as FDSN's services write it
        ("XX.{station}.00.{channel}.D.{year}.{day:03d}", True),
        ("XX.{station}..{channel}.D.{year}.060", True),  # of another day
        ("XX.{station}..{channel}.D.2019.{day:03d}", True),
        ("YY.OTHER..{channel}.D.{year}.{day:03d}", True),
        ("YY.OTHER..BHZ.D.{year}.{day:03d}", True),
    ],
)
@pytest.mark.parametrize("reclen", [512, 4096])
def test_headers_count_and_not_the_names_of_files(tmp_path, found, name, told, reclen):
    """niosh-mining/obsplus#61 is a bank that indexes a location of -- and returns nothing for it."""
    start = START + 3600
    for one in (trace(300, channel=f"HH{c}", start=start, seed=i) for i, c in enumerate("ZNE")):
        write(tmp_path / one.stats.channel / name.format(id=one.id, station="ABC", channel=one.stats.channel,
              year=start.year, day=start.julday), one, reclen=reclen)  # fmt: skip
    archive = open_waveforms(str(tmp_path), found)
    assert archive.days() == [("XX", "ABC", DAY)]
    (stretch,) = archive.instruments("XX", "ABC", DAY * DAY_NS, (DAY + 1) * DAY_NS, found)
    assert sorted(stretch.codes) == [("XX", "ABC", "", f"HH{c}") for c in "ENZ"]
    segments = archive.read(stretch.codes, start.ns, start.ns + DAY_NS, found)
    for segment in segments:
        expected = trace(300, seed="ZNE".index(segment.code[3][-1])).data
        np.testing.assert_array_equal(segment.samples, expected)
    assert [what for what, _ in found.lines] == 3 * told * [
        "miniSEED files are named for another channel or day than their records tell; the records count"
    ]


def test_what_a_day_holds_is_told_by_its_records_and_not_by_its_neighbours_files(tmp_path, found):
    """An SDS where HH begins on the second day, and a file without a byte, as in obspy/obspy#3708."""
    first, second = START + 3600, START + 86_400 + 3600
    traces = [trace(300, channel=f"BH{c}", start=first) for c in "ZNE"]
    traces += [trace(300, channel=f"HH{c}", start=second) for c in "ZNE"]
    sds(tmp_path, *traces)
    (tmp_path / "XX.ABC..HHZ.D.2024.061").write_bytes(b"")
    archive = open_waveforms(str(tmp_path), found)
    assert archive.days() == [("XX", "ABC", DAY), ("XX", "ABC", DAY + 1)]
    names = [
        [each.name for each in archive.instruments("XX", "ABC", day * DAY_NS, (day + 1) * DAY_NS, found)]
        for day in (DAY, DAY + 1)
    ]
    assert names == [["BH"], ["HH"]]
    assert found.lines == [("files are empty", "XX.ABC..HHZ.D.2024.061")]


def test_other_instruments_are_not_looked_at_beside_a_whole_one_and_logs_are_nothing(
    tmp_path, found, monkeypatch
):
    day = [trace(86_400, rate=0.5, channel=f"{kind}{c}") for kind in ("HH", "BH") for c in "ZNE"]
    sds(tmp_path, *day)
    (tmp_path / "XX.ABC..LOG.L.2024.061").write_bytes(b"started\n" * 100)
    archive = open_waveforms(str(tmp_path), found)
    looked = []
    monkeypatch.setattr(
        "terrella.formats.waveforms.archive.scan", lambda *a: looked.append(a[0].name) or miniseed.scan(*a)
    )
    assert len(used(archive, found)) == 3
    assert [name.split(".")[3] for name in looked] == ["HHE", "HHN", "HHZ"]
    assert found.lines == []


def test_a_gap_within_a_file_is_known_though_its_records_lie_together(tmp_path, found):
    minute = [trace(60, start=START), trace(60, start=START + 80_000)]
    whole = [trace(80_060, rate=1, channel="BHZ")]
    write(tmp_path / "a.mseed", *minute, *whole)
    archive = open_waveforms(str(tmp_path), found)
    assert [code[3] for code in used(archive, found)] == ["BHZ"]
    recorded = archive.recorded("XX", "ABC", START.ns, START.ns + DAY_NS, found)
    assert sum(end - first for first, end in recorded["XX", "ABC", "", "HHZ"]) == 120 * 10**9


def test_what_lies_in_a_files_middle_is_named_where_its_ends_do_not_tell(tmp_path, found):
    parts = [trace(60), trace(60, station="DEF", start=START + 100), trace(60, start=START + 200)]
    path = tmp_path / "XX.ABC..HHZ.D.2024.061"
    for part in parts:
        with path.open("ab") as file:
            part.write(file, format="MSEED", reclen=512)
    archive = open_waveforms(str(path), found)
    assert used(archive, found) == (("XX", "ABC", "", "HHZ"),)
    assert found.lines == [
        (
            "miniSEED files hold, in their middle, another station or day than at both ends; left out",
            path.name,
        )
    ]


def test_records_of_several_lengths_in_an_sds_are_all_read(tmp_path, found):
    """The first half of a day is backfilled in records of 4,096 bytes, the rest is of 512, whole 4,096 of them."""
    one = trace(1200)
    middle, data = START + 600, io.BytesIO()
    one.slice(endtime=middle - 0.01).write(data, format="MSEED", reclen=4096)
    tail = io.BytesIO()
    one.slice(starttime=middle).write(tail, format="MSEED", reclen=512)
    kept = tail.getvalue()[: len(tail.getvalue()) // 4096 * 4096]
    path = tmp_path / "XX.ABC..HHZ.D.2024.061"
    path.write_bytes(data.getvalue() + kept)
    expected = obspy.read(io.BytesIO(data.getvalue() + kept)).merge()[0].data
    archive = open_waveforms(str(path), found)
    samples = joined(archive.read(used(archive, found), START.ns, START.ns + 10**13, found))
    np.testing.assert_array_equal(samples, expected)
    assert found.lines == []


def test_a_file_whose_channel_code_is_no_text_is_named(tmp_path, found):
    write(tmp_path / "a.mseed", trace())
    data = bytearray(write(tmp_path / "b.mseed", trace(channel="HHN")).read_bytes())
    for at in range(0, len(data), 512):
        data[at + 15 : at + 18] = b"\xff\xfe\x80"
    (tmp_path / "b.mseed").write_bytes(data)
    assert used(open_waveforms(str(tmp_path), found), found) == (("XX", "ABC", "", "HHZ"),)
    assert {name.split(":")[0] for _, name in found.lines} == {"b.mseed"}


def test_a_k_net_record_has_three_components(tmp_path, found):
    """seisbench/seisbench#145: names such as EW, NS and UD leave a picker without components."""
    for letters, ending in (("N-S", "NS"), ("E-W", "EW"), ("U-D", "UD")):
        lines = [
            "Origin Time       2024/03/01 21:00:00", "Lat.              36.100", "Long.             140.100",
            "Depth. (km)       50", "Mag.              5.0", "Station Code      ABC001",
            "Station Lat.      36.2000", "Station Long.     140.2000", "Station Height(m) 10",
            "Record Time       2024/03/01 21:00:20", "Sampling Freq(Hz) 100Hz", "Duration Time(s)  60",
            f"Dir.              {letters}", "Scale Factor      2000(gal)/8388608", "Max. Acc. (gal)   10.0",
            "Last Correction   2024/03/01 21:00:05", "Memo.             ",
        ]  # fmt: skip
        rows = ["".join(f"{value:9d}" for value in range(8 * k, 8 * k + 8)) for k in range(750)]
        (tmp_path / f"ABC0012403012100.{ending}").write_text("\n".join(lines + rows) + "\n")
    archive = open_waveforms(str(tmp_path), found)
    ((network, station),) = archive.stations
    day = UTCDateTime("2024-03-01").ns
    (stretch,) = archive.instruments(network, station, day, day + DAY_NS, found)
    assert [code[3] for code in stretch.codes] == ["EW", "NS", "UD"]
    segments = archive.read(stretch.codes, day, day + DAY_NS, found)
    theirs = {each.stats.channel: each for each in obspy.read(str(tmp_path / "*"))}
    for segment in segments:
        assert segment.first_ns == theirs[segment.code[3]].stats.starttime.ns
        np.testing.assert_array_equal(segment.samples, theirs[segment.code[3]].data)
    assert found.lines == []


def test_channels_that_tell_no_component_are_named(tmp_path, found):
    write(tmp_path / "a.mseed", *(trace(channel=name) for name in ("HHU", "HHV", "HHW", "BHZ", "LOG", "HDF")))
    assert used(open_waveforms(str(tmp_path), found), found) == (("XX", "ABC", "", "BHZ"),)
    assert [(what.split(";")[0], name) for what, name in found.lines] == [
        ("channels have codes that tell no component (Z, N, E or their like)", f"XX.ABC..HH{letter}")
        for letter in "UVW"
    ]


def test_sac_without_a_reference_time_is_named(tmp_path, found):
    from obspy.io.sac import SACTrace

    sac = SACTrace(data=np.ones(900, np.float32), b=5.0, delta=0.01, kstnm="ABC", knetwk="XX", kcmpnm="BHZ")
    for name in ("nzyear", "nzjday", "nzhour", "nzmin", "nzsec", "nzmsec"):
        setattr(sac, name, None)
    sac.write(str(tmp_path / "a.sac"))
    write(tmp_path / "b.mseed", trace())
    archive = open_waveforms(str(tmp_path), found)
    assert {day for *_, day in archive.days()} == {0, DAY}
    assert found.lines == [
        (
            "files begin on 1970-01-01, as where no time was set (a clock, SAC's reference); so do their picks",
            "a.sac",
        )
    ]


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


@st.composite
def archives(draw):
    """Traces of a station, each for a file of its own: format, samples, rate, begin, channel."""
    formats = st.sampled_from(["MSEED", "SAC", "GSE2"])
    number, made = draw(st.integers(1, 5)), []
    for k in range(number):
        rate, seconds = draw(st.sampled_from([20.0, 62.5, 99.99, 100.0])), draw(st.integers(2, 40))
        start = START + k * 60 + draw(st.integers(0, 999)) / 1000
        channel = draw(st.sampled_from(["HHZ", "HHN", "HHE", "BHZ", "EH1"]))
        made.append((draw(formats), trace(seconds, rate, channel, start=start, seed=k), draw(st.booleans())))
    return made


@settings(max_examples=25, deadline=None)
@given(archives())
def test_any_archive_is_what_obspy_reads(tmp_path_factory, made):
    """Whatever the formats and the names of files, spans and samples are those of ObsPy's own reading."""
    folder, lines = tmp_path_factory.mktemp("any"), []
    for k, (kind, one, named) in enumerate(made):
        start = one.stats.starttime
        path = folder / (f"{one.id}.D.{start.year}.{start.julday:03d}" if named else f"{k}.dat")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one.write(str(path if not path.exists() else folder / f"{k}.dat"), format=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [each for path in sorted(folder.iterdir()) for each in obspy.read(str(path))]
    archive = open_waveforms(str(folder), lambda *line: lines.append(line))
    ((network, station),) = archive.stations
    recorded = archive.recorded(network, station, START.ns, START.ns + DAY_NS, print)
    ours = archive.read(tuple(recorded), START.ns, START.ns + DAY_NS, print)
    assert lines == []
    key = lambda each: (each[0], each[1])  # noqa: E731
    expected = sorted(((each.id, each.stats.starttime.ns, each.data) for each in theirs), key=key)
    found = sorted(((".".join(each.code), each.first_ns, each.samples) for each in ours), key=key)
    assert [each[:2] for each in found] == [each[:2] for each in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one[2], other[2])
    for each in theirs:
        code = (each.stats.network, each.stats.station, each.stats.location, each.stats.channel)
        assert any(
            first <= each.stats.starttime.ns and end > each.stats.endtime.ns for first, end in recorded[code]
        )


def test_what_comes_before_a_late_record_at_a_files_end_is_read(tmp_path, found):
    early, late, rest = trace(3600), trace(60, start=START + 3600), trace(3600, start=START + 3660, seed=2)
    path = tmp_path / f"{early.id}.D.2024.061"
    with path.open("wb") as file:
        for one in (early, rest, late):
            one.write(file, format="MSEED", reclen=512)
    archive = open_waveforms(str(tmp_path), found)
    (code,) = used(archive, found)
    (segment,) = archive.read((code,), START.ns + 4000 * 10**9, START.ns + 7260 * 10**9, found)
    np.testing.assert_array_equal(segment.samples[-len(rest.data) // 2 :], rest.data[-len(rest.data) // 2 :])
    whole = sum(
        end - first for first, end in archive.recorded(*code[:2], START.ns, START.ns + DAY_NS, found)[code]
    )
    assert whole == pytest.approx(7260e9, abs=1000)
    assert {what.split(";")[0] for what, _ in found.lines} == {"channels have records that go back in time"}
