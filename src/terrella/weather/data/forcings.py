"""What a forecast knows of its own time: the sun at the top of the atmosphere, the hour and the season."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
Forcing = Literal["sun", "hour", "season"]

SOLAR_CONSTANT = 1361.0  # W/m² at one astronomical unit (Kopp and Lean 2011)
_PARTS = 12  # of a step, over which the sun is integrated
_MEAN, _SPREAD = 300.0, 420.0  # W/m², roughly those of six hours over the globe
_J2000 = np.datetime64("2000-01-01T12:00", "s")


def forcing_names(forcings: tuple[Forcing, ...]) -> list[str]:
    """Return the names of the numbers that forcings are."""
    names = {
        "sun": ["toa_incident_solar_radiation"],
        "hour": ["day_progress_sin", "day_progress_cos"],
        "season": ["year_progress_sin", "year_progress_cos"],
    }
    return [name for each in forcings for name in names[each]]


def forcings_at(
    times: Times, latitude: Floats, longitude: Floats, step_hours: int, forcings: tuple[Forcing, ...]
) -> npt.NDArray[np.float32]:
    """Return the forcings of states, (time, point, forcing), of about unit size; points go row by row.

    The sun's is the mean over the step that ends at each time; the hour is that of the meridian.
    """
    made = np.empty((len(times), len(latitude) * len(longitude), len(forcing_names(forcings))), np.float32)
    at = 0
    for each in forcings:
        if each == "sun":
            flux = mean_radiation(times, latitude, longitude, step_hours)
            made[..., at] = ((flux - _MEAN) / _SPREAD).reshape(len(times), -1)
            at += 1
        else:
            turn = (
                2
                * np.pi
                * (day_progress(times, longitude) if each == "hour" else year_progress(times)[:, None])
            )
            for wave in (np.sin(turn), np.cos(turn)):
                across = np.broadcast_to(wave[:, None, :], (len(times), len(latitude), len(longitude)))
                made[..., at] = across.reshape(len(times), -1)
                at += 1
    return made


def mean_radiation(times: Times, latitude: Floats, longitude: Floats, step_hours: int) -> Floats:
    """Return the mean over the step before each time of the sun's flux through a level surface, W/m².

    (time, latitude, longitude); at the top of the atmosphere. The sun's place is the Astronomical Almanac's low
    precision one (Michalsky 1988), good to 0.01° from 1950 to 2050; the zenith angle is integrated by the midpoint
    rule over five minutes and more.
    """
    total = np.zeros((len(times), len(latitude), len(longitude)))
    up, across = np.deg2rad(latitude)[:, None], np.deg2rad(longitude)[None, :]
    for part in range(_PARTS):
        before = 3600 * step_hours * (part + 0.5) / _PARTS
        declination, hour_angle, distance = _sun(times - np.timedelta64(round(before), "s"))
        flux = SOLAR_CONSTANT / distance**2
        for number in range(len(times)):
            sine, cosine = np.sin(declination[number]), np.cos(declination[number])
            height = np.sin(up) * sine + np.cos(up) * cosine * np.cos(hour_angle[number] + across)
            total[number] += flux[number] * np.maximum(height, 0)
    return total / _PARTS


def day_progress(times: Times, longitude: Floats) -> Floats:
    """Return the part of the meridian's mean solar day that has passed, (time, longitude)."""
    seconds = (times - times.astype("datetime64[D]")).astype("timedelta64[s]").astype(float)
    return np.asarray((seconds[:, None] / 86400 + longitude[None, :] / 360) % 1.0)


def year_progress(times: Times) -> Floats:
    """Return the part of a year of 365.24219 days that has passed since 1970, (time,)."""
    days = (times - np.datetime64("1970-01-01", "s")) / np.timedelta64(1, "D")
    return np.asarray(days / 365.24219 % 1.0)


def _sun(times: Times) -> tuple[Floats, Floats, Floats]:
    """Return declination and Greenwich hour angle in radians, and distance in astronomical units, (time,)."""
    days = (times.astype("datetime64[s]") - _J2000) / np.timedelta64(1, "D")
    mean_longitude = np.deg2rad(280.460 + 0.9856474 * days)
    anomaly = np.deg2rad(357.528 + 0.9856003 * days)
    ecliptic = mean_longitude + np.deg2rad(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.deg2rad(23.439 - 4e-7 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    sidereal = np.deg2rad(280.46061837 + 360.98564736629 * days)
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return declination, sidereal - ascension, distance
