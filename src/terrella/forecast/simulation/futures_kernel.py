"""Branching of an ETAS process within a window, compiled: catalogues of events after an issue time.

Every draw is exact. Over a span of delays the untapered Omori law (t + c)^{−(1+ω)} has an integral and an
inverse in closed form: aftershocks are proposed from it, and the taper e^{−t/τ} is the probability of keeping
one (thinning; Lewis & Shedler 1979).
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from terrella.formats.catalogues.catalogue import Floats

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

_ROOM = 4096  # events that there is room for at first


class Law(NamedTuple):
    """The numbers of an ETAS process that its aftershocks need."""

    days: float  # length of the window
    rate: float  # direct aftershocks of the smallest event per unit of ∫ (t + c)^{−(1+ω)} dt
    growth: float  # of their number with magnitude, a − ργ
    c_days: float
    omega: float
    tau_days: float
    zone_km2: float
    zone_growth: float
    rho: float
    min_magnitude: float
    beta: float
    magnitude_span: float
    magnitude_bin: float
    radius_km: float


class Sources(NamedTuple):
    """Events to choose from, each with its share, in a table for quick choice."""

    longitude: Floats
    latitude: Floats
    cumulative: Floats  # shares summed, up to 1
    guide: Ints  # where to begin in `cumulative` for k/n


class Polygon(NamedTuple):
    """Corners in degrees, the first once more at the end, and their bounds: west, east, south, north."""

    longitude: Floats
    latitude: Floats
    bounds: Floats


class Ratio(NamedTuple):
    """By how much more a forecast expects of each cell of a map than the process; 1 outside of it."""

    longitude_edges: Floats
    latitude_edges: Floats
    values: Floats  # (row, column)
    highest: float  # of them and 1


class Given(NamedTuple):
    """What is known at the issue time."""

    proposals: float  # expected number, of direct aftershocks of the past before the taper
    parents: Sources
    age_days: Floats
    zone_km2: Floats
    smoothed: float  # expected number of background events in the window, from the map
    centres: Sources
    bandwidth: Floats  # of each event of the map, as an angle in radians
    uniform: float  # expected number of background events evenly over the polygon
    polygon: Polygon
    ratio: Ratio  # of what the first generation and its descendants come to
    keep_all: bool  # events outside of the polygon too


class Block(NamedTuple):
    """Simulated catalogues one after the other, each by time; `start` (catalogue + 1,) is where each begins."""

    start: Ints
    time_days: Singles
    longitude: Singles
    latitude: Singles
    magnitude: Singles


def make_sources(longitude: npt.ArrayLike, latitude: npt.ArrayLike, weight: Floats) -> Sources:
    """Return a table that chooses events by weight; weights are not negative and not all zero."""
    cumulative = np.cumsum(weight) / np.sum(weight)
    # Rounding must not leave a gap at the end, where events without weight could be chosen.
    cumulative[np.flatnonzero(weight)[-1] :] = 1.0
    guide = np.searchsorted(cumulative, np.arange(len(cumulative)) / len(cumulative), side="right")
    return Sources(np.asarray(longitude, float), np.asarray(latitude, float), cumulative, guide)


@numba.njit(cache=True, nogil=True)
def simulate_block(random, number, law, given, most_events):
    """Return a `Block` of catalogues, with fewer than `number` where one grew beyond `most_events`."""
    start = np.zeros(number + 1, np.int64)
    kept = np.empty((4, _ROOM), np.float32)
    events = np.empty((4, _ROOM))
    for catalogue in range(number):
        events, n = _first_generation(random, law, given, events)
        event = 0
        while event < n:
            events, n = add_aftershocks(random, law, events, n, event)
            event += 1
            if n > most_events:
                return _block(start[: catalogue + 1], kept)
        end = start[catalogue]
        if kept.shape[1] < end + n:
            kept = _enlarged(kept, end + n)
        for event in np.argsort(events[0, :n]):
            if given.keep_all or inside(given.polygon, events[1, event], events[2, event]):
                kept[:, end] = events[:, event]
                end += 1
        start[catalogue + 1] = end
    return _block(start, kept)


@numba.njit(cache=True, nogil=True)
def _block(start, kept):
    n = start[-1]
    return Block(start, kept[0, :n].copy(), kept[1, :n].copy(), kept[2, :n].copy(), kept[3, :n].copy())


@numba.njit(cache=True)
def _enlarged(events, needed):
    larger = np.empty((events.shape[0], max(needed, 2 * events.shape[1])), events.dtype)
    larger[:, : events.shape[1]] = events
    return larger


@numba.njit(cache=True)
def _first_generation(random, law, given, events):
    """Return room for events (time, longitude, latitude, magnitude) and how many there are."""
    highest = given.ratio.highest
    n_smoothed, n_uniform = random.poisson(highest * given.smoothed), random.poisson(highest * given.uniform)
    proposals = random.poisson(highest * given.proposals)
    needed = n_smoothed + n_uniform + proposals
    if events.shape[1] < needed:
        events = _enlarged(events, needed)
    n = 0
    for _ in range(n_smoothed):
        i = choose(given.centres, random.random())
        # The distance in a Gaussian of two dimensions follows Rayleigh's law.
        angle = given.bandwidth[i] * np.sqrt(-2 * np.log1p(-random.random()))
        events[0, n] = law.days * random.random()
        events[1, n], events[2, n] = displaced(
            random, given.centres.longitude[i], given.centres.latitude[i], angle
        )
        events[3, n] = draw_magnitude(random, law)
        n += kept(random, given.ratio, events[1, n], events[2, n])
    for _ in range(n_uniform):
        events[0, n] = law.days * random.random()
        events[1, n], events[2, n] = _even_point(random, given.polygon)
        events[3, n] = draw_magnitude(random, law)
        n += kept(random, given.ratio, events[1, n], events[2, n])
    for _ in range(proposals):
        i = choose(given.parents, random.random())
        delay = draw_delay(random, law, given.age_days[i], law.days)
        if delay >= 0:
            events[0, n] = delay
            angle = draw_distance(random, law, given.zone_km2[i]) / law.radius_km
            events[1, n], events[2, n] = displaced(
                random, given.parents.longitude[i], given.parents.latitude[i], angle
            )
            events[3, n] = draw_magnitude(random, law)
            n += kept(random, given.ratio, events[1, n], events[2, n])
    return events, n


@numba.njit(cache=True)
def kept(random, ratio, longitude, latitude):
    """Return whether an event of the first generation is kept, proposed at `highest` times the process's rate."""
    if ratio.highest == 1 and ratio.values.size == 0:
        return True
    if longitude < ratio.longitude_edges[0]:
        longitude += 360.0
    column = np.searchsorted(ratio.longitude_edges, longitude, "right") - 1
    row = np.searchsorted(ratio.latitude_edges, latitude, "right") - 1
    rows, columns = ratio.values.shape
    wanted = ratio.values[row, column] if 0 <= row < rows and 0 <= column < columns else 1.0
    return random.random() * ratio.highest < wanted


