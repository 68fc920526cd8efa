"""Surveys: ground, receivers, the seismicity below them and the character of their noise."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from terrella.errors import InputError
from terrella.segment.synthetic.arrays import Array
from terrella.segment.synthetic.layers import Layers, draw_layers
from terrella.segment.synthetic.wavelets import Shape

Kind = Literal["surface", "downhole", "fibre", "well"]
KINDS: tuple[Kind, ...] = ("surface", "downhole", "fibre", "well")


@dataclass(frozen=True)
class Seismicity:
    """Where events happen, how many, and how large those are that the noise just hides."""

    depth_m: tuple[float, float]
    aside_m: float  # standard deviation of the distance from the receivers' plane
    around_m: float  # how far beyond the receivers, along the line
    per_section: float  # mean number of events, 1 or more, in a section of a thousand samples that holds some
    without: float  # share of sections that hold none
    moment_magnitude: float  # whose S waves' median amplitude equals the noise
    magnitudes: tuple[float, float]  # relative to it
    b_value: float
    stress_drop_pa: float
    wavelet: Shape
    strike: float  # of the faults, in radians, with dips and rakes that scatter about their own
    dip: float
    rake: float
    scatter: float  # radians


@dataclass(frozen=True)
class Noise:
    """Noise of unit standard deviation: spectra, what is common to receivers, and what travels along them."""

    slope: float  # the power spectrum falls as frequency to this power, above the corner
    corner_hz: float
    white: float  # share of the power that is not coloured
    hum_hz: tuple[float, ...]  # resonances of ground or instruments
    neighbours: float  # correlation of neighbouring receivers
    common: float  # standard deviation of what all receivers share, as the fibre's interrogator writes it
    unevenness: float  # standard deviation of the logarithm of receivers' noise
    pumps: float  # mean numbers in a section
    vehicles: float
    bursts: float  # ground roll, tube waves
    wave_speed: tuple[float, float]  # of all three along the line, m/s
    reach_m: tuple[float, float]  # over which they lose a factor of e
    amplitude: tuple[float, float]  # of all three at their origin, in standard deviations


@dataclass(frozen=True)
class Faulty:
    """What is wrong with receivers."""

    coupling: float  # standard deviation of the logarithm of amplitudes
    statics_s: float  # standard deviation of delays in the ground beneath them
    dead: float  # share of receivers
    spikes: float  # mean number of spikes in a thousand traces of a thousand samples
    coda: float  # amplitude of scattered waves relative to the direct one
    coda_s: float


@dataclass(frozen=True, eq=False)
class Survey:
    """All that sections of one survey share; they differ by their index alone."""

    name: str
    seed: int
    interval_s: float
    array: Array
    layers: Layers
    seismicity: Seismicity
    noise: Noise
    faulty: Faulty


@lru_cache(maxsize=1024)
def make_survey(seed: int, kind: Kind | None = None) -> Survey:
    """Return a survey, the same for the same seed: kinds take turns with the seed unless one is given.

    Geophones along the surface or down a well, and fibres along the surface or down a well that turns
    horizontal beside the events.

    Parameters
    ----------
    seed : int
        0 or more.
    kind : str, optional
        One of `KINDS`.

    Returns
    -------
    Survey
        Layers with velocities in m/s, receivers at places in m, and the time between samples in s.

    Raises
    ------
    InputError
        For a negative seed or an unknown kind.
    """
    if seed < 0:
        raise InputError(f"the seed of a survey is {seed}; expected 0 or more")
    if kind is not None and kind not in KINDS:
        raise InputError(f"there is no survey {kind!r}; there are {', '.join(KINDS)}")
    kind = kind or KINDS[seed % len(KINDS)]
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    draw = _surface if kind in ("surface", "fibre") else _well
    return draw(kind, seed, rng)


def _surface(kind: Kind, seed: int, rng: np.random.Generator) -> Survey:
    fibre = kind == "fibre"
    spacing = float(rng.choice([8.0, 10.0] if fibre else [10.0, 15.0, 20.0]))
    layers = draw_layers(rng, int(rng.integers(5, 10)), 4000.0, (rng.uniform(1700, 2300), 5200.0), 60.0)
    deep = rng.uniform(1500, 3000)
    return Survey(
        name=f"{kind}-{seed}",
        seed=seed,
        interval_s=0.002,
        array=Array("fibre" if fibre else "vertical", spacing, 0.0, 0.0, True),
        layers=layers,
        seismicity=_seismicity(rng, (deep - 400, deep + 400), 500.0, 600.0),
        noise=Noise(
            slope=rng.uniform(1.0, 2.5),
            corner_hz=rng.uniform(3, 8),
            white=rng.uniform(0.1, 0.3),
            hum_hz=tuple(rng.uniform(10, 60, rng.integers(0, 3))),
            neighbours=rng.uniform(0.2, 0.5),
            common=rng.uniform(0.1, 0.3) if fibre else 0.0,
            unevenness=rng.uniform(0.15, 0.35),
            pumps=rng.uniform(0.2, 0.8),
            vehicles=rng.uniform(0.2, 0.7),
            bursts=rng.uniform(0.2, 0.8),
            wave_speed=(250.0, 900.0),
            reach_m=(150.0, 800.0),
            amplitude=(1.0, 4.0),
        ),
        faulty=Faulty(0.25, rng.uniform(0.001, 0.003), rng.uniform(0.0, 0.03), 1.5, 0.15, 0.1),
    )


def _well(kind: Kind, seed: int, rng: np.random.Generator) -> Survey:
    fibre = kind == "well"
    spacing = float(rng.choice([4.0, 5.0] if fibre else [5.0, 7.5]))
    layers = draw_layers(rng, int(rng.integers(6, 12)), 4000.0, (rng.uniform(2000, 2600), 5400.0), 80.0)
    first, deep = rng.uniform(1200, 1800), rng.uniform(2200, 2800)
    turn = deep - rng.uniform(0, 150) if fibre else 1e9
    return Survey(
        name=f"{kind}-{seed}",
        seed=seed,
        interval_s=float(rng.choice([0.0005, 0.001])),
        array=Array("fibre" if fibre else "vertical", spacing, first, turn, False),
        layers=layers,
        seismicity=_seismicity(rng, (deep - 150, deep + 150), 150.0, 350.0),
        noise=Noise(
            slope=rng.uniform(0.5, 1.8),
            corner_hz=rng.uniform(8, 30),
            white=rng.uniform(0.2, 0.5),
            hum_hz=tuple(rng.uniform(30, 250, rng.integers(0, 4))),
            neighbours=rng.uniform(0.3, 0.7) if fibre else rng.uniform(0.0, 0.3),
            common=rng.uniform(0.15, 0.5) if fibre else 0.0,
            unevenness=rng.uniform(0.15, 0.4),
            pumps=rng.uniform(0.2, 0.8),
            vehicles=0.0,
            bursts=rng.uniform(0.3, 1.0),
            wave_speed=(1350.0, 1550.0),
            reach_m=(500.0, 3000.0),
            amplitude=(1.0, 4.0),
        ),
        faulty=Faulty(0.2, 0.0001, rng.uniform(0.0, 0.03), 1.0, 0.12, 0.04),
    )


def _seismicity(
    rng: np.random.Generator, depth_m: tuple[float, float], aside_m: float, around_m: float
) -> Seismicity:
    return Seismicity(
        depth_m=depth_m,
        aside_m=aside_m,
        around_m=around_m,
        per_section=rng.uniform(1.0, 2.0),
        without=0.2,
        moment_magnitude=rng.uniform(-1.2, -0.2),
        magnitudes=(-0.7, 1.6),
        b_value=rng.uniform(0.7, 1.0),  # small events are the many
        stress_drop_pa=10 ** rng.uniform(5.5, 6.5),
        wavelet="ricker" if rng.random() < 0.3 else "brune",
        strike=rng.uniform(0, 2 * np.pi),
        dip=rng.uniform(np.pi / 4, np.pi / 2),
        rake=rng.uniform(-np.pi, np.pi),
        scatter=0.25,
    )
