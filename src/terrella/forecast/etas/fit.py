"""Maximum-likelihood fit of space–time ETAS, with standard errors.

The likelihood is Ogata's (1998), with every event's aftershocks integrated over the whole plane. It is
maximised on a sample of pairs of events (see `etas_pairs`) that is drawn anew at each solution until the
parameters settle; standard errors come from the curvature at the end.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from terrella.earth.magnitude import b_value
from terrella.engine.fit.interruption import held_interruption
from terrella.errors import InputError
from terrella.forecast.etas.background import Background, neighbour_distances, smoothed_shape
from terrella.forecast.etas.likelihood import Window, log_likelihood, make_window, triggered_integral
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.etas.pairs import Pairs, sample_pairs, sampled_intensity, triggered_intensity
from terrella.formats.catalogues.catalogue import Catalogue, Floats

NEIGHBOURS = (5.0, 15.0)  # whose distance is the bandwidth of a background event

# log10 or plain bounds of log uniform background, log smoothed background, and the kernel's eight parameters.
_LOW = np.array([-40, -40, -30, 0.1, np.log(1e-6), -0.5, np.log(1.0), np.log(1e-4), -0.5, 0.05])
_HIGH = np.array([5, 5, 10, 6.0, np.log(3.0), 1.5, np.log(1e5), np.log(1e4), 4.0, 5.0])
_LOGARITHMIC = np.array([True, True, True, False, True, False, True, True, False, False])
_NAMES = (
    "uniform background",
    "smoothed background",
    "k0",
    "a",
    "c_days",
    "omega",
    "tau_days",
    "d_km2",
    "gamma",
    "rho",
)

_PAIRS = 40  # pairs kept for each target
_ROUNDS = 8
_SETTLED = 3e-2  # largest change of a (logarithmic) parameter that ends the rounds
_LEVEL = 1.0  # gain of log-likelihood over all events that ends them too: far within the parameters' errors
_ALTERNATIONS = 4  # of background map and parameters
_LEAST_TARGETS = 50
_EVALUATIONS = 200  # most for one sample
_LEAST_GAIN = 1e-3  # nats, over all events
_LONGEST_STEP = 1.0


@dataclass(frozen=True, eq=False)
class EtasFit:
    """A fitted model and how it was reached; `standard_errors` are of the parameters themselves."""

    model: ETAS
    standard_errors: dict[str, float]
    log_likelihood: float
    n_events: int
    evaluations: int
    cpu_seconds: float
    converged: bool
    message: str


def fit_etas(
    catalogue: Catalogue,
    region_area_km2: float,
    auxiliary_start: np.datetime64 | str,
    start: np.datetime64 | str,
    end: np.datetime64 | str,
    min_magnitude: float,
    background: Literal["uniform", "smoothed"] = "uniform",
    progress: Callable[[str], None] = lambda line: None,
) -> EtasFit:
    """Return the ETAS model of largest likelihood on start ≤ time < end; earlier events act as sources.

    With a smoothed background its map is built from the targets, each weighted by its background probability,
    and left out at its own place (Zhuang, Ogata & Vere-Jones 2002); its bandwidth is the distance to as many
    neighbours, of those in `NEIGHBOURS`, as give the largest likelihood.

    Parameters
    ----------
    catalogue : Catalogue
        All events of the region; those below `min_magnitude` are left out here.
    region_area_km2 : float
        Area of the region that holds them, in km²; aftershocks are integrated over the whole plane.
    auxiliary_start, start, end : datetime64 or str
        UTC. Events from `auxiliary_start` on are sources, those from `start` on targets too.
    min_magnitude : float
        Magnitude from which the catalogue is complete.
    background : {"uniform", "smoothed"}
        One rate per day and km², or a map of it.
    progress : callable
        Takes a line of text at each round.

    Returns
    -------
    EtasFit
        The model, standard errors by the parameter's name, and the log-likelihood in nats.

    Raises
    ------
    InputError
        Where the window holds fewer than 50 events.

    References
    ----------
    Ogata (1998) for the likelihood; Mizrahi, Nandan & Wiemer (2021) for the parameters; Zhuang, Ogata &
    Vere-Jones (2002) for the smoothed background.
    """
    began = time.process_time()
    window = make_window(catalogue, auxiliary_start, start, end, min_magnitude)
    if window.n_targets < _LEAST_TARGETS:
        raise InputError(
            f"{catalogue.name}: {window.n_targets} events of magnitude {min_magnitude} or more from {start} to "
            f"{end}; fitting ETAS takes at least {_LEAST_TARGETS}. Lower the magnitude or lengthen the window"
        )
    targets = min_magnitude + window.step[window.first_target :]
    beta = np.log(10) * b_value(targets, min_magnitude).b
    problem = _Problem(window, region_area_km2, None)
    bandwidth = None
    if background == "smoothed":
        solution, problem, bandwidth = _fit_smoothed(problem, progress)
    else:
        solution = _solve(problem, _start(problem), progress)
    model = _model(solution, problem, min_magnitude, float(beta), bandwidth)
    errors = _standard_errors(solution, problem)
    exact = log_likelihood(model, window, region_area_km2, _total_background(solution.x, problem))
    cpu_seconds = time.process_time() - began
    how = "converged" if solution.converged else "did NOT converge: " + solution.message
    remarks = etas_remarks(model)
    return EtasFit(
        model=model,
        standard_errors=dict(zip(_NAMES, errors.tolist(), strict=True)),
        log_likelihood=exact,
        n_events=window.n_targets,
        evaluations=solution.evaluations,
        cpu_seconds=cpu_seconds,
        converged=solution.converged,
        message=f"ETAS {how}: {exact / window.n_targets:.4f} nats per event, "
        f"branching ratio {model.branching_ratio():.2f}, {solution.evaluations} evaluations, "
        f"{cpu_seconds:.1f} CPU seconds" + "".join(f"; {remark}" for remark in remarks),
    )


def etas_remarks(model: ETAS) -> list[str]:
    """Return in words what a fit left in doubt: parameters at their bounds, and a process that explodes."""
    kernel = [getattr(model, name) for name in _NAMES[2:]]
    x = np.where(_LOGARITHMIC[2:], np.log(np.maximum(kernel, 1e-300)), kernel)
    held = [name for name, at in zip(_NAMES[2:], _at_bound(x, slice(2, None)), strict=True) if at]
    said = [f"at their bounds: {', '.join(held)}"] if held else []
    ratio = model.branching_ratio()
    if ratio >= 1:
        said.append(
            f"a branching ratio of {ratio:.2f}, 1 or more, lets sequences grow without end: do not trust "
            "forecasts of many months; a longer training window may help"
        )
    return said


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is fitted: a window, and the shape of its smoothed background at the targets (1/km²) if any."""

    window: Window
    area_km2: float
    shape: Floats | None


