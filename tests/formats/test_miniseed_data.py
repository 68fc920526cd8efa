"""Samples of miniSEED records are those that ObsPy reads, and what is damaged is left to it."""

import io
import warnings

import numpy as np
import obspy
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from terrella.formats.waveforms.miniseed_data import read_samples

START_NS = 1_562_405_910_123_456_000
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
ALWAYS = (0, 2**62)
# Differences of every size that Steim's words hold, in runs so that each kind of word is used.
SIZES = st.lists(st.tuples(st.integers(0, 29), st.integers(1, 60)), min_size=1, max_size=30)


def written(values, encoding, big=True, length=512, start_ns=START_NS, rate_hz=100.0, channel="HHZ"):
    header = {"network": "XX", "station": "ONE", "channel": channel, "sampling_rate": rate_hz}
    trace = obspy.Trace(values, {**header, "starttime": obspy.UTCDateTime(ns=start_ns)})
    with warnings.catch_warnings(), io.BytesIO() as file:
        warnings.simplefilter("ignore")
        trace.write(file, format="MSEED", encoding=encoding, byteorder=">" if big else "<", reclen=length)
        return file.getvalue()


def assert_as_obspy(data):
    expected = sorted(obspy.read(io.BytesIO(data)), key=lambda each: (each.id, each.stats.starttime))
    found = sorted(read_samples(data, *ALWAYS), key=lambda each: (each.code, each.first_ns))
    assert [".".join(each.code) for each in found] == [each.id for each in expected]
    for ours, other in zip(found, expected, strict=True):
        assert ours.first_ns == other.stats.starttime.ns
        assert ours.rate_hz == other.stats.sampling_rate
        assert ours.values.dtype == other.data.dtype
        np.testing.assert_array_equal(ours.values, other.data)
    return found


def of_sizes(sizes, seed):
    draw = np.random.default_rng(seed)
    steps = [draw.integers(-(2**bits), 2**bits + 1, number) for bits, number in sizes]
    values = np.cumsum(np.concatenate(steps))
    # Steim's differences have 30 bits, so neighbours of a sample may not lie further away.
    return ((values + 2**28) % 2**29 - 2**28).astype(np.int32)


@given(sizes=SIZES, seed=st.integers(0, 99), kind=st.sampled_from(["STEIM1", "STEIM2"]))
@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
def test_compressed_samples_are_those_of_obspy(sizes, seed, kind):
    values = of_sizes(sizes, seed)
    (found,) = assert_as_obspy(written(values, kind))
    np.testing.assert_array_equal(found.values, values)


@pytest.mark.parametrize("big", [True, False])
@pytest.mark.parametrize(
    ("encoding", "kind"), [("INT16", np.int16), ("INT32", np.int32), ("FLOAT32", "f4"), ("FLOAT64", "f8")]
)
def test_other_samples_are_those_of_obspy(encoding, kind, big):
    values = (1000 * np.random.default_rng(0).normal(size=3000)).astype(kind)
    assert_as_obspy(written(values, encoding, big, 4096))


def test_records_are_joined_where_they_go_on_and_channels_may_be_mixed():
    values = np.arange(5000, dtype=np.int32)
    whole = written(values, "STEIM2")
    late = written(values, "STEIM2", start_ns=START_NS + 50 * 10**9 + 4_000_000)  # 0.4 samples
    gap = written(values, "STEIM2", start_ns=START_NS + 110 * 10**9)
    other = written(values, "STEIM2", channel="HHN", rate_hz=99.7)
    assert [len(each.values) for each in assert_as_obspy(other[:512] + whole + late + gap + other[512:])] == [
        5000,
        10_000,
        5000,
    ]


def test_of_a_span_only_the_records_around_it_are_decoded():
    data = written(np.random.default_rng(0).integers(-9000, 9000, 50_000).astype(np.int32), "STEIM2")
    first_ns, end_ns = START_NS + 100 * 10**9, START_NS + 200 * 10**9
    (found,) = read_samples(data, first_ns, end_ns)
    assert first_ns - 10 * 10**9 < found.first_ns <= first_ns
    assert 10_000 <= len(found.values) < 11_000
    assert read_samples(data, 0, 10**9) == []


@pytest.mark.parametrize("at", [60, 68, 72, 400])
def test_what_is_damaged_or_unusual_is_left_to_a_library(at):
    data = bytearray(written(np.arange(20_000, dtype=np.int32) ** 2 // 999, "STEIM2"))
    assert read_samples(bytes(data), *ALWAYS) is not None
    data[512 + at] ^= 0x55
    assert read_samples(bytes(data), *ALWAYS) is None


def test_compressed_samples_with_the_other_order_of_bytes_are_left_to_a_library():
    assert read_samples(written(np.arange(900, dtype=np.int32), "STEIM2", big=False), *ALWAYS) is None


@given(place=st.integers(0, 5 * 512 - 1), value=st.integers(0, 255))
@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
def test_any_byte_may_be_wrong(place, value):
    data = bytearray(written(np.arange(3000, dtype=np.int32) ** 2 // 99, "STEIM2"))
    data[place % len(data)] = value
    found = read_samples(bytes(data), *ALWAYS)
    assert found is None or all(len(each.values) for each in found)
