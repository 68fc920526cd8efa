"""Records on the absolute grid: faults become gaps and findings, and where files begin does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.formats.waveforms.archive import Segment
from terrella.pick.continuous.record import assemble
from terrella.pick.continuous.resample import resampled

START_S = 1_562_371_200


def record_of(segments, count=2000, components=("Z",), rate_hz=100.0, shortest_s=0.0):
    found = []
    first = round(START_S * rate_hz)
    record = assemble(
        segments,
        components,
        first,
        first + count,
        rate_hz,
        lambda what, name: found.append(what),
        shortest_s,
    )
    return record, found


def segment(values, at_s=0.0, rate_hz=100.0, channel="HHZ"):
    code = ("XX", "ONE", "", channel)
    return Segment(code, START_S * 10**9 + round(at_s * 1e9), rate_hz, np.asarray(values))


def sine(frequency_hz, at_s):
    return np.sin(2 * np.pi * frequency_hz * np.asarray(at_s))


def test_samples_of_the_grids_rate_are_untouched_and_know_how_late_they_are():
    record, found = record_of([segment(np.arange(1, 11), 1.004)])
    assert record.recorded[0].nonzero()[0].tolist() == list(range(100, 110))
    assert record.samples[0, 100:110].tolist() == list(range(1, 11))
    np.testing.assert_allclose(record.late_s[100:110], 0.004, rtol=1e-5)
    assert not found


@pytest.mark.parametrize(
    "rate_hz",
    [20.0, 40.0, 50.0, 80.0, 125.0, 200.0, 250.0, 99.9997, 99.99, 100.01, 99.6, 104.1667, 31.25, 100 / np.pi],
)
@pytest.mark.parametrize("at_s", [0.0, 0.0213, 1.0])
def test_a_sine_keeps_its_phase_at_another_rate(rate_hz, at_s):
    at = at_s + np.arange(round(30 * rate_hz)) / rate_hz
    record, found = record_of([segment(1000 * sine(2, at), at_s, rate_hz)])
    inside = slice(round(at_s * 100) + 200, 2000)
    expected = 1000 * sine(2, np.arange(2000) / 100 + record.late_s)
    np.testing.assert_allclose(record.samples[0, inside], expected[inside], atol=1.5)
    assert not found


@pytest.mark.parametrize("rate_hz", [200.0, 250.0, 500.0])
def test_what_the_new_rate_cannot_hold_is_filtered(rate_hz):
    at = np.arange(round(30 * rate_hz)) / rate_hz
    record, _ = record_of([segment(1000 * sine(70, at), 0.0, rate_hz)])
    assert np.abs(record.samples[0, 200:]).max() < 1  # 60 dB


@given(
    rate_hz=st.sampled_from([20.0, 40.0, 62.5, 200.0, 250.0, 99.999]),
    cut=st.integers(1, 900),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_where_a_record_begins_does_not_matter_away_from_there(rate_hz, cut, seed):
    values = np.random.default_rng(seed).normal(size=round(25 * rate_hz)) * 1000
    whole, _ = record_of([segment(values, 0.003, rate_hz)])
    cut = min(cut, len(values) // 2)
    later, _ = record_of([segment(values[cut:], 0.003 + cut / rate_hz, rate_hz)])
    inside = slice(round((cut / rate_hz + 1.5) * 100), 2000)
    # A begin in whole nanoseconds may lie half of one from where the rate puts it.
    np.testing.assert_allclose(later.samples[:, inside], whole.samples[:, inside], atol=0.05)


@given(cut=st.integers(1, 3999), rate_hz=st.sampled_from([40.0, 100.0, 200.0]), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_where_a_record_is_cut_into_segments_does_not_matter(cut, rate_hz, seed):
    values = np.random.default_rng(seed).normal(size=4000)
    whole, _ = record_of([segment(values, rate_hz=rate_hz)])
    parts, _ = record_of(
        [segment(values[cut:], cut / rate_hz, rate_hz), segment(values[:cut], rate_hz=rate_hz)]
    )
    np.testing.assert_array_equal(whole.samples, parts.samples)
    np.testing.assert_array_equal(whole.recorded, parts.recorded)


def test_what_is_no_number_is_a_gap():
    values = np.arange(1000.0)
    values[10], values[20], values[30:40] = np.nan, np.inf, -np.inf
    record, found = record_of([segment(values)])
    assert np.flatnonzero(~record.recorded[0, :1000]).tolist() == [10, 20, *range(30, 40)]
    assert not record.samples[~record.recorded].any()
    assert "no numbers" in found[0]


def test_overlaps_that_agree_are_joined_and_others_are_gaps_in_any_order():
    values = np.arange(1, 1001)
    same = [segment(values[:600]), segment(values[400:], 4.0)]
    record, found = record_of(same)
    assert record.samples[0, :1000].tolist() == values.tolist()
    assert found == ["channels have overlapping segments with the same samples"]
    other = [segment(values[:600]), segment(values[400:] + 1, 4.0)]
    for segments in (other, other[::-1]):
        record, found = record_of(segments)
        assert np.flatnonzero(~record.recorded[0, :1000]).tolist() == list(range(400, 600))
        assert found == ["channels have overlapping segments whose samples differ; taken for gaps"]


def test_a_constant_component_is_not_recorded():
    segments = [segment(np.full(2000, 7)), segment(np.arange(2000), channel="HHN")]
    record, found = record_of(segments, components=("Z", "N"))
    assert record.recorded.any(1).tolist() == [False, True]
    assert not record.samples[0].any()
    assert found == ["channels have constant stretches; taken for gaps"]


def test_components_1_2_and_3_stand_in_and_others_are_left_out():
    segments = [segment(np.arange(9) * k, channel=f"HH{letter}") for k, letter in enumerate("312H", 1)]
    record, _ = record_of(segments, 9, ("E", "N", "Z"))
    assert record.samples[:, 1].tolist() == [3, 2, 1]


def test_letters_that_change_keep_all_components():
    """As after an orientation was measured: 1 and 2 become N and E, the vertical goes on."""
    draw = np.random.default_rng(0)
    z, n, e = draw.normal(size=(3, 2000))
    segments = [segment(z)]
    segments += [segment(row[:900], 0, channel=f"HH{c}") for row, c in ((n, "1"), (e, "2"))]
    segments += [segment(row[900:], 9, channel=f"HH{c}") for row, c in ((n, "N"), (e, "E"))]
    record, found = record_of(segments, components=("Z", "N", "E"))
    assert record.recorded.sum(1).tolist() == [2000, 1999, 1999]
    assert np.flatnonzero(~record.recorded[1]).tolist() == [900]  # where another sensor begins
    known = np.delete(np.arange(2000), 900)
    np.testing.assert_array_equal(record.samples[:, known], np.stack([z, n, e])[:, known])
    assert found == ["components change their channel"] * 2
    # Where both recorded, the direction goes before the number.
    both, _ = record_of([segment(n, channel="HHN"), segment(e, channel="HH1")], components=("N",))
    np.testing.assert_array_equal(both.samples[0], n)
    assert both.recorded.all()


@pytest.mark.parametrize("value", [0, 4321])
@pytest.mark.parametrize("kind", [np.int32, np.float32, np.float64])
def test_a_second_or_more_of_one_value_is_a_gap(value, kind):
    """SeisBlue#65: zeros put where nothing was recorded look like an onset."""
    values = np.random.default_rng(1).normal(4321, 1000, 2000).astype(kind)
    values[500:600] = value
    values[1000:1090] = value  # less than a second
    record, found = record_of([segment(values)])
    assert np.flatnonzero(~record.recorded[0]).tolist() == list(range(500, 600))
    assert found == ["channels have constant stretches; taken for gaps"]


