"""The log-likelihood of space–time ETAS: on a window, and as the EarthquakeNPP benchmark defines it."""

from dataclasses import dataclass, replace

import numpy as np

from terrella.earth.magnitude import bin_start
from terrella.earth.sphere import unit_vectors
from terrella.errors import InputError
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS, upper_gamma
from terrella.forecast.etas.pairs import temporal_intensity, triggered_intensity
from terrella.formats.catalogues.catalogue import Catalogue, Floats

_DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, eq=False)
class Window:
    """Events as the compiled sums want them: all act as sources, those from `first_target` on as targets.

    Days count from the auxiliary start; the targets' window runs from `start_day` to `end_day`.
    """

    days: Floats
    points: Floats
    longitude: Floats
    latitude: Floats
    step: Floats  # magnitude above the smallest
    first_target: int
    start_day: float
    end_day: float

    @property
    def n_targets(self) -> int:
        """Number of events in the targets' window."""
        return len(self.days) - self.first_target

    @property
    def length_days(self) -> float:
        """Length of the targets' window."""
        return self.end_day - self.start_day


def make_window(
    catalogue: Catalogue,
    auxiliary_start: np.datetime64 | str,
    start: np.datetime64 | str,
    end: np.datetime64 | str,
    min_magnitude: float,
) -> Window:
    """Return the events of at least a magnitude with auxiliary start ≤ time < end."""
    begin, first, last = np.array([auxiliary_start, start, end], "datetime64[us]")
    known = catalogue.between(begin, last).above(min_magnitude)
    days = known.days_since(begin)
    start_day = float((first - begin) / _DAY)
    return Window(
        days=days,
        points=unit_vectors(known.longitude, known.latitude),
        longitude=known.longitude,
        latitude=known.latitude,
        step=np.maximum(known.magnitude - min_magnitude, 0.0),
        first_target=int(np.searchsorted(days, start_day)),
        start_day=start_day,
        end_day=float((last - begin) / _DAY),
    )


def kernel_parameters(model: ETAS) -> Floats:
    """Return the eight parameters of the triggering kernel in the order of the compiled sums."""
    return np.array(
        [model.k0, model.a, model.c_days, model.omega, model.tau_days, model.d_km2, model.gamma, model.rho]
    )


def triggered_integral(window: Window, theta: Floats) -> tuple[float, Floats]:
    """Return the expected number of triggered events in the window, and its derivatives (8,).

    Derivatives are by log k0, a, log c, ω, log τ, log d, γ and ρ.
    """
    k0, a, c, omega, tau, d, gamma, rho = theta
    log_zone = np.log(d) + gamma * window.step
    space = k0 * np.exp(a * window.step - rho * log_zone) * np.pi / rho
    shares, slopes = _time_shares(window, c, omega, tau)
    per_event = space * shares
    total, weighted = per_event.sum(), (per_event * window.step).sum()
    by_rho = (per_event * (-1 / rho - log_zone)).sum()
    by_time = (space * slopes).sum(1)
    return float(total), np.array([total, weighted, *by_time, -rho * total, -rho * weighted, by_rho])


def _time_shares(window: Window, c: float, omega: float, tau: float) -> tuple[Floats, Floats]:
    """Return ∫ e^{−t/τ} (t + c)^{−(1+ω)} dt of each event over the window, and its derivatives (3, n).

    Derivatives are by log c, ω and log τ. With v = t + c the integral is e^{c/τ} τ^{−ω} Γ(−ω, v/τ) between its
    limits; the gamma functions come from splines in log v.
    """
    from scipy.interpolate import CubicSpline  # a forecast, which needs no fit, does not wait for its import

    since = np.maximum(window.start_day - window.days, 0.0) + c
    until = window.end_day - window.days + c
    log_v = np.linspace(np.log(c), np.log(until.max()), 300)
    v, h = np.exp(log_v) / tau, 1e-4

    def rest(omega: float) -> Floats:
        return tau**-omega * upper_gamma(-omega, v)

    columns = [
        rest(omega),
        (rest(omega + h) - rest(omega - h)) / (2 * h),
        tau**-omega * upper_gamma(1 - omega, v),
    ]
    spline = CubicSpline(log_v, np.stack(columns, axis=1))
    share, by_omega, by_tau = np.exp(c / tau) * (spline(np.log(since)) - spline(np.log(until))).T
    ends = np.exp((c - since) / tau) * since ** -(1 + omega) - np.exp((c - until) / tau) * until ** -(
        1 + omega
    )
    return share, np.stack([c * (share / tau - ends), by_omega, by_tau - c / tau * share])


