"""The published model, the variances, the folds, and what the learned residual may do."""

import numpy as np
import pytest
import torch
from motion_cases import SETTINGS
from scipy.optimize import minimize

from terrella.errors import InputError
from terrella.motion.flatfile.table import MECHANISMS, numbered, scenarios
from terrella.motion.learning.features import ENOUGH, drift_features, gate, make_drift, support_of, supported
from terrella.motion.learning.folds import make_folds
from terrella.motion.learning.held_out import fit_shift, fitted_held_out, network_held_out
from terrella.motion.learning.joint_density import make_loss, started
from terrella.motion.learning.monotone import keep_monotone
from terrella.motion.learning.prepared import prepare, samples_of
from terrella.motion.learning.start import mixed_solution
from terrella.motion.learning.training import network_for
from terrella.motion.models.bssa14 import deviations, median
from terrella.motion.models.linear import fit_linear
from terrella.motion.models.peers import peer_median
from terrella.motion.models.variance import at_magnitude, by_magnitude, crossed, sums_by_event, tau_phi
from terrella.motion.synthetic import PHI_S2S, PHI_SS, TAU, make_synthetic, true_median

MEASURES = ("PGA", "PGV", "SA(0.02)", "SA(0.2)", "SA(1)", "SA(7.5)")


@pytest.fixture(scope="module")
def made():
    return make_synthetic(60, 40, ("PGA", "SA(1)"), 0).records


@pytest.fixture(scope="module")
def given(made):
    return prepare(made, SETTINGS, "mark")


def some_scenarios(mechanism: str, n: int = 25):
    draw = np.random.default_rng(5)
    return scenarios(draw.uniform(3.1, 8, n), draw.uniform(0, 290, n), draw.uniform(160, 1490, n), mechanism)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_bssa14_is_that_of_pygmm(mechanism):
    pytest.importorskip("pygmm")
    asked = some_scenarios(mechanism)
    assert np.allclose(median(asked, MEASURES), peer_median("BSSA14 (pygmm)", asked, MEASURES), atol=1e-9)


def test_bssa14_has_the_deviations_of_pygmm():
    pygmm = pytest.importorskip("pygmm")
    asked = some_scenarios("SS", 12)
    tau, phi = deviations(asked, ("PGA", "PGV"))
    for at in range(12):
        scenario = pygmm.Scenario(
            mag=asked.magnitude[at], dist_jb=asked.rjb_km[at], v_s30=asked.vs30_m_s[at], mechanism="SS"
        )
        theirs = pygmm.BooreStewartSeyhanAtkinson2014(scenario)
        for column, index in ((0, theirs.INDEX_PGA), (1, theirs.INDEX_PGV)):
            assert np.isclose(tau[at, column], theirs._tau[index])
            assert np.isclose(phi[at, column], theirs._phi[index])


def nested(events: int, tau: float, phi: float, seed: int = 0):
    draw = np.random.default_rng(seed)
    event = np.repeat(np.arange(events), draw.integers(1, 12, events))
    return tau * draw.normal(size=events)[event] + phi * draw.normal(size=len(event)), event


def test_tau_and_phi_are_those_of_the_largest_likelihood():
    residual, event = nested(80, 0.5, 0.7)
    sums = sums_by_event(residual, event)

    def minus_log(logs):
        t, f = np.exp(2 * logs)
        n = sums.number
        return (
            (n - 1) * np.log(f) + np.log(f + n * t) + (sums.squares - t * sums.total**2 / (f + n * t)) / f
        ).sum()

    best = np.exp(minimize(minus_log, np.log([0.4, 0.6]), method="Nelder-Mead", options={"xatol": 1e-7}).x)
    tau, phi = tau_phi(sums, np.ones((1, 80)))
    assert np.allclose([tau[0], phi[0]], best, rtol=2e-3)


def test_tau_and_phi_are_found_again():
    tau, phi = tau_phi(sums_by_event(*nested(4000, 0.4, 0.6)), np.ones((1, 4000)))
    assert np.allclose([tau[0], phi[0]], [0.4, 0.6], rtol=0.03)
    alike, event = nested(200, 0.0, 0.6)
    assert tau_phi(sums_by_event(alike, event), np.ones((1, 200)))[0][0] < 0.1


def test_deviations_that_depend_on_magnitude_are_found_again():
    residual, event = nested(3000, 1.0, 0.0)
    draw = np.random.default_rng(1)
    m = draw.uniform(4, 6, 3000)
    knots = np.array([[0.6, 0.3], [0.8, 0.5]])
    tau, phi = at_magnitude(knots, m)
    residual = tau[event] * residual + phi[event] * draw.normal(size=len(event))
    assert np.allclose(by_magnitude(residual, event, m[event]), knots, rtol=0.08)


def test_a_far_station_moves_no_deviation_much(made):
    event, station = numbered(made.event), numbered(made.station)
    draw = np.random.default_rng(2)
    r = (
        TAU * draw.normal(size=60)[event]
        + PHI_S2S * draw.normal(size=40)[station]
        + PHI_SS * draw.normal(size=len(made))
    )
    plain = crossed(r, event, station)[2]
    off = crossed(r + 4.6 * (station == 3), event, station)[2]
    assert np.allclose(plain, [TAU, PHI_S2S, PHI_SS], rtol=0.35)
    assert off[1] < 1.35 * plain[1]


