"""The filter, folds, widths and scores of `field`, on simulated fields of a known truth."""

import json

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from terrella.earth.sphere import unit_vectors
from terrella.engine.judge.comparing import gaussian_crps
from terrella.errors import InputError
from terrella.field.harmonics.schmidt import design
from terrella.field.judging.generations import read_generations
from terrella.field.learning.calibration import issue, spread_of
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import INPUTS, RAD_YR, half_square, make_pairs, make_virtual
from terrella.field.learning.prepared import prepare
from terrella.field.observatories.table import Observatories, Site
from terrella.field.secular_variation.baselines import BACK, LAST, LINEAR, OWN, QUADRATIC
from terrella.field.secular_variation.filter import filtered
from terrella.field.secular_variation.law import yearly_change
from terrella.field.secular_variation.rotation import accelerations
from terrella.field.settings import FieldSettings
from terrella.field.simulated import DRIFT_RAD_YR, N_MAX, simulate

DEGREE, HORIZON = 5, 5


@pytest.fixture(scope="module")
def made():
    return simulate(40, 24, 3)


@pytest.fixture(scope="module")
def rates(made):
    return filtered(made.observatories, DEGREE, 4.0)


@pytest.fixture(scope="module")
def prepared(made):
    settings = FieldSettings.model_validate(
        {"data": {"degree": DEGREE, "regions": 2, "blocks": 2, "virtual": 20}}
    )
    return prepare(made.observatories, settings, "")


def test_the_filter_finds_a_rate_that_is_steady():
    draw = np.random.default_rng(0)
    place = unit_vectors(draw.uniform(-180, 180, 60), np.degrees(np.arcsin(draw.uniform(-1, 1, 60))))
    latitude, longitude = np.degrees(np.arcsin(place[:, 2])), np.degrees(np.arctan2(place[:, 1], place[:, 0]))
    rate = draw.normal(0, 3, 15)
    years = 2000.5 + np.arange(12)
    change = design(np.full(60, 6371.2), latitude, longitude, 3) @ rate
    field = years[:, None, None] * change + draw.normal(0, 0.1, (12, 60, 3))
    sites = tuple(
        Site(str(k), a, b, 6371.2) for k, (a, b) in enumerate(zip(latitude, longitude, strict=True))
    )
    found = filtered(Observatories(sites, years, field), 3, 0.5)
    assert np.allclose(found.ahead(5)[-1], rate, atol=0.2)
    assert (found.deviation[-1] < found.deviation[0]).all()


def test_the_filter_knows_nothing_of_later_years(made, rates):
    given = made.observatories
    cut = filtered(given.until(given.years[15]), DEGREE, 4.0)
    assert np.allclose(cut.last, rates.last[:16])
    assert np.allclose(cut.middle, rates.middle[:16])


def test_classical_methods_are_exact_where_they_should_be():
    t = np.arange(-BACK, 1.0)
    line, parabola = 3 * t + 7, 2 * t**2 - 3 * t + 1
    past = np.stack([line, parabola], 1)[None]
    assert OWN[LAST](past, 5)[0, 0] == pytest.approx(15)
    assert OWN[LINEAR](past, 5)[0, 0] == pytest.approx(15)
    assert np.allclose(OWN[QUADRATIC](past, 5)[0], [15, 2 * 25 - 15])


def test_pairs_of_a_turning_field_are_what_the_rotation_makes(made, rates):
    pairs = make_pairs(made.observatories, rates, HORIZON, np.arange(BACK, 12))
    given = made.observatories
    k = 5
    of_site = design(given.radius_km, given.latitude, given.longitude, DEGREE)[pairs.site[k]]
    expected = half_square(HORIZON) * of_site @ accelerations(DEGREE)[0] @ rates.last[pairs.origin[k]]
    assert np.allclose(pairs.turned[k, :, 0], expected)
    change = (
        given.field[pairs.origin[k] + HORIZON, pairs.site[k]] - given.field[pairs.origin[k], pairs.site[k]]
    )
    assert np.allclose(pairs.change[k], change, equal_nan=True)
    assert half_square(HORIZON) == pytest.approx(RAD_YR * (4.5**2 / 2 + 1 / 24))