def background_at(model: ETAS, window: Window) -> Floats:
    """Return the background rate at the targets, per day and km²."""
    targets = slice(window.first_target, None)
    if model.background is None:
        return np.full(window.n_targets, model.mu)
    return model.background.density(window.longitude[targets], window.latitude[targets])


def log_likelihood(
    model: ETAS, window: Window, region_area_km2: float, background: Floats | None = None
) -> float:
    """Return Σ log λ − ∫ λ over the targets' window, in nats (Ogata 1998, eq. 7), over all pairs.

    `background` (target,) is the rate at the targets where it is not the model's own: a map must leave out
    each event at its own place.
    """
    theta = kernel_parameters(model)
    triggered = triggered_intensity(
        window.days, window.points, window.step, window.first_target, theta, EARTH_RADIUS_KM
    )
    expected, _ = triggered_integral(window, theta)
    at_targets = background_at(model, window) if background is None else background
    spontaneous = model.mu * region_area_km2 * window.length_days
    return float(np.log(at_targets + triggered).sum() - spontaneous - expected)


@dataclass(frozen=True)
class NppScore:
    """Scores of the EarthquakeNPP benchmark, in nats per event: nll = −(temporal + spatial)."""

    nll: float
    temporal: float
    spatial: float
    n_events: int


def rounded_half_up(catalogue: Catalogue, magnitude_bin: float) -> Catalogue:
    """Return a catalogue with magnitudes as EarthquakeNPP rounds them; bins of 0 leave them as they are."""
    if magnitude_bin <= 0:
        return catalogue
    return replace(catalogue, magnitude=bin_start(catalogue.magnitude + magnitude_bin / 2, magnitude_bin))


def npp_score(
    model: ETAS,
    catalogue: Catalogue,
    auxiliary_start: np.datetime64 | str,
    test_start: np.datetime64 | str,
    test_end: np.datetime64 | str,
    region_area_km2: float,
    magnitude_bin: float = 0.1,
) -> NppScore:
    """Return the per-event negative log-likelihood on a test window as EarthquakeNPP computes it.

    It follows the benchmark in three points where a textbook would not: the integral of λ ends at the last
    event instead of the window's end; of the sources before the window, the aftershocks expected between its
    start and its first event are left out; and magnitudes are rounded to bins.

    Parameters
    ----------
    model : ETAS
        Judged as it is; nothing is fitted.
    catalogue : Catalogue
        All events of the region, sources and targets.
    auxiliary_start, test_start, test_end : datetime64 or str
        UTC. Events from `auxiliary_start` on are sources, those of the test window targets too.
    region_area_km2 : float
        In km².
    magnitude_bin : float
        Width of the bins that magnitudes are rounded to, halves up; 0 for none.

    Returns
    -------
    NppScore
        In nats per event, its spatial part with densities per km².

    Raises
    ------
    InputError
        Where the test window holds no event.
    """
    catalogue = rounded_half_up(catalogue, magnitude_bin)
    window = make_window(catalogue, auxiliary_start, test_start, test_end, model.min_magnitude)
    if window.n_targets == 0:
        raise InputError(f"{catalogue.name} holds no event from {test_start} to {test_end}")
    theta = kernel_parameters(model)
    first = window.first_target
    triggered = triggered_intensity(window.days, window.points, window.step, first, theta, EARTH_RADIUS_KM)
    # k0 e^{aΔm} π/(ρ D^ρ): the number of aftershocks without the integral over time.
    magnitude = model.min_magnitude + window.step
    number = model.productivity(magnitude) / model.time_integral()
    in_time = temporal_intensity(window.days, number, first, model.c_days, model.omega, model.tau_days)
    background = model.mu * region_area_km2

    def expected_until(event: int) -> float:
        elapsed = window.days[event] - window.days[:event]
        return float(number[:event] @ (model.time_integral() - model.time_integral(elapsed)))

    last = len(window.days) - 1
    integral = (
        background * (window.days[last] - window.start_day) + expected_until(last) - expected_until(first)
    )
    n = window.n_targets
    log_rate = np.log(background_at(model, window) + triggered).sum()
    temporal = (np.log(background + in_time).sum() - integral) / n
    nll = -(log_rate - integral) / n
    return NppScore(float(nll), float(temporal), float(-nll - temporal), n)
