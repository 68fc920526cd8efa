"""Scores of probability forecasts on many cells and issue times, all models on the same outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks, Floats, Interval, interval, limits, ratio

# Probabilities are counted in bins of equal ratio: fine ones for the ROC, every 128th edge for reliability.
_DECADES, _FINE, _COARSE = 8, 2048, 16

UNITS = {
    "brier": "",
    "brier_skill": "",
    "reliability": "",
    "resolution": "",
    "uncertainty": "",
    "log_score": "nats per cell",
    "log_likelihood": "nats per earthquake",
    "information_gain": "nats per earthquake",
    "auc": "",
    "expected_over_observed": "",
    "expected_over_observed_quiet": "",
}
_BUSIEST = 0.01  # share of the issue times without which the number of events is compared once more


@dataclass(frozen=True, eq=False)
class Forecast:
    """What one model forecast: probabilities of an event (time, cell), and the loss of the counts (time,).

    The loss is the negative log-likelihood of all cells in nats; none for a model without a distribution.
    """

    probability: npt.NDArray[np.float32]
    expected: Floats  # (time,) events in all cells
    loss: Floats | None


@dataclass(frozen=True, eq=False)
class Curves:
    """What figures draw of a model."""

    forecast_probability: Floats  # (bin,) mean forecast of the reliability diagram
    observed_frequency: Floats
    observed_low: Floats
    observed_high: Floats
    false_alarm_rate: Floats  # of the ROC
    hit_rate: Floats


@dataclass(frozen=True)
class Paired:
    """The gain of a model over another in one score, positive where the model is better."""

    score: str
    model: str
    over: str
    gain: Interval


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of all models at one horizon."""

    models: Mapping[str, Mapping[str, Interval]]
    paired: tuple[Paired, ...]
    curves: Mapping[str, Curves]


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over cells, for the data and each resample."""

    brier: Floats
    log_score: Floats
    expected: Floats
    quiet: tuple[Floats, Floats]  # expected and observed events without the busiest issue times
    loss: Floats | None
    histogram: Floats  # (resample, fine bin, (forecasts, events, Σ probability))


def judge(
    forecasts: Mapping[str, Forecast],
    counts: npt.NDArray[np.float32],
    blocks: Blocks,
    reference: str,
    models: tuple[str, ...],
) -> Scores:
    """Return the scores of all forecasts on observed counts (time, cell).

    Skill and information gain are relative to `reference`; `models` are compared, in pairs, to every other
    forecast. Brier score: Brier (1950) = reliability − resolution + uncertainty (Murphy 1973), exactly so, since
    the resolution holds what is left within bins (Stephenson, Coelho & Jolliffe 2008); information
    gain per earthquake: Rhoades et al. (2011), with each model's own likelihood. A score that a forecast does
    not have is NaN: likelihoods without a distribution, the log score where it excluded what then happened.
    Expected over observed events (the N-test of Zechar et al. 2010, without a law of the counts) is also given
    without the busiest 1 % of the issue times, which a large sequence fills.
    """
    occurred = counts > 0
    events, cells = blocks.sums(counts.sum(1)), blocks.sums(np.full(len(counts), counts.shape[1]))
    quiet = _quiet(counts.sum(1, dtype=float))
    sums = {name: _sums(forecast, occurred, quiet, blocks) for name, forecast in forecasts.items()}
    base = sums[reference]
    scores = {name: _scores(each, base, events, cells) for name, each in sums.items()}
    paired = []
    for name in models:
        for other in [o for o in sums if o != name]:
            mine, theirs = sums[name], sums[other]
            if mine.loss is not None and theirs.loss is not None:
                gain = interval(ratio(theirs.loss - mine.loss, events))
                paired.append(Paired("information_gain", name, other, gain))
            skill = interval(ratio(theirs.brier - mine.brier, base.brier))
            paired.append(Paired("brier_skill", name, other, skill))
    return Scores(scores, tuple(paired), {name: _curves(each.histogram) for name, each in sums.items()})


def _quiet(events: Floats) -> Floats:
    """Return the events of all issue times (time,) but the busiest ones, which are NaN."""
    busiest = np.argsort(-events, kind="stable")[: int(np.ceil(_BUSIEST * len(events)))]
    quiet = events.copy()
    quiet[busiest] = np.nan
    return quiet


def _sums(forecast: Forecast, occurred: npt.NDArray[np.bool_], quiet: Floats, blocks: Blocks) -> _Sums:
    p = forecast.probability
    error = p - occurred
    # Single precision rounds what is all but certain to one; a zero means that the forecast excluded an event.
    clipped = np.clip(p, np.finfo(np.float32).tiny, 1 - np.finfo(np.float32).epsneg)
    logs = np.where(occurred, np.log(clipped), np.log1p(-clipped)).sum(1, dtype=float)
    if (occurred & (p == 0)).any():
        logs[:] = np.nan
    expected = np.where(np.isfinite(quiet), forecast.expected, 0.0)
    return _Sums(
        brier=blocks.sums((error * error).sum(1, dtype=float)),
        log_score=blocks.sums(-logs),
        expected=blocks.sums(forecast.expected),
        quiet=(blocks.sums(expected), blocks.sums(np.nan_to_num(quiet))),
        loss=None if forecast.loss is None else blocks.sums(forecast.loss),
        histogram=_histogram(p, occurred, blocks),
    )


def _histogram(p: npt.NDArray[np.float32], occurred: npt.NDArray[np.bool_], blocks: Blocks) -> Floats:
    """Return forecasts, events and Σ probability by bin of probability, (resample, bin, 3)."""
    position = np.log10(np.maximum(p, 10.0**-_DECADES)) / _DECADES + 1
    bins = np.minimum((position * _FINE).astype(np.int32), _FINE - 1)
    n_blocks = blocks.draws.shape[1]
    flat = (blocks.of_time[:, None] * _FINE + bins).ravel()
    size = n_blocks * _FINE
    per_block = np.stack(
        [
            np.bincount(flat, minlength=size),
            np.bincount(flat[occurred.ravel()], minlength=size),
            np.bincount(flat, weights=p.ravel(), minlength=size),
        ],
        axis=1,
    )
    return (blocks.draws @ per_block.reshape(n_blocks, -1)).reshape(-1, _FINE, 3)


def _scores(sums: _Sums, base: _Sums, events: Floats, cells: Floats) -> dict[str, Interval]:
    forecasts, happened, probability = np.moveaxis(_coarse(sums.histogram), 2, 0)
    rate = happened.sum(1) / cells
    bias = ratio(probability - happened, forecasts)
    reliability = np.nansum(forecasts * bias**2, axis=1) / cells
    uncertainty = rate * (1 - rate)
    missing = np.full_like(events, np.nan)
    gain = missing if sums.loss is None or base.loss is None else ratio(base.loss - sums.loss, events)
    found = {
        "brier": sums.brier / cells,
        "brier_skill": 1 - ratio(sums.brier, base.brier),
        "reliability": reliability,
        "resolution": reliability + uncertainty - sums.brier / cells,
        "uncertainty": uncertainty,
        "log_score": sums.log_score / cells,
        "log_likelihood": missing if sums.loss is None else ratio(-sums.loss, events),
        "information_gain": gain,
        "auc": _auc(sums.histogram),
        "expected_over_observed": ratio(sums.expected, events),
        "expected_over_observed_quiet": ratio(*sums.quiet),
    }
    return {name: interval(found[name]) for name in UNITS}


def _coarse(histogram: Floats) -> Floats:
    return np.asarray(histogram.reshape(len(histogram), _COARSE, -1, 3).sum(2))


def _auc(histogram: Floats) -> Floats:
    """Return the area under the ROC: the chance that an event's cell had the higher forecast; ties count half."""
    hits = histogram[:, :, 1]
    alarms = histogram[:, :, 0] - hits
    below = np.cumsum(alarms, axis=1) - alarms / 2
    return ratio((hits * below).sum(1), hits.sum(1) * alarms.sum(1))


def _curves(histogram: Floats) -> Curves:
    coarse = _coarse(histogram)
    frequency = ratio(coarse[:, :, 1], coarse[:, :, 0])
    # Bins where an event was forecast or occurred, so that neither false hopes nor surprises go unseen.
    populated = coarse[0, :, 1] + coarse[0, :, 2] >= 1
    hits = histogram[0, ::-1, 1]
    alarms = histogram[0, ::-1, 0] - hits
    low, high = limits(frequency[:, populated])
    return Curves(
        forecast_probability=coarse[0, populated, 2] / coarse[0, populated, 0],
        observed_frequency=frequency[0, populated],
        observed_low=low,
        observed_high=high,
        false_alarm_rate=np.concatenate([[0.0], np.cumsum(alarms) / max(alarms.sum(), 1)]),
        hit_rate=np.concatenate([[0.0], np.cumsum(hits) / max(hits.sum(), 1)]),
    )
