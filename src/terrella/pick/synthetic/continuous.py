"""Continuous records of a small network while a known sequence of earthquakes goes on."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.fft

from terrella.earth.seismograms.noise import add_bursts, noise_spectra
from terrella.earth.seismograms.paths import Arrivals, arrivals
from terrella.earth.seismograms.sources import (
    bilinear_hz,
    corner_frequency_hz,
    frequencies_hz,
    seismic_moment,
)
from terrella.earth.seismograms.stations import response
from terrella.earth.seismograms.waves import event_spectra
from terrella.earth.sphere import EARTH_RADIUS_KM, distance_km
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.pick.synthetic.domains import LOCAL

if TYPE_CHECKING:
    from obspy import Stream

Floats = npt.NDArray[np.float64]
Traces = npt.NDArray[np.float32]

CENTRE = (13.2, 42.8)
RATE_HZ = 100.0
COUNTS_PER_M_S = 1e9
_EVENT_S, _FADE_S = 120.0, 20.0  # of record that an event fills at a station, at whose end it fades out
_BURSTS_PER_HOUR = 6
_JOINT_S = 30.0  # over which the noise of one hour passes into that of the next
_APART_S = 60.0
_CORNER_HZ = 1 / 120  # of the seismometers
_STRESS_DROP_PA = 3e6
_AFTERSHOCKS, _OMORI_C_S = 0.7, 120.0
_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, eq=False)
class Shaking:
    """A sequence of earthquakes and the network that records it."""

    stations: pd.DataFrame  # id (network.station), longitude, latitude, elevation_m
    events: Catalogue
    start_utc: np.datetime64
    hours: int
    seed: int


def make_shaking(
    hours: int = 2,
    events: int | Catalogue = 20,
    stations: int = 10,
    seed: int = 0,
    start_utc: str = "2024-03-01T00:00:00",
    radius_km: float = 45.0,
) -> Shaking:
    """Return a network around a fault zone, and a sequence there: a main shock among background and aftershocks.

    Magnitudes follow Gutenberg and Richter's law from 1.5 on, aftershocks Omori's; a minute at least passes between
    origins. A catalogue in the place of a number of events is taken as it is.

    Raises:
        InputError: where there are more events than the hours hold, no station, or a start within an hour.
    """
    if stations < 1 or hours < 1:
        raise InputError(f"{stations} stations for {hours} h; at least one of each was expected")
    start = np.datetime64(start_utc, "us")
    if start != start.astype("datetime64[h]"):
        raise InputError(
            f"records start at {start_utc}; expected a full hour, so that files end with their day"
        )
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, stations, endpoint=False) + rng.uniform(0, 0.5, stations)
    place = _around(CENTRE, radius_km * np.sqrt(rng.uniform(0.05, 1, stations)), angle)
    table = pd.DataFrame(
        {
            "id": [f"SY.S{number:02d}" for number in range(stations)],
            "longitude": np.round(place[0], 5),
            "latitude": np.round(place[1], 5),
            "elevation_m": 0.0,
        }
    )
    known = events if isinstance(events, Catalogue) else _sequence(events, hours, start, rng)
    return Shaking(table, known, start, hours, seed)


def true_picks(shaking: Shaking) -> pd.DataFrame:
    """Return when P and S of every event arrive at every station: trace_id, phase, time, event."""
    rows = []
    for number in range(len(shaking.events)):
        found, _, _ = _paths(shaking, number)
        first = shaking.start_utc + _sample_of(shaking, number) * np.timedelta64(10_000, "us")
        for kind in ("P", "S"):
            # Onsets lie on samples.
            after = np.round(found.first_s(kind) * RATE_HZ) / RATE_HZ
            rows += [
                (f"{name}.", kind, first + np.timedelta64(round(s * 1e6), "us"), number)
                for name, s in zip(shaking.stations["id"], after, strict=True)
                if np.isfinite(s)
            ]
    return pd.DataFrame(rows, columns=["trace_id", "phase", "time", "event"])


def hourly_records(shaking: Shaking) -> Iterator["Stream"]:
    """Yield the records of all stations, Z, N and E in counts, an hour at a time and without a joint between."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy import Stream, Trace, UTCDateTime

    samples, own = round(3600 * RATE_HZ), np.random.default_rng([shaking.seed, 1])
    n = len(shaking.stations)
    level, tilt, kappa = (
        own.uniform(*LOCAL.noise_level, n),
        own.normal(0, 0.06, n),
        own.uniform(0.01, 0.05, n),
    )
    tail = None
    for hour in range(shaking.hours):
        begin = shaking.start_utc + hour * _HOUR
        velocity, tail = _noise(level, tilt, samples, tail, np.random.default_rng([shaking.seed, 2, hour]))
        for number in range(len(shaking.events)):
            _add_event(velocity, shaking, number, hour * samples, kappa)
        counts = np.round(velocity * COUNTS_PER_M_S).clip(-(2**23), 2**23 - 1).astype(np.int32)
        header = {"network": "SY", "sampling_rate": RATE_HZ, "starttime": UTCDateTime(str(begin))}
        yield Stream(
            [
                Trace(counts[i, c], {**header, "station": name.split(".")[1], "channel": f"HH{component}"})
                for i, name in enumerate(shaking.stations["id"])
                for c, component in enumerate("ZNE")
            ]
        )


