"""From a domain's description to labelled traces."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.fft

from terrella.earth.seismograms.coda import Scattering
from terrella.earth.seismograms.noise import add_bursts, noise_spectra
from terrella.earth.seismograms.paths import PHASES, Arrivals, Attenuation, arrivals
from terrella.earth.seismograms.sources import (
    bilinear_hz,
    corner_frequency_hz,
    frequencies_hz,
    seismic_moment,
)
from terrella.earth.seismograms.stations import Stations, make_stations, response
from terrella.earth.seismograms.waves import event_spectra
from terrella.pick.store import Store
from terrella.pick.synthetic.faults import spoil
from terrella.pick.synthetic.visibility import PICKED, best_band_snr_db, labelled

Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int64]

_AT_ONCE = 128  # traces: more would not stay in the cache
_STATIONS = 80
_TAIL_S = 20.0  # after the record, for what the FFT wraps around
_ABSENT = np.int64(2**30)
_SPLITS, _SHARES = ("train", "dev", "test"), (0.6, 0.1, 0.3)
_SNR_WINDOW_S = 3.0
_CRUST_KM_S = 6.0


@dataclass(frozen=True)
class Domain:
    """What a data set is like: its events, paths, stations and labels."""

    name: str
    seconds: float
    distance_km: tuple[float, float]
    nearness: float  # exponent of a uniform number: larger, nearer
    depth_km: tuple[float, float]
    magnitude: tuple[float, float]
    b_value: float
    stations_per_event: int  # at most
    stress_drop_pa: float  # median
    along: Attenuation
    scattering: Scattering
    noise_level: tuple[float, float]
    short_period: float  # share of the stations
    first_arrival: tuple[float, float]  # where in the record, as shares of it
    noise_share: float = 0.27
    vertical_only: float = 0.05
    half_seen_db: float = 22.0
    named: bool = False  # whether bulletins tell Pg from Pn near the source
    late_s: float = 0.0  # all picks come so much after the onset
    computed_s: tuple[float, float] = (0.0, 0.0)  # scatter of computed labels, at the source and per 100 km
    computed_slow: float = 0.0  # by which share the computing model is too slow


@dataclass(frozen=True, eq=False)
class Draw:
    """Records to make, (trace,) each; noise has no magnitude."""

    event: Samples  # −1 for noise
    station: Samples
    magnitude: Floats
    depth_km: Floats
    distance_km: Floats
    back_azimuth_deg: Floats
    corner_hz: Floats


_Table = TypeVar("_Table", Draw, Arrivals)


def generate(domain: Domain, traces: int, seed: int, rate_hz: float, seconds: float) -> Store:
    """Return the store of a domain's traces; the same for the same seed."""
    rng = np.random.default_rng([seed, *domain.name.encode()])
    stations = make_stations(_STATIONS, domain.noise_level, domain.short_period, domain.vertical_only, rng)
    n_noise = round(domain.noise_share * traces)
    drawn, found, chosen = _events(domain, stations, traces - n_noise, rng)
    drawn, found, chosen = _with_noise(drawn, found, chosen, n_noise, rng)
    samples = round(seconds * rate_hz)
    onset = _onsets(domain, found, samples, rate_hz, rng)
    data = np.empty((traces, 3, samples), np.float32)
    gaps = np.empty((traces, 2), np.int64)
    for first in range(0, traces, _AT_ONCE):
        part = np.arange(first, min(first + _AT_ONCE, traces))
        data[part], gaps[part] = _records(
            domain, _rows(drawn, part), _rows(found, part), onset[part], stations, samples, rate_hz, rng
        )
    recorded = np.ones((traces, 3), bool)
    recorded[stations.vertical_only[drawn.station], 1:] = False
    data[~recorded] = 0
    true = _labelled_onsets(onset, chosen, gaps, rate_hz)
    picks = _picks(domain, drawn, true, samples, rate_hz, rng)
    return _store(domain, drawn, stations, data, recorded, picks, true, rate_hz, rng)


def _events(
    domain: Domain, stations: Stations, wanted: int, rng: np.random.Generator
) -> tuple[Draw, Arrivals, npt.NDArray[np.bool_]]:
    """Return records of events whose P or S is seen, and which phases are; events are drawn until it is enough."""
    parts, have, first_event = [], 0, 0
    while have < wanted:
        drawn = _candidates(domain, first_event, 400, rng)
        first_event += 400
        found = arrivals(drawn.distance_km, drawn.depth_km, drawn.magnitude, rng)
        snr = best_band_snr_db(
            found, drawn.corner_hz, stations[drawn.station], domain.along, domain.scattering
        )
        chosen = labelled(found, snr, domain.half_seen_db, rng)
        keep = np.flatnonzero(chosen.any(1))
        parts.append((_rows(drawn, keep), _rows(found, keep), chosen[keep]))
        have += len(keep)
    drawn, found = _joined([part[0] for part in parts], wanted), _joined([part[1] for part in parts], wanted)
    return drawn, found, np.concatenate([part[2] for part in parts])[:wanted]