@numba.njit(cache=True)
def add_aftershocks(random, law, events, n, parent):
    """Add the direct aftershocks of one event; return the events and how many there are."""
    step = events[3, parent] - law.min_magnitude
    left = law.days - events[0, parent]
    proposals = random.poisson(law.rate * np.exp(law.growth * step) * omori_integral(law, 0.0, left))
    if proposals == 0:
        return events, n
    if events.shape[1] < n + proposals:
        events = _enlarged(events, n + proposals)
    zone = law.zone_km2 * np.exp(law.zone_growth * step)
    for _ in range(proposals):
        delay = draw_delay(random, law, 0.0, left)
        if delay >= 0:
            events[0, n] = events[0, parent] + delay
            angle = draw_distance(random, law, zone) / law.radius_km
            events[1, n], events[2, n] = displaced(random, events[1, parent], events[2, parent], angle)
            events[3, n] = draw_magnitude(random, law)
            n += 1
    return events, n


@numba.njit(cache=True)
def omori_integral(law, age, days):
    """Return e^{−A/τ} ∫ (t + c)^{−(1+ω)} dt from age A, over the given days or as far as the taper lets any."""
    days = min(days, 40 * law.tau_days)
    c, omega = law.c_days, law.omega
    log_ratio = np.log1p(days / (age + c))
    part = log_ratio if abs(omega) < 1e-12 else -np.expm1(-omega * log_ratio) / omega
    return np.exp(-age / law.tau_days - omega * np.log(age + c)) * part


