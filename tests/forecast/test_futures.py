"""Simulated futures against the laws they are drawn from and the theory of branching processes."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from scipy.stats import chisquare, ks_2samp, kstest

from terrella.earth.grid import Grid, make_grid
from terrella.earth.magnitude import bin_start
from terrella.earth.region import Region, box
from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.forecast.etas.background import Background
from terrella.forecast.etas.model import EARTH_RADIUS_KM, ETAS
from terrella.forecast.etas.progeny import background_weight, horizon_weight
from terrella.forecast.simulation import futures as futures_module
from terrella.forecast.simulation.futures import (
    count_futures,
    make_outlook,
    make_ratio,
    simulate_counts,
    simulate_futures,
)
from terrella.forecast.simulation.futures_kernel import add_aftershocks
from terrella.forecast.simulation.process import Process
from terrella.forecast.simulation.simulate import simulate
from terrella.formats.catalogues.catalogue import Catalogue, Floats, make_catalogue
from terrella.formats.catalogues.futures import Futures

ISSUE = np.datetime64("2010-01-01", "us")
REGION = box(0, 2, 0, 1.6)
MAX = 7.0


def one_event(magnitude: float, age_days: float = 0.001, latitude: float = 0.8) -> Catalogue:
    return make_catalogue(
        [ISSUE - np.timedelta64(int(age_days * 86_400e6), "us")], [1.0], [latitude], [magnitude]
    )


def past_events() -> Catalogue:
    """Two hundred events of the last two years, one of M 5.8 ten minutes before the issue time."""
    draw = np.random.default_rng(1)
    days = np.append(draw.uniform(0.01, 700, 199), 10 / 1440)
    magnitude = np.append(2.5 + draw.exponential(0.4, 199), 5.8)
    time = ISSUE - (days * 86_400e6).astype("timedelta64[us]")
    return make_catalogue(time, draw.uniform(0.2, 1.8, 200), draw.uniform(0.2, 1.4, 200), magnitude)


def productivity_moments(etas: ETAS, magnitude_bin: float = 0.0) -> tuple[float, float]:
    """Return mean and variance of κ(m) over magnitudes by Gutenberg and Richter's law up to MAX."""
    step = magnitude_bin or 1e-5
    m = etas.min_magnitude + step * np.arange(round((MAX - etas.min_magnitude) / step) + bool(magnitude_bin))
    kappa = etas.productivity(m if magnitude_bin else m + step / 2)
    share = np.exp(-etas.beta * (m - etas.min_magnitude))
    share /= share.sum()
    mean = float((kappa * share).sum())
    return mean, float(((kappa - mean) ** 2 * share).sum())


def with_branching(etas: ETAS, ratio: float) -> ETAS:
    return replace(etas, k0=etas.k0 * ratio / etas.branching_ratio(MAX))


def assert_mean(values: Floats, expected: float, errors: float = 4.0) -> None:
    error = values.std() / np.sqrt(len(values))
    assert error < 0.05 * expected
    assert abs(values.mean() - expected) < errors * error


def assert_variance(values: Floats, expected: float) -> None:
    """The variance lies within four of its own standard errors, from the fourth moment, that are small."""
    squares = (values - values.mean()) ** 2
    error = squares.std() / np.sqrt(len(values))
    assert error < 0.1 * expected
    assert abs(squares.mean() - expected) < 4 * error


def test_total_progeny_has_the_mean_and_variance_of_a_branching_process(etas: ETAS) -> None:
    """Of a random event, direct aftershocks have variance σ² = n + Var κ and its cluster σ²/(1 − n)³.

    Given its magnitude an event has a Poisson number κ of such clusters of mean 1/(1 − n) (Harris 1963, ch. I).
    """
    short = with_branching(replace(etas, mu=0.0, tau_days=5.0), 0.5)
    outlook = make_outlook(short, one_event(5.0), REGION, ISSUE, days=3000, max_magnitude=MAX, keep_all=True)
    progeny = np.diff(simulate_futures(outlook, 20_000, seed=2).start).astype(float)
    n, var_kappa = productivity_moments(short)
    assert n == pytest.approx(short.branching_ratio(MAX), rel=1e-6)
    kappa = float(short.productivity(5.0)) * (1 - float(short.time_cdf(0.001)))
    cluster = (n + var_kappa) / (1 - n) ** 3
    assert_mean(progeny, kappa / (1 - n))
    assert_variance(progeny, kappa * (cluster + 1 / (1 - n) ** 2))


