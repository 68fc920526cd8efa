"""Rays through horizontal layers: times, directions, spreading and attenuation of direct and head waves."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_THINNEST_M = 1e-3  # a ray along a layer needs some height: its times are off by less than a nanosecond
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Rays:
    """One ray to each receiver; NaN times where there is none."""

    time_s: Floats
    take_off: Floats  # (receiver, 2): horizontally away from the source, and down; unit vectors
    arrival: Floats  # (receiver, 2): the same at the receiver
    spreading_m: Floats  # by which the amplitude is divided: the distance where velocity is constant
    t_star_s: Floats


def direct_rays(
    top_m: Floats, speed: Floats, quality: Floats, source_m: float, offset_m: Floats, depth_m: Floats
) -> Rays:
    """Return the rays that cross the layers between a source's and receivers' depths.

    Layers have tops `top_m`, the first at or above all receivers, the last one without end; `speed` in m/s and
    `quality` are theirs. Spreading follows from the ray tube, dA = ℛ² dΩ (Aki and Richards 2002, section 4.4).
    """
    size = len(offset_m)
    out = np.empty((5, size))
    _direct(top_m, speed, quality, float(source_m), offset_m, depth_m, out)
    time_s, sine_source, sine_receiver, spreading_m, t_star_s = out
    down = np.where(depth_m >= source_m, 1.0, -1.0)
    return Rays(
        time_s,
        _direction(sine_source, down),
        _direction(sine_receiver, down),
        spreading_m,
        t_star_s,
    )


def head_rays(
    top_m: Floats, speed: Floats, quality: Floats, source_m: float, offset_m: Floats, depth_m: Floats
) -> Rays:
    """Return, for each receiver, the earliest head wave beyond its critical distance.

    It runs along an interface beyond both source and receiver, below a faster layer's top or above its bottom.
    The amplitude divided by the spreading is that of the incident wave's time integral,
    v tan(i) x^-1/2 L^-3/2 with L the way along the interface (Červený and Ravindra 1971; Aki and Richards 2002,
    section 6.2); its coefficient is taken as 1, and L is not less than a twentieth of the offset.
    """
    size = len(offset_m)
    out = np.empty((5, size))
    below = np.empty(size, np.bool_)
    _head(top_m, speed, quality, float(source_m), offset_m, depth_m, out, below)
    time_s, sine_source, sine_receiver, spreading_m, t_star_s = out
    down = np.where(below, 1.0, -1.0)
    return Rays(
        time_s,
        _direction(sine_source, down),
        _direction(sine_receiver, -down),
        spreading_m,
        t_star_s,
    )


def _direction(sine: Floats, down: Floats) -> Floats:
    return np.stack([sine, down * np.sqrt(np.maximum(1 - sine**2, 0.0))], 1)


@numba.njit(cache=True)
def _layer_of(top_m: Floats, depth_m: float) -> int:
    found = 0
    for k in range(1, len(top_m)):
        if top_m[k] <= depth_m:
            found = k
    return found


@numba.njit(cache=True)
def _heights(top_m: Floats, first_m: float, second_m: float, height: Floats) -> None:
    """Write how much of each layer lies between two depths."""
    upper, lower = min(first_m, second_m), max(first_m, second_m)
    for k in range(len(top_m)):
        bottom = top_m[k + 1] if k + 1 < len(top_m) else np.inf
        top = top_m[k] if k > 0 else -np.inf
        height[k] = max(min(lower, bottom) - max(upper, top), 0.0)


@numba.njit(cache=True)
def _direct(
    top_m: Floats, speed: Floats, quality: Floats, source_m: float, offset_m: Floats, depth_m: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """Solve x(q) = offset by Newton's method in q = tan of the angle in the fastest layer.

    x is concave in q, so that iterates from 0 approach the root from below (Tian and Chen 2005 use the same q).
    """
    layers = len(top_m)
    height = np.empty(layers)
    at_source = _layer_of(top_m, source_m)
    for j in range(len(offset_m)):
        at_receiver = _layer_of(top_m, depth_m[j])
        _heights(top_m, source_m, depth_m[j], height)
        if height.sum() < _THINNEST_M:
            height[:] = 0.0
            height[at_source] = _THINNEST_M
            at_receiver = at_source
        fastest = 0.0
        for k in range(layers):
            if height[k] > 0:
                fastest = max(fastest, speed[k])
        x = offset_m[j]
        q = 0.0
        for _ in range(_STEPS):
            reached, slope = 0.0, 0.0
            for k in range(layers):
                if height[k] > 0:
                    e = speed[k] / fastest
                    root = np.sqrt(1 + (1 - e * e) * q * q)
                    reached += height[k] * e * q / root
                    slope += height[k] * e / root**3
            step = (x - reached) / slope
            q += step
            if abs(step) <= 1e-12 * (1 + q):
                break
        q = max(q, 0.0)
        long = np.sqrt(1 + q * q)
        p = q / (long * fastest)
        time, star, x_over_p, dx_dp = 0.0, 0.0, 0.0, 0.0
        for k in range(layers):
            if height[k] > 0:
                e = speed[k] / fastest
                cosine = np.sqrt(1 + (1 - e * e) * q * q) / long
                time += height[k] / (speed[k] * cosine)
                star += height[k] / (speed[k] * cosine * quality[k])
                x_over_p += height[k] * speed[k] / cosine
                dx_dp += height[k] * speed[k] / cosine**3
        # Where the ray leaves or ends at an interface, the side that it runs in counts: sines stay below 1.
        ends = np.empty(2)
        sines = np.empty(2)
        for which in range(2):
            at = at_source if which == 0 else at_receiver
            if height[at] == 0.0:
                at = at - 1 if at > 0 and height[at - 1] > 0 else at + 1
            e = speed[at] / fastest
            ends[which] = np.sqrt(1 + (1 - e * e) * q * q) / long
            sines[which] = p * speed[at]
            if which == 0:
                leaving = speed[at]
        out[0, j] = time
        out[1, j] = sines[0]
        out[2, j] = sines[1]
        out[3, j] = np.sqrt(x_over_p * dx_dp * ends[0] * ends[1]) / leaving
        out[4, j] = star


@numba.njit(cache=True)
def _head(
    top_m: Floats, speed: Floats, quality: Floats, source_m: float, offset_m: Floats, depth_m: Floats,
    out: Floats, below: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    layers = len(top_m)
    down, up = np.empty(layers), np.empty(layers)
    at_source = _layer_of(top_m, source_m)
    for j in range(len(offset_m)):
        out[:, j] = np.nan
        below[j] = True
        at_receiver = _layer_of(top_m, depth_m[j])
        deeper, higher = max(at_source, at_receiver), min(at_source, at_receiver)
        for fast in range(layers):
            if higher <= fast <= deeper:
                continue
            interface = top_m[fast] if fast > deeper else top_m[fast + 1]
            _heights(top_m, source_m, interface, down)
            _heights(top_m, interface, depth_m[j], up)
            p = 1 / speed[fast]
            time, star, critical, faster = 0.0, 0.0, 0.0, True
            for k in range(layers):
                way = down[k] + up[k]
                if way > 0:
                    if speed[k] >= speed[fast]:
                        faster = False
                        break
                    cosine = np.sqrt(1 - (p * speed[k]) ** 2)
                    time += way / (speed[k] * cosine)
                    star += way / (speed[k] * cosine * quality[k])
                    critical += way * p * speed[k] / cosine
            along = offset_m[j] - critical
            if not faster or along < 0:
                continue
            time += along * p
            if np.isnan(out[0, j]) or time < out[0, j]:
                sine = p * speed[at_source]
                tangent = sine / np.sqrt(max(1 - sine * sine, 1e-12))
                along = max(along, 0.05 * offset_m[j])
                out[0, j] = time
                out[1, j] = sine
                out[2, j] = p * speed[at_receiver]
                out[3, j] = np.sqrt(offset_m[j]) * along**1.5 / (speed[at_source] * tangent)
                out[4, j] = star + along * p / quality[fast]
                below[j] = fast > deeper