def write_sds(shaking: Shaking, folder: Path) -> list[Path]:
    """Write the records as an SDS archive of miniSEED day files; return the files.

    YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DAY, as SeisComP has it.
    """
    held: dict[Path, list[bytes]] = {}
    written: list[Path] = []
    for stream in hourly_records(shaking):
        files = {folder / _sds_name(trace): trace for trace in stream}
        if held.keys() != files.keys():
            # A new day begins.
            written += _write_files(held)
            held = {path: [] for path in files}
        for path, trace in files.items():
            held[path].append(_as_miniseed(trace))
    return sorted([*written, *_write_files(held)])


def _write_files(held: Mapping[Path, Sequence[bytes]]) -> list[Path]:
    for path, parts in held.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = b"".join(parts)
        replace_file(path, lambda temporary, whole=whole: temporary.write_bytes(whole))  # type: ignore[misc]
    return list(held)


def _as_miniseed(trace: object) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    trace.write(buffer, format="MSEED", encoding="STEIM2")  # type: ignore[attr-defined]
    return buffer.getvalue()


def _sds_name(trace: object) -> Path:
    stats = trace.stats  # type: ignore[attr-defined]
    day, year = stats.starttime.julday, stats.starttime.year
    name = f"{stats.network}.{stats.station}..{stats.channel}.D.{year}.{day:03d}"
    return Path(str(year), stats.network, stats.station, f"{stats.channel}.D", name)


def _sequence(events: int, hours: int, start: np.datetime64, rng: np.random.Generator) -> Catalogue:
    free = hours * 3600 - 2 * _APART_S - _APART_S * events
    if free < 0:
        raise InputError(f"{events} events do not fit into {hours} h, at a minute each; give more hours")
    main = 0.3 * free
    later = main + _OMORI_C_S * (np.expm1(rng.random(events) * np.log1p((free - main) / _OMORI_C_S)))
    drawn = np.sort(np.where(rng.random(events) < _AFTERSHOCKS, later, rng.uniform(0, free, events)))
    seconds = 0.5 * _APART_S + drawn + _APART_S * np.arange(events)
    magnitude = np.minimum(1.5 + rng.exponential(1 / np.log(10), events), 4.5)
    if events:
        largest, first = int(magnitude.argmax()), min(int(np.searchsorted(drawn, main)), events - 1)
        magnitude[[largest, first]] = magnitude[[first, largest]]
    along = rng.normal(0, 8, events)
    away = np.hypot(along, rng.normal(0, 3, events))
    longitude, latitude = _around(CENTRE, away, np.where(along > 0, 0.6, 3.7))
    return make_catalogue(
        start + (seconds * 1e6).astype("timedelta64[us]"),
        np.round(longitude, 4),
        np.round(latitude, 4),
        np.round(magnitude, 1),
        depth_km=np.round(rng.uniform(4, 14, events), 1),
        name="synthetic sequence",
    )