@numba.njit(cache=True)
def draw_delay(random, law, age, days):
    """Return days from now to an aftershock of an event of the given age, or −1 where the taper forbids it."""
    days = min(days, 40 * law.tau_days)
    omega = law.omega
    log_ratio = np.log1p(days / (age + law.c_days))
    # log (t + c)/(A + c) has the density e^{−ωy} between 0 and `log_ratio`.
    if abs(omega) < 1e-12:
        y = log_ratio * random.random()
    else:
        y = -np.log1p(np.expm1(-omega * log_ratio) * random.random()) / omega
    delay = min((age + law.c_days) * np.expm1(y), days)
    return delay if random.random() < np.exp(-delay / law.tau_days) else -1.0


@numba.njit(cache=True)
def draw_distance(random, law, zone_km2):
    """Return km from a parent of zone D to an aftershock: P(r > R) = (1 + R²/D)^{−ρ}."""
    return np.sqrt(zone_km2 * np.expm1(-np.log1p(-random.random()) / law.rho))


@numba.njit(cache=True)
def draw_magnitude(random, law):
    """Return a magnitude from Gutenberg and Richter's law, cut at the largest; where its bin begins if any."""
    share = -np.expm1(-law.beta * (law.magnitude_span + law.magnitude_bin)) * random.random()
    excess = -np.log1p(-share) / law.beta
    if law.magnitude_bin > 0:
        excess = np.floor(excess / law.magnitude_bin) * law.magnitude_bin
    return law.min_magnitude + excess


@numba.njit(cache=True)
def displaced(random, longitude, latitude, angle):
    """Return a point in degrees at an angular distance in radians, in a random direction on the sphere."""
    direction = 2 * np.pi * random.random()
    lat = np.radians(latitude)
    sin_lat, cos_lat, sin_angle, cos_angle = np.sin(lat), np.cos(lat), np.sin(angle), np.cos(angle)
    sin_new = min(1.0, max(-1.0, sin_lat * cos_angle + cos_lat * sin_angle * np.cos(direction)))
    east = np.arctan2(np.sin(direction) * sin_angle * cos_lat, cos_angle - sin_lat * sin_new)
    moved = longitude + np.degrees(east)
    if abs(moved) > 180:
        moved -= np.copysign(360.0, moved)
    return moved, np.degrees(np.arcsin(sin_new))


@numba.njit(cache=True)
def choose(sources, share):
    """Return the index of the source that a share between 0 and 1 falls to."""
    i = sources.guide[int(share * len(sources.guide))]
    while sources.cumulative[i] <= share:
        i += 1
    return i


@numba.njit(cache=True)
def inside(polygon, longitude, latitude):
    """Return whether a point lies in a polygon: a ray to the east crosses its sides an odd number of times."""
    west, east, south, north = polygon.bounds
    if longitude < west:
        longitude += 360.0
    if not (west <= longitude <= east and south <= latitude <= north):
        return False
    lon, lat = polygon.longitude, polygon.latitude
    odd = False
    for k in range(len(lon) - 1):
        if (lat[k] > latitude) != (lat[k + 1] > latitude):
            crossing = lon[k] + (latitude - lat[k]) / (lat[k + 1] - lat[k]) * (lon[k + 1] - lon[k])
            odd ^= longitude < crossing
    return odd


@numba.njit(cache=True)
def _even_point(random, polygon):
    west, east, south, north = polygon.bounds
    low, high = np.sin(np.radians(south)), np.sin(np.radians(north))
    while True:
        longitude = west + (east - west) * random.random()
        latitude = np.degrees(np.arcsin(low + (high - low) * random.random()))
        if inside(polygon, longitude, latitude):
            return longitude - 360.0 if longitude > 180 else longitude, latitude
