"""Small fields of waves that travel eastward, as a reanalysis would have them."""

import numpy as np
import xarray as xr

LEVELS = (500, 850)
HEIGHTS = {500: 54000.0, 850: 14000.0}


def fake_fields(states=60, columns=16, rows=8, step_hours=6, start="2015-01-01", seed=0) -> xr.Dataset:
    """Return geopotential, temperature and 2 m temperature (time, level, latitude, longitude)."""
    latitude = 90 - 180 / rows * (np.arange(rows) + 0.5)
    longitude = np.arange(columns) * 360.0 / columns
    hours = np.arange(states) * step_hours
    drawn = np.random.default_rng(seed)
    wave = np.zeros((states, rows, columns))
    for number in (1, 2, 3):
        speed, phase, size = drawn.uniform(60, 80), drawn.uniform(0, 2 * np.pi), drawn.uniform(0.5, 1)
        turn = np.deg2rad(number * (longitude[None, None] - speed * hours[:, None, None] / 24)) + phase
        wave += size * np.cos(turn) * np.cos(np.deg2rad(latitude))[None, :, None]
    wave += 0.02 * drawn.standard_normal(wave.shape)
    pole = np.sin(np.deg2rad(latitude))[None, :, None] ** 2
    z = np.stack([HEIGHTS[level] * (1 - 0.05 * pole) + 1500 * wave for level in LEVELS], axis=1)
    t = np.stack([255.0 + (level - 500) / 15 - 25 * pole + 4 * wave for level in LEVELS], axis=1)
    dims = ("time", "level", "latitude", "longitude")
    orography = 3000.0 * (1 + np.cos(np.deg2rad(longitude))[None, :] * np.cos(np.deg2rad(latitude))[:, None])
    return xr.Dataset(
        {
            "geopotential": (dims, z.astype(np.float32), {"units": "m**2 s**-2"}),
            "temperature": (dims, t.astype(np.float32), {"units": "K"}),
            "2m_temperature": (
                ("time", "latitude", "longitude"),
                (288 - 30 * pole + 5 * wave).astype(np.float32),
                {"units": "K"},
            ),
            "geopotential_at_surface": (("latitude", "longitude"), orography.astype(np.float32)),
            "land_sea_mask": (("latitude", "longitude"), (orography > 3000).astype(np.float32)),
        },
        coords={
            "time": np.datetime64(start, "ns") + hours * np.timedelta64(1, "h"),
            "level": list(LEVELS),
            "latitude": latitude,
            "longitude": longitude,
        },
    )


def quiet(event) -> None:
    """Take no notice."""
