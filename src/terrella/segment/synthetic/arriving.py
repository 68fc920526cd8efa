"""Waves as they arrive on each receiver: onset, pulse, amplitude and what is scattered behind them."""

from dataclasses import dataclass, replace

import numba
import numpy as np
import scipy.fft

from terrella.segment.synthetic.arrays import Receivers
from terrella.segment.synthetic.events import Event, Phase, noise_amplitude, peaks_of, pulses_of, waves_of
from terrella.segment.synthetic.noise import Samples, coloured
from terrella.segment.synthetic.rays import Floats
from terrella.segment.synthetic.survey import Survey
from terrella.segment.synthetic.wavelets import FINER, Pulses


@dataclass(frozen=True, eq=False)
class Arriving:
    """A wave on every receiver; onsets count from the section's first sample and are NaN where it does not come."""

    phase: Phase
    head: bool
    onset_s: Floats
    amplitude: Floats  # by which the pulses are multiplied, in units of the noise
    peak: Floats  # the largest amplitude that results
    level: Floats  # of t*, as a fractional row of the pulses
    duration_s: Floats
    pulses: Pulses


def arrive(
    survey: Survey, receivers: Receivers, event: Event, coupling: Floats, delay_s: Floats
) -> list[Arriving]:
    """Return the waves of an event that starts at 0 s; receivers multiply them by `coupling` and delay them."""
    unit = event.moment * coupling / noise_amplitude(survey)
    found = []
    for wave in waves_of(survey.layers, survey.array, receivers, event):
        pulses = pulses_of(survey, event, wave)
        level = np.interp(wave.rays.t_star_s, pulses.t_star_s, np.arange(len(pulses.t_star_s)))
        amplitude = unit * wave.amplitude
        found.append(
            Arriving(
                phase=wave.phase,
                head=wave.head,
                onset_s=wave.rays.time_s + delay_s,
                amplitude=amplitude,
                peak=peaks_of(wave, pulses) * np.abs(unit),
                level=level,
                duration_s=np.interp(wave.rays.t_star_s, pulses.t_star_s, pulses.duration_s),
                pulses=pulses,
            )
        )
    return found


def start(waves: list[Arriving], length_s: float, rng: np.random.Generator) -> list[Arriving]:
    """Move an event in time so that one of its direct waves reaches some receiver within the section."""
    direct = [wave for wave in waves if not wave.head]
    onset = direct[rng.integers(len(direct))].onset_s
    move = rng.uniform(0.02, 0.95) * length_s - onset[rng.integers(len(onset))]
    return [replace(wave, onset_s=wave.onset_s + move) for wave in waves]


def add_wave(samples: Samples, wave: Arriving, interval_s: float) -> None:
    """Add a wave's pulses to (trace, sample)."""
    _stamp(samples, wave.onset_s, wave.amplitude, wave.level, wave.pulses.values, interval_s, FINER)


def add_coda(samples: Samples, waves: list[Arriving], survey: Survey, rng: np.random.Generator) -> None:
    """Add what is scattered behind the direct waves: noise of the strongest pulse's spectrum that dies away."""
    direct = [wave for wave in waves if not wave.head]
    if not direct:
        return
    envelope = np.zeros_like(samples)
    for wave in direct:
        _decay(envelope, wave.onset_s, wave.peak, survey.faulty.coda_s, survey.interval_s)
    strongest = max(direct, key=lambda wave: float(wave.peak.max()))
    pulse = strongest.pulses.values[len(strongest.pulses.values) // 2, ::FINER]
    power = np.abs(scipy.fft.rfft(pulse.astype(float), samples.shape[1])) ** 2
    scattered = coloured(power / power.sum(), samples.shape[0], samples.shape[1], rng)
    scattered *= envelope
    scattered *= np.float32(survey.faulty.coda)
    samples += scattered


@numba.njit(cache=True)
def _stamp(
    samples: Samples, onset_s: Floats, amplitude: Floats, level: Floats, pulses: Samples, interval_s: float,
    finer: int,
) -> None:  # fmt: skip
    length = samples.shape[1]
    rows, columns = pulses.shape
    for j in range(samples.shape[0]):
        if np.isnan(onset_s[j]) or amplitude[j] == 0.0:
            continue
        start = onset_s[j] / interval_s
        first = max(int(np.ceil(start)), 0)
        upper = min(int(level[j]), rows - 2)
        between = level[j] - upper
        for i in range(first, length):
            at = (i - start) * finer
            low = int(at)
            if low + 1 >= columns:
                break
            share = at - low
            above = pulses[upper, low] * (1 - share) + pulses[upper, low + 1] * share
            below = pulses[upper + 1, low] * (1 - share) + pulses[upper + 1, low + 1] * share
            samples[j, i] += amplitude[j] * (above * (1 - between) + below * between)


@numba.njit(cache=True)
def _decay(envelope: Samples, onset_s: Floats, peak: Floats, decay_s: float, interval_s: float) -> None:
    """Add an envelope of largest value `peak` that rises over, and falls off with, the time `decay_s`."""
    each = np.exp(-interval_s / decay_s)
    for j in range(envelope.shape[0]):
        if np.isnan(onset_s[j]):
            continue
        start = onset_s[j] / interval_s
        first = max(int(np.ceil(start)), 0)
        if first >= envelope.shape[1]:
            continue
        since = (first - start) * interval_s / decay_s
        fall = peak[j] * np.exp(1.0 - since)
        for i in range(first, envelope.shape[1]):
            envelope[j, i] += fall * since  # t e^(1 - t), with t in units of the decay
            fall *= each
            since += interval_s / decay_s
            if fall * since < 1e-3 * peak[j] and since > 1:
                break