def test_an_instrument_coarser_than_its_noise_has_no_gaps():
    values = np.zeros(2000, np.int32)
    values[::130] = 1  # between them more than a second of zeros
    values[1500:1600] = np.arange(100) % 7 * 10
    record, found = record_of([segment(values)])
    assert record.recorded.all()
    assert found == []


@pytest.mark.parametrize("rate_hz", [99.99, 100.01, 99.5, 100 / np.pi])
def test_rates_without_a_simple_ratio_keep_their_times_for_an_hour(rate_hz):
    """An onset lies where its sample's time says; at 99.99 Hz a count of samples is 0.36 s off."""
    at = np.arange(round(3600 * rate_hz)) / rate_hz
    values = np.sin(at) + 1000 * np.exp(-0.5 * ((at - 3500) / 0.2) ** 2)
    record, found = record_of([segment(values, 0, rate_hz)], 360_000)
    assert record.samples[0].argmax() == 350_000
    np.testing.assert_allclose(record.samples[0, 349_900:350_100], 1000 * np.exp(
        -0.5 * ((np.arange(349_900, 350_100) / 100 - 3500) / 0.2) ** 2), atol=2)  # fmt: skip
    assert found == []


@pytest.mark.parametrize("kind", [np.int32, np.float64])
def test_large_offsets_cost_no_digit(kind):
    signal = np.random.default_rng(2).integers(-9, 9, 2000)
    record, _ = record_of([segment((signal + 100_000_000).astype(kind))])
    np.testing.assert_array_equal(record.samples[0] - 100_000_000, signal)