def test_direct_aftershocks_number_the_branching_ratio(etas: ETAS) -> None:
    """With the aftershocks' own magnitudes as parents: of n per event, the next generation has n² and so on."""
    short = with_branching(replace(etas, mu=1.0 / REGION.area_km2, tau_days=5.0), 0.6)
    silent = replace(short, k0=1e-12)
    days = 2000.0
    all_ = [
        simulate_futures(
            make_outlook(model, one_event(3.0), REGION, ISSUE, days, MAX, keep_all=True), 40, seed=3
        )
        for model in (short, silent)
    ]
    clusters, background = (np.diff(futures.start).astype(float) for futures in all_)
    assert_mean(background, days)
    # Those born in the last days have not had all their aftershocks: some τ of 2000 days.
    assert clusters.mean() / background.mean() == pytest.approx(1 / (1 - 0.6), rel=0.03)


def week_moments(etas: ETAS, past: Catalogue, days: float, magnitude_bin: float) -> tuple[float, float]:
    """Return mean and variance of the number of events in a window after ISSUE, by renewal equations.

    An event's descendants within u days have M = n ∫ (1 + M) dG and the variance
    V = n ∫ (V + (1 + M)²) dG + Var κ (M/n)², each under the integral at u − s.
    """
    n, var_kappa = productivity_moments(etas, magnitude_bin)
    u = np.linspace(0, days, 3001)
    births = np.diff(etas.time_cdf(u))
    mean, variance = np.zeros(len(u)), np.zeros(len(u))
    half = births[0] / 2  # of a step's births, by the trapezoidal rule, meet the value that is sought
    for k in range(1, len(u)):
        before = births[:k][::-1]

        def integral(values: Floats, k: int = k, before: Floats = before) -> float:
            return float((before * (values[:k] + np.append(values[1:k], 0.0)) / 2).sum())

        mean[k] = n * (births[:k].sum() + integral(mean)) / (1 - n * half)
        squares = (1 + mean[: k + 1]) ** 2
        known = n * (integral(variance) + (before * (squares[1:] + squares[:-1]) / 2).sum())
        variance[k] = (known + var_kappa * (mean[k] / n) ** 2) / (1 - n * half)
    squares = variance + (1 + mean) ** 2
    age = -past.days_since(ISSUE)
    born = (etas.productivity(past.magnitude)[:, None] * np.diff(etas.time_cdf(age[:, None] + u))).sum(0)
    background = etas.mu * REGION.area_km2

    def total(values: Floats) -> float:
        late = values[::-1]
        return float((born * (late[1:] + late[:-1]) / 2).sum() + background * np.trapezoid(values, u))

    return total(1 + mean), total(squares)


@pytest.mark.parametrize("magnitude_bin", [0.0, 0.5])
def test_a_week_after_a_large_event_has_the_mean_and_variance_of_the_theory(
    etas: ETAS, magnitude_bin: float
) -> None:
    etas = with_branching(replace(etas, mu=2.0 / REGION.area_km2), 0.7)
    past = past_events()
    if magnitude_bin:
        past = replace(past, magnitude=bin_start(past.magnitude, magnitude_bin))
    outlook = make_outlook(etas, past, REGION, ISSUE, 7.0, MAX, magnitude_bin, keep_all=True)
    count = np.diff(simulate_futures(outlook, 20_000, seed=4).start).astype(float)
    mean, variance = week_moments(etas, past, 7.0, magnitude_bin)
    n, _ = productivity_moments(etas, magnitude_bin)
    weight = horizon_weight(etas.time_cdf, n, 7.0, -past.days_since(ISSUE))
    expected = (etas.productivity(past.magnitude) * weight).sum()
    expected += 2.0 * background_weight(etas.time_cdf, n, 7.0)
    assert mean == pytest.approx(expected, rel=2e-3)
    assert_mean(count, expected)
    assert_variance(count, variance)
    assert variance > 1.3 * mean  # so that a Poisson number would not pass