@dataclass(frozen=True, eq=False)
class _Solution:
    x: Floats
    loss: float
    pairs: Pairs
    probability: Floats  # that a target is background
    evaluations: int
    converged: bool
    message: str


def _start(problem: _Problem) -> Floats:
    """Return common values for M ≥ 2.5 or so, with a background of a third of the events."""
    rate = problem.window.n_targets / problem.window.length_days / problem.area_km2
    x = np.array([rate / 3, rate / 3, 1.0, 1.6, 0.005, 0.0, 3000.0, 0.3, 1.0, 0.6])
    x[_LOGARITHMIC] = np.log(x[_LOGARITHMIC])
    # k0 such that triggered events make up the other two thirds.
    expected, _ = triggered_integral(problem.window, _theta(x))
    x[2] += np.log(problem.window.n_targets * 2 / 3 / expected)
    return x


def _theta(x: Floats) -> Floats:
    return np.where(_LOGARITHMIC, np.exp(x), x)[2:]


def _total_background(x: Floats, problem: _Problem) -> Floats:
    uniform, smoothed = _background(x, problem)
    return uniform + smoothed


def _background(x: Floats, problem: _Problem) -> tuple[Floats, Floats]:
    """Return the uniform and the smoothed background rate at the targets, per day and km²."""
    uniform = np.full(problem.window.n_targets, np.exp(x[0]))
    if problem.shape is None:
        return uniform, np.zeros_like(uniform)
    # The second parameter is a mean rate per km² too, so that both are of one size.
    return uniform, np.exp(x[1]) * problem.area_km2 * problem.shape


