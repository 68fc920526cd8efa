"""Seismograms of a made network, with magnitudes and distances that are known: a stochastic method (Boore 2003).

Each wave is a pulse of Brune's (1970) spectrum after spreading, attenuation and the station's κ, with a random coda
and noise between Peterson's (1993) models; see `earth.seismograms`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from terrella.earth.seismograms.coda import Scattering
from terrella.earth.seismograms.noise import noise_spectra
from terrella.earth.seismograms.paths import Arrivals, Attenuation, arrivals
from terrella.earth.seismograms.sources import (
    bilinear_hz,
    corner_frequency_hz,
    frequencies_hz,
    seismic_moment,
)
from terrella.earth.seismograms.stations import Stations, make_stations, response
from terrella.earth.seismograms.waves import event_spectra
from terrella.motion.single_station.traces import SCALARS, Floats, Traces
from terrella.motion.single_station.windows import Samples, Windowing, windows_of

_SQUARE_KM, _DEPTH_KM = 200.0, (2.0, 25.0)
_SMALLEST, _LARGEST, _B_VALUE = 1.5, 6.5, 0.7
_STRESS_DROP_PA, _STRESS_SCATTER = 3e6, 0.7  # median, and deviation of its logarithm
_SITE_SCATTER = 0.3  # of the logarithm of what a site amplifies
_PATH, _SCATTERING = Attenuation(q_p=200.0, q_s=120.0, exponent=0.7), Scattering(share=2.0, decay_s=5.0)
_CHOSEN = 0.2  # share of an event's stations that are looked at
_SEEN = 4.0  # times the noise: what P must reach to be picked
_P_ERROR_S, _S_ERROR_S, _S_PICKED = 0.05, 0.15, 0.7
_TAIL_S = 20.0  # for what the Fourier transform wraps around
_ABSENT = 2**30
_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Network:
    """Pairs of event and station, (pair,) each but for the stations."""

    event: npt.NDArray[np.int64]
    station: npt.NDArray[np.int64]
    magnitude: Floats
    along_km: Floats
    depth_km: Floats
    corner_hz: Floats
    elevation_km: Floats
    amplified: Floats
    stations: Stations

    @property
    def distance_km(self) -> Floats:
        """Hypocentral distances."""
        return np.hypot(self.along_km, self.depth_km)


def make_network(events: int, stations: int, draw: np.random.Generator) -> Network:
    """Return events of Gutenberg and Richter's magnitudes from 1.5 on and stations, on a square of 200 km."""
    tail = 1 - 10 ** (-_B_VALUE * (_LARGEST - _SMALLEST))
    m = _SMALLEST - np.log10(1 - draw.random(events) * tail) / _B_VALUE
    places, sites = (draw.uniform(0, _SQUARE_KM, (n, 2)) for n in (events, stations))
    depth = draw.uniform(*_DEPTH_KM, events)
    stress = _STRESS_DROP_PA * draw.lognormal(0, _STRESS_SCATTER, events)
    corner = corner_frequency_hz(seismic_moment(m), stress)
    elevation, site = draw.uniform(0, 2, stations), draw.lognormal(0, _SITE_SCATTER, stations)
    i, j = np.nonzero(draw.random((events, stations)) < _CHOSEN)
    return Network(
        i, j, m[i], np.hypot(*(places[i] - sites[j]).T), depth[i], corner[i], elevation[j], site[j],
        make_stations(stations, (0.2, 0.6), 0.3, 0.0, draw),
    )  # fmt: skip


def velocity(
    net: Network, pairs: npt.NDArray[np.int64], cut: Windowing, draw: np.random.Generator
) -> tuple[Samples, Arrivals]:
    """Return ground velocity in m/s as instruments see it (pair, Z N E, sample), P at the windows' place."""
    found = arrivals(net.along_km[pairs], net.depth_km[pairs], net.magnitude[pairs], draw)
    at, rate = net.stations[net.station[pairs]], cut.rate_hz
    late = draw.normal(0, _P_ERROR_S, len(pairs)) * rate
    onset = (found.time_s - found.first_s("P")[:, None]) * rate + cut.before - late[:, None]
    sample = np.where(np.isnan(onset), _ABSENT, np.rint(np.nan_to_num(onset))).astype(np.int64)
    size = scipy.fft.next_fast_len(cut.samples + round(_TAIL_S * rate), real=True)
    instrument = response(bilinear_hz(frequencies_hz(size, rate), rate), at.corner_hz)
    azimuth = draw.uniform(0, 360, len(pairs))
    waves = event_spectra(
        found, sample, net.corner_hz[pairs], azimuth, at.kappa_s, _PATH, _SCATTERING, instrument, cut.samples, size,
        rate, draw,
    )  # fmt: skip
    waves *= net.amplified[pairs, None, None].astype(np.float32)
    waves += noise_spectra(at.noise_level, at.noise_tilt, size, rate, draw) * instrument[:, None]
    motion = scipy.fft.irfft(waves, size, axis=-1)[..., : cut.samples].astype(np.float32)
    return motion - motion[..., : cut.before].mean(-1, keepdims=True), found


def make_synthetic(events: int, stations: int, cut: Windowing, seed: int) -> Traces:
    """Return traces of a made network whose P stands out of the noise; moment magnitudes, hypocentral distances."""
    draw = np.random.default_rng([seed, 15])
    net = make_network(events, stations, draw)
    windows, scalars, sp, kept = [], [], [], []
    for first in range(0, len(net.event), _AT_ONCE):
        pairs = np.arange(first, min(first + _AT_ONCE, len(net.event)))
        motion, found = velocity(net, pairs, cut, draw)
        window, own = windows_of(motion, np.ones((len(pairs), 3), bool), cut, "velocity")
        own[:, SCALARS.index("elevation")] = net.elevation_km[pairs]
        own[:, SCALARS.index("sampling_rate")], own[:, SCALARS.index("seen")] = np.log10(cut.rate_hz), 1.0
        after = found.first_s("S") - found.first_s("P") + draw.normal(0, _S_ERROR_S, len(pairs))
        seen = own[:, SCALARS.index("p_peak")] - own[:, SCALARS.index("noise")] > np.log10(_SEEN)
        picked = (draw.random(len(pairs)) < _S_PICKED) & (after > 0) & (after < cut.seconds)
        windows.append(window[seen])
        scalars.append(own[seen])
        sp.append(np.where(picked, after, np.nan)[seen])
        kept.append(pairs[seen])
    rows = np.concatenate(kept)
    name = np.array(
        [f"E{i:04d} S{j:03d}" for i, j in zip(net.event[rows], net.station[rows], strict=True)], object
    )
    return Traces(
        np.concatenate(windows), np.concatenate(scalars), np.concatenate(sp), net.magnitude[rows],
        net.distance_km[rows], np.array([each[:5] for each in name], object),
        np.array([each[6:] for each in name], object), name, np.arange(len(rows)) + 1,
    )  # fmt: skip
