"""The aftershock law against sequences simulated from it, and the rules of what a mainshock is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import box
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.reasenberg_jones import (
    ReasenbergJones,
    fit_reasenberg_jones,
    mainshocks,
    omori_integral,
    rupture_length_km,
    window_days,
    window_km,
)
from terrella.forecast.windows import Windows
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

EPOCH = np.datetime64("2000-01-01", "us")
WINDOWS = Windows(EPOCH, 0.0, 0.0, 6000.0, 7000.0, 8000.0)
LAW = {"a": -1.5, "b": 0.9, "p": 1.1, "c_days": 0.03, "zone_scale": 0.4}


@pytest.fixture(scope="module")
def region() -> Grid:
    return make_grid(box(0, 8, 0, 8), 0.4)


@pytest.fixture(scope="module")
def climatology(region: Grid) -> Climatology:
    return Climatology(np.full(region.mask.size, 0.02 / region.mask.size), "fixed", 10.0, 1.0)


@pytest.fixture(scope="module")
def sequences() -> Catalogue:
    """Sequences of the law, far from each other so that none counts another's, and a sparse background."""
    draw = np.random.default_rng(8)
    parts = []
    for x, y in np.stack(np.meshgrid(np.arange(0.8, 8, 1.6), np.arange(0.8, 8, 1.6)), -1).reshape(-1, 2):
        magnitude, day = draw.uniform(5.5, 6.5), draw.uniform(0, 5000)
        lasting = float(window_days(np.array(magnitude)))
        strength = 10 ** (LAW["a"] + LAW["b"] * (magnitude - 3))
        number = draw.poisson(strength * float(omori_integral(np.array(lasting), LAW["p"], LAW["c_days"])))
        # Inverse of the Omori integral between 0 and the window's end.
        p, c = LAW["p"], LAW["c_days"]
        low, high = c ** (1 - p), (lasting + c) ** (1 - p)
        age = (low + draw.random(number) * (high - low)) ** (1 / (1 - p)) - c
        zone = (LAW["zone_scale"] * rupture_length_km(np.array(magnitude))) ** 2 + 1
        radius = np.sqrt(zone * (1 / draw.random(number) - 1)) / 111.195
        angle = draw.uniform(0, 2 * np.pi, number)
        parts.append([[day], [x], [y], [magnitude]])
        # Gutenberg–Richter magnitudes, none above the mainshock's.
        reach = 1 - 10 ** (-LAW["b"] * (magnitude - 3))
        steps = -np.log10(1 - reach * draw.random(number)) / LAW["b"]
        parts.append([day + age, x + radius * np.cos(angle), y + radius * np.sin(angle), 3 + steps])
    n = 120
    parts.append([draw.uniform(0, 6000, n), draw.uniform(0, 8, n), draw.uniform(0, 8, n), np.full(n, 3.0)])
    days, longitude, latitude, magnitude = (np.concatenate([part[k] for part in parts]) for k in range(4))
    inside = np.abs(latitude) < 80
    time = EPOCH + (days[inside] * 86_400e6).astype("timedelta64[us]")
    return make_catalogue(time, longitude[inside], latitude[inside], magnitude[inside])


def test_the_law_that_made_the_sequences_is_found(
    sequences: Catalogue, region: Grid, climatology: Climatology
) -> None:
    fitted = fit_reasenberg_jones(sequences, region, WINDOWS, climatology)
    assert 25 <= fitted.n_mainshocks < 50
    assert fitted.n_aftershocks > 1000
    assert fitted.b == pytest.approx(LAW["b"], abs=0.03)
    assert fitted.a == pytest.approx(LAW["a"], abs=0.1)
    assert fitted.p == pytest.approx(LAW["p"], abs=0.05)
    assert fitted.c_days == pytest.approx(LAW["c_days"], rel=0.4)
    assert fitted.zone_scale == pytest.approx(LAW["zone_scale"], rel=0.1)


def test_counts_are_the_law_over_the_horizon_plus_climatology() -> None:
    wide = make_grid(box(-6, 6, -6, 6), 0.4)
    rate = np.full(wide.mask.size, 1e-4)
    model = ReasenbergJones(**LAW, min_magnitude=3.0, n_mainshocks=1, n_aftershocks=1, rate_per_day=rate)
    one = make_catalogue(["2000-01-02"], [0.07], [0.03], [6.0])
    issue = np.array([0.5, 1.0, 1.01, 11.0, 2000.0])
    counts = model.expected_counts(issue, 7.0, wide, model.sequences_of(one, EPOCH)).astype(float)
    triggered = counts - 7e-4
    # Before, and at the very time of, the mainshock, and after its window, only climatology.
    np.testing.assert_allclose(triggered[[0, 1, 4]], 0, atol=1e-8)
    for row, age in ((2, 0.01), (3, 10.0)):
        number = quad(lambda t: 10 ** (-1.5 + 2.7) * (t + 0.03) ** -1.1, age, age + 7)[0]
        assert triggered[row].sum() == pytest.approx(number, rel=0.01)
    # Half of them lie within √D = √((0.4 · 12.6)² + 1) = 5.1 km: most of them in the mainshock's cell.
    assert triggered[2].argmax() == wide.cell_of(np.array([0.07]), np.array([0.03]))[0]


