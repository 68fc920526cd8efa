"""Catalogues simulated from a known process, generation by generation (Hawkes & Oakes 1974)."""

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.forecast.simulation.process import KM_PER_DEGREE, Process
from terrella.formats.catalogues.catalogue import Catalogue, Floats, make_catalogue

_MOST_EVENTS = 2_000_000
_DAY = np.timedelta64(86_400_000_000, "us")


def simulate(
    process: Process,
    start: np.datetime64 | str,
    end: np.datetime64 | str,
    seed: int,
    past: Catalogue | None = None,
) -> Catalogue:
    """Return a catalogue of the process with start ≤ time < end, everything that happened anywhere.

    Events of `past` before `start` have aftershocks too; without them the process starts from rest, and its
    rate grows to the stationary one over the years. Depths are unknown (NaN). Same seed, same catalogue.

    Raises:
        InputError: where the end does not follow the start, or the process explodes.
    """
    return simulate_families(process, start, end, seed, past)[0]


def simulate_families(
    process: Process,
    start: np.datetime64 | str,
    end: np.datetime64 | str,
    seed: int,
    past: Catalogue | None = None,
) -> tuple[Catalogue, npt.NDArray[np.int64]]:
    """Return the catalogue of `simulate`, and of each event (event,) the place of its parent in it.

    Of the background it is −1, as it is of aftershocks of events of `past`.
    """
    first: np.datetime64 = np.datetime64(start).astype("datetime64[us]")
    last: np.datetime64 = np.datetime64(end).astype("datetime64[us]")
    if not first < last:
        raise InputError(f"a simulation must end after it starts; got {start} to {end}")
    random = np.random.default_rng(seed)
    days = float((last - first) / _DAY)
    generation = _background(process, days, random)
    kept, parents = [generation], [np.full(generation.shape[1], -1)]
    own = np.arange(generation.shape[1])  # where each of a generation lies among all
    if past is not None:
        before = past[past.time_utc < first]
        older = np.stack([before.days_since(first), before.longitude, before.latitude, before.magnitude])
        generation = np.concatenate([generation, older], axis=1)
        own = np.append(own, np.full(older.shape[1], -1))
    total, made = 0, kept[0].shape[1]
    while generation.shape[1]:
        _, longitude, latitude, magnitude = generation
        total += generation.shape[1]
        if total + process.productivity(magnitude, longitude, latitude).sum() > _MOST_EVENTS:
            raise InputError(
                f"the process explodes: more than {_MOST_EVENTS:,} events in {days:.0f} days "
                f"(branching ratio {process.branching_ratio():.2f}, productivity factor up to "
                f"{process.productivity_factor.max():.2f}); lower either"
            )
        generation, parent = _children(process, generation, days, random)
        kept.append(generation)
        parents.append(own[parent])
        own = made + np.arange(generation.shape[1])
        made += generation.shape[1]
    time, longitude, latitude, magnitude = np.concatenate(kept, axis=1)
    time_utc = first + np.floor(time * 86_400e6).astype("timedelta64[us]")
    # In order of time, as the catalogue is; events of one microsecond keep their order.
    order = np.argsort(time_utc, kind="stable")
    place = np.append(np.argsort(order), -1)
    catalogue = make_catalogue(time_utc, longitude, latitude, magnitude, name="simulated")
    return catalogue, place[np.concatenate(parents)][order]


def sample_times(process: Process, count: int, random: np.random.Generator) -> Floats:
    """Return days from parents to their direct aftershocks, from g(t) ∝ (t + c)^−(1+ω) e^(−t/τ), ω > 0.

    Exact: the Omori law without taper is inverted, and the taper is the probability of keeping a draw.
    """
    etas = process.etas
    kept = [np.zeros(0)]
    missing = count
    while missing:
        time = etas.c_days * (random.random(2 * missing) ** (-1 / etas.omega) - 1)
        time = time[random.random(len(time)) < np.exp(-time / etas.tau_days)][:missing]
        kept.append(time)
        missing -= len(time)
    return np.concatenate(kept)


def sample_offsets(
    process: Process, zone_km2: Floats, strike_deg: Floats, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return km east and north from parents to direct aftershocks, one for each zone D and strike.

    P(r > R) = (1 + R²/D)^−ρ in the coordinates in which the parent's ellipse is a circle.
    """
    count, stretch = len(zone_km2), np.sqrt(process.aspect)
    radius = np.sqrt(zone_km2 * (random.random(count) ** (-1 / process.etas.rho) - 1))
    angle = random.uniform(0, 2 * np.pi, count)
    along, across = radius * np.cos(angle) * stretch, radius * np.sin(angle) / stretch
    strike = np.radians(strike_deg)
    return (
        along * np.sin(strike) - across * np.cos(strike),
        along * np.cos(strike) + across * np.sin(strike),
    )


def sample_magnitudes(process: Process, count: int, random: np.random.Generator) -> Floats:
    """Return magnitudes from the Gutenberg–Richter law cut at the process's largest."""
    least, beta = process.etas.min_magnitude, process.etas.beta
    reach = -np.expm1(-beta * (process.max_magnitude - least))
    return np.asarray(least - np.log1p(-reach * random.random(count)) / beta)


def _background(process: Process, days: float, random: np.random.Generator) -> Floats:
    """Return background events (4, event): day, longitude, latitude, magnitude."""
    number = random.poisson(process.background_per_day * days)
    row, column = np.divmod(np.repeat(np.arange(number.size), number.ravel()), number.shape[1])
    count = len(row)

    def within(edges: Floats, cell: np.ndarray) -> Floats:
        return np.asarray(edges[cell] + random.random(count) * (edges[cell + 1] - edges[cell]))

    return np.stack(
        [
            random.uniform(0, days, count),
            within(process.lattice.longitude_edges, column),
            within(process.lattice.latitude_edges, row),
            sample_magnitudes(process, count, random),
        ]
    )


def _children(
    process: Process, parents: Floats, days: float, random: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the direct aftershocks of events (4, event) between day 0 and the last, and whose each is."""
    time, longitude, latitude, magnitude = parents
    number = random.poisson(process.productivity(magnitude, longitude, latitude))
    born = np.repeat(time, number) + sample_times(process, int(number.sum()), random)
    chosen = (born >= 0) & (born < days)
    parent = np.repeat(np.arange(len(time)), number)[chosen]
    strike = process.at(process.strike_deg, longitude, latitude)
    east, north = sample_offsets(process, process.etas.zone_km2(magnitude[parent]), strike[parent], random)
    # East–west distances are those on the aftershock's own parallel: areas stay true.
    new_latitude = latitude[parent] + north / KM_PER_DEGREE
    on_map = np.abs(new_latitude) < 89  # beyond, the plane is none: a handful in a million
    parallel = KM_PER_DEGREE * np.cos(np.radians(new_latitude[on_map]))
    new_longitude = longitude[parent[on_map]] + east[on_map] / parallel
    sizes = sample_magnitudes(process, int(on_map.sum()), random)
    return np.stack([born[chosen][on_map], new_longitude, new_latitude[on_map], sizes]), parent[on_map]
