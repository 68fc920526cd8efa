"""Magnitude statistics against theory: simulated Gutenberg–Richter catalogues with known b and completeness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.earth.magnitude import (
    b_by_cut_off,
    b_positive,
    b_value,
    bin_start,
    completeness_by_b_stability,
    completeness_by_maximum_curvature,
    frequencies,
    reaches,
    reported,
    stands_for_unknown,
)
from terrella.errors import InputError


def rounded(magnitude: np.ndarray, width: float) -> np.ndarray:
    return np.floor(magnitude / width + 0.5) * width


def simulated(b: float, completeness: float, n: int, bin_width: float, seed: int = 0) -> np.ndarray:
    """Return magnitudes that decay as 10^(−b M) and are cut at the lower edge of the completeness bin."""
    draw = np.random.default_rng(seed)
    magnitude = completeness - bin_width / 2 + draw.exponential(1 / (b * np.log(10)), n)
    return rounded(magnitude, bin_width) if bin_width else magnitude


def faded(b: float, fade: float, spread: float, n: int, seed: int = 0) -> np.ndarray:
    """Return binned magnitudes of which small ones are missed, half of them at `fade` (Ogata & Katsura 1993)."""
    from scipy.special import ndtr

    draw = np.random.default_rng(seed)
    magnitude = fade - 1.5 + draw.exponential(1 / (b * np.log(10)), n)
    return rounded(magnitude[draw.random(n) < ndtr((magnitude - fade) / spread)], 0.1)


@pytest.mark.parametrize("bin_width", [0.0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5])
@pytest.mark.parametrize("b", [0.7, 1.0, 1.6])
def test_the_true_b_value_is_found_for_any_bin_width(b: float, bin_width: float) -> None:
    found = b_value(simulated(b, 3.0, 40_000, bin_width), 3.0)
    assert abs(found.b - b) < 4 * found.b_error
    if bin_width <= 0.1:  # Shi & Bolt's error is that of Aki for large n and narrow bins
        assert found.b_error == pytest.approx(b / np.sqrt(40_000), rel=0.1)
    assert found.beta == pytest.approx(found.b * np.log(10))
    assert found.n_events == 40_000


def test_utsu_is_the_limit_for_narrow_bins_and_without_correction_b_is_too_large() -> None:
    magnitude = simulated(1.0, 2.5, 100_000, 0.1)
    utsu = np.log10(np.e) / (magnitude.mean() - (2.5 - 0.05))
    uncorrected = np.log10(np.e) / (magnitude.mean() - 2.5)
    found = b_value(magnitude, 2.5)
    assert found.b == pytest.approx(utsu, rel=0.006)  # they differ by (βΔM)²/12 = 0.44 %
    assert uncorrected > 1.1


def test_the_error_of_b_has_the_spread_of_repeated_estimates() -> None:
    estimates = [b_value(simulated(1.0, 2.5, 500, 0.1, seed), 2.5) for seed in range(400)]
    spread = np.std([e.b for e in estimates], ddof=1)
    assert np.mean([e.b_error for e in estimates]) == pytest.approx(spread, rel=0.12)


def test_a_gives_the_number_of_events() -> None:
    found = b_value(simulated(1.0, 2.5, 30_000, 0.1), 2.5)
    # N(≥ M) counts from the lower edge of a bin.
    assert 10 ** (found.a - found.b * 2.45) == pytest.approx(30_000)
    assert 10 ** (found.a - found.b * 4.45) == pytest.approx(300, rel=0.2)


@given(
    bins=st.lists(st.integers(-10, 90), min_size=2, max_size=60).filter(lambda x: len(set(x)) > 1),
    shift=st.integers(-20, 20),
)
def test_b_does_not_change_when_all_magnitudes_shift(bins: list[int], shift: int) -> None:
    magnitude = np.array(bins) * 0.1
    here = b_value(magnitude, min(bins) * 0.1)
    there = b_value(magnitude + shift * 0.1, (min(bins) + shift) * 0.1)
    assert (there.b, there.b_error) == pytest.approx((here.b, here.b_error))


@pytest.mark.parametrize("seed", range(5))
def test_completeness_of_a_catalogue_with_a_sharp_cut(seed: int) -> None:
    magnitude = simulated(1.0, 2.3, 20_000, 0.1, seed)
    assert completeness_by_maximum_curvature(magnitude, correction=0) == pytest.approx(2.3)
    assert completeness_by_b_stability(magnitude) == pytest.approx(2.3)


@pytest.mark.parametrize("seed", range(5))
def test_completeness_where_it_fades(seed: int) -> None:
    magnitude = faded(1.0, 2.0, 0.2, 200_000, seed)
    # At 2.0 + 2 × 0.2 = 2.4, 98 % of the events are detected.
    assert 2.0 <= completeness_by_maximum_curvature(magnitude) <= 2.4
    stable = completeness_by_b_stability(magnitude)
    assert 2.2 <= stable <= 2.7
    assert b_value(magnitude, stable).b == pytest.approx(1.0, abs=0.06)
    assert b_value(magnitude, 1.8).b < 0.85


def test_a_crowd_at_magnitude_0_does_not_make_a_catalogue_complete() -> None:
    magnitude = simulated(1.0, 1.5, 5_000, 0.1)
    crowded = np.append(magnitude, np.zeros(5_000))
    assert completeness_by_maximum_curvature(crowded) == completeness_by_maximum_curvature(magnitude)
    np.testing.assert_array_equal(stands_for_unknown(crowded), crowded == 0)


@pytest.mark.parametrize("completeness", [-0.5, 0.0])
def test_true_magnitudes_0_are_no_crowd(completeness: float) -> None:
    magnitude = simulated(1.0, completeness, 5_000, 0.1)
    assert not stands_for_unknown(magnitude).any()
    assert completeness_by_maximum_curvature(magnitude, correction=0) == pytest.approx(completeness)


def test_a_catalogue_of_magnitudes_0_alone_still_has_a_curve() -> None:
    assert completeness_by_maximum_curvature(np.zeros(100), correction=0) == 0


def test_no_stable_b_is_said_so() -> None:
    bins = np.repeat(np.arange(20, 40), [*range(400, 20, -20), 20])
    assert np.isnan(completeness_by_b_stability(bins[:30] * 0.1))


def test_the_curve_of_b_agrees_with_single_estimates() -> None:
    magnitude = faded(0.9, 2.0, 0.3, 5_000)
    for cut_off, b, error in zip(*b_by_cut_off(magnitude), strict=True):
        single = b_value(magnitude, cut_off)
        assert single.n_events >= 50
        assert (b, error) == pytest.approx((single.b, single.b_error))


def test_frequencies_count_every_event_once() -> None:
    starts, counts = frequencies([2.04, 2.15, 2.5, -0.1, 2.0])
    assert counts.sum() == 5
    assert dict(zip(starts.tolist(), counts.tolist(), strict=True))[2.0] == 2
    assert starts[[0, -1]].tolist() == [-0.1, 2.5]


def test_bins_begin_where_they_say_whatever_the_binary_form_of_magnitudes() -> None:
    magnitude = np.array([2.3, 2.4, 2.4499, -0.1, 4.2])
    expected = [2.3, 2.4, 2.4, -0.1, 4.2]
    for kind in (np.float64, np.float32):
        np.testing.assert_array_equal(bin_start(magnitude.astype(kind), 0.1), expected)
    np.testing.assert_array_equal(bin_start(magnitude + 0.05, 0.1, 0.05), np.round(np.add(expected, 0.05), 9))


def test_a_threshold_keeps_its_own_magnitude_in_single_precision() -> None:
    every = np.round(np.arange(-10, 95) * 0.1, 1)
    for threshold in every:
        for kind in (np.float64, np.float32):
            assert reaches(every.astype(kind), threshold).sum() == (every >= threshold).sum()
    assert not reaches(2.49, 2.5)


@pytest.mark.parametrize("width", [0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0])
@pytest.mark.parametrize("origin", [0.0, 0.05])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_the_width_of_bins_is_found_in_the_last_digits(width: float, origin: float, kind: type) -> None:
    magnitude = (simulated(1.0, 3.0, 500, width) + origin).astype(kind)
    assert reported(magnitude).width == width
    assert reported(magnitude).origin == pytest.approx(origin % width, abs=1e-9)


def test_few_magnitudes_show_no_wide_bins() -> None:
    assert reported([3.0, 4.0, 5.0]).width == 0.1


@pytest.mark.parametrize("cut", [2.5, 2.45])
def test_a_catalogue_of_two_decimals_cut_at_its_smallest_has_its_b_value(cut: float) -> None:
    # 1 / (mean excess) by Aki (1965), the cut half a hundredth lower as Utsu (1966) has it.
    every = rounded(simulated(1.0, 2.0, 100_000, 0.0), 0.01)
    magnitude = np.round(every[every >= cut - 1e-9], 2)
    found = b_value(magnitude, cut)
    assert found.b == pytest.approx(np.log10(np.e) / (magnitude.mean() - cut + 0.005), rel=1e-3)
    assert abs(found.b - 1) < 4 * found.b_error
    # Counted in tenths, the lowest bin is whole and the fullest.
    if cut == 2.5:
        assert completeness_by_maximum_curvature(magnitude, correction=0) == 2.5


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(("coarse", "fine"), [(0.1, 0.01), (0.5, 0.1), (0.1, 0.0)])
def test_a_catalogue_rounded_in_two_ways_has_its_b_value(share: float, coarse: float, fine: float) -> None:
    draw = np.random.default_rng(5)
    every = simulated(1.0, 1.0, 200_000, 0.0)
    finely = rounded(every, fine) if fine else every
    magnitude = np.where(draw.random(len(every)) < share, rounded(every, coarse), finely)
    found = b_value(magnitude, 2.5)
    assert found.b == pytest.approx(1.0, abs=3.5 * found.b_error)


@pytest.mark.parametrize("width", [0.0, 0.01, 0.1, 0.3, 0.5])
def test_b_positive_is_blind_to_what_is_missed_after_large_events(width: float) -> None:
    magnitude = simulated(1.0, 2.0, 60_000, width, 1)
    # Completeness rises by one, and falls back slowly.
    kept = magnitude[magnitude >= 2.0 + np.tile(np.linspace(1.0, 0.0, 6_000), 10)]
    assert b_value(kept, 2.0).b < 0.8
    found = b_positive(kept)
    assert abs(found.b - 1.0) < 4 * found.b_error


@pytest.mark.parametrize("width", [0.2, 0.25, 0.3, 0.5])
def test_completeness_of_wide_bins_is_one_of_them(width: float) -> None:
    magnitude = simulated(1.0, 3.0, 20_000, width)
    steps = np.ceil(0.2 / width)
    assert completeness_by_maximum_curvature(magnitude) == pytest.approx(3.0 + steps * width)
    assert completeness_by_b_stability(magnitude) == pytest.approx(3.0)


def test_too_few_events_are_refused() -> None:
    with pytest.raises(InputError, match="no b-value from 1 events"):
        b_value([3.0, 2.0], 2.5)
    with pytest.raises(InputError, match="expected a range"):
        b_value([3.0, 3.0], 3.0)
    with pytest.raises(InputError, match="frequencies need events"):
        frequencies([])


def test_a_gap_between_the_cut_off_and_the_events_is_no_division_by_nothing() -> None:
    magnitude = simulated(1.0, 4.0, 500, 0.1)
    assert 0 < b_value(magnitude, 0.1).b < 0.2
    assert completeness_by_b_stability(np.append(magnitude, np.zeros(200))) >= 3.9
