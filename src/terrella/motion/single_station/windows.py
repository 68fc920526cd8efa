"""From ground motion around P to a window and its scalars."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from terrella.motion.single_station.traces import BEFORE_S, SCALARS, Floats

Samples = npt.NDArray[np.float32]
# Of the Wood–Anderson seismometer by Uhrhammer & Collins (1990); its gain is a constant of the relation.
_PERIOD_S, _DAMPING = 0.8, 0.7
_LOUD = 50.0  # times a window's peak, within asinh: a hundredth of the peak is still seen
_P_S, _P_FREQUENCY_S = 2.0, 3.0
_DERIVATIVES = {"displacement": 0, "velocity": 1, "acceleration": 2}  # of displacement, what was measured


@dataclass(frozen=True)
class Windowing:
    """How windows are cut: seconds from P on, and samples a second."""

    seconds: float
    rate_hz: float

    @property
    def before(self) -> int:
        """Samples before P."""
        return round(BEFORE_S * self.rate_hz)

    @property
    def samples(self) -> int:
        """Samples of a window."""
        return self.before + round(self.seconds * self.rate_hz)


def windows_of(
    motion: Samples, recorded: npt.NDArray[np.bool_], cut: Windowing, measured: str
) -> tuple[npt.NDArray[np.float16], Floats]:
    """Return windows (trace, 3, sample) and the scalars of their motion (trace, scalar); the others are NaN.

    Parameters
    ----------
    motion : array of float32 (trace, 3, sample)
        Z, N, E in their unit at the windows' rate, without offset; 0 where nothing was recorded.
    recorded : array of bool (trace, 3)
        Which components were.
    cut : Windowing
        How they were cut.
    measured : {"displacement", "velocity", "acceleration"}
        What the samples are of.
    """
    peak = np.abs(motion).max((1, 2), keepdims=True)
    window = np.arcsinh(_LOUD * motion / np.where(peak > 0, peak, 1)).astype(np.float16)
    level = recorded.copy()
    level[:, 0] &= ~level[:, 1:].any(1)  # the vertical stands in for horizontals that are not there
    after = motion[:, :, cut.before :]
    p = after[:, :, : round(_P_S * cut.rate_hz)]
    found = {
        "wood_anderson": _peak(_wood_anderson(motion, cut.rate_hz, measured), level),
        "peak_vertical": _peak(after, recorded & np.array([True, False, False])),
        "peak_horizontal": _peak(after, level),
        "p_peak": _peak(p, recorded),
        "noise": 0.5 * _log((motion[:, :, : cut.before] ** 2).mean(2).max(1)),
        "p_frequency": _mean_frequency(after[:, :, : round(_P_FREQUENCY_S * cut.rate_hz)], cut.rate_hz),
        "frequency": _mean_frequency(after, cut.rate_hz),
        "horizontals": recorded[:, 1:].any(1).astype(float),
    }
    nothing = np.full(len(motion), np.nan)
    scalars = np.stack([found.get(name, nothing) for name in SCALARS], 1)
    # A component that is not there has the level of those that are.
    own = scalars[:, SCALARS.index("peak_vertical")]
    own[~recorded[:, 0]] = scalars[~recorded[:, 0], SCALARS.index("peak_horizontal")]
    return window, scalars


def _wood_anderson(motion: Samples, rate_hz: float, measured: str) -> Samples:
    """Return what a Wood–Anderson seismometer writes, s²/(s² + 2hω₀s + ω₀²) times displacement."""
    samples = motion.shape[-1]
    size = scipy.fft.next_fast_len(2 * samples, real=True)
    s = 2j * np.pi * np.fft.rfftfreq(size, 1 / rate_hz)
    own = 2 * np.pi / _PERIOD_S
    response = s ** (2 - _DERIVATIVES[measured]) / (s**2 + 2 * _DAMPING * own * s + own**2)
    spectrum = scipy.fft.rfft(motion, size, axis=-1) * response.astype(np.complex64)
    return np.asarray(scipy.fft.irfft(spectrum, size, axis=-1)[..., :samples], np.float32)


def _peak(motion: Samples, of: npt.NDArray[np.bool_]) -> Floats:
    return _log(np.where(of, np.abs(motion).max(2), 0).max(1))


def _mean_frequency(motion: Samples, rate_hz: float) -> Floats:
    """Return log₁₀ of √(∫v̇²/∫v²)/2π, the inverse of τc but for what is integrated (Wu & Kanamori 2005)."""
    # In units of the peak, since squares of motion in m/s are small numbers for float32.
    scaled = motion / np.maximum(np.abs(motion).max((1, 2), keepdims=True), np.finfo(np.float32).tiny)
    change = (np.diff(scaled, axis=2) ** 2).sum((1, 2)) * rate_hz**2
    return 0.5 * (_log(change) - _log((scaled**2).sum((1, 2)))) - np.log10(2 * np.pi)


def _log(values: Any) -> Floats:
    return np.log10(np.maximum(np.asarray(values, float), 1e-30))
