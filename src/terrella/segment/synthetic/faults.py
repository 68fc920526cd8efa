"""Modelled images and volumes of folded and faulted layers with their faults, in the manner of Wu et al. (2019)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.ndimage import gaussian_filter1d

from terrella.errors import InputError
from terrella.segment.data.labelled import LabelledSection
from terrella.segment.synthetic.rays import Floats

INTERVAL_S, SPACING_M = 0.004, 12.5

_LEAST_THROW = 1.5  # samples: less than this cannot be seen


@dataclass(frozen=True, eq=False)
class _Fault:
    """A plane along which what lies on its positive side has slipped, most in the middle."""

    point: Floats  # in samples: inline, crossline, sample
    normal: Floats
    slip: Floats  # the direction of slip of length 1, in the plane
    throw: float  # largest slip, samples
    reach: float  # standard deviation of the slip's bell, samples; infinite where it is everywhere the same


def make_faults(
    seed: int, index: int, shape: tuple[int, ...], noise: float | None = None, faults: int | None = None
) -> LabelledSection:
    """Return image (trace, sample) or volume (inline, crossline, sample) `index` with a mask of its faults.

    Horizontal layers of random reflectivity are folded, sheared and displaced along planar faults, convolved with a
    Ricker wavelet and covered with noise (as Wu et al. 2019 make their training volumes). The mask is 1 within a
    sample of a fault whose slip there can be seen. Amplitudes have unit variance before `noise`, whose standard
    deviation is drawn up to 0.8 unless given; the number of faults grows with the size unless given. Each index has
    its own ground and is a group of its own.

    Raises:
        InputError: for a negative seed or index, or a shape that is not of 2 or 3 axes of at least 16.
    """
    if min(seed, index) < 0 or len(shape) not in (2, 3) or min(shape) < 16:
        raise InputError(
            f"faults of seed {seed}, index {index} and shape {tuple(shape)}; expected numbers of 0 or more and "
            "2 or 3 axes of at least 16"
        )
    rng = np.random.default_rng([2, seed, index])
    whole = (1, *shape) if len(shape) == 2 else tuple(shape)
    at = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in whole), indexing="ij"))
    mask = np.zeros(whole, np.uint8)
    number = int(rng.integers(2, 4 + max(whole) // 64)) if faults is None else faults
    for _ in range(number):
        _slip_back(at, mask, _draw(whole, rng))
    depth = _fold_back(at, whole, rng)
    samples = _ricker(_reflect(depth, whole[-1], rng), rng.uniform(0.05, 0.11))
    samples /= samples.std()
    deviation = rng.uniform(0.0, 0.8) if noise is None else noise
    rough = gaussian_filter1d(rng.standard_normal(whole), 0.7, axis=-1)
    samples += deviation / rough.std() * rough
    return LabelledSection(
        np.ascontiguousarray(samples.reshape(shape), np.float32),
        mask.reshape(shape),
        INTERVAL_S,
        SPACING_M,
        None,
        f"faults-{seed}-{index}",
    )


def _draw(shape: tuple[int, ...], rng: np.random.Generator) -> _Fault:
    strike, dip = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(45, 85))
    flat = shape[0] == 1
    if flat:
        strike = np.pi / 2 * rng.choice([-1, 1])  # the image shows the fault's true dip
    across = np.array([np.cos(strike), np.sin(strike), 0.0])
    normal = np.sin(dip) * across - np.cos(dip) * np.array([0.0, 0.0, 1.0])
    slip = np.cos(dip) * across + np.sin(dip) * np.array([0.0, 0.0, 1.0])
    size = min(shape[1:] if flat else shape)
    return _Fault(
        point=np.array([rng.uniform(0.05, 0.95) * (n - 1) for n in shape]),
        normal=normal,
        slip=slip,
        throw=float(rng.choice([-1, 1], p=[0.25, 0.75]) * rng.uniform(3.0, max(5.0, 0.08 * size))),
        reach=float(rng.uniform(0.3, 0.8) * size) if rng.random() < 0.6 else np.inf,
    )


def _slip_back(at: npt.NDArray[np.float32], mask: npt.NDArray[np.uint8], fault: _Fault) -> None:
    """Move positions to where they were before a fault slipped, and mark where the fault is seen.

    Faults come from the youngest to the oldest: older ones are marked in positions already moved back, and so are
    displaced themselves.
    """
    away = at - fault.point.astype(np.float32)[:, None, None, None]
    distance = np.einsum("i,i...->...", fault.normal.astype(np.float32), away)
    slip = np.full_like(distance, fault.throw)
    if np.isfinite(fault.reach):
        squared = np.einsum("i...,i...->...", away, away) - distance**2
        slip *= np.exp(-0.5 * squared / np.float32(fault.reach) ** 2)
    mask[(np.abs(distance) <= 1.0) & (np.abs(slip) >= _LEAST_THROW)] = 1
    # On the hanging wall the slip fades away from the fault, as the layers bend back.
    if np.isfinite(fault.reach):
        slip *= np.exp(-0.5 * (distance / np.float32(2 * fault.reach)) ** 2)
    slip[distance <= 0] = 0
    for axis in range(3):
        if fault.slip[axis]:
            at[axis] -= np.float32(fault.slip[axis]) * slip


def _fold_back(at: npt.NDArray[np.float32], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return the depths, in samples, of the positions before folding: a tilt, and bumps that grow with depth."""
    inline, crossline, depth = at
    bumps = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(3, 9))):
        middle = [rng.uniform(0, n) for n in shape[:2]]
        width = rng.uniform(0.1, 0.4) * max(shape[:2])
        height = rng.normal(0, 0.05) * shape[2]
        squared = (inline - middle[0]) ** 2 + (crossline - middle[1]) ** 2
        bumps += np.float32(height) * np.exp(-0.5 * squared / width**2)
    slope = rng.normal(0, 0.08, 2)
    tilt = slope[0] * (inline - shape[0] / 2) + slope[1] * (crossline - shape[1] / 2)
    growth = 0.5 + depth / shape[2]
    return np.asarray(depth + tilt + growth * bumps, float)


def _reflect(depth: Floats, length: int, rng: np.random.Generator) -> Floats:
    """Return reflectivity at depths: layers of a few samples, in quiet and loud packages."""
    low, high = np.floor(depth.min()) - 2, np.ceil(depth.max()) + 2
    size = int(high - low)
    steps = np.where(rng.random(size) < 0.4, rng.uniform(-1, 1, size), 0.1 * rng.standard_normal(size))
    packages = 1 + 0.5 * gaussian_filter1d(rng.standard_normal(size), length / 20) * np.sqrt(length / 5)
    strength = np.clip(packages, 0.5, 2.0)  # quiet and loud ones
    return np.interp(depth - low, np.arange(size), steps * strength)


def _ricker(reflectivity: Floats, peak: float) -> Floats:
    """Convolve the last axis with a Ricker wavelet of a peak frequency in cycles per sample."""
    length = reflectivity.shape[-1]
    size = scipy.fft.next_fast_len(length + 64, real=True)
    ratio = (scipy.fft.rfftfreq(size) / peak) ** 2
    spectrum = scipy.fft.rfft(reflectivity, size, axis=-1) * (ratio * np.exp(1 - ratio))
    return np.asarray(scipy.fft.irfft(spectrum, size, axis=-1)[..., :length])