def _noise(
    level: Floats, tilt: Floats, samples: int, tail: Traces | None, rng: np.random.Generator
) -> tuple[Traces, Traces]:
    """Return an hour's noise (station, Z N E, sample), led over from the tail of the last one, and its own tail."""
    joint = round(_JOINT_S * RATE_HZ)
    size = scipy.fft.next_fast_len(samples + joint, real=True)
    made = np.empty((len(level), 3, samples + joint), np.float32)
    instrument = response(bilinear_hz(frequencies_hz(size, RATE_HZ), RATE_HZ), np.array([_CORNER_HZ]))[0]
    for i in range(len(level)):
        spectrum = noise_spectra(level[i : i + 1], tilt[i : i + 1], size, RATE_HZ, rng)[0] * instrument
        made[i] = scipy.fft.irfft(spectrum, size, axis=-1)[:, : samples + joint]
    for _ in range(_BURSTS_PER_HOUR):
        first = int(rng.integers(0, samples - round(60 * RATE_HZ)))
        add_bursts(made[:, :, first : first + round(60 * RATE_HZ)], 0.5, RATE_HZ, rng)
    if tail is not None:
        # Powers add up to one: the noise's stays the same.
        turn = np.linspace(0, np.pi / 2, joint, dtype=np.float32)
        made[:, :, :joint] = made[:, :, :joint] * np.sin(turn) + tail * np.cos(turn)
    return made[:, :, :samples], made[:, :, samples:].copy()


def _sample_of(shaking: Shaking, number: int) -> int:
    """Return the sample of an event's origin, counted from the start of the records."""
    since = shaking.events.time_utc[number] - shaking.start_utc
    return round(float(since / np.timedelta64(1, "us")) * 1e-6 * RATE_HZ)


def _add_event(velocity: Traces, shaking: Shaking, number: int, hour_first: int, kappa_s: Floats) -> None:
    """Add what falls into the hour of one event's records."""
    samples, length = velocity.shape[2], round(_EVENT_S * RATE_HZ)
    first = _sample_of(shaking, number) - hour_first
    low, high = max(first, 0), min(first + length, samples)
    if low >= high:
        return
    found, azimuth, rng = _paths(shaking, number)
    onset = np.round(np.nan_to_num(found.time_s, nan=2**30 / RATE_HZ) * RATE_HZ).astype(np.int64)
    corner = corner_frequency_hz(seismic_moment(shaking.events.magnitude[number]), _STRESS_DROP_PA)
    size = scipy.fft.next_fast_len(length + round(20 * RATE_HZ), real=True)
    instrument = response(
        bilinear_hz(frequencies_hz(size, RATE_HZ), RATE_HZ), np.full(len(azimuth), _CORNER_HZ)
    )
    spectra = event_spectra(
        found, onset, np.full(len(azimuth), corner), azimuth, kappa_s, LOCAL.along, LOCAL.scattering, instrument,
        length, size, RATE_HZ, rng,
    )  # fmt: skip
    made = scipy.fft.irfft(spectra, size, axis=-1)[..., :length]
    fade = round(_FADE_S * RATE_HZ)
    made[..., -fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
    velocity[:, :, low:high] += made[:, :, low - first : high - first]


def _paths(shaking: Shaking, number: int) -> tuple[Arrivals, npt.NDArray[np.float64], np.random.Generator]:
    """Return an event's arrivals at all stations, their back-azimuths, and the event's own random numbers."""
    events, stations = shaking.events, shaking.stations
    rng = np.random.default_rng([shaking.seed, 3, number])
    lon, lat = stations["longitude"].to_numpy(float), stations["latitude"].to_numpy(float)
    distance = distance_km(lon, lat, events.longitude[number], events.latitude[number])
    east = (events.longitude[number] - lon) * np.cos(np.radians(lat))
    azimuth = np.degrees(np.arctan2(east, events.latitude[number] - lat)) % 360
    depth = np.full(len(lon), events.depth_km[number])
    magnitude = np.full(len(lon), events.magnitude[number])
    return arrivals(np.asarray(distance, float), depth, magnitude, rng), azimuth, rng


def _around(
    centre: tuple[float, float], away_km: npt.NDArray[np.float64], angle: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return longitudes and latitudes at distances and angles (radians from east) around a place."""
    per_degree = np.radians(1) * EARTH_RADIUS_KM
    latitude = centre[1] + away_km * np.sin(angle) / per_degree
    longitude = centre[0] + away_km * np.cos(angle) / per_degree / np.cos(np.radians(centre[1]))
    return longitude, latitude
