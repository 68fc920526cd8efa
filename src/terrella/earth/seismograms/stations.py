"""Stations: what their ground, their instrument and their site do to a record."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.seismograms.paths import Complexes

Floats = npt.NDArray[np.float64]

_SHORT_PERIOD_HZ, _BROADBAND_HZ = 1.0, 1 / 120
_DAMPING = 0.707


@dataclass(frozen=True, eq=False)
class Stations:
    """Stations, (station,) each."""

    code: npt.NDArray[np.str_]
    noise_level: Floats  # between the low and the high noise model, at 1 Hz
    noise_tilt: Floats  # of it, per decade of frequency
    kappa_s: Floats
    counts_per_m_s: Floats
    corner_hz: Floats  # of the seismometer
    offset_counts: Floats
    vertical_only: npt.NDArray[np.bool_]

    def __getitem__(self, chosen: npt.NDArray[np.int64]) -> "Stations":
        return Stations(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.code)


def make_stations(
    number: int, noise_level: tuple[float, float], short_period: float, vertical_only: float,
    rng: np.random.Generator,
) -> Stations:  # fmt: skip
    """Return stations with noise levels of a range and shares of short-period and of one-component ones."""
    return Stations(
        code=np.array([f"SY{i:03d}" for i in range(number)]),
        noise_level=rng.uniform(*noise_level, number),
        noise_tilt=rng.normal(0.0, 0.06, number),
        kappa_s=rng.uniform(0.01, 0.05, number),
        counts_per_m_s=10 ** rng.uniform(8.0, 9.2, number),
        corner_hz=np.where(rng.random(number) < short_period, _SHORT_PERIOD_HZ, _BROADBAND_HZ),
        offset_counts=rng.normal(0, 300, number),
        vertical_only=rng.random(number) < vertical_only,
    )


def response(frequency_hz: Floats, corner_hz: Floats) -> Complexes:
    """Return a seismometer's response to velocity, (station, frequency): 1 above its corner frequency."""
    f, corner = np.minimum(frequency_hz, 1e9)[None, :], np.asarray(corner_hz)[:, None]
    return np.asarray(f**2 / (f**2 - corner**2 - 2j * _DAMPING * f * corner), np.complex64)
