"""Earthquake sources: moment, corner frequency and the far-field pulse of Brune (1970, 1971)."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DENSITY = 2700.0  # kg/m³
P_VELOCITY, S_VELOCITY = 6000.0, 3464.0  # m/s at the source
# Root mean squares over the focal sphere of the double couple's radiation patterns (Boore & Boatwright 1984).
P_RADIATION, S_RADIATION = 0.52, 0.63


def seismic_moment(magnitude: npt.ArrayLike) -> Floats:
    """Return the moment in N·m of moment magnitudes (Hanks & Kanamori 1979)."""
    return np.asarray(10 ** (1.5 * np.asarray(magnitude, float) + 9.1))


def corner_frequency_hz(moment: npt.ArrayLike, stress_drop_pa: npt.ArrayLike) -> Floats:
    """Return the S wave's corner frequency, f = 0.49 β (Δσ/M₀)^⅓ (Brune 1970, 1971)."""
    ratio = np.asarray(stress_drop_pa, float) / np.asarray(moment, float)
    return np.asarray(0.49 * S_VELOCITY * np.cbrt(ratio))


def frequencies_hz(samples: int, rate_hz: float) -> Floats:
    """Return the frequencies of the FFT of a record."""
    return np.asarray(np.fft.rfftfreq(samples, 1 / rate_hz), np.float64)


def bilinear_hz(frequency_hz: Floats, rate_hz: float) -> Floats:
    """Return frequencies at which a causal system in time gives a causal one in samples, by the bilinear transform.

    A spectrum cut off at the Nyquist frequency would ring before each onset.
    """
    return np.asarray(rate_hz / np.pi * np.tan(np.pi * np.asarray(frequency_hz) / rate_hz))


def velocity_pulse(frequency_hz: Floats, corner_hz: Floats) -> npt.NDArray[np.complex128]:
    """Return the spectra (source, frequency) of the ground velocity of a displacement pulse of unit area.

    The displacement is ω² t e^(−ωt) with ω = 2π corner (Brune 1970, eq. 14), so that nothing moves before the
    onset and the amplitude of its spectrum is 1/(1 + (f/corner)²).
    """
    omega = 2 * np.pi * np.asarray(frequency_hz)[None, :]
    corner = 2 * np.pi * np.asarray(corner_hz, float)[:, None]
    return 1j * omega * corner**2 / (1j * omega + corner) ** 2


def far_field(moment: Floats, wave_speed: float, radiation: Floats, spreading_m: Floats) -> Floats:
    """Return the area in m·s of the displacement pulse at the free surface, 2 M₀ R/(4π ρ c³ r)."""
    return np.asarray(2 * moment * radiation / (4 * np.pi * DENSITY * wave_speed**3 * spreading_m))
