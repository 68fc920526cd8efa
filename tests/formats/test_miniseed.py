"""Samples of miniSEED are those that ObsPy reads, whatever the records' lengths; what is damaged is named."""

import io
import struct
import warnings

import numpy as np
import obspy
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pymseed import DataEncoding, MS3Record

from terrella.errors import InputError
from terrella.formats.waveforms.miniseed import is_miniseed, read_records, read_samples, scan

START_NS = 1_562_405_910_123_456_000
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
ALWAYS = (0, 2**62)
# Differences of every size that Steim's words hold, in runs so that each kind of word is used.
SIZES = st.lists(st.tuples(st.integers(0, 29), st.integers(1, 60)), min_size=1, max_size=30)
DAMAGED = "miniSEED files hold records that cannot be decoded; these are left out"
NO_RECORDS = "miniSEED files hold bytes that are no records; these are passed over"
TRUNCATED = "miniSEED files end inside a record (truncated); all before it is read"


def written(values, encoding="STEIM2", big=True, length=512, start_ns=START_NS, rate_hz=100.0, channel="HHZ"):
    header = {"network": "XX", "station": "ONE", "channel": channel, "sampling_rate": rate_hz}
    trace = obspy.Trace(values, {**header, "starttime": obspy.UTCDateTime(ns=start_ns)})
    with warnings.catch_warnings(), io.BytesIO() as file:
        warnings.simplefilter("ignore")
        trace.write(file, format="MSEED", encoding=encoding, byteorder=">" if big else "<", reclen=length)
        return file.getvalue()


def read(data, tmp_path, span=ALWAYS):
    """Return the segments of a file with these bytes, by channel and time, and what was found."""
    (tmp_path / "a.mseed").write_bytes(data)
    lines = []
    ranges = scan(tmp_path / "a.mseed", lambda what, name: lines.append(what))
    records = read_records(tmp_path / "a.mseed", ranges)
    segments = read_samples(records, *span, lambda what, name: lines.append(what), "a.mseed")
    return sorted(segments, key=lambda each: (each.code, each.first_ns)), lines


def assert_as_obspy(data, tmp_path, lines=()):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is damaged
        stream = obspy.read(io.BytesIO(data))
    return assert_same(data, tmp_path, stream, lines)


def assert_same(data, tmp_path, stream, lines=()):
    expected = sorted(stream, key=lambda each: (each.id, each.stats.starttime))
    segments, found = read(data, tmp_path)
    assert found == list(lines)
    assert [".".join(each.code) for each in segments] == [each.id for each in expected]
    for ours, other in zip(segments, expected, strict=True):
        assert ours.first_ns == other.stats.starttime.ns
        assert ours.rate_hz == other.stats.sampling_rate
        assert ours.samples.dtype == other.data.dtype
        np.testing.assert_array_equal(ours.samples, other.data)
    return segments


def of_sizes(sizes, seed):
    draw = np.random.default_rng(seed)
    steps = [draw.integers(-(2**bits), 2**bits + 1, number) for bits, number in sizes]
    values = np.cumsum(np.concatenate(steps))
    # Steim's differences have 30 bits, so neighbours of a sample may not lie further away.
    return ((values + 2**28) % 2**29 - 2**28).astype(np.int32)


def noise(number, seed=0):
    return np.cumsum(np.random.default_rng(seed).integers(-300, 300, number)).astype(np.int32)


def later(samples):
    return START_NS + samples * 10**7


def in_each_record(data, put, length=512):
    changed = bytearray(data)
    for at in range(0, len(data), length):
        for place, value in put.items():
            changed[at + place : at + place + len(value)] = value
    return bytes(changed)


@given(sizes=SIZES, seed=st.integers(0, 99), kind=st.sampled_from(["STEIM1", "STEIM2"]), big=st.booleans())
@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
def test_compressed_samples_are_those_of_obspy(tmp_path_factory, sizes, seed, kind, big):
    values = of_sizes(sizes, seed)
    (found,) = assert_as_obspy(written(values, kind, big), tmp_path_factory.mktemp("x"))
    np.testing.assert_array_equal(found.samples, values)


@pytest.mark.parametrize("big", [True, False])
@pytest.mark.parametrize(
    ("encoding", "kind"), [("INT16", np.int16), ("INT32", np.int32), ("FLOAT32", "f4"), ("FLOAT64", "f8")]
)
def test_other_samples_are_those_of_obspy(tmp_path, encoding, kind, big):
    values = (1000 * np.random.default_rng(0).normal(size=3000)).astype(kind)
    assert_as_obspy(written(values, encoding, big, 4096), tmp_path)