def only_parent(etas: ETAS, **changes: float) -> ETAS:
    """Return a process in which next to nothing but an event of M 6 of the past has aftershocks: some 5,000."""
    plain = replace(etas, mu=0.0, a=5.0 + etas.rho * etas.gamma, **changes)
    return replace(plain, k0=plain.k0 * 5000 / float(plain.productivity(6.0)))


@pytest.mark.parametrize("omega", [-0.2, 0.0, 0.3])
@pytest.mark.parametrize("age_days", [0.001, 8.0])
def test_times_follow_the_tapered_omori_law_within_the_window(
    etas: ETAS, omega: float, age_days: float
) -> None:
    model = only_parent(etas, omega=omega, tau_days=4.0)
    outlook = make_outlook(model, one_event(6.0, age_days), REGION, ISSUE, 10.0, 2.6, keep_all=True)
    before, after = model.time_cdf(age_days), model.time_cdf(age_days + 10)
    expected = 5000 * float(after - before)
    futures = simulate_futures(outlook, 4 + int(10_000 / expected), seed=5)
    total = len(futures) * expected
    assert len(futures.time_days) == pytest.approx(total, abs=4 * np.sqrt(total))
    assert (
        kstest(futures.time_days, lambda t: (model.time_cdf(age_days + t) - before) / (after - before)).pvalue
        > 1e-3
    )


