"""Events of a survey, and the waves that each sends to the receivers."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from terrella.segment.synthetic.arrays import Array, Receivers, place, response
from terrella.segment.synthetic.layers import Layers
from terrella.segment.synthetic.mechanism import axes, moment_tensor, radiation
from terrella.segment.synthetic.rays import Floats, Rays, direct_rays, head_rays
from terrella.segment.synthetic.survey import Survey
from terrella.segment.synthetic.wavelets import Pulses, make_pulses

Phase = Literal["P", "S"]

P_OVER_S_CORNER = 1.5  # of the corner frequencies (Madariaga 1976)


@dataclass(frozen=True, eq=False)
class Event:
    """A double couple beside the line, which runs north from its first receiver."""

    north_m: float
    east_m: float
    depth_m: float
    moment: float  # N m
    corner_hz: float  # of S
    tensor: Floats  # (3, 3), of unit moment


@dataclass(frozen=True, eq=False)
class Wave:
    """What one kind of wave brings to each receiver: its pulse's amplitude for unit moment is multiplied."""

    phase: Phase
    head: bool  # its pulse is the direct one's time integral
    rays: Rays
    amplitude: Floats


def draw_event(survey: Survey, traces: int, rng: np.random.Generator) -> Event:
    """Return an event near the part of the array that `traces` receivers make.

    Magnitudes are exponentially distributed between their limits (Gutenberg and Richter 1944); the corner frequency
    is that of a circular crack of the survey's stress drop (Brune 1970); mechanisms scatter about the survey's own.
    """
    about = survey.seismicity
    receivers = place(survey.array, traces)
    north = rng.uniform(receivers.x_m[0] - about.around_m, receivers.x_m[-1] + about.around_m)
    low, high = about.magnitudes
    rate = about.b_value * np.log(10)
    above = -np.log1p(-rng.random() * -np.expm1(-rate * (high - low))) / rate
    moment = 10 ** (9.1 + 1.5 * (about.moment_magnitude + low + above))
    depth = float(rng.uniform(*about.depth_m))
    angles = np.array([about.strike, about.dip, about.rake]) + about.scatter * rng.standard_normal(3)
    return Event(
        north_m=float(north),
        east_m=float(about.aside_m * rng.standard_normal()),
        depth_m=depth,
        moment=float(moment),
        corner_hz=corner_hz(
            moment, about.stress_drop_pa, float(survey.layers.s_speed[survey.layers.at(depth)])
        ),
        tensor=moment_tensor(*angles),
    )


def corner_hz(moment: float, stress_drop_pa: float, s_speed: float) -> float:
    """Return Brune's (1970) corner frequency of S: 2.34 v / (2π r), with r³ = 7 M0 / (16 Δσ)."""
    radius = (7 * moment / (16 * stress_drop_pa)) ** (1 / 3)
    return float(2.34 * s_speed / (2 * np.pi * radius))


def waves_of(layers: Layers, array: Array, receivers: Receivers, event: Event) -> list[Wave]:
    """Return direct waves of P and of S, and head waves where they come first.

    The far field of Aki and Richards (2002, eq. 4.88): amplitudes are radiation over
    4π √(ρ(ξ) ρ(x) v(ξ) v(x)) v(ξ)² ℛ, times what the receivers' direction sees of them.
    """
    north, east = receivers.x_m - event.north_m, np.full(len(receivers.x_m), -event.east_m)
    offset, azimuth = np.hypot(north, east), np.arctan2(east, north)
    waves = []
    kinds: tuple[tuple[Phase, Floats, Floats], ...] = (
        ("P", layers.p_speed, layers.p_quality),
        ("S", layers.s_speed, layers.s_quality),
    )
    for phase, speed, quality in kinds:
        ground = layers.top_m, speed, quality, event.depth_m, offset, receivers.depth_m
        direct = direct_rays(*ground)
        head = _ahead(head_rays(*ground), direct)
        for rays in (direct, head):
            if np.isnan(rays.time_s).all():
                continue
            motion = _motion(phase, event.tensor, azimuth, rays)
            here, there = layers.at(event.depth_m), layers.at(receivers.depth_m)
            impedance = np.sqrt(layers.density[here] * layers.density[there] * speed[here] * speed[there])
            seen = response(array, receivers, azimuth, rays, motion, speed[there])
            amplitude = seen / (4 * np.pi * impedance * speed[here] ** 2 * rays.spreading_m)
            waves.append(Wave(phase, rays is head, rays, amplitude))
    return waves


def _ahead(head: Rays, direct: Rays) -> Rays:
    """Keep head waves that come before the direct one; nearer the source they are lost in reflections."""
    late = ~(head.time_s < direct.time_s)
    return replace(
        head, time_s=np.where(late, np.nan, head.time_s), t_star_s=np.where(late, np.nan, head.t_star_s)
    )


def _motion(phase: Phase, tensor: Floats, azimuth: Floats, rays: Rays) -> Floats:
    """Return the motion (receiver, 3) that the radiation towards each ray's start makes at its end."""
    radiated = radiation(tensor, _vectors(rays.take_off, azimuth))
    p, sv, sh = axes(_vectors(rays.arrival, azimuth))
    if phase == "P":
        return radiated[0][:, None] * p
    return radiated[1][:, None] * sv + radiated[2][:, None] * sh


def _vectors(direction: Floats, azimuth: Floats) -> Floats:
    across, down = direction.T
    return np.stack([across * np.cos(azimuth), across * np.sin(azimuth), down], 1)


def pulses_of(survey: Survey, event: Event, wave: Wave) -> Pulses:
    """Return the pulses of a wave, from the least to the greatest t* of its rays; P's corner is higher by half."""
    corner = event.corner_hz * (P_OVER_S_CORNER if wave.phase == "P" else 1.0)
    t_star = wave.rays.t_star_s
    limits = float(np.nanmin(t_star)), float(np.nanmax(t_star))
    return make_pulses(survey.seismicity.wavelet, corner, limits, survey.interval_s, wave.head)


def peaks_of(wave: Wave, pulses: Pulses) -> Floats:
    """Return a wave's largest amplitude on each receiver for unit moment, 0 where it does not come."""
    peak = np.interp(wave.rays.t_star_s, pulses.t_star_s, np.abs(pulses.values).max(1))
    return np.where(np.isnan(wave.rays.time_s), 0.0, np.abs(wave.amplitude) * peak)


@lru_cache(maxsize=1024)
def noise_amplitude(survey: Survey) -> float:
    """Return the noise's standard deviation, in the receivers' units: it just hides the usual event.

    It is the median of the peaks of S over many events of `moment_magnitude` and 256 receivers.
    """
    rng = np.random.default_rng([7, survey.seed])
    receivers = place(survey.array, 256)
    seen = []
    for _ in range(24):
        event = draw_event(survey, 256, rng)
        event = replace(event, moment=10 ** (9.1 + 1.5 * survey.seismicity.moment_magnitude))
        waves = waves_of(survey.layers, survey.array, receivers, event)
        direct = next(wave for wave in waves if wave.phase == "S" and not wave.head)
        seen.append(event.moment * peaks_of(direct, pulses_of(survey, event, direct)))
    return float(np.median(seen))