def test_records_are_joined_where_they_go_on_and_channels_may_be_mixed(tmp_path):
    values = np.arange(5000, dtype=np.int32)
    whole = written(values, "STEIM2")
    late = written(values, "STEIM2", start_ns=START_NS + 50 * 10**9 + 4_000_000)  # 0.4 samples
    gap = written(values, "STEIM2", start_ns=START_NS + 110 * 10**9)
    other = written(values, "STEIM2", channel="HHN", rate_hz=99.7)
    mixed = other[:512] + whole + late + gap + other[512:]
    assert [len(each.samples) for each in assert_as_obspy(mixed, tmp_path)] == [5000, 10_000, 5000]


def test_of_a_span_only_the_records_around_it_are_decoded(tmp_path):
    data = written(np.random.default_rng(0).integers(-9000, 9000, 50_000).astype(np.int32), "STEIM2")
    first_ns, end_ns = START_NS + 100 * 10**9, START_NS + 200 * 10**9
    ((found,), _) = read(data, tmp_path, (first_ns, end_ns))
    assert first_ns - 10 * 10**9 < found.first_ns <= first_ns
    assert 10_000 <= len(found.samples) < 11_000
    assert read(data, tmp_path, (0, 10**9)) == ([], [])


@pytest.mark.parametrize("lengths", [(4096, 512), (512, 4096), (256, 65_536)])
@pytest.mark.parametrize("big", [True, False])
def test_records_of_several_lengths_are_stepped_by_their_own(tmp_path, lengths, big):
    values = noise(60_000)
    half = [
        written(part, "STEIM2", big, length, start_ns)
        for part, length, start_ns in zip(
            (values[:30_000], values[30_000:]), lengths, (START_NS, later(30_000)), strict=True
        )
    ]
    (found,) = assert_as_obspy(b"".join(half), tmp_path)
    np.testing.assert_array_equal(found.samples, values)


def test_samples_of_one_channel_may_be_of_several_types(tmp_path):
    data = written(noise(3000), "INT32") + written(noise(3000).astype("f4"), "FLOAT32", start_ns=later(3000))
    assert len(assert_as_obspy(data, tmp_path)) == 2


def test_a_multiplier_of_zero_is_read_as_obspy_reads_it(tmp_path):
    found = assert_as_obspy(in_each_record(written(noise(5000)), {32: struct.pack(">hh", 10, 0)}), tmp_path)
    assert {each.rate_hz for each in found} == {10.0}


@pytest.mark.parametrize("length", [512, 4096])
def test_records_without_blockettes_are_read_as_obspy_reads_them(tmp_path, length):
    bare = {39: b"\0", 46: b"\0\0"}
    data = in_each_record(written(noise(9000), "STEIM1", length=length), bare, length)
    (found,) = assert_as_obspy(data, tmp_path)
    np.testing.assert_array_equal(found.samples, noise(9000))


def test_short_codes_and_codes_that_are_no_text(tmp_path):
    assert_as_obspy(in_each_record(written(noise(900)), {8: b"A_B  ", 15: b"Z  "}), tmp_path)
    strange = in_each_record(written(noise(900), channel="HHN"), {15: b"\xff\xfeN"})
    segments, lines = read(written(noise(900)) + strange, tmp_path)
    assert [each.code for each in segments] == [("XX", "ONE", "", "HHZ")]
    assert lines == ["miniSEED files hold records whose codes cannot be decoded; these are left out"]


@pytest.mark.parametrize("put", [{30: bytes(2)}, {32: bytes(4)}, {20: struct.pack(">H", 2250)}])
def test_records_without_samples_rate_or_plausible_time_are_left_out(tmp_path, put):
    without = in_each_record(written(noise(900), channel="LOG"), put)
    segments, lines = read(written(noise(900)) + without, tmp_path)
    assert [each.code[3] for each in segments] == ["HHZ"]
    assert lines == [
        "miniSEED files hold records without samples, rate or plausible time; these are left out"
    ]


