"""The physics of the synthetic seismograms beside what theory says."""

import warnings

import numpy as np
import pytest

from terrella.earth.seismograms.coda import Scattering
from terrella.earth.seismograms.noise import noise_spectra, noise_velocity_psd
from terrella.earth.seismograms.paths import KIND, PHASES, Attenuation, arrivals, attenuation
from terrella.earth.seismograms.sources import (
    corner_frequency_hz,
    frequencies_hz,
    seismic_moment,
    velocity_pulse,
)
from terrella.earth.seismograms.stations import response
from terrella.earth.seismograms.waves import event_spectra
from terrella.pick.synthetic.domains import LOCAL
from terrella.pick.synthetic.faults import spoil

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

RATE, SAMPLES, SIZE = 100.0, 6000, 8000


def clean(distance_km, magnitude, scattering=LOCAL.scattering, seed=1):
    """Return seismograms without noise, their onsets (trace, phase) and arrivals."""
    rng = np.random.default_rng(seed)
    n = len(distance_km)
    found = arrivals(np.asarray(distance_km, float), np.full(n, 8.0), np.full(n, magnitude), rng)
    first = found.first_s("P")[:, None]
    onset = np.round((np.nan_to_num(found.time_s, nan=1e6) - first) * RATE + 500).astype(np.int64)
    corner = np.full(n, corner_frequency_hz(seismic_moment(magnitude), 3e6))
    flat = np.ones((n, SIZE // 2 + 1), np.complex64)
    spectra = event_spectra(
        found, onset, corner, rng.uniform(0, 360, n), np.full(n, 0.02), LOCAL.along, scattering, flat,
        SAMPLES, SIZE, RATE, rng,
    )  # fmt: skip
    return np.fft.irfft(spectra, SIZE)[..., :SAMPLES], onset, found


def test_a_corner_halves_the_amplitude_and_falls_with_the_moment():
    corner = corner_frequency_hz(seismic_moment([4.0, 6.0]), 3e6)
    assert corner[0] / corner[1] == pytest.approx(10.0)  # the cube root of three decades of moment
    pulse = np.abs(velocity_pulse(corner[:1], corner[:1])) / (2 * np.pi * corner[0])
    assert float(pulse[0, 0]) == pytest.approx(0.5)
    assert float(corner_frequency_hz(seismic_moment(4.0), 3e6)) == pytest.approx(
        2.27, rel=0.01
    )  # 0.49 β (Δσ/M₀)^⅓


def test_the_pulse_in_time_is_brunes():
    f, corner = frequencies_hz(4000, RATE), 2.0
    made = (
        np.fft.irfft(velocity_pulse(f, np.array([corner]))[0] / (2j * np.pi * np.maximum(f, 1e-9)), 4000)
        * RATE
    )
    time, omega = np.arange(4000) / RATE, 2 * np.pi * corner
    expected = omega**2 * time * np.exp(-omega * time)
    np.testing.assert_allclose(
        made[10:300] - made[2000], expected[10:300] - expected[2000], atol=0.02 * expected.max()
    )


def test_a_magnitude_more_is_thirty_times_the_moment_and_a_far_station_sees_less():
    (small, _, _), (large, _, _) = (clean([30.0] * 8, magnitude) for magnitude in (1.0, 2.0))
    low = [np.abs(np.fft.rfft(each))[:, 0, 12:36].mean() for each in (small, large)]  # 0.2 to 0.6 Hz
    assert low[1] / low[0] == pytest.approx(10**1.5, rel=0.1)
    traces, _, _ = clean([15.0] * 20 + [90.0] * 20, 3.0)
    peak = np.abs(traces).max((1, 2))
    assert peak[:20].mean() > 4 * peak[20:].mean()


def test_direct_waves_spread_with_distance():
    rng = np.random.default_rng(0)
    far = np.repeat([20.0, 40.0, 80.0, 160.0, 320.0], 400)
    found = arrivals(far, np.full(len(far), 5.0), np.full(len(far), 3.0), rng)
    size = np.exp(np.log(np.abs(found.area[:, PHASES.index("Sg")])).reshape(5, 400).mean(1))
    np.testing.assert_allclose(size[:2] / size[1:3], 2.0, rtol=0.12)
    assert size[3] / size[4] == pytest.approx(2**0.5, rel=0.1)  # trapped in the crust


def test_nothing_moves_before_the_onset_and_it_moves_at_once():
    traces, _, _ = clean(np.linspace(8, 100, 12), 2.5)
    for trace in traces:
        peak = np.abs(trace[0, 500:560]).max()
        assert np.abs(trace[:, :499]).max() < 0.03 * peak
        assert np.abs(trace[:, :490]).max() < 1e-3 * peak
        assert np.abs(trace[0, 500:520]).max() > 0.3 * peak


def test_p_is_on_the_vertical_and_s_across():
    traces, onset, _ = clean([40.0] * 40, 2.5)
    for kind, vertical in (("P", True), ("S", False)):
        first = onset[:, kind == KIND].min(1)
        windows = np.stack([trace[:, at : at + 60] for trace, at in zip(traces, first, strict=True)])
        energy = ((windows**2).sum(2) / (windows**2).sum((1, 2))[:, None]).mean(0)
        assert (energy[0] > energy[1:].sum()) == vertical


def test_horizontal_p_points_to_the_source():
    rng = np.random.default_rng(3)
    found = arrivals(np.full(1, 30.0), np.full(1, 8.0), np.full(1, 2.0), rng)
    onset = np.where(KIND == "P", 500, 10**8)[None, :]
    flat = np.ones((1, SIZE // 2 + 1), np.complex64)
    spectra = event_spectra(
        found, onset, np.full(1, 8.0), np.full(1, 60.0), np.full(1, 0.02), LOCAL.along, Scattering(1e-9, 5.0), flat,
        SAMPLES, SIZE, RATE, rng,
    )  # fmt: skip
    z, north, east = np.fft.irfft(spectra, SIZE)[0, :, 500:506]
    peak = np.abs(z).argmax()
    assert np.degrees(
        np.arctan2(-east[peak] * np.sign(z[peak]), -north[peak] * np.sign(z[peak]))
    ) == pytest.approx(60, abs=15)


def test_the_coda_fades_as_its_envelope():
    traces, onset, found = clean([20.0] * 80, 2.0, Scattering(2.0, 3.0))
    last = int(onset[onset < SAMPLES].max())
    age = np.array([4.5, 13.5])
    energy = [(traces[:, :, last + int(100 * a) - 150 : last + int(100 * a) + 150] ** 2).mean() for a in age]
    # S fades over twice the 3 s of P.
    travel = max(float(found.first_s("S").mean()), 5.0)
    expected = np.exp(-(age[1] - age[0]) / 6.0) * ((travel + age[0]) / (travel + age[1])) ** 2
    assert energy[1] / energy[0] == pytest.approx(expected, rel=0.3)


def test_attenuation_has_its_amplitude_and_is_causal():
    f = frequencies_hz(4096, RATE)
    found = arrivals(np.full(1, 60.0), np.full(1, 8.0), np.full(1, 3.0), np.random.default_rng(0))
    along, kappa = Attenuation(q_p=100.0, q_s=50.0, exponent=0.5), np.array([0.03])
    for kind, q, site in (("P", 100.0, along.site_p), ("S", 50.0, 1.0)):
        left = attenuation(f, kind, found, along, kappa)[0]
        at = int(np.argmin(abs(f - 8)))
        expected = np.exp(-np.pi * f[at] * (found.first_s(kind)[0] / (q * f[at] ** 0.5) + site * 0.03))
        assert abs(left[at]) == pytest.approx(expected, rel=1e-3)
        pulse = np.fft.irfft(left, 4096)
        assert (pulse[2048:] ** 2).sum() < 1e-4 * (pulse**2).sum()


def test_noise_lies_between_petersons_models_and_has_its_spectrum():
    f = np.geomspace(0.02, 9.5, 60)
    low, high = (
        np.interp(-np.log10(f), np.log10(period[::-1]), decibels[::-1])
        if period[0] > period[-1]
        else np.interp(-np.log10(f), np.log10(period), decibels)
        for period, decibels in (get_nlnm(), get_nhnm())
    )
    decibels = 10 * np.log10(noise_velocity_psd(f, [0.0, 0.4, 1.0], [0.0, 0.3, 0.0]) * (2 * np.pi * f) ** 2)
    assert ((decibels > low - 1e-6) & (decibels < high + 1e-6)).all()
    np.testing.assert_allclose(decibels[[0, 2]], [low, high], atol=1e-6)
    size = 20_000
    rng = np.random.default_rng(0)
    noise = np.fft.irfft(noise_spectra(np.full(20, 0.5), np.zeros(20), size, RATE, rng), size)
    power = (np.abs(np.fft.rfft(noise)) ** 2).mean((0, 1)) * 2 / (RATE * size)
    frequency = frequencies_hz(size, RATE)
    for first, last in ((0.1, 0.2), (1, 2), (5, 8)):
        chosen = (frequency > first) & (frequency < last)
        expected = noise_velocity_psd(frequency[chosen], 0.5)[0]
        assert power[chosen].mean() == pytest.approx(expected.mean(), rel=0.1)


def test_a_seismometer_passes_what_is_above_its_corner():
    passed = np.abs(response(np.array([0.0, 0.1, 1.0, 20.0]), np.array([1.0])))[0]
    np.testing.assert_allclose(passed, [0.0, 0.01, 0.707, 1.0], atol=0.01)


def test_faults_are_rare_and_gaps_are_where_they_are_said_to_be():
    rng = np.random.default_rng(1)
    good = rng.standard_normal((400, 3, 1000)).astype(np.float32) + 3
    counts = good.copy()
    gaps = spoil(counts, RATE, rng)
    gapped = np.flatnonzero(gaps[:, 1] > gaps[:, 0])
    assert 1 <= len(gapped) < 20
    for trace in gapped:
        assert not counts[trace, :, slice(*gaps[trace])].any()
    assert (counts == good).all((1, 2)).mean() > 0.88