def test_the_start_is_generalised_least_squares(made):
    event, station = numbered(made.event), numbered(made.station)
    draw = np.random.default_rng(3)
    x, y = draw.normal(size=(len(made), 3)), draw.normal(size=len(made))
    found, of_event, of_station = mixed_solution(
        x, y, event, station, np.array([0.4, 0.5, 0.6]), np.full(3, 1e6), (60, 40)
    )
    covariance = (
        0.36 * np.eye(len(made)) + 0.16 * (event[:, None] == event) + 0.25 * (station[:, None] == station)
    )
    weighted = np.linalg.solve(covariance, np.column_stack([x, y]))
    assert np.allclose(found, np.linalg.solve(x.T @ weighted[:, :3], x.T @ weighted[:, 3]))
    left = np.linalg.solve(covariance, y - x @ found)
    assert np.allclose(of_event, 0.16 * np.bincount(event, left, 60))
    assert np.allclose(of_station, 0.25 * np.bincount(station, left, 40))


def test_the_start_is_where_the_loss_of_the_linear_part_is_least(given):
    torch.manual_seed(0)
    samples = samples_of(given)
    network = started(network_for(SETTINGS, given), samples)
    loss = make_loss(1.0, len(given.records))(network, samples)
    loss.backward()
    before = loss.item()
    # Stations' terms have other tails than a linear solution's: shift, slopes, drift and events are at rest.
    scale = network.out.grad.abs().max()
    assert network.event.grad.abs().max() < 0.05 * scale
    with torch.no_grad():
        network.shift += 0.3
    assert make_loss(1.0, len(given.records))(network, samples).item() > before


def test_no_member_sees_what_it_judges(made):
    folds = make_folds(made, 3, 2, 0)
    judging = folds.judging()
    for member in range(folds.members - 1):
        own, learned = judging == member, folds.learned(member)
        assert not set(made.event[own]) & set(made.event[learned])
        assert not set(made.station[own]) & set(made.station[learned])
    assert folds.learned(folds.members - 1).all()
    sizes = np.bincount(folds.of_event)
    assert sizes.max() < 1.5 * sizes.min()


def test_held_out_motions_do_not_depend_on_the_record_itself(given):
    samples = samples_of(given)
    at = 7
    same = (given.records.event == given.records.event[at]) | (
        given.records.station == given.records.station[at]
    )
    before = network_held_out(started(network_for(SETTINGS, given), samples), given)[at]
    samples["y"][torch.as_tensor(same)] += 5.0
    after = network_held_out(started(network_for(SETTINGS, given), samples), given)[at]
    assert np.allclose(before, after, atol=1e-5)
    shifted = fitted_held_out(given, fit_shift)
    assert np.isfinite(shifted).all()


@pytest.mark.parametrize(
    ("events", "stations", "words"), [(61, 2, "events are too few for 61"), (3, 99, "are too few for 99")]
)
def test_fewer_events_than_folds_are_refused(made, events, stations, words):
    with pytest.raises(InputError, match=words):
        make_folds(made, events, stations, 0)


def test_what_is_learned_is_kept_monotone(given):
    torch.manual_seed(1)
    network = network_for(SETTINGS, given)
    with torch.no_grad():
        network.slope[:, 1] += 3.0  # motions that grow with distance
        network.out += torch.randn_like(network.out)
    factors = keep_monotone(network, given.support, given.scaling, given.records.measures)
    assert (factors < 1).all()
    again = keep_monotone(network, given.support, given.scaling, given.records.measures)
    assert (again > 0.9).all()


def test_nothing_is_learned_where_no_event_tells(made):
    near = support_of(made)
    far = scenarios(np.array([8.2]), np.array([2.0]), np.array([500.0]))
    inside = scenarios(np.array([4.5]), np.array([120.0]), np.array([500.0]))
    assert gate(supported(near, far))[0] < 0.05
    assert gate(supported(near, inside))[0] > 0.6
    assert np.isclose(gate(np.array([ENOUGH]))[0], 0.5)


def test_many_records_of_one_event_tell_as_one(made):
    one = made.rows(made.event == made.event[0])
    assert support_of(one).max() <= 1.0


def test_a_drift_ends_where_the_years_do(made):
    drift = make_drift(made, 6.0)
    late, last, unknown = (
        drift_features(_in_year(year), drift) for year in (2090.0, drift.nodes[-1], np.nan)
    )
    assert np.allclose(late, last)
    assert (unknown == 0).all()
    assert len(make_drift(made.rows(made.event == made.event[0]), 6.0).nodes) == 0


def _in_year(year):
    from dataclasses import replace

    return replace(scenarios(np.array([5.0]), np.array([50.0]), np.array([400.0])), year=np.array([year]))


def test_a_linear_truth_is_found_by_the_linear_model(made):
    from dataclasses import replace

    from terrella.motion.models.linear import linear_terms

    truth = np.random.default_rng(4).normal(size=(9, 2))
    exact = replace(made, ln_motion=linear_terms(made) @ truth)
    assert np.allclose(fit_linear(exact, mixed=False).coefficients, truth, atol=1e-6)
    assert np.allclose(fit_linear(exact)(exact), exact.ln_motion, atol=1e-3)


def test_synthetic_records_scatter_about_their_truth():
    made = make_synthetic(150, 60, ("PGA",), 1)
    assert np.allclose(made.truth, true_median(made.records, ("PGA",)))
    # What instruments did not keep are the weakest motions: the mean is above the truth.
    assert 0 < (made.records.ln_motion - made.truth).mean() < 0.6