def _candidates(domain: Domain, first_event: int, events: int, rng: np.random.Generator) -> Draw:
    """Return events with Gutenberg and Richter's magnitudes, each at several stations."""
    low, high = domain.magnitude
    tail = 1 - 10 ** (-domain.b_value * (high - low))
    magnitude = low - np.log10(1 - rng.random(events) * tail) / domain.b_value
    depth = domain.depth_km[0] + (domain.depth_km[1] - domain.depth_km[0]) * rng.random(events) ** 2
    corner = corner_frequency_hz(
        seismic_moment(magnitude), domain.stress_drop_pa * rng.lognormal(0, 0.7, events)
    )
    at = np.repeat(np.arange(events), rng.integers(1, domain.stations_per_event + 1, events))
    near, far = domain.distance_km
    distance = near + (far - near) * rng.random(len(at)) ** domain.nearness
    return Draw(
        event=at + first_event,
        station=rng.integers(0, _STATIONS, len(at)),
        magnitude=magnitude[at],
        depth_km=depth[at],
        distance_km=distance,
        back_azimuth_deg=rng.uniform(0, 360, len(at)),
        corner_hz=corner[at],
    )


def _with_noise(
    drawn: Draw, found: Arrivals, chosen: npt.NDArray[np.bool_], n_noise: int, rng: np.random.Generator
) -> tuple[Draw, Arrivals, npt.NDArray[np.bool_]]:
    """Return the same with records of noise among those of events."""
    nothing = np.full(n_noise, np.nan)
    noise = Draw(
        np.full(n_noise, -1),
        rng.integers(0, _STATIONS, n_noise),
        nothing,
        nothing,
        nothing,
        nothing,
        np.ones(n_noise),
    )
    silent = Arrivals(
        np.full((n_noise, len(PHASES)), np.nan),
        np.zeros((n_noise, len(PHASES))),
        np.zeros(n_noise),
        np.zeros(n_noise, bool),
    )
    n = len(drawn.event) + n_noise
    # In order of their events, with the noise between.
    place = np.argsort(
        np.concatenate([np.arange(n - n_noise), np.sort(rng.uniform(0, n - n_noise, n_noise))])
    )
    every = np.concatenate([chosen, np.zeros((n_noise, len(PHASES)), bool)])
    return _rows(_joined([drawn, noise], n), place), _rows(_joined([found, silent], n), place), every[place]


def _onsets(
    domain: Domain, found: Arrivals, samples: int, rate_hz: float, rng: np.random.Generator
) -> Samples:
    """Return the samples of all phases, (trace, phase), the first arrival where the domain has it."""
    low, high = domain.first_arrival
    start = rng.uniform(low, high, len(found.time_s)) * samples / rate_hz
    first = np.minimum(found.first_s("P"), found.first_s("S"))
    seconds = found.time_s - np.where(np.isfinite(first), first, 0.0)[:, None] + start[:, None]
    return np.where(np.isnan(seconds), _ABSENT, np.round(np.nan_to_num(seconds) * rate_hz)).astype(np.int64)


def _records(
    domain: Domain, drawn: Draw, found: Arrivals, onset: Samples, stations: Stations, samples: int, rate_hz: float,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.float32], Samples]:  # fmt: skip
    """Return counts (trace, Z N E, sample) and the gaps in them."""
    at = stations[drawn.station]
    size = scipy.fft.next_fast_len(samples + round(_TAIL_S * rate_hz), real=True)
    instrument = response(bilinear_hz(frequencies_hz(size, rate_hz), rate_hz), at.corner_hz)
    swing = at.noise_level + rng.normal(0, 0.04, len(at))  # from hour to hour
    spectra = noise_spectra(swing, at.noise_tilt, size, rate_hz, rng)
    spectra *= instrument[:, None, :]
    real = np.flatnonzero(drawn.event >= 0)
    if len(real):
        one = _rows(drawn, real)
        spectra[real] += event_spectra(
            _rows(found, real), onset[real], one.corner_hz, one.back_azimuth_deg, at.kappa_s[real], domain.along,
            domain.scattering, instrument[real], samples, size, rate_hz, rng,
        )  # fmt: skip
    velocity = scipy.fft.irfft(spectra, size, axis=-1)[..., :samples]
    add_bursts(velocity, 0.06, rate_hz, rng)
    counts = velocity * at.counts_per_m_s[:, None, None].astype(np.float32)
    counts += at.offset_counts[:, None, None].astype(np.float32)
    np.rint(counts, out=counts)
    return counts, spoil(counts, rate_hz, rng)