def test_no_member_learns_from_its_region_or_from_what_came_later(prepared):
    pairs, folds = prepared.pairs, prepared.folds
    learned = folds.learned()
    assert learned.shape == (len(pairs), folds.members)
    for row in np.flatnonzero(folds.block >= 0):
        member = int(folds.member(folds.region[row], folds.block[row]))
        own = learned[:, member]
        assert not (own & (folds.region == folds.region[row])).any()
        assert (pairs.origin[own] + HORIZON <= pairs.origin[folds.block == folds.block[row]].min()).all()
    assert learned[:, -1].all()
    assert prepared.learned.shape[0] == len(pairs) + len(prepared.virtual)
    own = prepared.learned[len(pairs) :, 0].numpy() > 0
    assert (prepared.virtual.origin[own] <= folds.known_until[0]).all()


def test_too_few_years_or_observatories_are_told(made):
    given = made.observatories
    short = given.until(given.years[7])
    for given, data, words in (
        (made.observatories, {"blocks": 12}, "24 years are too few: 12 blocks"),
        (short, {}, "8 years are too few to forecast 5 years ahead"),
        (made.observatories, {"regions": 200}, "are too few for 200 regions"),
    ):
        with pytest.raises(InputError, match=words):
            prepare(given, FieldSettings.model_validate({"data": {"degree": 3, **data}}), "")


def test_a_virtual_observatory_learns_what_the_filter_s_analyses_say(rates):
    points, virtual = make_virtual(rates, HORIZON, np.arange(BACK, 24), 20)
    k = 17
    of_site = design(points.radius_km, points.latitude, points.longitude, DEGREE)[virtual.site[k]]
    at = virtual.origin[k]
    assert np.allclose(virtual.change[k], of_site @ rates.middle[at + 1 : at + HORIZON + 1].sum(0))
    assert virtual.origin.max() + HORIZON < 24
    assert np.abs(np.sin(np.radians(points.latitude)).mean()) < 0.05


def test_an_untrained_network_leaves_the_filtered_rate_as_it_is():
    network = FieldNetwork(3, len(INPUTS), hidden=4)
    mean, deviation = network(torch.randn(5, len(INPUTS)), torch.randn(5, 3, 3))
    assert (mean == 0).all()
    assert torch.allclose(deviation.exp(), torch.tensor(40.0))


def test_the_simulated_field_drifts_and_its_rate_is_continuous():
    made = simulate(12, 60, 5)
    assert made.truth.shape == (60, N_MAX * (N_MAX + 2))
    rate = np.diff(made.truth, axis=0)
    # Least squares, each coefficient weighted by what its rate changes in a year without drift.
    turn = np.einsum("cd,td->tc", accelerations(N_MAX)[0], rate[:-1]) / yearly_change(N_MAX)
    change = np.diff(rate, axis=0) / yearly_change(N_MAX)
    found = (change * turn).sum() / (turn**2).sum()
    assert found == pytest.approx(DRIFT_RAD_YR, abs=0.0015)
    assert np.abs(change).mean() < 2  # no steps
    again = simulate(12, 60, 5)
    assert np.array_equal(made.observatories.field, again.observatories.field, equal_nan=True)
    assert np.array_equal(simulate(12, 25, 5).truth, made.truth[:25])


def test_widths_hold_what_they_say_where_errors_are_alike():
    draw = np.random.default_rng(0)
    deviation = draw.uniform(1, 5, (6000, 3))
    errors = 2 * deviation * draw.standard_t(4, (6000, 3))
    spread = spread_of(errors[:3000], deviation[:3000])
    issued = issue(np.zeros((3000, 3)), deviation[3000:], spread)
    inside = [(np.abs(errors[3000:]) <= half).mean() for half in issued.half]
    assert inside == pytest.approx([0.5, 0.9], abs=0.03)
    assert spread_of(errors[:60], deviation[:60])[2].mean() > spread[2].mean()  # few errors: wider


def test_crps_is_its_definition():
    for off, deviation in ((0.0, 1.0), (2.5, 1.5), (-30.0, 20.0)):
        integral = quad(lambda x: norm.cdf(x, 0, deviation) ** 2, -400, off)[0]  # noqa: B023
        integral += quad(lambda x: norm.sf(x, 0, deviation) ** 2, off, 400)[0]  # noqa: B023
        assert gaussian_crps(np.array(off), np.array(deviation)) == pytest.approx(integral, rel=1e-5)


def test_generations_that_cannot_be_compared_are_told(tmp_path):
    with pytest.raises(InputError, match="fewer than two generations"):
        read_generations(tmp_path)
    (tmp_path / "older.json").write_text(json.dumps({"igrf11": {"epochs": [2010]}}))
    with pytest.raises(InputError, match="is no file of generations"):
        read_generations(tmp_path)
