"""Forecasts at one or many due times, from the events that were known at each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from terrella import __version__
from terrella.engine.use.bundle import load_bundle
from terrella.engine.use.find import WEIGHTS, find_bundle
from terrella.errors import InputError
from terrella.forecast.issuing import Issued, issue_each
from terrella.forecast.models import CLIMATOLOGY, ETAS_, Models, known_before, make_forecaster
from terrella.forecast.storage import TASK, from_bundle
from terrella.live.kept import Kept, write_kept
from terrella.live.schedule import Due
from terrella.live.store import Store, rounded
from terrella.live.times import iso, stamp
from terrella.live.versions import Versions

ISSUED = "issued"  # the network as far as it is trusted, then ETAS: what `terrella forecast predict` writes
MODELS = (ISSUED, ETAS_, CLIMATOLOGY)
FORECAST = "forecast"
_NAMES = (None, ETAS_, CLIMATOLOGY)  # as `issue_each` calls them
_TOGETHER = 48  # issue times whose forecasts are held at once


@dataclass(frozen=True, eq=False)
class Served:
    """The bundle of a record: its models, its name, and a hash of its weights."""

    models: Models
    name: str
    hash: str


def load_served(name: str) -> Served:
    """Return a bundle by its folder or name.

    Raises:
        InputError: where there is none.
    """
    from hashlib import sha256

    folder = find_bundle(Path(name), TASK)
    weights = sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    return Served(from_bundle(load_bundle(folder, TASK)), Path(name).name, weights)


def issue_due(
    store: Store, served: Served, versions: Versions, due: Sequence[Due], made_us: int | None = None
) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    """Write the forecasts of ascending due times, and yield what the record says of each.

    Times at which a catalogue is the earlier part of another's are computed in one sweep. `made_us` is when, where
    that is not the due time itself. A time without any event before it is recorded as missed.
    """
    for part in _alike(versions, due):
        yield from _issue(store, served, part, made_us)


@dataclass(frozen=True, eq=False)
class _Part:
    """Due times and what was known at the last of them; of the others it holds all that was known."""

    due: list[Due]
    known: Versions


def _alike(versions: Versions, due: Sequence[Due]) -> Iterator[_Part]:
    """Yield due times in groups, each as long as nothing that was known changed within it."""
    group: list[Due] = []
    known: Versions | None = None
    for each in due:
        now = versions.known_at(each.time_us)
        earlier = None if known is None else now[now.time_us < group[-1].time_us]
        if (
            known is not None
            and earlier is not None
            and (earlier.hash() != known.hash() or len(group) == _TOGETHER)
        ):
            yield _Part(group, known)
            group = []
        group, known = [*group, each], now
    if known is not None:
        yield _Part(group, known)


def _issue(
    store: Store, served: Served, part: _Part, made_us: int | None
) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    models, catalogue = served.models, part.known.catalogue("the record's catalogue")
    times = np.array([each.time_us for each in part.due], np.int64)
    try:
        known = known_before(models, catalogue, times[-1].astype("datetime64[us]"))
    except InputError as error:
        for each in part.due:
            yield _entry("missed", each, {"why": str(error)})
        return
    forecaster = make_forecaster(models, known)
    for each, issued in zip(
        part.due, issue_each(forecaster, times.astype("datetime64[us]"), _NAMES), strict=True
    ):
        kept = _kept(models, each.time_us, issued)
        path = store.forecasts / f"{stamp(each.time_us)}.nc"
        write_kept(kept, path)
        before = part.known[part.known.time_us < each.time_us]
        yield _entry(FORECAST, each, {
            "made": each.time_us if made_us is None else made_us,
            "file": path.name,
            "sha256": kept.hash(),
            "catalogue": {"events": len(before), "sha256": before.hash()},
            "bundle": {"name": served.name, "sha256": served.hash},
            "software": __version__,
            "horizons_days": list(kept.horizons_days),
            "min_magnitude": float(models.min_magnitude),
            "used": list(issued[0].names),
            "expected": {
                model: [rounded(total) for total in values.sum(1, dtype=float)]
                for model, values in zip(kept.models, kept.expected, strict=True)
            },
            "highest": [rounded(highest) for highest in kept.probability[0].max(1)],
        })  # fmt: skip


def _entry(kind: str, due: Due, values: dict[str, Any]) -> tuple[str, str, int, dict[str, Any]]:
    return (
        f"{FORECAST}/{stamp(due.time_us)}",
        kind,
        due.time_us,
        {"issue_time": iso(due.time_us), "reason": due.reason, **values},
    )


def _kept(models: Models, time_us: int, issued: Sequence[Issued]) -> Kept:
    def stacked(values: list[torch.Tensor]) -> np.ndarray:
        return torch.stack(values).float().numpy()

    return Kept(
        issue_time_us=time_us,
        horizons_days=models.horizons_days,
        models=MODELS,
        grid=models.grid,
        min_magnitude=float(models.min_magnitude),
        expected=stacked([each.mean for each in issued]),
        probability=stacked([each.probability for each in issued]),
        dispersion=stacked([each.dispersion for each in issued]),
    )
