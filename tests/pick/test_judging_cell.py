"""Cells: what one picker on one set leaves for the comparison, and how scores depend on the record."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from judging_stores import store_of

from terrella.pick.judging.breakdown import DISTANCE_KM, distance_km, snr_db
from terrella.pick.judging.cell import judge_picker
from terrella.pick.judging.scores import UNITS, event_groups
from terrella.pick.judging.targets import make_targets
from terrella.pick.picker import Answers, Windows
from terrella.pick.store import Store


@dataclass(frozen=True)
class Knowing:
    """Knows the truth, but is late by as many samples as its trace's number, and misses every tenth event."""

    store: Store
    name: str = "knowing"

    def answer(self, store: Store, windows: Windows) -> Answers:
        trace = windows.trace
        picks = store.picks[trace].astype(float)
        inside = (picks >= windows.start[:, None]) & (picks < windows.end[:, None])
        detection = inside.any(1) & (trace % 10 != 0)
        p_over_s = np.where(inside[:, 0], 1.0, -1.0)
        late = picks + trace[:, None]
        return Answers(
            *(np.asarray(each, np.float32) for each in (detection, p_over_s, late[:, 0], late[:, 1]))
        )


def made(**columns: object) -> Store:
    n = 60
    picks = np.column_stack([np.full(n, 4000), np.full(n, 6000)])
    split = np.where(np.arange(n) % 2 == 0, "dev", "test")
    return store_of(picks, np.full(n, 9000), split=split, **columns)


def test_a_cell_tells_what_a_known_picker_does() -> None:
    store = made(path_ep_distance_km=np.repeat([10.0, 150.0], 30))
    dev, test = (make_targets(store, split, 1) for split in ("dev", "test"))
    cell = judge_picker(Knowing(store), store, dev, test, 1, 50).cell
    assert json.loads(json.dumps(cell, allow_nan=False)) == cell
    counts = {"events": 30, "noise": 30, "p": 30, "s": 30, "p_answered": 30, "s_answered": 30}
    assert cell["windows"] == {"dev": counts, "test": counts}
    scores = {name: entry["value"] for name, entry in cell["scores"].items()}
    assert set(scores) == set(cell["scores_dev"]) == set(UNITS)
    late = np.arange(1, 60, 2) / 100
    expected = {
        "detection_auc": 1.0,  # of the odd traces, none is missed
        "phase_mcc": 1.0,
        "p_mean_s": late.mean(),
        "s_median_s": np.median(late),
        "p_rmse_s": np.sqrt((late**2).mean()),
        "p_beyond_0.45_s": (late > 0.45).mean(),
    }
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value), name
    # Of dev's 30 events, traces 0, 10, 20 … are missed.
    assert cell["scores_dev"]["detection_auc"]["value"] == pytest.approx(0.9)
    assert cell["thresholds"] == {"detection": 0.5, "phase": 0.0}
    residual = cell["curves"]["residual_p"]
    assert sum(residual["counts"]) == 30
    assert residual["laplace"]["location_s"] == pytest.approx(np.median(late))
    assert cell["cost"]["windows"] == 240
    near, far = (
        next(row for row in cell["breakdown"] if row["by"] == "distance_km" and row["low"] == low)
        for low in (0, 100)
    )
    assert near["n"] == near["p_n"] == 15
    assert near["p_mae_s"] == pytest.approx(np.arange(1, 30, 2).mean() / 100)
    assert far["s_mae_s"] == pytest.approx(np.arange(31, 60, 2).mean() / 100)
    assert far["detection_recall"] == 1


def test_a_set_without_noise_or_development_split_has_a_cell_without_their_scores() -> None:
    store = store_of([[500, 2500]] * 8, [6000] * 8)
    cell = judge_picker(
        Knowing(store), store, make_targets(store, "dev"), make_targets(store, "test"), 0, 20
    ).cell
    assert cell["thresholds"] == {"detection": None, "phase": None}
    assert "detection_auc" not in cell["scores"]
    assert "phase_mcc" not in cell["scores"]
    assert cell["scores"]["phase_auc"]["value"] == 1
    assert cell["scores_dev"] == {}
    assert "roc" not in cell["curves"]


def test_signal_to_noise_is_that_of_the_powers() -> None:
    draw = np.random.default_rng(0)
    samples = draw.normal(7.0, 1.0, (3, 3, 4000)).astype(np.float32)  # an offset is no signal
    samples[0, :, 2000:] += draw.normal(0, 10, (3, 2000))
    samples[1, :, 2000:] += 7
    samples[1, :, :2000] = 5
    store = store_of([[2000, 2400], [2000, -1], [-1, -1]], [4000] * 3, samples=samples.reshape(-1))
    found = snr_db(store, np.arange(3))
    assert found[0] == pytest.approx(10 * np.log10(101), abs=0.6)
    assert np.isnan(found[1:]).all()  # no noise at all, and no arrival


def test_distance_comes_from_any_of_the_known_columns() -> None:
    degrees = store_of([[-1, -1]] * 2, [100] * 2, path_ep_distance_deg=[1.0, None])
    found = distance_km(degrees, np.arange(2))
    assert found[0] == pytest.approx(111.2, abs=0.1)
    assert np.isnan(found[1])
    assert np.isnan(distance_km(store_of([[-1, -1]], [100]), np.arange(1))).all()
    assert list(DISTANCE_KM) == sorted(DISTANCE_KM)


def test_traces_of_one_source_form_a_group() -> None:
    store = store_of([[-1, -1]] * 4, [100] * 4, source_id=["a", "b", "a", None])
    group = event_groups(store)
    assert group[0] == group[2]
    assert len(set(group.tolist())) == 3
    assert len(set(event_groups(store_of([[-1, -1]] * 4, [100] * 4)).tolist())) == 4