def _loss(x: Floats, problem: _Problem, pairs: Pairs) -> tuple[float, Floats, Floats]:
    """Return the negative log-likelihood, its gradient and its expected curvature, on a sample of pairs.

    The curvature is Σ ∂λ ∂λᵀ / λ² over the targets (Ogata 1978): never negative, and that of the likelihood
    itself near the best parameters.
    """
    window, theta = problem.window, _theta(x)
    uniform, smoothed = _background(x, problem)
    with held_interruption():
        triggered, slopes = sampled_intensity(pairs, window.step, theta)
        expected, expected_slopes = triggered_integral(window, theta)
    intensity = uniform + smoothed + triggered
    scores = np.column_stack([uniform, smoothed, slopes]) / intensity[:, None]
    spontaneous = problem.area_km2 * window.length_days * np.exp(x[:2]) * [1, problem.shape is not None]
    gradient = np.concatenate([spontaneous, expected_slopes]) - scores.sum(0)
    return float(spontaneous.sum() + expected - np.log(intensity).sum()), gradient, scores.T @ scores


@dataclass(frozen=True, eq=False)
class _Minimum:
    x: Floats
    loss: float
    gained: float  # of the likelihood, since the start
    evaluations: int
    found: bool


def _minimise(x: Floats, problem: _Problem, pairs: Pairs) -> _Minimum:
    """Return the smallest negative log-likelihood within the bounds, by damped Fisher scoring.

    Steps are damped as by Levenberg and Marquardt, and end where the next one promises less than
    `_LEAST_GAIN`.
    """
    loss, gradient, curvature = _loss(x, problem, pairs)
    begin = loss
    damping, fitted = 1e-2, _fitted(problem)
    for evaluation in range(1, _EVALUATIONS):
        free = fitted & ~((x <= _LOW) & (gradient > 0)) & ~((x >= _HIGH) & (gradient < 0))
        slope, bend = gradient[free], curvature[np.ix_(free, free)]
        diagonal = np.diag(np.diag(bend) + 1e-9)
        if slope @ np.linalg.solve(bend + 1e-9 * diagonal, slope) / 2 < _LEAST_GAIN:
            return _Minimum(x, loss, begin - loss, evaluation, True)
        step = np.zeros(len(x))
        step[free] = -np.linalg.solve(bend + damping * diagonal, slope)
        tried = np.clip(x + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP), _LOW, _HIGH)
        there = _loss(tried, problem, pairs)
        if there[0] < loss:
            x, (loss, gradient, curvature), damping = tried, there, damping / 5
        elif damping > 1e8:
            break
        else:
            damping *= 6
    return _Minimum(x, loss, begin - loss, evaluation + 1, False)


def _fitted(problem: _Problem) -> npt.NDArray[np.bool_]:
    """Return which parameters there are: a uniform background has no smoothed part."""
    return (np.arange(len(_NAMES)) != 1) | (problem.shape is not None)


def _at_bound(x: Floats, which: slice = slice(None)) -> npt.NDArray[np.bool_]:
    return (x < _LOW[which] + 1e-6) | (x > _HIGH[which] - 1e-6)


def _solve(
    problem: _Problem,
    x: Floats,
    progress: Callable[[str], None],
    pairs: Pairs | None = None,
    rounds: int = _ROUNDS,
) -> _Solution:
    """Return the parameters of largest likelihood, on pairs that are drawn anew in every round but the first."""
    window, evaluations = problem.window, 0
    for round_ in range(rounds):
        if pairs is None or round_ > 0:
            pairs = _draw(x, problem, pairs)
        minimum = _minimise(x, problem, pairs)
        evaluations += minimum.evaluations
        # The kernel's parameters, and both parts of a background where there are two.
        moved = np.abs(minimum.x - x)[0 if problem.shape is not None else 2 :].max()
        x = minimum.x
        progress(
            f"round {round_ + 1}: {-minimum.loss / window.n_targets:.5f} nats per event, moved by {moved:.1g}, "
            f"gained {minimum.gained:.2g} nats"
        )
        settled = moved < _SETTLED or minimum.gained < _LEVEL
        if settled:
            break
    assert pairs is not None
    background = _total_background(x, problem)
    sampled, _ = sampled_intensity(pairs, window.step, _theta(x))
    converged = bool(minimum.found and (settled or rounds == 1))
    message = (
        f"the likelihood still rose by {minimum.gained:.1f} nats"
        if minimum.found
        else "no maximum of the likelihood was found"
    )
    return _Solution(
        x, minimum.loss, pairs, background / (background + sampled), evaluations, converged, message
    )


