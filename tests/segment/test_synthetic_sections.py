"""Modelled sections: determinism, labels that agree with arrivals, amplitudes, noise spectra."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.segment.synthetic.arrays import Array, place
from terrella.segment.synthetic.arriving import add_wave, arrive
from terrella.segment.synthetic.events import Event, corner_hz, noise_amplitude, waves_of
from terrella.segment.synthetic.layers import Layers
from terrella.segment.synthetic.mechanism import moment_tensor
from terrella.segment.synthetic.noise import add_noise, coloured, noise_power
from terrella.segment.synthetic.section import make_section
from terrella.segment.synthetic.survey import KINDS, Noise, make_survey
from terrella.segment.synthetic.wavelets import FINER, make_pulses

SHAPE = (48, 300)
HALF_SPACE = Layers(*(np.array([each]) for each in (0.0, 3000.0, 1700.0, 2300.0, 1e6, 1e6)))
QUIET = Noise(0.0, 5.0, 1.0, (), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (300.0, 300.0), (100.0, 100.0), (1.0, 1.0))


def _with_events(survey, number, shape=(64, 1024)):
    made = (make_section(survey, index, shape) for index in range(60))
    return list(islice((section for section in made if len(section.arrivals.event)), number))


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_a_section_is_a_function_of_survey_index_and_shape(seed):
    survey = make_survey(seed)
    once, again = make_section(survey, 7, SHAPE), make_section(make_survey.__wrapped__(seed), 7, SHAPE)
    np.testing.assert_array_equal(once.samples, again.samples)
    np.testing.assert_array_equal(once.mask, again.mask)
    np.testing.assert_array_equal(once.arrivals.time_s, again.arrivals.time_s)
    assert once.group == again.group == survey.name
    assert not np.array_equal(once.samples, make_section(survey, 8, SHAPE).samples)


def test_kinds_of_one_seed_are_different_surveys():
    made = [make_survey(5, kind) for kind in KINDS]
    assert len({survey.name for survey in made}) == len(KINDS)
    assert len({make_section(survey, 0, SHAPE).samples.tobytes() for survey in made}) == len(KINDS)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 7), st.integers(0, 10**6), st.integers(2, 90), st.integers(16, 700))
def test_any_size(seed, index, traces, length):
    section = make_section(make_survey(seed), index, (traces, length))
    assert section.samples.shape == section.mask.shape == (traces, length)
    assert section.samples.dtype == np.float32
    assert np.isfinite(section.samples).all()
    assert set(np.unique(section.mask)) <= {0, 1, 255}
    found = section.arrivals
    assert ((found.time_s >= 0) & (found.time_s < length * section.interval_s)).all()
    assert ((found.trace >= 0) & (found.trace < traces)).all()
    assert (found.snr > 0).all()


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_masks_and_arrivals_agree(seed):
    """Ones from each onset on; the first ones of a trace are an arrival's, or came before the section began."""
    for section in _with_events(make_survey(seed), 3):
        found, mask = section.arrivals, section.mask
        onset = np.ceil(found.time_s / section.interval_s).astype(int)
        inside = onset < mask.shape[1]
        assert (mask[found.trace[inside], onset[inside]] == 1).all()
        for trace in np.flatnonzero((mask == 1).any(axis=1)):
            begin = int((mask[trace] == 1).argmax())
            assert begin == 0 or begin in onset[found.trace == trace]
        assert len(set(zip(found.event, found.trace, found.phase, strict=True))) == len(found.event)


def test_sections_without_events_hold_no_label():
    survey = make_survey(0)
    for index in range(5):
        section = make_section(survey, index, SHAPE, noise_only=True)
        assert not section.mask.any()
        assert len(section.arrivals.event) == 0
        assert section.arrivals.phase.dtype.kind == "U"
    shares = np.mean([not make_section(survey, index, (16, 64)).mask.any() for index in range(100)])
    assert shares >= survey.seismicity.without / 2


