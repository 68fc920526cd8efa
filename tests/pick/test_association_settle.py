"""An event's own picks: those that do not fit leave, and the place is found anew without them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from association_cases import HOMOGENEOUS, make_case
from test_pick_association import associated

from terrella.pick.association.settle import S_FIRST, TOO_FAR, TOO_FEW, Settled, settle
from terrella.pick.association.travel_time_table import make_table

TABLE = make_table(HOMOGENEOUS, 150.0, 40.0, (0.0, 0.0))
LOW, HIGH = np.array([-60.0, -60.0, 0.0]), np.array([60.0, 60.0, 40.0])
TRUTH = np.array([3.0, -4.0, 2.0, 10.0])  # x, y, depth in km, seconds
RANDOM = np.random.default_rng(0)
SITES = np.column_stack([RANDOM.uniform(-40, 40, (10, 2)), np.zeros(10)])
SITES[0] = [3.5, -4.2, 0.0]  # above the event: S comes 0.3 s after P
SITE = np.repeat(SITES, 2, 0)
STATION = np.repeat([f"S{i}" for i in range(10)], 2).astype(object)
IS_S = np.tile([False, True], 10)
DISTANCE = np.hypot(*(SITE[:, :2] - TRUTH[:2]).T)
EXACT_S = TRUTH[3] + np.hypot(DISTANCE, TRUTH[2]) / np.where(IS_S, 3.5, 6.0)


def settled(time_s: np.ndarray, picks: list[int] | None = None) -> Settled:
    of = np.arange(20) if picks is None else np.array(picks)
    start = np.array([0.0, 0.0, 10.0, 9.0])
    return settle(TABLE, start, of, SITE, STATION, IS_S, time_s, LOW, HIGH, 1.5)


def test_a_pick_that_does_not_fit_leaves_and_the_place_is_as_without_it() -> None:
    late = EXACT_S.copy()
    late[[7, 12]] += [4.0, -2.2]
    made, without = settled(late), settled(EXACT_S, [i for i in range(20) if i not in (7, 12)])
    assert made.refused == {7: TOO_FAR, 12: TOO_FAR}
    assert made.picks.tolist() == [i for i in range(20) if i not in (7, 12)]
    np.testing.assert_allclose(made.hypocentre, without.hypocentre, atol=1e-3)
    np.testing.assert_allclose(made.hypocentre, TRUTH, atol=0.15)
    assert np.abs(made.residual_s).max() < 0.1


def test_residuals_within_the_limit_stay() -> None:
    late = EXACT_S.copy()
    late[7] += 1.3
    assert not settled(late).refused


def test_an_s_before_its_p_is_refused() -> None:
    """PyOcto associates such pairs (yetinam/pyocto#12)."""
    early = EXACT_S.copy()
    early[1] -= 1.0
    assert settled(early).refused == {1: S_FIRST}
    late = EXACT_S.copy()
    late[0] += 1.0  # now it is the P that fits worse
    assert settled(late).refused == {0: S_FIRST}


def test_picks_at_random_are_an_event_of_no_more_than_fit_anything() -> None:
    made = settled(EXACT_S + RANDOM.uniform(-30, 30, 20))
    assert len(made.picks) <= 4
    assert len(made.refused) + len(made.picks) == 20
    assert set(made.refused.values()) <= {TOO_FAR, TOO_FEW}


def test_four_picks_that_do_not_fit_are_no_event() -> None:
    """Both stations say that the event is beside them, and they are 80 km apart."""
    site = np.array([[-40.0, 0.0, 0.0]] * 2 + [[40.0, 0.0, 0.0]] * 2)
    station, is_s = STATION[:4], IS_S[:4]
    time_s, start = np.array([10.0, 10.1, 10.0, 10.1]), np.array([0.0, 0.0, 10.0, 9.0])
    made = settle(TABLE, start, np.arange(4), site, station, is_s, time_s, LOW, HIGH, 1.5)
    assert len(made.picks) == len(made.residual_s) == 0
    assert made.refused == dict.fromkeys(range(4), TOO_FEW)


def test_an_event_that_is_left_with_too_few_picks_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Settled] = []

    def first_loses_picks(*given: Any) -> Settled:
        made = settle(*given)
        seen.append(made)
        return made if len(seen) > 1 else replace(made, picks=made.picks[:7], residual_s=made.residual_s[:7])

    monkeypatch.setattr("terrella.pick.association.associate.settle", first_loses_picks)
    made = associated(make_case(6, events=3, false_share=0.0), tmp_path)
    assert len(made.events) == 2
    assert (made.left_out["reason"] == TOO_FEW).sum() == 7


@pytest.mark.parametrize("worst", [0, 5])
def test_the_rest_may_be_few(worst: int) -> None:
    late = EXACT_S.copy()
    late[worst] += 5.0
    made = settled(late, [0, 1, 4, 5, 8, 9, 13])
    assert worst in made.refused
