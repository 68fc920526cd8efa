"""Scores: against definitions written out cell by cell, and against what theory says of perfect forecasts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrella.engine.judge import make_blocks
from terrella.forecast.judging.scores import UNITS, Forecast, Scores, judge

N_TIME, N_CELL = 400, 50


def _forecast(probability, loss):
    return Forecast(probability, probability.sum(1, dtype=float), loss)


def score(
    probability: np.ndarray,
    counts: np.ndarray,
    reference: np.ndarray | None = None,
    losses: tuple[np.ndarray, np.ndarray] | None = None,
) -> Scores:
    """Judge a model over a reference that, unless given, forecasts the rate everywhere."""
    if reference is None:
        reference = np.full(counts.shape, (counts > 0).mean())
    loss, reference_loss = losses or (None, None)
    forecasts = {
        "climatology": _forecast(reference.astype(np.float32), reference_loss),
        "model": _forecast(probability.astype(np.float32), loss),
    }
    blocks = make_blocks(np.arange(len(counts), dtype=float), 10.0, 100)
    return judge(forecasts, counts.astype(np.float32), blocks, "climatology", ("model",))


def values(scores: Scores, name: str = "model") -> dict[str, float]:
    return {score: found.value for score, found in scores.models[name].items()}


def rare(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return forecasts that span four decades, and outcomes drawn from them."""
    random = np.random.default_rng(seed)
    probability = 10 ** random.uniform(-4, -0.3, (N_TIME, N_CELL))
    return probability, (random.random(probability.shape) < probability).astype(float)


def test_scores_equal_their_definitions() -> None:
    p, counts = rare()
    reference = np.broadcast_to(p.mean(0), p.shape)
    found = values(score(p, counts, reference))
    brier = ((p - counts) ** 2).mean()
    assert found["brier"] == pytest.approx(brier, rel=1e-5)
    assert found["brier_skill"] == pytest.approx(1 - brier / ((reference - counts) ** 2).mean(), rel=1e-4)
    assert found["log_score"] == pytest.approx(-np.log(np.where(counts > 0, p, 1 - p)).mean(), rel=1e-5)
    assert found["uncertainty"] == pytest.approx(counts.mean() * (1 - counts.mean()))


def test_area_under_the_roc_is_the_chance_that_an_event_ranks_above_a_non_event() -> None:
    p, counts = rare(1)
    p, counts = np.round(p[:100], 2), counts[:100]  # rounded, so that many tie
    hit, quiet = p[counts > 0], p[counts == 0]
    above = (hit[:, None] > quiet).mean() + 0.5 * (hit[:, None] == quiet).mean()
    scores = score(p, counts)
    assert values(scores)["auc"] == pytest.approx(above, abs=2e-4)
    assert values(scores, "climatology")["auc"] == pytest.approx(0.5)
    curve = scores.curves["model"]
    area = np.trapezoid(curve.hit_rate, curve.false_alarm_rate)
    assert area == pytest.approx(values(scores)["auc"])
    assert (curve.hit_rate[-1], curve.false_alarm_rate[-1]) == (1, 1)


@pytest.mark.parametrize(("p", "auc"), [(lambda c: 0.001 + 0.9 * c, 1.0), (lambda c: 0.9 - 0.8 * c, 0.0)])
def test_area_of_perfect_and_inverted_order(p, auc) -> None:  # type: ignore[no-untyped-def]
    counts = rare()[1]
    assert values(score(p(counts), counts))["auc"] == pytest.approx(auc)


@settings(max_examples=40, deadline=None)
@given(
    p=arrays(np.float32, (30, 4), elements=st.floats(0, 1, width=32)),
    counts=arrays(np.int8, (30, 4), elements=st.integers(0, 3)),
)
def test_decomposition_is_exact_whatever_is_forecast(p: np.ndarray, counts: np.ndarray) -> None:
    found = values(score(p, counts))
    assert found["brier"] == pytest.approx(
        found["reliability"] - found["resolution"] + found["uncertainty"], abs=1e-12
    )
    assert 0 <= found["reliability"] <= 1
    assert 0 <= found["uncertainty"] <= 0.25


def test_decomposition_of_few_probabilities_is_murphys() -> None:
    random = np.random.default_rng(4)
    forecast = random.choice([0.01, 0.1, 0.5], (N_TIME, N_CELL))
    counts = (random.random(forecast.shape) < 0.7 * forecast).astype(float)
    reliability = resolution = 0.0
    for p in (0.01, 0.1, 0.5):
        of_bin = counts[forecast == p]
        reliability += of_bin.size * (p - of_bin.mean()) ** 2 / counts.size
        resolution += of_bin.size * (of_bin.mean() - counts.mean()) ** 2 / counts.size
    found = values(score(forecast, counts))
    assert found["reliability"] == pytest.approx(reliability, rel=1e-5)
    assert found["resolution"] == pytest.approx(resolution, rel=1e-5)