@pytest.mark.parametrize("latitude", [0.8, 75.0])
def test_places_follow_the_power_law_in_every_direction(etas: ETAS, latitude: float) -> None:
    model = only_parent(etas)
    outlook = make_outlook(model, one_event(6.0, latitude=latitude), REGION, ISSUE, 1000, 2.6, keep_all=True)
    futures = simulate_futures(outlook, 4, seed=6)
    assert len(futures.time_days) > 5000
    assert np.abs(futures.longitude).max() <= 180
    here = (1.0, latitude, futures.longitude, futures.latitude)
    distance = distance_km(*here, radius_km=EARTH_RADIUS_KM)
    zone = float(model.zone_km2(6.0))
    near = distance < 5000  # further out float32's places and the far side of the globe matter
    assert near.mean() > 0.99
    share = 1 - (1 + 5000**2 / zone) ** -model.rho
    law = kstest(distance[near], lambda r: (1 - (1 + r**2 / zone) ** -model.rho) / share)
    assert law.pvalue > 1e-3
    close = (distance > 1) & (distance < 100)
    north = (futures.latitude[close] - latitude).astype(float)
    east = (futures.longitude[close] - 1.0) * np.cos(np.radians(latitude))
    assert kstest(np.arctan2(north, east), "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_large_aftershocks_have_wide_zones_of_their_own(etas: ETAS) -> None:
    """The direct aftershocks of one simulated event of M 6: their number, times and distances."""
    model = only_parent(etas)
    law = make_outlook(model, one_event(6.0), REGION, ISSUE, 100.0, 2.6).law
    events = np.array([[30.0], [1.0], [0.8], [6.0]])
    events, n = add_aftershocks(np.random.default_rng(11), law, events, 1, 0)
    time, longitude, latitude, _ = events[:, 1:n]
    expected = 5000 * float(model.time_cdf(70.0))
    assert n - 1 == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert kstest(time - 30, lambda t: model.time_cdf(t) / model.time_cdf(70.0)).pvalue > 1e-3
    distance = distance_km(1.0, 0.8, longitude, latitude, radius_km=EARTH_RADIUS_KM)
    zone = float(model.zone_km2(6.0))
    # Some lie beyond the far side of the globe, where their distance is a detour's.
    far = 1 - (1 + 15_000**2 / zone) ** -model.rho
    share = kstest(distance[distance < 15_000], lambda r: (1 - (1 + r**2 / zone) ** -model.rho) / far)
    assert share.pvalue > 1e-3


def test_magnitudes_follow_gutenberg_richter_up_to_the_largest(etas: ETAS) -> None:
    model = replace(etas, mu=20.0 / REGION.area_km2)
    futures = simulate_futures(make_outlook(model, one_event(4.0), REGION, ISSUE, 30.0, 5.0), 20, seed=7)
    assert len(futures.magnitude) > 5000
    normal = -np.expm1(-etas.beta * 2.5)
    assert kstest(futures.magnitude, lambda m: -np.expm1(-etas.beta * (m - 2.5)) / normal).pvalue > 1e-3
    assert futures.magnitude.max() <= 5.0


def test_binned_magnitudes_are_where_bins_begin(etas: ETAS) -> None:
    model = replace(etas, mu=20.0 / REGION.area_km2)
    outlook = make_outlook(model, one_event(4.04), REGION, ISSUE, 30.0, 5.0, magnitude_bin=0.1)
    magnitude = simulate_futures(outlook, 20, seed=7).magnitude
    step = np.rint((magnitude - 2.5) / 0.1).astype(int)
    np.testing.assert_allclose(magnitude, 2.5 + 0.1 * step, atol=1e-6)
    share = np.exp(-etas.beta * 0.1 * np.arange(26))
    found, expected = np.bincount(step, minlength=26), share / share.sum() * len(step)
    assert (
        chisquare(
            np.append(found[:12], found[12:].sum()), np.append(expected[:12], expected[12:].sum())
        ).pvalue
        > 1e-3
    )
    # The past is taken as it is, as where the model was fitted and in forecasts.
    continuous = make_outlook(model, one_event(4.04), REGION, ISSUE, 30.0, 5.0)
    assert outlook.given.proposals == continuous.given.proposals
    assert make_outlook(model, one_event(2.46), REGION, ISSUE, magnitude_bin=0.1).given.proposals == 0
    assert make_outlook(model, one_event(float(np.float32(2.6))), REGION, ISSUE).given.proposals > 0


def test_background_falls_where_its_map_says(etas: ETAS) -> None:
    triangle = Region(((0.0, 0.0), (2.0, 0.0), (0.0, 1.6)))
    background = Background(
        longitude=np.array([0.4, 0.9]), latitude=np.array([0.4, 0.5]), weight=np.array([1.0, 3.0]),
        bandwidth_km=np.array([12.0, 12.0]), uniform_rate=20.0 / triangle.area_km2, smoothed_rate=30.0,
    )  # fmt: skip
    model = replace(etas, k0=1e-15, background=background)
    grid = make_grid(REGION, 0.2)
    counts = simulate_counts(
        make_outlook(model, one_event(2.0), triangle, ISSUE, 10.0, keep_all=True), grid, 100
    )
    # The map's own density, averaged over 400 points of each cell.
    fine = make_grid(REGION, 0.01)
    lon, lat = np.meshgrid(fine.longitudes, fine.latitudes)
    uniform = np.where(triangle.contains(lon, lat), background.uniform_rate, 0)
    density = background.density(lon, lat) - background.uniform_rate + uniform
    expected = (density * fine.area_km2 * 10.0).reshape(8, 20, 10, 20).sum((1, 3))
    assert expected.sum() == pytest.approx(500, rel=0.01)
    enough = expected > 0.1
    found = counts.expected_count[enough] * 100
    assert chisquare(found, expected[enough] * found.sum() / expected[enough].sum()).pvalue > 1e-3
    assert counts.count.mean() == pytest.approx(500, abs=4 * np.sqrt(500 / 100))
    assert np.all(counts.expected_count[expected == 0] == 0)


@pytest.fixture(scope="module")
def busy(etas: ETAS) -> ETAS:
    return with_branching(replace(etas, mu=2.0 / REGION.area_km2), 0.7)


def columns(futures: Futures) -> list[np.ndarray]:
    return [futures.start, futures.time_days, futures.longitude, futures.latitude, futures.magnitude]


def test_the_same_seed_gives_the_same_futures_on_any_number_of_threads(busy: ETAS, monkeypatch) -> None:
    outlook = make_outlook(busy, past_events(), REGION, ISSUE)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(numba, "get_num_threads", lambda threads=threads: threads)
        found.append(simulate_futures(outlook, 200, seed=8))
    for one, other in zip(*map(columns, found), strict=True):
        np.testing.assert_array_equal(one, other)
    fewer, another = simulate_futures(outlook, 70, seed=8), simulate_futures(outlook, 70, seed=9)
    np.testing.assert_array_equal(fewer.start, found[0].start[:71])
    np.testing.assert_array_equal(fewer.longitude, found[0].longitude[: fewer.start[-1]])
    assert not np.array_equal(another.start, fewer.start)
    assert len(np.unique(np.diff(found[0].start)[:150])) > 20  # catalogues of a seed differ


def test_the_catalogues_lie_in_the_window_and_region_in_order(busy: ETAS) -> None:
    everything = simulate_futures(make_outlook(busy, past_events(), REGION, ISSUE, keep_all=True), 50)
    kept = simulate_futures(make_outlook(busy, past_events(), REGION, ISSUE), 50)
    inside = REGION.contains(everything.longitude, everything.latitude)
    assert 0 < (~inside).sum() < 0.5 * len(inside)
    # Events outside have had their aftershocks all the same.
    np.testing.assert_array_equal(everything.time_days[inside], kept.time_days)
    for k in range(50):
        catalogue = everything.catalogue(k)
        assert len(catalogue) == everything.start[k + 1] - everything.start[k]
        assert np.all(np.diff(catalogue.time_utc.astype(int)) >= 0)
        assert np.all((catalogue.time_utc >= ISSUE) & (catalogue.time_utc < ISSUE + np.timedelta64(7, "D")))
        np.testing.assert_array_equal(
            catalogue.magnitude, everything.magnitude[everything.start[k] : everything.start[k + 1]]
        )


def test_counts_on_a_grid_are_those_of_the_catalogues(busy: ETAS, grid: Grid) -> None:
    mask = grid.mask.copy()
    mask[2, 3] = False
    grid = replace(grid, mask=mask)
    outlook = make_outlook(busy, past_events(), REGION, ISSUE)
    futures = simulate_futures(outlook, 100, seed=1)
    counts, streamed = count_futures(futures, grid), simulate_counts(outlook, grid, 100, seed=1)
    in_cell = np.stack(
        [
            np.histogram2d(c.latitude, c.longitude, (grid.latitude_edges, grid.longitude_edges))[0] * mask
            for c in map(futures.catalogue, range(100))
        ]
    )
    np.testing.assert_allclose(counts.expected_count, in_cell.mean(0))
    np.testing.assert_allclose(counts.probability, (in_cell > 0).mean(0))
    np.testing.assert_array_equal(counts.count, np.diff(futures.start))
    largest = np.array([futures.catalogue(k).magnitude.max(initial=-np.inf) for k in range(100)])
    for m in (2.5, 3.5, 5.0):
        assert counts.probability_of(m) == (largest >= m).mean()
    low, high = counts.count_quantiles([0.025, 0.975])
    assert low == np.sort(counts.count)[2]
    assert high == np.sort(counts.count)[97]
    for name in ("count", "largest", "expected_count", "probability"):
        np.testing.assert_array_equal(getattr(counts, name), getattr(streamed, name))


def test_agrees_with_the_plain_simulator(busy: ETAS) -> None:
    """Thirty days of the same process by `simulate`, which knows no sphere and no closed forms."""
    etas = replace(busy, omega=0.2, tau_days=100.0)
    lattice = make_grid(REGION, 0.2)
    ones = np.ones(lattice.mask.shape)
    process = Process(
        etas=etas, max_magnitude=6.0, lattice=lattice, background_per_day=2.0 * lattice.area_km2 / REGION.area_km2,
        strike_deg=0 * ones, productivity_factor=ones, aspect=1.0,
    )  # fmt: skip
    past = past_events()
    slow = [simulate(process, ISSUE, ISSUE + np.timedelta64(30, "D"), seed, past) for seed in range(250)]
    futures = simulate_futures(
        make_outlook(etas, past, REGION, ISSUE, 30.0, 6.0, keep_all=True), 1000, seed=10
    )
    count = np.diff(futures.start)
    assert ks_2samp([len(c) for c in slow], count).pvalue > 1e-3
    some = slice(0, futures.start[100])
    for name in ("longitude", "latitude", "magnitude"):
        values = np.concatenate([getattr(c, name) for c in slow[:100]])
        # Clusters make neighbours alike: shares of 1 in 20 are compared, not p-values of independent draws.
        assert ks_2samp(values, getattr(futures, name)[some]).statistic < 0.03, name
    days = np.concatenate([c.days_since(ISSUE) for c in slow[:100]])
    assert ks_2samp(days, futures.time_days[some]).statistic < 0.03


def test_without_past_or_background_nothing_happens(etas: ETAS) -> None:
    nothing = make_catalogue(np.array([], "datetime64[us]"), [], [], [])
    silent = replace(etas, mu=0.0)
    futures = simulate_futures(make_outlook(silent, nothing, REGION, ISSUE), 40)
    assert len(futures) == 40
    assert futures.start[-1] == 0
    counts = simulate_counts(make_outlook(silent, nothing, REGION, ISSUE), make_grid(REGION, 0.2), 40)
    assert counts.probability_of(2.5) == 0
    # What happens at the issue time or later is not known to it.
    later = one_event(6.0, age_days=0.0)
    assert make_outlook(etas, later, REGION, ISSUE).given.proposals == 0


def test_what_cannot_be_simulated_is_named(etas: ETAS, monkeypatch: pytest.MonkeyPatch) -> None:
    explosive = replace(etas, k0=100 * etas.k0, a=2.2)
    outlook = make_outlook(explosive, one_event(6.0), REGION, ISSUE, 365.0)
    with pytest.raises(InputError, match="explodes"):
        simulate_futures(outlook, 40)
    with pytest.raises(InputError, match="more than 0 days"):
        make_outlook(etas, one_event(6.0), REGION, ISSUE, 0.0)
    with pytest.raises(InputError, match="largest magnitude"):
        make_outlook(etas, one_event(6.0), REGION, ISSUE, 7.0, 2.5)
    with pytest.raises(InputError, match="1 or more"):
        simulate_futures(make_outlook(etas, one_event(6.0), REGION, ISSUE), 0)
    monkeypatch.setattr(futures_module, "_MOST_KEPT", 1000)
    with pytest.raises(InputError, match="too many to hold"):
        simulate_futures(make_outlook(etas, one_event(7.0), REGION, ISSUE), 10_000)


def test_a_ratio_scales_the_events_of_its_cells_alone(etas: ETAS) -> None:
    model = replace(etas, k0=1e-15, mu=50.0 / REGION.area_km2)
    grid = make_grid(REGION, 0.4)
    wanted = np.ones(grid.mask.shape)
    wanted[1, 2], wanted[0, 0] = 3.0, 0.25
    ratio = make_ratio(wanted.ravel(), np.ones(wanted.size), grid)
    assert ratio.highest == 3.0
    outlook = make_outlook(model, one_event(2.0), REGION, ISSUE, 10.0, ratio=ratio)
    found = simulate_counts(outlook, grid, 400).expected_count
    expected = 500 * wanted * grid.area_km2 / REGION.area_km2
    assert np.abs(found - expected).max() < 5 * np.sqrt(expected.max() / 400)
    assert (
        chisquare((found * 400).ravel(), (expected * found.sum() / expected.sum() * 400).ravel()).pvalue
        > 1e-3
    )


def test_futures_across_the_date_line_are_those_of_a_region_elsewhere(etas: ETAS) -> None:
    model = replace(etas, mu=30.0 / box(177, 183, -21, -15).area_km2)
    rng = np.random.default_rng(0)
    east = rng.uniform(0, 6, 200)
    days = (np.sort(rng.uniform(0, 100, 200)) * 86_400e6).astype("timedelta64[us]")
    made = []
    for west in (77.0, 177.0):
        longitude = np.where(west + east > 180, west + east - 360, west + east)
        past = make_catalogue(ISSUE - days[::-1], longitude, np.full(200, -18.0), np.full(200, 3.5))
        region = box(west, west + 6, -21, -15)
        futures = simulate_futures(make_outlook(model, past, region, ISSUE, 7.0, MAX), 200, seed=3)
        made.append((futures, count_futures(futures, make_grid(region, 0.5))))
    (there, counts_there), (here, counts_here) = made
    assert len(here.longitude) > 5000
    assert ((here.longitude >= -180) & (here.longitude <= 180)).all()
    turned = np.where(here.longitude < 0, here.longitude + 360, here.longitude)
    np.testing.assert_allclose(turned - 100, there.longitude, atol=1e-3)
    assert (here.longitude < 0).mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_allclose(counts_here.expected_count, counts_there.expected_count, atol=0.02)
    assert counts_here.expected_count.sum() == pytest.approx(counts_here.count.mean())