def test_many_arrivals_are_below_the_noise_and_many_are_not():
    snr = np.concatenate(
        [
            section.arrivals.snr
            for seed in range(4)
            for section in _with_events(make_survey(seed), 8, (128, 1024))
        ]
    )
    assert 0.2 < np.mean(snr < 1) < 0.8
    assert np.mean(snr > 3) > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_waves_stand_where_the_mask_says(kind):
    """Nothing moves before a wave's onset, and little after its end."""
    survey = make_survey(11, kind)
    silent = replace(survey, faulty=replace(survey.faulty, coda=0.0, dead=0.0, spikes=0.0))
    receivers = place(silent.array, 64)
    event = _event(silent, depth_m=float(np.mean(silent.seismicity.depth_m)))
    for wave in arrive(silent, receivers, event, np.ones(64), np.zeros(64)):
        early = np.nanmin(wave.onset_s) - 0.01
        wave = replace(wave, onset_s=wave.onset_s - early)
        size = int((np.nanmax(wave.onset_s) + wave.duration_s.max() * 2) / silent.interval_s) + 10
        samples = np.zeros((64, size), np.float32)
        add_wave(samples, wave, silent.interval_s)
        peak = np.abs(samples).max(1)
        here = np.isfinite(wave.onset_s) & (wave.peak > 0)
        assert (peak[here] <= 1.02 * wave.peak[here]).all()
        assert (peak[here] >= 0.7 * wave.peak[here]).all()  # peaks may lie between samples
        time = np.arange(size) * silent.interval_s
        for j in np.flatnonzero(here):
            before, after = time < wave.onset_s[j], time > wave.onset_s[j] + wave.duration_s[j]
            assert not samples[j, before].any()
            assert np.abs(samples[j, after]).max() < 0.15 * wave.peak[j]


def _event(survey, depth_m, north_m=0.0):
    speed = float(survey.layers.s_speed[survey.layers.at(depth_m)])
    corner = corner_hz(1e9, survey.seismicity.stress_drop_pa, speed)
    return Event(north_m, 120.0, depth_m, 1e9, corner, moment_tensor(0.4, 1.2, 0.9))


def test_far_field_amplitudes_in_a_whole_space():
    """u = F M0' / (4π ρ v³ r), on a vertical receiver above a thrust of 45°, whose largest P goes there: F = 1."""
    array = Array("vertical", 10.0, 0.0, 0.0, False)
    for depth in (1000.0, 2000.0):
        event = Event(0.0, 0.0, depth, 1.0, 20.0, moment_tensor(0.0, np.pi / 4, np.pi / 2))
        p, s = waves_of(HALF_SPACE, array, place(array, 2), event)
        expected = 1 / (4 * np.pi * 2300 * 3000**3 * depth)
        assert abs(p.amplitude[0]) == pytest.approx(expected, rel=1e-9)
        assert abs(s.amplitude[0]) < 1e-6 * expected  # a node, and across the receiver besides


def test_a_fibre_is_blind_to_waves_across_it():
    fibre = Array("fibre", 10.0, 0.0, 0.0, True)
    event = Event(0.0, 0.0, 1000.0, 1.0, 20.0, moment_tensor(0.0, np.pi / 4, np.pi / 2))
    amplitudes = np.abs(waves_of(HALF_SPACE, fibre, place(fibre, 150), event)[0].amplitude)
    assert amplitudes[0] < 1e-9 * amplitudes[50:].max()


def test_wells_turn():
    found = place(Array("fibre", 5.0, 1000.0, 1100.0, False), 40)
    np.testing.assert_allclose(np.hypot(np.diff(found.x_m), np.diff(found.depth_m)), 5.0)
    assert found.depth_m.max() == 1100.0
    np.testing.assert_array_equal(found.axis[0], [0, 1])
    np.testing.assert_array_equal(found.axis[-1], [1, 0])


def test_the_usual_event_is_as_large_as_the_noise():
    assert noise_amplitude(make_survey(0)) == noise_amplitude(make_survey.__wrapped__(0))
    assert noise_amplitude(make_survey(0)) > 0


def test_brune_pulses_have_the_moment_rates_spectrum():
    """The integral of the pulse of velocity is the moment rate, whose own integral is the moment, 1."""
    pulses = make_pulses("brune", 20.0, (0.0, 0.0), 0.0005)
    spectrum = np.abs(np.fft.rfft(pulses.values[0], 2**16)) * pulses.interval_s
    frequency = np.fft.rfftfreq(2**16, pulses.interval_s)
    asked = (frequency > 8) & (frequency < 200)
    expected = 2 * np.pi * frequency / (1 + (frequency / 20.0) ** 2)
    np.testing.assert_allclose(spectrum[asked], expected[asked], rtol=0.12)
    assert pulses.interval_s == 0.0005 / FINER


