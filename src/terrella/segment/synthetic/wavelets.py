"""Pulses of events at several strengths of attenuation, cut at their visible onset and end."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.fft

from terrella.segment.synthetic.rays import Floats

Shape = Literal["brune", "ricker"]

FINER = 8  # samples of a pulse for each of the section: it is read between them by linear interpolation
_SEEN = 0.02  # of the largest amplitude: from here on a pulse is visible
_ENDED = 0.05  # after the last such amplitude it is over
_LEVELS = 12
_REFERENCE_HZ = 1.0  # at which causal attenuation leaves travel times alone, up to a constant delay


@dataclass(frozen=True, eq=False)
class Pulses:
    """Pulses (level, sample) for growing t*; each starts at its visible onset."""

    t_star_s: Floats
    values: npt.NDArray[np.float32]
    interval_s: float
    duration_s: Floats  # from visible onset to visible end, one per level


def make_pulses(
    shape: Shape, corner_hz: float, t_star_s: tuple[float, float], interval_s: float, integrated: bool = False
) -> Pulses:
    """Return the ground velocity of unit moment over a range of t*, for sections of `interval_s`.

    A Brune (1970) source has the moment rate's spectrum (1 + i f/fc)^-2; a Ricker wavelet of peak frequency fc
    is taken as that of velocity, with a Brune pulse's peak. Attenuation is exp(-πft*) with the dispersion that
    keeps it causal (Aki and Richards 2002, eq. 5.81 ff.); a causal Butterworth filter cuts at 0.8 Nyquist.
    `integrated` gives the time integral, the shape of head waves.
    """
    low, high = t_star_s
    level = np.linspace(low, max(high, low + 1e-6), _LEVELS)
    fine = interval_s / FINER
    longest = 3.0 / corner_hz + 6 * level[-1] + 20 * interval_s
    size = int(scipy.fft.next_fast_len(2 * int(np.ceil(longest / fine)), real=True))
    frequency = scipy.fft.rfftfreq(size, fine)
    spectrum = _velocity(shape, frequency, corner_hz) * _antialias(frequency, 0.4 / interval_s)
    if integrated:
        spectrum[1:] /= 2j * np.pi * frequency[1:]
        spectrum[0] = 1.0 if shape == "brune" else 0.0
    # The pulse is put at a quarter of the window, so that what comes before it has room.
    lead = size // 4 * fine
    spectrum = spectrum * np.exp(-2j * np.pi * frequency * lead)
    logarithm = np.log(np.maximum(frequency, 1e-3) / _REFERENCE_HZ)
    lost = np.exp(-np.pi * frequency * level[:, None] * (1 - 2j / np.pi * logarithm))
    values = scipy.fft.irfft(spectrum * lost, size, axis=-1) / fine
    return _cut(level, values, fine)


def _velocity(shape: Shape, frequency: Floats, corner_hz: float) -> npt.NDArray[np.complex128]:
    if shape == "brune":
        return 2j * np.pi * frequency / (1 + 1j * frequency / corner_hz) ** 2
    ratio = (frequency / corner_hz) ** 2
    # A Ricker wavelet of unit peak is 2/√π f²/fc³ exp(-f²/fc²); the Brune pulse of velocity starts with (2πfc)².
    peak = (2 * np.pi * corner_hz) ** 2
    return (peak / (np.sqrt(np.pi) * corner_hz) * ratio * np.exp(-ratio)).astype(complex)


def _antialias(frequency: Floats, cut_hz: float) -> npt.NDArray[np.complex128]:
    s = 1j * frequency / cut_hz
    poles = np.exp(1j * np.pi * (2 * np.arange(1, 5) + 3) / 8)  # of fourth order, in the left half plane
    return np.asarray(1 / np.prod(s[:, None] - poles, axis=1))


def _cut(level: Floats, values: Floats, interval_s: float) -> Pulses:
    """Move each pulse's visible onset to its first sample and end it where it has died away."""
    size = values.shape[1]
    strength = np.abs(values) / np.abs(values).max(1, keepdims=True)
    first = (strength > _SEEN).argmax(1)
    end = size - (strength > _ENDED)[:, ::-1].argmax(1)
    length = int((end - first).max() * 1.25) + FINER
    at = first[:, None] + np.arange(length)
    inside = at < size
    moved = np.where(inside, np.take_along_axis(values, np.minimum(at, size - 1), 1), 0.0)
    moved[:, 0] = 0.0
    # A smooth end instead of a step.
    moved[:, -length // 10 :] *= np.linspace(1, 0, len(range(length)[-length // 10 :]))
    return Pulses(level, moved.astype(np.float32), interval_s, (end - first) * interval_s)
