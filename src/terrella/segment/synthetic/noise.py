"""Noise of an array: coloured, in part common to receivers, with machines, vehicles and bursts along the line."""

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from terrella.segment.synthetic.rays import Floats
from terrella.segment.synthetic.real_noise import RealNoise
from terrella.segment.synthetic.survey import Noise, Survey

Samples = npt.NDArray[np.float32]


def add_noise(
    samples: Samples, survey: Survey, rng: np.random.Generator, real: RealNoise | None = None
) -> None:
    """Add noise to (trace, sample) whose coloured part has a standard deviation of 1 on the usual trace.

    `real` takes the place of the coloured part.
    """
    if real is None:
        samples += _ambient(survey.noise, samples.shape[0], samples.shape[1], survey.interval_s, rng)
    else:
        samples += real.cut((samples.shape[0], samples.shape[1]), survey.interval_s, rng)
    noise, share = survey.noise, samples.shape[1] / 1024
    for maker, mean in ((_pump, noise.pumps), (_vehicle, noise.vehicles), (_burst, noise.bursts)):
        for _ in range(rng.poisson(mean * share)):
            maker(samples, survey, rng)


def _ambient(noise: Noise, traces: int, length: int, interval_s: float, rng: np.random.Generator) -> Samples:
    power = noise_power(noise, length, interval_s)
    own = coloured(power, traces + 1, length, rng)
    made = own[1:]
    made += np.float32(noise.neighbours) * own[:-1]  # the product is made before the sum is written
    made /= np.float32(np.sqrt(1 + noise.neighbours**2))
    if noise.common:
        made += np.float32(noise.common) * coloured(power, 1, length, rng)
    made *= _unevenness(traces, noise.unevenness, rng)[:, None]
    return made


def noise_power(noise: Noise, length: int, interval_s: float) -> Floats:
    """Return the power at the frequencies of a real Fourier transform of `length` samples, of sum 1.

    Flat below the corner, falling above it as frequency to the power `-slope`, with a hum's resonances (each with a
    tenth of the power) and a white part.
    """
    frequency = scipy.fft.rfftfreq(length, interval_s)
    power = (1 + (frequency / noise.corner_hz) ** 2) ** (-noise.slope / 2)
    power[0] = 0.0
    coloured_part = power / power.sum()
    for hum in noise.hum_hz:
        peak = np.exp(-0.5 * ((frequency - hum) / (0.05 * hum)) ** 2)
        if peak.sum() > 0:
            coloured_part += 0.1 * peak / peak.sum()
    white = np.ones_like(frequency)
    white[0] = 0.0
    return np.asarray(
        (1 - noise.white) * coloured_part / coloured_part.sum() + noise.white * white / white.sum()
    )


