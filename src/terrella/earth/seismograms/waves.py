"""Seismograms of three components: pulses along their polarisation, the coda, and the path's spectrum."""

import numpy as np
import numpy.typing as npt
import scipy.fft

from terrella.earth.seismograms.coda import ON_COMPONENTS, Scattering, coda_envelope, direct_energy
from terrella.earth.seismograms.paths import KIND, Arrivals, Attenuation, Complexes, attenuation
from terrella.earth.seismograms.sources import bilinear_hz, frequencies_hz, velocity_pulse

Floats = npt.NDArray[np.float64]

P_OVER_S_CORNER = 1.5  # of the corner frequencies (Madariaga 1976)
_SEEN = 0.02  # of a pulse's largest velocity: where the onset is


def event_spectra(
    found: Arrivals,
    onset: npt.NDArray[np.int64],
    corner_hz: Floats,
    back_azimuth_deg: Floats,
    kappa_s: Floats,
    along: Attenuation,
    scattering: Scattering,
    response: Complexes,
    samples: int,
    size: int,
    rate_hz: float,
    rng: np.random.Generator,
) -> Complexes:
    """Return spectra (trace, Z N E, frequency) of `size` samples of what an instrument writes of ground velocity.

    `onset` (trace, phase) are samples from the start of the record, before it and after its `samples` as they
    come. Each phase is a spike on its polarisation with a tail of random spikes under the coda's envelope; all
    are convolved with the source's pulse, the path's attenuation and the instrument's response (trace,
    frequency), and moved so that the pulse has risen to a fiftieth of its peak at the onset.
    """
    frequency = frequencies_hz(size, rate_hz)
    total = np.zeros((len(onset), 3, len(frequency)), np.complex64)
    share = scattering.share * rng.lognormal(0, 0.5, len(onset))
    for kind, corner in (("P", P_OVER_S_CORNER * corner_hz), ("S", corner_hz)):
        envelope = coda_envelope(kind, found, onset, scattering, share, samples, rate_hz)
        spikes = rng.standard_normal((len(onset), 3, samples), dtype=np.float32)
        spikes *= envelope[:, None, :]
        spikes *= np.array(ON_COMPONENTS[kind], np.float32)[None, :, None]
        _add_direct(spikes, kind, found, onset, back_azimuth_deg, rate_hz, rng)
        pulse = velocity_pulse(bilinear_hz(frequency, rate_hz), corner).astype(np.complex64)
        pulse *= attenuation(frequency, kind, found, along, kappa_s)
        pulse *= response
        pulse *= _advance(pulse, size, frequency)
        total += scipy.fft.rfft(spikes, size, axis=-1) * pulse[:, None, :]
    return total


def _add_direct(
    spikes: npt.NDArray[np.float32], kind: str, found: Arrivals, onset: npt.NDArray[np.int64],
    back_azimuth_deg: Floats, rate_hz: float, rng: np.random.Generator,
) -> None:  # fmt: skip
    left = np.sqrt(direct_energy(found))
    for k in np.flatnonzero(kind == KIND):
        inside = (onset[:, k] >= 0) & (onset[:, k] < spikes.shape[2]) & (found.area[:, k] != 0)
        rows = np.flatnonzero(inside)
        direction = _polarisation(kind, found.incidence_deg[rows], back_azimuth_deg[rows], rng)
        area = rate_hz * (left * found.area)[rows, k, None]
        spikes[rows, :, onset[rows, k]] += (area * direction).astype(np.float32)


def _polarisation(
    kind: str, incidence_deg: Floats, back_azimuth_deg: Floats, rng: np.random.Generator
) -> Floats:
    """Return the motion (trace, Z N E) of a unit wave: P along its ray, S across it, SH and SV at random."""
    incidence, azimuth = np.radians(incidence_deg), np.radians(back_azimuth_deg)
    radial = np.stack([np.zeros_like(azimuth), -np.cos(azimuth), -np.sin(azimuth)], 1)
    transverse = np.stack([np.zeros_like(azimuth), np.sin(azimuth), -np.cos(azimuth)], 1)
    up = np.array([1.0, 0.0, 0.0])
    if kind == "P":
        return np.asarray(np.cos(incidence)[:, None] * up + np.sin(incidence)[:, None] * radial)
    turn = rng.uniform(0, 2 * np.pi, len(azimuth))[:, None]
    in_plane = -np.sin(incidence)[:, None] * up + np.cos(incidence)[:, None] * radial
    return np.asarray(np.cos(turn) * in_plane + np.sin(turn) * transverse)


def _advance(pulse: Complexes, size: int, frequency: Floats) -> Complexes:
    """Return the phase factors that move each pulse's visible onset to its first sample.

    A causal Q delays all but the highest frequencies, which are lost: the energy comes after TauP's time for them.
    """
    shape = np.abs(scipy.fft.irfft(pulse, size, axis=-1))
    seen = (shape > _SEEN * shape.max(1, keepdims=True)).argmax(1)
    cycles = (seen[:, None] * np.arange(len(frequency), dtype=np.int64)) % size
    turn = np.exp(2j * np.pi * np.arange(size) / size).astype(np.complex64)
    return np.asarray(turn[cycles])