def test_all_zero_has_the_rate_as_its_brier_score_and_no_skill_to_speak_of() -> None:
    counts = rare()[1]
    scores = score(np.zeros(counts.shape), counts)
    found = values(scores)
    assert found["brier"] == pytest.approx(counts.mean())
    assert found["resolution"] == pytest.approx(0, abs=1e-12)
    assert found["auc"] == pytest.approx(0.5)
    assert found["brier_skill"] < 0
    assert np.isnan([found["log_score"], found["log_likelihood"], found["information_gain"]]).all()


def test_information_gain_is_the_difference_of_losses_per_earthquake() -> None:
    random = np.random.default_rng(5)
    mean = random.gamma(0.5, 0.1, (N_TIME, N_CELL))
    counts = random.poisson(mean).astype(float)
    flat = np.full_like(mean, counts.mean())
    losses = tuple((each - counts * np.log(each)).sum(1) for each in (mean, flat))  # Poisson, without n!
    scores = score(1 - np.exp(-mean), counts, 1 - np.exp(-flat), losses)
    gain = (losses[1].sum() - losses[0].sum()) / counts.sum()
    assert values(scores)["information_gain"] == pytest.approx(gain)
    assert values(scores)["log_likelihood"] == pytest.approx(-losses[0].sum() / counts.sum())
    assert values(scores, "climatology")["information_gain"] == 0
    assert scores.models["model"]["information_gain"].low > 0
    # For Poisson forecasts this is the mean log ratio of rates at the events, less the difference of totals
    # per event (Rhoades et al. 2011).
    at_events = (counts * np.log(mean / flat)).sum() - mean.sum() + flat.sum()
    assert gain == pytest.approx(at_events / counts.sum())


def test_paired_gains_are_differences_of_scores_with_narrower_intervals() -> None:
    p, counts = rare(6)
    nearly = np.clip(p * 1.2, 0, 1)
    forecasts = {
        name: _forecast(each.astype(np.float32), None)
        for name, each in {"climatology": np.full_like(p, p.mean()), "ETAS": nearly, "network": p}.items()
    }
    scores = judge(
        forecasts,
        counts.astype(np.float32),
        make_blocks(np.arange(400.0), 10.0, 300),
        "climatology",
        ("network",),
    )
    assert [(each.score, each.model, each.over) for each in scores.paired] == [
        ("brier_skill", "network", "climatology"),
        ("brier_skill", "network", "ETAS"),
    ]
    over_etas = scores.paired[1].gain
    one, other = (scores.models[name]["brier_skill"] for name in ("network", "ETAS"))
    assert over_etas.value == pytest.approx(one.value - other.value)
    assert over_etas.high - over_etas.low < 0.5 * (one.high - one.low)


def test_reliability_curve_of_a_calibrated_forecast_lies_on_the_diagonal() -> None:
    p, counts = rare(7)
    curve = score(p, counts).curves["model"]
    inside = (curve.observed_low <= curve.forecast_probability) & (
        curve.forecast_probability <= curve.observed_high
    )
    assert len(inside) >= 5
    assert inside.mean() >= 0.7
    assert (np.diff(curve.forecast_probability) > 0).all()
    doubled = score(np.minimum(2 * p, 1), counts).curves["model"]
    likely = doubled.forecast_probability > 0.01
    assert (doubled.observed_high < doubled.forecast_probability)[likely].all()


def test_nothing_happened() -> None:
    p = rare()[0]
    scores = score(p, np.zeros(p.shape), p)
    found = values(scores)
    assert found["brier"] == pytest.approx((p**2).mean(), rel=1e-5)
    assert np.isnan(found["auc"])
    curve = scores.curves["model"]
    assert len(curve.forecast_probability) >= 5  # forecasts of events that never came are shown
    assert (curve.observed_frequency == 0).all()
    assert (curve.observed_high == 0).all()
    nothing_forecast = score(np.zeros(p.shape), np.zeros(p.shape)).curves["model"]
    assert nothing_forecast.observed_low.shape == (0,)


def test_every_model_has_every_score_with_a_unit() -> None:
    scores = score(*rare())
    assert all(list(each) == list(UNITS) for each in scores.models.values())