def test_attenuation_takes_amplitude_and_lengthens():
    pulses = make_pulses("brune", 40.0, (0.0, 0.03), 0.001)
    peaks = np.abs(pulses.values).max(1)
    assert (np.diff(peaks) < 0).all()
    assert pulses.duration_s[-1] > 1.5 * pulses.duration_s[0]
    ratio = np.abs(np.fft.rfft(pulses.values[-1], 2**15)) / np.abs(np.fft.rfft(pulses.values[0], 2**15))
    frequency = np.fft.rfftfreq(2**15, pulses.interval_s)
    band = (frequency > 15) & (frequency < 50)
    slope = np.polyfit(frequency[band], np.log(ratio[band]), 1)[0]
    assert slope == pytest.approx(-np.pi * 0.03, rel=0.05)


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_noise_falls_as_its_slope_says(slope):
    noise = replace(QUIET, slope=slope, corner_hz=2.0, white=0.0)
    made = coloured(noise_power(noise, 4096, 0.002), 200, 4096, np.random.default_rng(1))
    assert made.std() == pytest.approx(1, rel=0.03)
    power = (np.abs(np.fft.rfft(made, axis=1)) ** 2).mean(0)
    frequency = np.fft.rfftfreq(4096, 0.002)
    band = (frequency > 15) & (frequency < 150)
    found = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert found == pytest.approx(-slope, abs=0.08)


def test_neighbours_and_the_interrogator_share_noise():
    survey = make_survey(2, "fibre")
    quiet = replace(QUIET, neighbours=0.5, common=0.0)
    for noise, near, far in ((quiet, 0.4, 0.0), (replace(quiet, neighbours=0.0, common=1.0), 0.5, 0.5)):
        samples = np.zeros((100, 4096), np.float32)
        add_noise(samples, replace(survey, noise=noise), np.random.default_rng(0))
        correlation = np.corrcoef(samples)
        assert np.diag(correlation, 1).mean() == pytest.approx(near, abs=0.03)
        assert np.diag(correlation, 9).mean() == pytest.approx(far, abs=0.03)


def test_coherent_noise_travels_at_its_speed():
    survey = make_survey(2, "fibre")
    noise = replace(QUIET, bursts=40.0, wave_speed=(400.0, 400.0), reach_m=(5e3, 5e3), amplitude=(50.0, 50.0))
    samples = np.zeros((100, 512), np.float32)
    add_noise(samples, replace(survey, noise=noise), np.random.default_rng(3))
    spectrum = np.abs(np.fft.fft2(samples)) ** 2
    wavenumber, frequency = (np.fft.fftfreq(n, d) for n, d in ((100, survey.array.spacing_m), (512, 0.002)))
    fast = np.abs(frequency)[None, :] > 5
    speed = np.abs(frequency)[None, :] / np.maximum(np.abs(wavenumber)[:, None], 1e-9)
    along = (speed > 250) & (speed < 700) & fast
    assert spectrum[along].sum() > 0.7 * spectrum[np.broadcast_to(fast, along.shape)].sum()


def test_dead_receivers_are_not_labelled():
    survey = make_survey(0)
    survey = replace(survey, faulty=replace(survey.faulty, dead=0.3))
    for section in _with_events(survey, 3):
        dead = section.samples.std(1) < 0.05
        assert 0.1 < dead.mean() < 0.5
        assert not (section.mask[dead] == 1).any()
        assert not np.isin(section.arrivals.trace, np.flatnonzero(dead)).any()


def test_wrong_requests_are_refused():
    with pytest.raises(InputError, match="seed"):
        make_survey(-1)
    with pytest.raises(InputError, match="no survey"):
        make_survey(0, "marine")
    with pytest.raises(InputError, match="index"):
        make_section(make_survey(0), -1, SHAPE)
    with pytest.raises(InputError, match="shape"):
        make_section(make_survey(0), 0, (1, 300))


def test_head_waves_come_before_direct_ones_or_not_at_all():
    seen = 0
    for seed in range(12):
        survey = make_survey(seed, "surface")
        receivers = place(survey.array, 400)
        waves = waves_of(survey.layers, survey.array, receivers, _event(survey, 400.0))
        for phase in ("P", "S"):
            direct, *head = (wave.rays.time_s for wave in waves if wave.phase == phase)
            for time in head:
                seen += np.isfinite(time).sum()
                assert (time[np.isfinite(time)] < direct[np.isfinite(time)]).all()
    assert seen > 100