@pytest.mark.parametrize("size", [1e-300, 1e-13, 1.0, 1e15, 1e300])
def test_samples_of_any_size_keep_their_shape(size):
    signal = np.random.default_rng(2).normal(size=2000)
    record, found = record_of([segment(signal * size)])
    np.testing.assert_allclose(record.samples[0] * record.unit, signal * size, rtol=1e-12)
    assert 1e-6 < np.abs(record.samples).max() < 1e12 + 1e-9
    assert np.log2(record.unit).is_integer()
    assert found == []


def test_two_rates_of_a_channel_are_both_used_and_named():
    at = np.arange(1000) / 100
    low = segment(1000 * sine(1, np.arange(400) / 40), 0.0, 40.0)
    high = segment(1000 * sine(1, at + 10), 10.0, 100.0)
    record, found = record_of([low, high])
    assert found == ["channels have several sampling rates at once"]
    # Between the last sample of the one and the first of the other, nothing is recorded.
    assert np.flatnonzero(~record.recorded[0]).tolist() == [998, 999]
    at = np.flatnonzero(record.recorded[0])[200:-200]
    np.testing.assert_allclose(record.samples[0, at], 1000 * sine(1, at / 100), atol=60)


def test_short_stretches_are_left_out():
    record, _ = record_of([segment(np.arange(400)), segment(np.arange(900), 5.0)], shortest_s=5.0)
    assert record.recorded[0].nonzero()[0].tolist() == list(range(500, 1400))


def test_the_same_sample_of_the_grid_is_the_same_from_any_chunk():
    values = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    for per_sample in (0.4, 0.9999, 1.00123):
        whole = resampled(values, 0.3, per_sample, 0, 19_000)
        part = resampled(values, 0.3, per_sample, 2345, 15_001)
        np.testing.assert_allclose(whole[2345:15_001], part, atol=1e-6)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_any_faults_leave_finite_samples_and_zeros_where_nothing_is_recorded(data):
    number = st.one_of(
        st.integers(-(2**31), 2**31).map(float), st.sampled_from([np.nan, np.inf, -np.inf, 1e38])
    )
    segments = [
        segment(
            data.draw(st.lists(number, min_size=1, max_size=30)),
            data.draw(st.floats(-1, 21)),
            data.draw(st.sampled_from([0.5, 20.0, 40.0, 99.9, 100.0, 100.001, 200.0])),
            data.draw(st.sampled_from(["HHZ", "HHN", "HH1", "HH2", "HHX"])),
        )
        for _ in range(data.draw(st.integers(0, 6)))
    ]
    record, _ = record_of(segments, 2000, ("Z", "N", "E"))
    assert np.isfinite(record.samples).all()
    assert not record.samples[~record.recorded].any()