def coloured(power: Floats, traces: int, length: int, rng: np.random.Generator) -> Samples:
    """Return Gaussian noise (trace, sample) of unit variance with the spectrum `power`."""
    spectrum = np.empty((traces, length // 2 + 1), np.complex64)
    rng.standard_normal(dtype=np.float32, out=spectrum.view(np.float32))
    # Power is shared by real and imaginary part and by both signs of frequency.
    spectrum *= (np.sqrt(power) * length / 2).astype(np.float32)
    return np.asarray(scipy.fft.irfft(spectrum, length, axis=-1, overwrite_x=True))


def _unevenness(traces: int, deviation: float, rng: np.random.Generator) -> Samples:
    """Return factors that change slowly along the line, and a little from receiver to receiver."""
    knots = rng.standard_normal(traces // 32 + 2)
    slow = np.interp(np.arange(traces) / 32, np.arange(len(knots)), knots)
    return np.exp(deviation * (0.9 * slow + 0.4 * rng.standard_normal(traces))).astype(np.float32)


def _pump(samples: Samples, survey: Survey, rng: np.random.Generator) -> None:
    """Add a tone and its overtones, from a machine that stands still."""
    cycles = _table_length(samples) * survey.interval_s
    lowest = rng.uniform(5, 60) if survey.array.surface else rng.uniform(10, 150)
    signal = np.zeros(_table_length(samples))
    time = np.arange(len(signal)) * survey.interval_s
    for overtone in range(1, 4):
        # Whole cycles in the table, which is read round and round.
        frequency = np.round(lowest * overtone * cycles) / cycles
        if frequency * survey.interval_s < 0.4:
            signal += np.cos(2 * np.pi * (frequency * time + rng.random())) / overtone ** rng.uniform(0.5, 2)
    _send(samples, signal, 0.0, survey, rng)


def _vehicle(samples: Samples, survey: Survey, rng: np.random.Generator) -> None:
    """Add the rumble of something that moves along the line at 5 to 30 m/s."""
    signal = _band(samples, rng.uniform(8, 25), 0.5, survey, rng)
    _send(samples, signal, rng.choice([-1.0, 1.0]) * rng.uniform(5, 30), survey, rng)


def _burst(samples: Samples, survey: Survey, rng: np.random.Generator) -> None:
    """Add a wave train of some cycles: ground roll along the surface, a tube wave in a well."""
    centre = rng.uniform(6, 20) if survey.array.surface else rng.uniform(20, 120)
    signal = _band(samples, centre, 0.3, survey, rng)
    time = np.arange(len(signal)) * survey.interval_s
    start, width = rng.uniform(0, time[samples.shape[1] - 1]), rng.uniform(1, 4) / centre
    signal *= np.exp(-0.5 * ((time - start) / width) ** 2) * 2
    _send(samples, signal, 0.0, survey, rng)


def _table_length(samples: Samples) -> int:
    return 4 * samples.shape[1]


def _band(
    samples: Samples, centre_hz: float, width: float, survey: Survey, rng: np.random.Generator
) -> Floats:
    """Return noise of unit variance around a frequency, its `width` relative to that."""
    length = _table_length(samples)
    frequency = scipy.fft.rfftfreq(length, survey.interval_s)
    power = np.exp(-0.5 * ((frequency - centre_hz) / (width * centre_hz)) ** 2)
    return coloured(power / power.sum(), 1, length, rng)[0].astype(float)


def _send(samples: Samples, signal: Floats, speed: float, survey: Survey, rng: np.random.Generator) -> None:
    """Let a signal travel both ways along the line from a point that moves at `speed`; tube waves from an end."""
    noise, line = survey.noise, samples.shape[0] * survey.array.spacing_m
    origin = rng.uniform(-0.2, 1.2) * line if survey.array.surface else rng.choice([0.0, line])
    low, high = np.log(noise.amplitude)
    amplitude = np.exp(rng.uniform(low, high))
    _emit(
        samples,
        signal.astype(np.float32),
        survey.interval_s,
        survey.array.spacing_m,
        origin,
        speed,
        rng.uniform(*noise.wave_speed),
        rng.uniform(*noise.reach_m),
        amplitude / max(float(signal.std()), 1e-12) if speed else amplitude,
    )


@numba.njit(cache=True)
def _emit(
    samples: Samples, signal: Samples, interval_s: float, spacing_m: float, origin_m: float, speed: float,
    wave_speed: float, reach_m: float, amplitude: float,
) -> None:  # fmt: skip
    """Add signal(t - d/c) exp(-d/reach), with d the distance to a point at origin + speed · t."""
    size = len(signal)
    for j in range(samples.shape[0]):
        decay = amplitude * np.exp(-abs(j * spacing_m - origin_m) / reach_m)
        if abs(j * spacing_m - origin_m) > 5 * reach_m + abs(speed) * samples.shape[1] * interval_s:
            continue
        for i in range(samples.shape[1]):
            distance = abs(j * spacing_m - origin_m - speed * i * interval_s)
            at = (i - distance / wave_speed / interval_s) % size
            low = int(at)
            share = at - low
            value = signal[low] * (1 - share) + signal[(low + 1) % size] * share
            if speed != 0.0:
                decay = amplitude * np.exp(-distance / reach_m)
            samples[j, i] += decay * value
