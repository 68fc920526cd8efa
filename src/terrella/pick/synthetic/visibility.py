"""What an analyst can see: the signal-to-noise ratio of P and S in the best band."""

import numpy as np
import numpy.typing as npt

from terrella.earth.seismograms.coda import ON_COMPONENTS, Scattering
from terrella.earth.seismograms.noise import noise_velocity_psd
from terrella.earth.seismograms.paths import KIND, PHASES, Arrivals, Attenuation
from terrella.earth.seismograms.sources import velocity_pulse
from terrella.earth.seismograms.stations import Stations
from terrella.earth.seismograms.waves import P_OVER_S_CORNER

Floats = npt.NDArray[np.float64]

PICKED = ("P", "Pg", "Pn", "S", "Sg", "Sn")  # of the phases, those that bulletins name most

_BAND_HZ = 0.05 * 2.0 ** np.arange(0, 9.5, 0.5)  # centres of bands an octave wide
_OCTAVE = 2**0.5 - 2**-0.5
_ABOVE_NOISE_DB = 8.0
_DIRECT_TOO = 0.5
_S_ABOVE_DB = 6.0  # S begins in the coda of P: it must stand out more
_CODA = 0.03  # of the power of P's coda counts as noise for S, which differs from it in direction and period
_SLOPE_DB = 2.5


def best_band_snr_db(
    found: Arrivals, corner_hz: Floats, at: Stations, along: Attenuation, scattering: Scattering
) -> Floats:
    """Return the peak of each phase over the noise's standard deviation in the best octave, (trace, phase) in dB.

    The peak of a pulse of spectrum X in a band of width B is about 2 |X| B; noise there has variance N B, and for S
    the coda of P is noise too.
    """
    noise = noise_velocity_psd(_BAND_HZ, at.noise_level, at.noise_tilt)
    unit = {
        kind: np.abs(velocity_pulse(_BAND_HZ, corner_hz * factor)) * _loss(kind, found, along, at.kappa_s)
        for kind, factor in (("P", P_OVER_S_CORNER), ("S", 1.0))
    }
    strongest = np.abs(np.where(KIND == "P", found.area, 0.0)).max(1)
    below = _BAND_HZ[None, :] < at.corner_hz[:, None]
    decibels = np.empty(found.area.shape)
    for k, kind in enumerate(KIND):
        power = noise
        if kind == "S":
            age = np.nan_to_num(found.time_s[:, k] - found.first_s("P"), nan=0.0, posinf=0.0, neginf=0.0)
            left = _CODA * scattering.share / scattering.decay_s * np.exp(-age / scattering.decay_s)
            power = noise + 2 * (left * (ON_COMPONENTS["P"][1] * strongest) ** 2)[:, None] * unit["P"] ** 2
        peak = 2 * unit[kind] * np.abs(found.area[:, k, None])
        ratio = np.where(below, 0.0, peak * np.sqrt(_OCTAVE * _BAND_HZ / power)).max(1)
        decibels[:, k] = 20 * np.log10(np.maximum(ratio, 1e-6))
    return decibels


def _loss(kind: str, found: Arrivals, along: Attenuation, kappa_s: Floats) -> Floats:
    """Return the amplitudes that `attenuation` leaves, in the bands."""
    first = found.first_s(kind)
    q, mantle = (along.q_p, along.mantle_p_s) if kind == "P" else (along.q_s, along.mantle_s_s)
    travel = np.where(found.far | ~np.isfinite(first), 0.0, first)[:, None]
    in_crust = travel / (q * np.maximum(_BAND_HZ, 1.0) ** along.exponent)
    site = kappa_s * (along.site_p if kind == "P" else 1.0)
    star = in_crust + (site + np.where(found.far, mantle, 0.0))[:, None]
    return np.asarray(np.exp(-np.pi * _BAND_HZ * star))


def labelled(
    found: Arrivals, snr_db: Floats, half_db: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return which phases an analyst labels, (trace, phase), of those that `PICKED` names.

    Half of the arrivals at `half_db`, of S at 6 dB more; direct waves behind head waves in half of the cases. Who
    labels a later phase has looked for the earlier ones, and labels those that are above the noise at all.
    """
    middle = half_db + np.where(KIND == "S", _S_ABOVE_DB, 0.0)
    attention = rng.random((len(snr_db), 1))
    named = np.isin(PHASES, PICKED)
    chosen = named & (attention < 1 / (1 + np.exp(-(snr_db - middle) / _SLOPE_DB)))
    later = rng.random(len(snr_db)) < _DIRECT_TOO
    for kind in "PS":
        head, direct = PHASES.index(kind + "n"), PHASES.index(kind + "g")
        second = found.time_s[:, direct] > found.time_s[:, head]
        chosen[:, direct] &= ~second | later | ~chosen[:, head]
    times = np.where(chosen, np.nan_to_num(found.time_s, nan=np.inf), -np.inf)
    before = found.time_s < times.max(1, keepdims=True)
    first = found.time_s <= np.nanmin(np.where(KIND == "P", found.time_s, np.inf), axis=1, keepdims=True)
    head_or_first = first | np.array([name in ("Pn", "Sn") for name in PHASES])
    return np.asarray(chosen | (before & head_or_first & named & (snr_db > _ABOVE_NOISE_DB)))
