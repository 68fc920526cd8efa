"""Selection of learning rates."""

from terrella.pick.comparison.selection import best_of_all, select

SLOW = {"name": "slow", "dev": {"detection_auc": 0.9, "phase_mcc": 0.8, "p_std_s": 0.1, "s_std_s": None}}
FAST = {"name": "fast", "dev": {"detection_auc": 0.95, "phase_mcc": 0.7, "p_std_s": 0.2}}


def test_each_question_has_its_own_best() -> None:
    assert select([SLOW, FAST], "detection") is FAST
    assert select([SLOW, FAST], "phase") is SLOW
    assert select([SLOW, FAST], "p") is SLOW
    assert select([SLOW, FAST], "s") is None


def test_one_for_all_has_the_best_mean_rank() -> None:
    assert best_of_all([FAST, SLOW]) is SLOW
    assert best_of_all([{"dev": {}}, FAST]) is FAST