def _labelled_onsets(onset: Samples, chosen: npt.NDArray[np.bool_], gaps: Samples, rate_hz: float) -> Samples:
    """Return the onsets that are labelled, (trace, phase of `PICKED`), −1 for the others: none that a gap hides."""
    columns = [PHASES.index(name) for name in PICKED]
    at = onset[:, columns]
    hidden = (at + rate_hz >= gaps[:, :1]) & (at - rate_hz / 2 < gaps[:, 1:])
    return np.where(chosen[:, columns] & ~hidden & (at >= 0) & (at < _ABSENT), at, -1)


def _picks(
    domain: Domain, drawn: Draw, onset: Samples, samples: int, rate_hz: float, rng: np.random.Generator
) -> Samples:
    """Return the labels for the labelled onsets, with the domain's errors; none outside the record."""
    at_source, per_100_km = domain.computed_s
    distance_km = np.nan_to_num(drawn.distance_km)[:, None]
    scatter = rng.standard_normal(onset.shape) * (at_source + per_100_km * distance_km / 100)
    shift = domain.late_s + scatter + domain.computed_slow * distance_km / _CRUST_KM_S
    at = onset + np.round(shift * rate_hz).astype(np.int64)
    picks = np.where((onset >= 0) & (onset < samples) & (at >= 0) & (at < samples), at, -1)
    if not domain.named:
        for kind in "PS":
            first = _first(picks, kind)
            picks[:, [name[0] == kind for name in PICKED]] = -1
            picks[:, PICKED.index(kind)] = first
    return picks


def _first(picks: Samples, kind: str) -> Samples:
    """Return the first P or S of each trace, −1 where there is none."""
    own = picks[:, [name[0] == kind for name in PICKED]]
    first = np.where(own < 0, _ABSENT, own).min(1)
    return np.where(first == _ABSENT, -1, first)


def _store(
    domain: Domain, drawn: Draw, stations: Stations, data: npt.NDArray[np.float32], recorded: npt.NDArray[np.bool_],
    picks: Samples, true: Samples, rate_hz: float, rng: np.random.Generator,
) -> Store:  # fmt: skip
    n, _, samples = data.shape
    noise = drawn.event < 0
    true_p, true_s = (np.where((at := _first(true, kind)) < samples, at, -1) for kind in "PS")
    table = pd.DataFrame(
        {
            "source_id": np.where(noise, "", np.char.add(f"{domain.name}-", drawn.event.astype(str))),
            "source_magnitude": drawn.magnitude,
            "source_depth_km": drawn.depth_km,
            "path_ep_distance_km": drawn.distance_km,
            "path_back_azimuth_deg": drawn.back_azimuth_deg,
            "station_network_code": "XX",
            "station_code": stations.code[drawn.station],
            "trace_category": np.where(noise, "noise", "earthquake"),
            "trace_snr_db": _snr_db(data[:, 0], true_p, rate_hz),
            "trace_true_P_sample": true_p,
            "trace_true_S_sample": true_s,
        }
    )
    return Store(
        name=f"synthetic:{domain.name}",
        samples=data.reshape(-1),
        offset=np.arange(n, dtype=np.int64) * 3 * samples,
        length=np.full(n, samples, np.int64),
        recorded=recorded,
        rate_hz=rate_hz,
        phases=PICKED,
        picks=picks.astype(np.int32),
        split=_splits(drawn.event, rng),
        noise=noise,
        table=table,
    )


def _snr_db(vertical: npt.NDArray[np.float32], p: Samples, rate_hz: float) -> Floats:
    """Return the energy of the vertical after P over that before it, in dB; NaN where there is no P."""
    width, samples = round(_SNR_WINDOW_S * rate_hz), vertical.shape[1]
    found = np.full(len(p), np.nan)
    rows = np.flatnonzero((p >= width) & (p + width <= samples))
    window = p[rows, None] + np.arange(-width, width)
    both = vertical[rows[:, None], window]
    before, after = (part.var(1) for part in (both[:, :width], both[:, width:]))
    with np.errstate(divide="ignore", invalid="ignore"):
        found[rows] = 10 * np.log10(after / before)
    return np.where(np.isfinite(found), found, np.nan)


def _splits(event: Samples, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Return the split of each trace: 60 % of the events for training, 10 % for development, 30 % for tests."""
    edges = np.cumsum(_SHARES)[:-1]
    of_event = np.searchsorted(edges, rng.permutation(event.max() + 1) / (event.max() + 1), side="right")
    alone = np.searchsorted(edges, rng.random(len(event)), side="right")
    return np.array(_SPLITS)[np.where(event >= 0, of_event[event], alone)]


def _rows(table: _Table, chosen: Samples) -> _Table:
    """Return some traces of a table of arrays."""
    return type(table)(*(getattr(table, field.name)[chosen] for field in fields(table)))


def _joined(tables: Sequence[_Table], most: int) -> _Table:
    """Return the first traces of several such tables, one after another."""
    columns = (np.concatenate([getattr(each, field.name) for each in tables]) for field in fields(tables[0]))
    return type(tables[0])(*(column[:most] for column in columns))
