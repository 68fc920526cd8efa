"""What scores.json holds: all horizons' scores, what is beyond them, and the marks that tell results apart."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from terrella.engine.judge import Interval, plain, scores_document
from terrella.engine.settings import fingerprint
from terrella.engine.tensor_file import tensor_bytes
from terrella.engine.use.bundle import Bundle
from terrella.forecast.judging.after_shocks import DELAYS_DAYS, AfterShocks
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.scores import UNITS, Scores
from terrella.forecast.judging.sequences import SPANS_DAYS, Followed
from terrella.forecast.models import CLIMATOLOGY, ETAS_, NETWORK


def bundle_mark(bundle: Bundle) -> str:
    """Return a fingerprint of a bundle's weights, values and settings."""
    names = sorted(bundle.tensors)
    weights = [bytes(tensor_bytes(bundle.tensors[name])) for name in names]
    onnx = [] if bundle.onnx is None else [bundle.onnx]
    return fingerprint(names, *weights, *onnx, dict(bundle.values), bundle.settings)


def document_of(
    data: str, split: str, horizons: Mapping[str, Scores], more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document of all horizons; a score's name ends in its horizon, as in `brier@7d`."""
    models: dict[str, dict[str, Interval]] = {}
    paired = []
    for horizon, scores in horizons.items():
        for name, values in scores.models.items():
            named = {f"{score}@{horizon}": value for score, value in values.items()}
            models.setdefault(name, {}).update(named)
        paired += [(f"{p.score}@{horizon}", p.model, p.over, p.gain) for p in scores.paired]
    return scores_document(data, split, models, UNITS, paired, more)


def further_scores(judged: Sequence[Judged], closer: Closer, resamples: int) -> dict[str, Any]:
    """Return the parts of scores.json beside the scores: molchan, breakdown, sequences, csep and after_shocks.

    Gains are in nats per event of their class or sequence.
    """
    return {
        "molchan": {each.label: _molchan(each) for each in judged},
        "breakdown": {each.label: _breakdown(each) for each in judged},
        "by_sequence": {each.label: _by_sequence(each, resamples) for each in judged},
        "sequences": [_sequence(each, resamples) for each in closer.sequences],
        "csep": None if closer.csep is None else asdict(closer.csep),
        "after_shocks": [] if closer.hours is None else _after_shocks(closer.hours, resamples),
    }


def compared(judged: Judged) -> list[tuple[str, str]]:
    """Return the pairs of models whose gains are broken down: each over climatology, the network over ETAS."""
    pairs = [(name, CLIMATOLOGY) for name in judged.losses if name != CLIMATOLOGY]
    return [*pairs, (NETWORK, ETAS_)] if NETWORK in judged.losses else pairs


def rivals(judged: Judged) -> list[tuple[str, str]]:
    """Return the network beside every other model, and ETAS beside climatology where there is no network."""
    if NETWORK not in judged.losses:
        return [(ETAS_, CLIMATOLOGY)]
    return [(NETWORK, name) for name in judged.losses if name != NETWORK]


def _molchan(judged: Judged) -> dict[str, Any]:
    return {
        name: {"area_skill": plain(each.area_skill), "unskilled_error": each.unskilled_error}
        for name, each in judged.molchan.items()
    }


def _breakdown(judged: Judged) -> dict[str, Any]:
    found = judged.breakdown
    return {
        kind: {
            "classes": list(classes),
            "events": found.counts(kind),
            "gains": [
                {"model": name, "over": over, "gains": [plain(g) for g in _gains(judged, kind, name, over)]}
                for name, over in compared(judged)
            ],
        }
        for kind, classes in found.classes.items()
    }


def _gains(judged: Judged, kind: str, name: str, over: str) -> list[Interval]:
    return judged.breakdown.gains(kind, name, over, judged.blocks)


def _by_sequence(judged: Judged, resamples: int) -> dict[str, Any]:
    found = judged.breakdown
    return {
        "sequences": found.sequences,
        "paired": [
            {"model": name, "over": over, "gain": g["value"], "low": g["low"], "high": g["high"]}
            for name, over in rivals(judged)
            for g in [plain(found.gain_by_sequence(name, over, resamples))]
        ],
    }


def _after_shocks(found: AfterShocks, resamples: int) -> list[dict[str, Any]]:
    parts = []
    for delay in DELAYS_DAYS:
        for horizon, days in enumerate(found.horizons_days):
            rows = found.rows(delay, horizon)
            if not rows.any():
                continue
            parts.append(
                {
                    "hours": round(24 * delay, 3),
                    "horizon_days": days,
                    "shocks": int(rows.sum()),
                    "observed": int(found.observed[rows, horizon].sum()),
                    "expected": {
                        name: float(f"{each[rows, horizon].sum():.5g}")
                        for name, each in found.expected.items()
                    },
                    "gains": [
                        {"model": name, "over": over}
                        | plain(found.gain(name, over, rows, horizon, resamples))
                        for name, over in _pairs_of(found)
                    ],
                }
            )
    return parts


def _sequence(each: Followed, resamples: int) -> dict[str, Any]:
    gains = [
        {"model": name, "over": over, "days": span} | plain(each.gain(name, over, span, resamples))
        for span in SPANS_DAYS
        for name, over in _pairs_of(each)
    ]
    return {
        "name": each.name,
        "time_utc": f"{each.time_utc.astype('datetime64[s]')}Z",
        "magnitude": round(each.magnitude, 2),
        "longitude": round(each.longitude, 4),
        "latitude": round(each.latitude, 4),
        "reach_km": round(each.reach_km, 1),
        "step_days": each.horizon_days,
        "observed": [int(n) for n in each.observed],
        "expected": {name: [float(f"{v:.5g}") for v in values] for name, values in each.expected.items()},
        "gains": gains,
    }


def _pairs_of(each: Followed | AfterShocks) -> list[tuple[str, str]]:
    pairs = [(name, CLIMATOLOGY) for name in each.losses if name != CLIMATOLOGY]
    return [*pairs, (NETWORK, ETAS_)] if NETWORK in each.losses else pairs
