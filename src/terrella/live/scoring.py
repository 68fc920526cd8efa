"""The score of a forecast whose window has closed, on the events that are known a stated time later."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from terrella.earth.magnitude import reaches
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.judging.outcomes import cells_of
from terrella.live.issuing import FORECAST
from terrella.live.kept import Kept, read_kept
from terrella.live.store import Record, Store, rounded
from terrella.live.times import DAY, iso
from terrella.live.versions import Versions

SCORE = "score"


def closings(forecasts: Sequence[Record], delay_us: int) -> Iterator[tuple[int, Record, int]]:
    """Yield when each window of forecasts is scored, the forecast and which of its horizons it is."""
    for record in forecasts:
        for horizon, days in enumerate(record.values["horizons_days"]):
            yield record.time_us + round(days * DAY) + delay_us, record, horizon


def score_key(record: Record, horizon: int) -> str:
    """Return the key of a score in the record."""
    days = record.values["horizons_days"][horizon]
    return f"{SCORE}/{record.key.removeprefix(FORECAST + '/')}/{days:g}d"


def score(
    store: Store, versions: Versions, record: Record, horizon: int, at_us: int
) -> tuple[str, str, int, dict[str, Any]]:
    """Return what the record says of a window, scored at a time: counts, likelihoods and Brier scores by model.

    The likelihood is that of all cells' negative binomial counts, in nats; the Brier score (1950) their mean.
    """
    kept = read_kept(store.forecasts / record.values["file"])
    days = kept.horizons_days[horizon]
    events = versions.known_at(at_us)
    end = record.time_us + round(days * DAY)
    inside = (events.time_us >= record.time_us) & (events.time_us < end)
    events = events[inside & reaches(events.magnitude, kept.min_magnitude)]
    counts = counted(events, kept)
    models = {name: _scored(kept, model, horizon, counts) for model, name in enumerate(kept.models)}
    values = {
        "forecast": record.key,
        "issue_time": iso(record.time_us),
        "reason": record.values["reason"],
        "horizon_days": days,
        "scored_at": iso(at_us),
        "observed": int(counts.sum()),
        "models": models,
    }
    return score_key(record, horizon), SCORE, at_us, values


def counted(events: Versions, kept: Kept) -> np.ndarray:
    """Return how many of some events lie in each cell (cell,)."""
    cell = cells_of(events.catalogue("events"), kept.grid)
    return np.bincount(cell[cell >= 0], minlength=kept.expected.shape[2])


def _scored(kept: Kept, model: int, horizon: int, counts: np.ndarray) -> dict[str, float]:
    mean, alpha = (
        torch.from_numpy(each[model, horizon].astype(float)) for each in (kept.expected, kept.dispersion)
    )
    loss = negative_log_likelihood(
        torch.from_numpy(counts.astype(float)), torch.log(mean.clamp(min=1e-300)), alpha
    )
    probability = kept.probability[model, horizon].astype(float)
    return {
        "expected": rounded(float(mean.sum())),
        "variance": rounded(float((mean + alpha * mean**2).sum())),
        "log_likelihood": rounded(-float(loss.sum())),
        "brier": rounded(float(np.mean((probability - (counts > 0)) ** 2))),
    }
