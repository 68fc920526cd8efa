"""From source to station: arrivals, spreading and attenuation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.seismograms.sources import (
    P_RADIATION,
    P_VELOCITY,
    S_RADIATION,
    S_VELOCITY,
    far_field,
    seismic_moment,
)
from terrella.earth.travel_times import KM_PER_DEGREE, travel_time_s

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex64]

PHASES = ("Pn", "Pg", "Sn", "Sg", "P", "pP", "PcP", "PP", "S", "sS")
KIND = np.array([name[-1 if name[-1] in "PS" else 0] for name in PHASES])  # P or S, of each phase

_FAR_DEG = 14.0  # from here on rays turn in the mantle, and one arrival of a kind is seen
_TRAPPED_M = 1e5  # beyond it waves in the crust spread in two dimensions
_MANTLE = 3.0  # focusing and defocusing of mantle rays, over 1/r
# Beside the direct wave; head waves carry less (Herrmann & Kijko 1983 for the spreading).
_RELATIVE = np.array([0.35, 1.0, 0.35, 1.0, 1.0, 0.6, 0.3, 0.5, 1.0, 0.5])


@dataclass(frozen=True)
class Attenuation:
    """Of a path in the crust, Q(f) = q f^exponent above 1 Hz; and t* of P and S rays through the mantle."""

    q_p: float
    q_s: float
    exponent: float
    mantle_p_s: float = 0.8
    mantle_s_s: float = 3.2
    site_p: float = 0.6  # of P's κ in that of S


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Arrivals (trace, phase of `PHASES`)."""

    time_s: Floats  # after the origin, NaN where a phase does not arrive
    area: Floats  # of the displacement pulse, m·s, with its sign; 0 where it does not arrive
    incidence_deg: Floats  # (trace,) of the rays at the station
    far: npt.NDArray[np.bool_]  # (trace,): rays turn in the mantle

    def first_s(self, kind: str) -> Floats:
        """Return the time of the first P or S, (trace,); infinite where there is none."""
        times = self.time_s[:, kind == KIND]
        return np.asarray(np.where(np.isnan(times), np.inf, times).min(1))


def arrivals(distance_km: Floats, depth_km: Floats, magnitude: Floats, rng: np.random.Generator) -> Arrivals:
    """Return the arrivals at distances along the surface, for sources of random radiation patterns.

    Near the source there are Pg, Pn, Sg and Sn, beyond 14° P, pP, PcP, PP, S and sS.
    """
    degrees = np.asarray(distance_km) / KM_PER_DEGREE
    far, n = degrees > _FAR_DEG, len(degrees)
    crustal = np.array([name[-1] in "ng" for name in PHASES])
    time = np.stack(
        [
            np.where(is_crustal != far, travel_time_s(name, degrees, depth_km), np.nan)
            for name, is_crustal in zip(PHASES, crustal, strict=True)
        ],
        1,
    )
    pattern = {
        "P": P_RADIATION * np.clip(rng.lognormal(-0.1, 0.5, (n, 1)), 0.2, 1.9),
        "S": S_RADIATION * np.clip(rng.lognormal(-0.1, 0.4, (n, 1)), 0.3, 1.5),
    }
    moment = seismic_moment(magnitude)[:, None]
    spreading = _spreading_m(1000 * np.hypot(distance_km, depth_km), far)
    area = np.where(
        KIND == "P",
        far_field(moment, P_VELOCITY, pattern["P"], spreading),
        far_field(moment, S_VELOCITY, pattern["S"], spreading),
    )
    area = area * _RELATIVE * rng.choice([-1.0, 1.0], area.shape) * rng.lognormal(0, 0.25, area.shape)
    incidence = np.where(far, rng.uniform(12, 28, n), rng.uniform(5, 45, n))
    return Arrivals(time, np.where(np.isnan(time), 0.0, area), incidence, far)


def _spreading_m(path_m: Floats, far: npt.NDArray[np.bool_]) -> Floats:
    """Return what the amplitudes of each phase are divided by, (trace, phase).

    Body waves spread with r, those trapped in the crust with √r from 100 km on, head waves with r√r.
    """
    crust = np.where(path_m < _TRAPPED_M, path_m, np.sqrt(path_m * _TRAPPED_M))
    head = path_m * np.sqrt(np.maximum(path_m, _TRAPPED_M) / _TRAPPED_M)
    by_phase = [head if name[-1] == "n" else crust for name in PHASES]
    return np.where(far[:, None], _MANTLE * path_m[:, None], np.stack(by_phase, 1))


def attenuation(
    frequency_hz: Floats, kind: str, found: Arrivals, along: Attenuation, kappa_s: Floats
) -> Complexes:
    """Return what is left of the spectra, (trace, frequency), with amplitudes exp(−π f (t/Q(f) + κ)).

    κ is the station's (Anderson & Hough 1984). Attenuation is causal (Futterman 1962): the phase is that of least
    delay, linear in t/Q and κ as the logarithm of the amplitude is. `frequency_hz` are those of a real FFT.
    """
    travel = np.where(found.far | ~np.isfinite(found.first_s(kind)), 0.0, found.first_s(kind))
    q, mantle = (along.q_p, along.mantle_p_s) if kind == "P" else (along.q_s, along.mantle_s_s)
    f = np.asarray(frequency_hz)
    in_crust = _least_delay(-np.pi * f / np.maximum(f, 1.0) ** along.exponent)
    at_site = _least_delay(-np.pi * f)
    site = kappa_s * (along.site_p if kind == "P" else 1.0) + np.where(found.far, mantle, 0.0)
    return np.exp(
        (travel / q)[:, None].astype(np.float32) * in_crust + site[:, None].astype(np.float32) * at_site
    )


def _least_delay(log_amplitude: Floats) -> Complexes:
    """Return the logarithm of the causal spectrum of least delay with an amplitude, by folding its cepstrum."""
    size = 2 * (len(log_amplitude) - 1)
    cepstrum = np.fft.irfft(log_amplitude, size)
    fold = np.zeros(size)
    fold[0], fold[1 : size // 2], fold[size // 2] = 1, 2, 1
    return np.asarray(np.fft.rfft(cepstrum * fold), np.complex64)