@pytest.mark.parametrize("encoding", [DataEncoding.STEIM2, DataEncoding.INT32, DataEncoding.FLOAT64])
def test_the_third_version_is_read_beside_the_second(tmp_path, encoding):
    values = noise(30_000)
    record = MS3Record(reclen=3000, encoding=encoding)
    record.formatversion = 3
    record.sourceid, record.samprate, record.starttime = "FDSN:XX_ONE_00_H_H_N", 100.0, START_NS + 7
    kind = "d" if encoding == DataEncoding.FLOAT64 else "i"
    third = b"".join(record.generate(data_samples=values.tolist(), sample_type=kind))
    (other, found), lines = read(written(values) + third, tmp_path)
    assert (other.code, found.code) == (("XX", "ONE", "", "HHZ"), ("XX", "ONE", "00", "HHN"))
    assert (found.first_ns, found.rate_hz, lines) == (START_NS + 7, 100.0, [])
    np.testing.assert_array_equal(found.samples, values)
    (tmp_path / "b.mseed").write_bytes(third)
    assert is_miniseed(tmp_path / "b.mseed")


def test_a_changed_byte_of_the_third_version_fails_its_checksum(tmp_path):
    record = MS3Record(reclen=400, encoding=DataEncoding.INT32)
    record.formatversion, record.samprate, record.starttime = 3, 100.0, START_NS
    record.sourceid = "FDSN:XX_ONE__H_H_Z"
    parts = list(record.generate(data_samples=noise(900).tolist(), sample_type="i"))
    assert len(parts) > 3
    parts[1] = parts[1][:200] + bytes([parts[1][200] ^ 1]) + parts[1][201:]
    segments, lines = read(b"".join(parts), tmp_path)
    assert len(segments) == 2
    assert lines == [NO_RECORDS]


@pytest.mark.parametrize("length", [512, 4096])
def test_a_truncated_last_record_is_named(tmp_path, length):
    values = noise(30_000)
    data = written(values, length=length)
    ((found,), lines) = read(data[: -length // 2], tmp_path)
    np.testing.assert_array_equal(found.samples, values[: len(found.samples)])
    assert len(found.samples) > 20_000
    assert lines == [TRUNCATED]


@pytest.mark.parametrize("bytes_", [1, 100, 512, 200_000])
def test_noise_between_records_costs_no_record(tmp_path, bytes_):
    values = noise(30_000)
    first, second = written(values[:15_000]), written(values[15_000:], start_ns=later(15_000), length=4096)
    rubbish = np.random.default_rng(1).integers(0, 256, bytes_).astype(np.uint8).tobytes()
    ((found,), lines) = read(first + rubbish + second, tmp_path)
    np.testing.assert_array_equal(found.samples, values)
    assert lines == [NO_RECORDS]


@pytest.mark.parametrize("at", [60, 68, 72, 400])
def test_what_is_damaged_is_named_and_the_rest_is_read(tmp_path, at):
    values = noise(20_000)
    data = bytearray(written(values, "STEIM2"))
    whole, lines = read(bytes(data), tmp_path)
    assert (len(whole), lines) == (1, [])
    data[512 + at] ^= 0x55
    (before, after), lines = read(bytes(data), tmp_path)
    assert lines == [DAMAGED]
    np.testing.assert_array_equal(before.samples, values[: len(before.samples)])
    np.testing.assert_array_equal(after.samples, values[-len(after.samples) :])
    assert len(before.samples) + len(after.samples) > 19_000


def test_a_record_that_says_it_is_longer_does_not_hide_the_next(tmp_path):
    values = noise(20_000)
    data = bytearray(written(values))
    assert data[10 * 512 + 62] == 9
    data[10 * 512 + 62] = 12
    (before, after), lines = read(bytes(data), tmp_path)
    assert lines == [NO_RECORDS]
    np.testing.assert_array_equal(after.samples, values[-len(after.samples) :])
    assert len(before.samples) + len(after.samples) > 19_600


def test_a_record_that_says_it_has_more_samples_than_bytes_is_named(tmp_path):
    data = in_each_record(written(noise(50), "INT32"), {30: struct.pack(">H", 60_000)})
    assert read(data, tmp_path) == ([], [DAMAGED])


@given(place=st.integers(0, 5 * 512 - 1), value=st.integers(0, 255))
@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
def test_any_byte_may_be_wrong(tmp_path_factory, place, value):
    data = bytearray(written(np.arange(3000, dtype=np.int32) ** 2 // 99, "STEIM2"))
    data[place % len(data)] = value
    try:
        found, _ = read(bytes(data), tmp_path_factory.mktemp("x"))
    except InputError:
        return
    assert all(len(each.samples) for each in found)
