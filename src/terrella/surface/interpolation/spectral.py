"""Fields with the spectrum of given ones and phases at random, and their spectra."""

import numpy as np

from terrella.surface.grids.grid import Floats


def radial_spectrum(fields: Floats) -> tuple[Floats, Floats]:
    """Return wavenumbers in cycles per pixel and mean power by wavenumber of fields (field, row, column).

    A plane is taken out of each and a Hann window laid over it; white noise of unit variance has the power 1.
    """
    _, rows, columns = fields.shape
    y, x = np.mgrid[:rows, :columns]
    plane = np.linalg.qr(np.stack([np.ones(rows * columns), y.ravel(), x.ravel()], 1))[0]
    flat = fields.reshape(len(fields), -1)
    flat = flat - (flat @ plane) @ plane.T
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(columns + 2)[None, 1:-1]
    power = (np.abs(np.fft.rfft2(flat.reshape(fields.shape) * window)) ** 2).mean(0) / (window**2).sum()
    radius = _radius(rows, columns)
    bins = np.round(radius * min(rows, columns)).astype(int).ravel()
    number = np.maximum(np.bincount(bins), 1)
    wavenumber, mean = (np.bincount(bins, each.ravel()) / number for each in (radius, power))
    kept = slice(1, min(rows, columns) // 2 + 1)
    return wavenumber[kept], mean[kept]


def synthesise(
    wavenumber: Floats, power: Floats, shape: tuple[int, int], number: int, draw: np.random.Generator
) -> Floats:
    """Return normal fields of a radial spectrum, (number, row, column): phase-randomised synthesis.

    Theiler et al. (1992) do so to a time series. Between wavenumbers the logarithm of the power is straight.
    """
    rows, columns = shape
    radius = _radius(rows, columns)
    known = power > 0
    log_power = np.interp(np.log(np.maximum(radius, 1e-9)), np.log(wavenumber[known]), np.log(power[known]))
    amplitude = np.where(radius > 0, np.exp(0.5 * log_power), 0.0)
    white = np.fft.rfft2(draw.standard_normal((number, rows, columns)))
    return np.fft.irfft2(white * amplitude, s=shape)


def _radius(rows: int, columns: int) -> Floats:
    return np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])
