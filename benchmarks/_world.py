"""A simulated world: M ≥ 4.5 earthquakes along the plate boundaries, as many as one asks for.

The process is ETAS with a background smoothed around a few dozen lines that follow the boundaries roughly. Its
laws are close to those fitted to the global catalogue of 2012 to 2018. It needs no data and serves to measure
what a catalogue of the world costs; what is learnt on it says nothing about the real one.
"""

from itertools import pairwise

import numpy as np

from terrella.earth.region import box
from terrella.earth.sphere import EARTH_RADIUS_KM, unit_vectors
from terrella.errors import InputError
from terrella.forecast.etas.background import Background
from terrella.forecast.etas.model import ETAS
from terrella.forecast.simulation.futures import make_outlook, simulate_futures
from terrella.formats.catalogues.catalogue import Catalogue, Floats, make_catalogue

GLOBE = box(-180, 180, -90, 90)
MAX_MAGNITUDE = 9.3

_DAY = np.timedelta64(86_400_000_000, "us")
_STEP_DAYS = 365.0  # simulated at once: times of a future are single precision
_SPACING_KM = 20.0  # of the points on a line
_BANDWIDTH_KM = 45.0
_UNIFORM_SHARE = 0.01
_BACKGROUND_PER_DAY = 14.8
_BRANCHING = 0.6

# Events per km relative to each other, and corners (longitude, latitude), joined by great circles.
_BOUNDARIES: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (3.0, ((140, 34), (142, 38), (145, 43), (152, 46), (158, 51), (163, 56))),  # Japan to Kamchatka
    (2.5, ((163, 56), (172, 52), (-178, 51), (-165, 53), (-153, 57), (-146, 60))),  # Aleutians
    (1.0, ((-146, 60), (-136, 58), (-130, 51), (-125, 42), (-122, 37), (-115, 31), (-108, 22))),
    (2.0, ((-105, 19), (-98, 16), (-91, 13), (-85, 10), (-80, 7))),  # Middle America
    (1.0, ((-85, 19), (-72, 19), (-63, 18), (-60, 14), (-62, 10), (-73, 8))),  # Caribbean
    (2.0, ((-79, 2), (-81, -5), (-76, -14), (-70, -19), (-71, -30), (-74, -40), (-76, -46))),  # Andes
    (1.2, ((-67, -20), (-63, -22), (-68, -28))),
    (3.0, ((-60, -61), (-50, -60), (-40, -60), (-27, -60), (-25, -57), (-28, -55), (-45, -54))),  # Scotia
    (4.0, ((-173, -15), (-174, -20), (-177, -26), (-178, -33), (177, -39), (172, -43), (166, -46))),
    (4.0, ((-179, -17), (179, -20), (-179, -25))),  # deep Tonga
    (4.0, ((171, -22), (168, -18), (166, -12), (161, -10), (155, -7), (151, -5), (145, -4), (138, -2))),
    (3.5, ((131, -6), (125, -8), (118, -9), (110, -9), (104, -6), (99, -1), (95, 4), (92, 10), (94, 17))),
    (3.5, ((138, -2), (130, -3), (126, 2), (126, 8), (123, 13), (121, 18), (122, 23), (129, 28), (132, 32))),
    (2.5, ((140, 34), (142, 28), (146, 20), (147, 14), (143, 11), (138, 8))),  # Izu, Bonin, Marianas
    (1.2, ((94, 25), (88, 28), (80, 31), (74, 35), (70, 37), (66, 30), (57, 27), (50, 31), (44, 37))),
    (0.8, ((70, 37), (78, 41), (90, 45), (100, 49), (110, 55))),  # Tien Shan to Baikal
    (1.2, ((44, 37), (38, 37), (31, 36), (26, 35), (21, 38), (16, 40), (13, 44))),  # to Italy
    (0.5, ((13, 38), (3, 37), (-6, 35), (-20, 37), (-30, 39))),
    (0.8, ((-125, 42), (-130, 44), (-130, 50))),
    (0.6, ((-35, 68), (-19, 66), (-25, 63), (-33, 56), (-30, 45), (-30, 39), (-45, 25), (-46, 15))),
    (0.6, ((-46, 15), (-40, 7), (-25, 0), (-13, -2), (-14, -15), (-13, -35), (-15, -50), (0, -54))),
    (0.5, ((0, -54), (20, -52), (38, -45), (55, -35), (70, -25), (68, -10), (66, 3), (57, 12), (45, 12))),
    (0.5, ((70, -25), (80, -38), (98, -48), (125, -50), (145, -57), (160, -60), (180, -65))),
    (0.5, ((180, -65), (-160, -63), (-140, -57), (-115, -50), (-112, -35), (-113, -20), (-105, 0), (-105, 19))),
    (0.5, ((-35, 68), (0, 72), (5, 80), (50, 85), (100, 83), (130, 77))),  # Arctic ridge
    (0.4, ((45, 12), (40, 5), (36, -3), (34, -12), (34, -20))),  # East African rift
    (0.5, ((-105, -3), (-95, 2), (-85, 2))),  # Galápagos
    (0.7, ((166, -46), (162, -53), (159, -60))),  # Macquarie
)  # fmt: skip


