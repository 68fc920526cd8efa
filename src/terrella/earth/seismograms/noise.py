"""Ground noise of stations: spectra between Peterson's (1993) low and high noise models, and passing bursts."""

import warnings
from functools import cache

import numpy as np
import numpy.typing as npt

from terrella.earth.seismograms.sources import frequencies_hz

Floats = npt.NDArray[np.float64]

_LOWEST_HZ, _HIGHEST_HZ = 0.01, 10.0  # beyond them the models' accelerations are kept constant


def noise_velocity_psd(frequency_hz: Floats, level: npt.ArrayLike, tilt: npt.ArrayLike = 0.0) -> Floats:
    """Return the power spectral density of velocity, (m/s)²/Hz, (station, frequency).

    `level` (station,) is 0 for the New Low Noise Model and 1 for the New High Noise Model, in decibels between
    them, at 1 Hz; `tilt` (station,) is added for each decade of frequency.
    """
    f = np.clip(np.asarray(frequency_hz, float), _LOWEST_HZ, _HIGHEST_HZ)
    low, high = (np.interp(-np.log10(f), *model) for model in _models())
    at, slope = (np.reshape(np.asarray(each, float), (-1, 1)) for each in (level, tilt))
    between = np.clip(at + slope * np.log10(f), 0.0, 1.0)
    acceleration = 10 ** ((low + between * (high - low)) / 10)
    return np.asarray(acceleration / (2 * np.pi * np.maximum(frequency_hz, _LOWEST_HZ)) ** 2)


@cache
def _models() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return the low and the high model: logarithms of periods, ascending, and decibels of acceleration."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

    found = []
    for model in (get_nlnm(), get_nhnm()):
        period, decibels = (np.asarray(each, float) for each in model)
        order = np.argsort(period)
        found.append((np.log10(period[order]), decibels[order]))
    return found[0], found[1]


def noise_spectra(
    level: Floats, tilt: Floats, size: int, rate_hz: float, rng: np.random.Generator
) -> npt.NDArray[np.complex64]:
    """Return spectra (trace, Z N E, frequency) of ground velocity, for records of `size` samples."""
    frequency = frequencies_hz(size, rate_hz)
    # A real FFT of white noise of unit variance has variance size/2 in its real and its imaginary parts.
    amplitude = np.sqrt(noise_velocity_psd(frequency, level, tilt) * rate_hz / 2 * size / 2)
    amplitude[:, frequency < _LOWEST_HZ] = 0
    shape = (len(level), 3, len(frequency))
    spectrum = np.empty(shape, np.complex64)
    spectrum.real = rng.standard_normal(shape, dtype=np.float32)
    spectrum.imag = rng.standard_normal(shape, dtype=np.float32)
    spectrum *= amplitude[:, None, :].astype(np.float32)
    return spectrum


def add_bursts(
    velocity: npt.NDArray[np.float32], share: float, rate_hz: float, rng: np.random.Generator
) -> None:
    """Add what passes by, such as cars and machines, to a share of the traces: seconds of a narrow band.

    They rise and fall smoothly, without an onset.
    """
    samples = velocity.shape[2]
    time = np.arange(samples, dtype=np.float32) / rate_hz
    for trace in np.flatnonzero(rng.random(len(velocity)) < share):
        middle, width = rng.uniform(0, samples / rate_hz), rng.uniform(1.5, 6.0)
        centre = rng.uniform(3.0, 15.0)
        wobble = np.cumsum(rng.standard_normal(samples)) * np.sqrt(2.0 / rate_hz)
        carrier = np.cos(2 * np.pi * centre * time + wobble) * np.exp(-0.5 * ((time - middle) / width) ** 2)
        fast = np.std(np.diff(velocity[trace, 0])) * rate_hz / (2 * np.pi * centre)
        direction = rng.standard_normal((3, 1))
        velocity[trace] += (rng.uniform(1.0, 4.0) * fast * direction * carrier).astype(np.float32)