def test_aftershocks_are_no_mainshocks_and_foreshocks_only_until_the_larger_event() -> None:
    four = make_catalogue(
        ["2000-01-01", "2000-01-03", "2000-01-05", "2000-01-06"],
        [1.0, 1.05, 1.0, 7.0],
        [1.0, 1.05, 1.0, 7.0],
        [5.0, 6.0, 5.9, 5.0],
    )
    main, until = mainshocks(four, EPOCH, 4.5)
    np.testing.assert_array_equal(main.magnitude, [5.0, 6.0, 5.0])
    expected = [2.0, 2 + float(window_days(np.array(6.0))), 5 + float(window_days(np.array(5.0)))]
    np.testing.assert_allclose(until, expected)


def test_gardner_knopoff_windows_are_those_of_their_table() -> None:
    """Table 1 of the paper: M 4.0 30 km 42 d, M 5.0 40 km 155 d, M 6.0 54 km 510 d, M 7.0 70 km 915 d."""
    magnitude = np.array([4.0, 5.0, 6.0, 7.0])
    np.testing.assert_allclose(window_km(magnitude), [30, 40, 54, 70], rtol=0.03)
    np.testing.assert_allclose(window_days(magnitude), [42, 155, 510, 915], rtol=0.09)


def test_rupture_lengths_are_those_of_wells_and_coppersmith() -> None:
    np.testing.assert_allclose(rupture_length_km(np.array([5.0, 7.0])), [3.24, 48.98], rtol=2e-3)


@pytest.mark.parametrize("p", [0.8, 1.0, 1.3])
def test_omori_integral_is_the_integral(p: float) -> None:
    integral = quad(lambda t: (t + 0.02) ** -p, 0, 30, epsabs=1e-10)[0]
    assert float(omori_integral(np.array(30.0), p, 0.02)) == pytest.approx(integral, rel=1e-8)


def test_the_future_does_not_matter(sequences: Catalogue, region: Grid) -> None:
    """A larger event later makes earlier ones foreshocks, but not before it happens."""
    rate = np.full(region.mask.size, 1e-4)
    model = ReasenbergJones(**LAW, min_magnitude=3.0, n_mainshocks=1, n_aftershocks=1, rate_per_day=rate)
    days = sequences.days_since(EPOCH)
    issue = np.array([1000.0, days[len(days) // 2]])
    after = days >= issue.max()
    scrambled = replace(
        sequences,
        magnitude=np.where(after, 6.9, sequences.magnitude),
        longitude=np.where(after, sequences.longitude[::-1], sequences.longitude),
    )
    reference = model.expected_counts(issue, 7.0, region, model.sequences_of(sequences, EPOCH))
    np.testing.assert_allclose(
        model.expected_counts(issue, 7.0, region, model.sequences_of(scrambled, EPOCH)), reference, rtol=1e-5
    )
    np.testing.assert_allclose(
        model.expected_counts(issue, 7.0, region, model.sequences_of(sequences[~after], EPOCH)),
        reference,
        rtol=1e-5,
    )
    assert reference.max() > 10 * reference.min()


def test_layers_share_as_climatology_does() -> None:
    layered = make_grid(box(0, 2, 0, 2), 0.5, (0, 10, 30))
    rate = np.concatenate([np.full(16, 3e-3), np.full(16, 1e-3)])
    model = ReasenbergJones(**LAW, min_magnitude=3.0, n_mainshocks=1, n_aftershocks=1, rate_per_day=rate)
    one = make_catalogue(["2000-01-02"], [1.1], [1.1], [6.0])
    counts = model.expected_counts(np.array([1.5]), 1.0, layered, model.sequences_of(one, EPOCH))[0]
    assert counts.shape == (32,)
    np.testing.assert_allclose(counts[:16], 3 * counts[16:], rtol=1e-5)


def test_few_aftershocks_leave_the_generic_law(region: Grid, climatology: Climatology) -> None:
    few = make_catalogue(["2000-01-02", "2000-01-03", "2000-02-03"], [1.0, 1, 1], [1.0, 1, 1], [5, 3, 3.1])
    model = fit_reasenberg_jones(few, region, WINDOWS, climatology)
    assert (model.a, model.b, model.p, model.c_days) == (-1.67, 0.91, 1.08, 0.05)
    assert model.n_mainshocks == 0


def test_a_bundle_gives_it_back(region: Grid, climatology: Climatology) -> None:
    model = ReasenbergJones(**LAW, min_magnitude=3.0, n_mainshocks=4, n_aftershocks=50,
                            rate_per_day=climatology.rate_per_day)  # fmt: skip
    again = ReasenbergJones.from_dict(model.to_dict(), model.arrays())
    assert again.to_dict() == model.to_dict()
    np.testing.assert_array_equal(again.rate_per_day, model.rate_per_day)
