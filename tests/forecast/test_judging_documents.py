"""The scores of all horizons in the form that others may rely on."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from terrella.engine.judge import Interval, make_blocks
from terrella.engine.judge.document import write_rows
from terrella.forecast.judging.score_files import document_of
from terrella.forecast.judging.scores import Forecast, Scores, judge


def _forecast(probability, loss):
    return Forecast(probability, probability.sum(1, dtype=float), loss)


@pytest.fixture(scope="module")
def scores() -> Scores:
    random = np.random.default_rng(0)
    p = random.uniform(0.01, 0.3, (90, 12)).astype(np.float32)
    counts = (random.random(p.shape) < p).astype(np.float32)
    forecasts = {
        "all-zero": _forecast(np.zeros_like(p), None),
        "climatology": _forecast(np.full_like(p, 0.15), random.random(90) + 1),
        "network": _forecast(p, random.random(90)),
    }
    return judge(forecasts, counts, make_blocks(np.arange(90.0), 10, 200), "climatology", ("network",))


def test_document_has_the_form_that_others_rely_on(scores: Scores) -> None:
    document = document_of("California", "test", {"1d": scores, "7d": scores})
    again = json.loads(json.dumps(document, allow_nan=False))
    assert list(again) == ["data", "split", "models", "paired"]
    assert list(again["models"]) == ["all-zero", "climatology", "network"]
    for score in ("brier@1d", "information_gain@7d"):
        entry = again["models"]["network"][score]
        assert list(entry) == ["value", "low", "high", "unit"]
        assert entry["low"] <= entry["value"] <= entry["high"]
    assert again["models"]["network"]["information_gain@1d"]["unit"] == "nats per earthquake"
    assert [sorted(pair) for pair in again["paired"]] == [
        ["gain", "high", "low", "model", "over", "score"]
    ] * len(again["paired"])
    assert {(p["score"], p["over"]) for p in again["paired"]} == {
        (f"{score}@{horizon}", over)
        for horizon in ("1d", "7d")
        for score, over in [
            ("brier_skill", "all-zero"),
            ("brier_skill", "climatology"),
            ("information_gain", "climatology"),
        ]
    }


def test_scores_that_a_model_does_not_have_are_null(scores: Scores) -> None:
    of_zero = document_of("California", "test", {"1d": scores})["models"]["all-zero"]
    for score in ("log_score@1d", "log_likelihood@1d", "information_gain@1d"):
        assert (of_zero[score]["value"], of_zero[score]["low"], of_zero[score]["high"]) == (None, None, None)
    assert of_zero["brier@1d"]["value"] > 0


def test_rows_hold_every_score_and_gain_with_the_marks_of_their_origin(
    scores: Scores, tmp_path: Path
) -> None:
    more = {"model_mark": "abc", "catalogue_mark": "def", "further": [1]}
    document = document_of("California", "test", {"1d": scores}, more)
    assert document["further"] == [1]
    write_rows(tmp_path / "scores.csv", document)
    with (tmp_path / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(each) for each in document["models"].values()) + len(document["paired"])
    assert {(row["model_mark"], row["catalogue_mark"]) for row in rows} == {("abc", "def")}
    assert len({tuple(row) for row in rows}) == 1  # the same columns in the same order
    gain = next(
        r
        for r in rows
        if (r["model"], r["over"], r["score"]) == ("network", "climatology", "information_gain@1d")
    )
    pair = next(
        p for p in document["paired"] if (p["over"], p["score"]) == ("climatology", "information_gain@1d")
    )
    assert tuple(float(gain[name]) for name in ("value", "low", "high")) == (
        pair["gain"],
        pair["low"],
        pair["high"],
    )
    assert gain["unit"] == "nats per earthquake"


def test_small_scores_keep_their_digits(scores: Scores) -> None:
    tiny = Scores({"network": {"brier": Interval(1.23456789e-7, 1e-7, 2e-7)}}, (), {})
    entry = document_of("", "", {"1d": tiny})["models"]["network"]["brier@1d"]
    assert entry["value"] == pytest.approx(1.23456789e-7, rel=1e-7)