def _draw(x: Floats, problem: _Problem, before: Pairs | None) -> Pairs:
    """Return a sample of pairs under x; its spacing comes from an earlier sample where there is one."""
    window, theta = problem.window, _theta(x)
    events = window.days, window.points, window.step, window.first_target
    if before is None:
        triggered = triggered_intensity(*events, theta, EARTH_RADIUS_KM)
    else:
        triggered, _ = sampled_intensity(before, window.step, theta)
    spacing = (triggered + _total_background(x, problem)) / _PAIRS
    return sample_pairs(*events, theta, spacing, EARTH_RADIUS_KM)


def _fit_smoothed(problem: _Problem, progress: Callable[[str], None]) -> tuple[_Solution, _Problem, Floats]:
    """Return the solution with the best smoothed background, and the bandwidths of its events.

    For each number of neighbours the map, at first of all events alike, and the parameters are alternated on
    one sample of pairs; the best goes on to samples of its own.
    """
    window = problem.window
    targets = slice(window.first_target, None)
    longitude, latitude = window.longitude[targets], window.latitude[targets]
    begin = _start(problem)
    pairs = _draw(begin, problem, None)
    tried: list[tuple[float, float, Floats, _Solution, _Problem]] = []
    for neighbours in NEIGHBOURS:
        x, weight = begin, np.ones(window.n_targets)
        for _ in range(_ALTERNATIONS):
            bandwidth = neighbour_distances(longitude, latitude, weight, neighbours)
            shape = smoothed_shape(
                longitude, latitude, weight, bandwidth, longitude, latitude, leave_one_out=True
            )
            fitted = replace(problem, shape=shape)
            current = _solve(fitted, x, lambda line: None, pairs, rounds=1)
            x, weight = current.x, current.probability
        progress(f"{neighbours:g} neighbours: {-current.loss / window.n_targets:.5f} nats per event")
        tried.append((current.loss, neighbours, bandwidth, current, fitted))
    _, _, bandwidth, current, fitted = min(tried, key=lambda each: each[:2])
    return _solve(fitted, current.x, progress), fitted, bandwidth


def _model(
    solution: _Solution, problem: _Problem, min_magnitude: float, beta: float, bandwidth_km: Floats | None
) -> ETAS:
    window, targets = problem.window, slice(problem.window.first_target, None)
    uniform_rate, smoothed_rate = np.exp(solution.x[0]), np.exp(solution.x[1])
    background = None
    if bandwidth_km is not None:
        background = Background(
            longitude=window.longitude[targets],
            latitude=window.latitude[targets],
            weight=solution.probability,
            bandwidth_km=bandwidth_km,
            uniform_rate=float(uniform_rate),
            smoothed_rate=float(smoothed_rate * problem.area_km2),
        )
    mu = uniform_rate + (smoothed_rate if background is not None else 0.0)
    k0, a, c_days, omega, tau_days, d_km2, gamma, rho = (float(value) for value in _theta(solution.x))
    return ETAS(float(mu), k0, a, c_days, omega, tau_days, d_km2, gamma, rho, min_magnitude, beta, background)


def _standard_errors(solution: _Solution, problem: _Problem) -> Floats:
    """Return standard errors from the observed information, by differences of the gradient."""
    # At a bound a parameter is held: it has no error.
    free = _fitted(problem) & ~_at_bound(solution.x)
    step, hessian = 1e-4, np.zeros((10, 10))
    for k in np.flatnonzero(free):
        shift = step * (np.arange(10) == k)
        up, down = (_loss(solution.x + s, problem, solution.pairs)[1] for s in (shift, -shift))
        hessian[k] = (up - down) / (2 * step)
    hessian = (hessian + hessian.T)[np.ix_(free, free)] / 2
    variance = np.full(10, np.nan)
    variance[free] = np.diag(np.linalg.pinv(hessian))
    errors = np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.where(_LOGARITHMIC, np.exp(solution.x) * errors, errors)
