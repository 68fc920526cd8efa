"""The coda: what scattering leaves behind the direct waves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.seismograms.paths import KIND, PHASES, Arrivals

Floats = npt.NDArray[np.float64]

# Forward scattering takes energy from the direct wave and lets it arrive somewhat later (Sato 1989): in the crust
# over a time that grows with the path's, and most of a head wave's.
_DIRECT_LIFE_S, _BROADENING, _SHORTEST_S = 15.0, 0.012, 0.05
_HEAD_LIFE_S, _HEAD_S = 8.0, 0.4
_MANTLE_LEFT, _MANTLE_S = 0.25, 1.5

# Of the coda's amplitude on Z, N and E: that of P is stronger on the vertical, that of S on the horizontals.
ON_COMPONENTS = {"P": (1.0, 0.7, 0.7), "S": (0.65, 1.0, 1.0)}


@dataclass(frozen=True)
class Scattering:
    """How much energy is scattered, and how slowly it fades."""

    share: float  # of the coda's energy in that of the direct wave; the median of stations
    decay_s: float  # of the energy of P's coda; that of S fades half as fast


def direct_energy(found: Arrivals) -> Floats:
    """Return the share of each phase's energy that arrives unscattered, (trace, phase)."""
    life = np.array([_HEAD_LIFE_S if name[-1] == "n" else _DIRECT_LIFE_S for name in PHASES])
    crust = np.exp(-np.nan_to_num(found.time_s) / life)
    return np.asarray(np.where(found.far[:, None], _MANTLE_LEFT, crust))


def coda_envelope(
    kind: str, found: Arrivals, onset: npt.NDArray[np.int64], scattering: Scattering, share: Floats,
    samples: int, rate_hz: float,
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Return the standard deviation of the scattered pulses at each sample, (trace, sample), in m.

    Energy scattered forward arrives within a time tₘ of the onset, as x e^(−x) of x = (t−t₀)/tₘ. The coda's falls
    as (t₀/t)² exp(−(t−t₀)/τ) with the lapse time t (Aki & Chouet 1975, eq. 6, for body waves), and integrates to
    about `share` (trace,) of the direct wave's. `onset` (trace, phase) is in samples.
    """
    tau = np.float32(scattering.decay_s * (1.0 if kind == "P" else 2.0))
    energy = np.zeros((len(onset), samples), np.float32)
    sample = np.arange(samples, dtype=np.float32)
    left = direct_energy(found)
    for k in np.flatnonzero(kind == KIND):
        rows = np.flatnonzero((found.area[:, k] != 0) & (onset[:, k] < samples))
        if len(rows) == 0:
            continue
        age = (sample - onset[rows, k, None].astype(np.float32)) / np.float32(rate_hz)
        np.maximum(age, 0, out=age)
        travel = found.time_s[rows, k, None].astype(np.float32)
        within = _broadening_s(PHASES[k], found.far[rows], travel)
        total = (found.area[rows, k, None] ** 2 * rate_hz).astype(np.float32)
        ahead = age / within
        energy[rows] += total * (1 - left[rows, k, None].astype(np.float32)) / within * ahead * np.exp(-ahead)
        emerging = age / (age + within)
        fading = np.exp(-age / tau) / (1 + age / np.maximum(travel, 5.0)) ** 2 * emerging
        energy[rows] += total * (share[rows, None] / tau).astype(np.float32) * fading
    return np.sqrt(energy)


def _broadening_s(
    name: str, far: npt.NDArray[np.bool_], travel_s: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    crust = _SHORTEST_S + _BROADENING * travel_s + (_HEAD_S if name[-1] == "n" else 0.0)
    return np.where(far[:, None], np.float32(_MANTLE_S), crust).astype(np.float32)