def world_etas() -> ETAS:
    """Return the process, with its background map."""
    points, weight = _boundary_points()
    smoothed = _BACKGROUND_PER_DAY * (1 - _UNIFORM_SHARE)
    background = Background(
        longitude=points[:, 0],
        latitude=points[:, 1],
        weight=weight,
        bandwidth_km=np.full(len(points), _BANDWIDTH_KM),
        uniform_rate=_BACKGROUND_PER_DAY * _UNIFORM_SHARE / GLOBE.area_km2,
        smoothed_rate=smoothed,
    )
    unit = _laws(1.0, background)
    return _laws(_BRANCHING / unit.branching_ratio(MAX_MAGNITUDE), background)


def simulate_world(number: int, start: np.datetime64 | str = "1970-01-01", seed: int = 1) -> Catalogue:
    """Return the first `number` events of the process from `start` on, when it starts from rest.

    There are some 36 a day. Depths are unknown (NaN). Same seed, same catalogue.

    Raises:
        InputError: where no event is asked for.
    """
    if number < 1:
        raise InputError(f"a simulated world needs one event or more; got {number}")
    etas = world_etas()
    begin: np.datetime64 = np.datetime64(start).astype("datetime64[us]")
    known = make_catalogue(np.zeros(0, "datetime64[us]"), [], [], [], name="simulated world")
    step = 0
    while len(known) < number:
        outlook = make_outlook(etas, known, GLOBE, begin, _STEP_DAYS, MAX_MAGNITUDE, keep_all=True)
        year = simulate_futures(outlook, 1, seed * 1000 + step).catalogue(0)
        known = _joined(known, year)
        begin += np.timedelta64(round(_STEP_DAYS), "D")
        step += 1
    return known[:number]


def _laws(k0: float, background: Background) -> ETAS:
    return ETAS(
        mu=_BACKGROUND_PER_DAY / GLOBE.area_km2, k0=k0, a=2.8, c_days=0.006, omega=0.1, tau_days=1e4,
        d_km2=100.0, gamma=0.9, rho=1.0, min_magnitude=4.5, beta=float(np.log(10)), background=background,
    )  # fmt: skip


def _boundary_points() -> tuple[Floats, Floats]:
    """Return points (n, 2) in degrees along all lines, with their weights."""
    points, weights = [], []
    for activity, corners in _BOUNDARIES:
        vectors = unit_vectors(*np.array(corners, float).T)
        for first, last in pairwise(vectors):
            angle = np.arccos(np.clip(first @ last, -1, 1))
            n = max(int(angle * EARTH_RADIUS_KM / _SPACING_KM), 1)
            share = (np.arange(n) + 0.5)[:, None] / n
            # Along the great circle at even steps (spherical linear interpolation).
            on_line = (np.sin((1 - share) * angle) * first + np.sin(share * angle) * last) / np.sin(angle)
            longitude = np.degrees(np.arctan2(on_line[:, 1], on_line[:, 0]))
            points.append(np.stack([longitude, np.degrees(np.arcsin(on_line[:, 2]))], 1))
            weights.append(np.full(n, activity))
    return np.concatenate(points), np.concatenate(weights)


def _joined(known: Catalogue, later: Catalogue) -> Catalogue:
    time, longitude, latitude, magnitude = (
        np.concatenate([getattr(known, name), getattr(later, name)])
        for name in ("time_utc", "longitude", "latitude", "magnitude")
    )
    return make_catalogue(time, longitude, latitude, magnitude, name=known.name)
