"""What the API says of a record: forecasts, cells, places, events and scores, as plain values."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import shapely

from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.forecast.judging.outcomes import cell_centres
from terrella.live.issuing import FORECAST, ISSUED, MODELS
from terrella.live.kept import Kept, read_kept, read_part
from terrella.live.opening import Opened
from terrella.live.scoring import SCORE
from terrella.live.store import Record
from terrella.live.summary import apart, summarise
from terrella.live.times import iso

_KEPT = 8  # forecasts held whole
_REMEMBERED = 400  # forecasts whose probabilities are held for the histories of cells
LAYERS = ("probability", "expected")


@dataclass(eq=False)
class Reader:
    """A record as the API reads it, with a little of what was read last."""

    opened: Opened
    _whole: OrderedDict[str, Kept] = field(default_factory=OrderedDict)
    _issued: OrderedDict[str, np.ndarray] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def forecasts(self, limit: int, before_us: int | None = None) -> list[dict[str, Any]]:
        """Return the latest forecasts, the last first; `before_us` goes back further."""
        found = self.opened.store.records(FORECAST, latest=limit, before_us=before_us)
        return [described(record) for record in reversed(found)]

    def record(self, name: str) -> Record:
        """Return the entry of a forecast by its time, such as 20190706T040000Z, or `latest`.

        Raises:
            NotFoundError: where there is none.
        """
        if name == "latest":
            found = self.opened.store.records(FORECAST, latest=1)
        else:
            found = self.opened.store.records(FORECAST, keys=[f"{FORECAST}/{name}"])
        if not found:
            raise NotFoundError("no such forecast; /api/forecasts lists them")
        return found[0]

    def kept(self, record: Record) -> Kept:
        """Return the numbers of a forecast."""
        with self._lock:
            if record.key in self._whole:
                self._whole.move_to_end(record.key)
                return self._whole[record.key]
        kept = read_kept(self.opened.store.forecasts / record.values["file"])
        with self._lock:
            self._whole[record.key] = kept
            while len(self._whole) > _KEPT:
                self._whole.popitem(last=False)
        return kept

    def history(self, cell: int, horizon: int) -> list[dict[str, Any]]:
        """Return what was issued for a cell, forecast by forecast."""
        found = []
        for key, time_us in self.opened.store.times(FORECAST, _REMEMBERED):
            probability = self._probability(key)
            if not (0 <= horizon < len(probability) and 0 <= cell < probability.shape[1]):
                raise InputError("cell or horizon lie outside the grid, which /api/grid describes")
            found.append({"issue_time": iso(time_us), "probability": float(probability[horizon, cell])})
        return found

    def _probability(self, key: str) -> np.ndarray:
        with self._lock:
            if key in self._issued:
                return self._issued[key]
        path = self.opened.store.forecasts / f"{key.removeprefix(f'{FORECAST}/')}.nc"
        probability = read_part(path, "probability", MODELS.index(ISSUED))
        with self._lock:
            self._issued[key] = probability
            while len(self._issued) > _REMEMBERED:
                self._issued.popitem(last=False)
        return probability

    @cached_property
    def grid(self) -> bytes:
        """Return, as JSON, the grid of all forecasts: edges in degrees and km, and the cells of a layer inside."""
        models = self.opened.served.models
        grid = models.grid
        values = {
            "longitude_edges": grid.longitude_edges.tolist(),
            "latitude_edges": grid.latitude_edges.tolist(),
            "depth_edges_km": grid.depth_edges_km.tolist(),
            "inside": np.flatnonzero(grid.mask).tolist(),
            "horizons_days": list(models.horizons_days),
            "min_magnitude": float(models.min_magnitude),
            "bundle": self.opened.served.name,
            "replays": self.opened.replays,
            "began": iso(self.opened.began_us),
        }
        return json.dumps(values).encode()

    def events(self, since_us: int, until_us: int, least: float, limit: int) -> list[dict[str, Any]]:
        """Return the latest events that are known of a span, the last first."""
        names = ("event_id", "time_us", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type")
        rows = self.opened.store.latest_events(since_us, until_us, least, limit, names)
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for each in found:
            each["time"] = iso(each.pop("time_us"))
        return found

    def points(self, since_us: int, until_us: int, least: float, limit: int) -> np.ndarray:
        """Return longitude, latitude and magnitude (event, 3) of what `events` returns: a map's part of it."""
        names = ("longitude", "latitude", "magnitude")
        rows = self.opened.store.latest_events(since_us, until_us, least, limit, names)
        return np.array(rows, "<f4").reshape(-1, 3)

    def scores(self) -> bytes:
        """Return, as JSON, the table of scores, and the course of gains and of events along time by horizon."""
        return json.dumps(self._scored()).encode()

    def _scored(self) -> dict[str, Any]:
        records = self.opened.store.records(SCORE)
        found = summarise(records)
        rows = [{**asdict(row), "gain": _interval(row.gain), "ratio": _interval(row.ratio)} for row in found]
        course = {f"{days:g}": _course(records, days) for days in sorted({row.horizon_days for row in found})}
        return {"rows": rows, "course": course}


class NotFoundError(InputError):
    """There is no such thing in the record."""


def described(record: Record) -> dict[str, Any]:
    """Return a forecast's entry with its name and its hash."""
    return {"name": record.key.removeprefix(f"{FORECAST}/"), **record.values, "hash": record.hash}


def near(kept: Kept, longitude: float, latitude: float, radius_km: float) -> np.ndarray:
    """Return the cells (cell,) whose centre lies within a distance of a point; at least the one nearest to it."""
    lon, lat = cell_centres(kept.grid)
    distance = distance_km(longitude, latitude, lon, lat)
    nearest = distance <= distance.min() + 1e-9
    if distance.min() > max(radius_km, _half_diagonal_km(kept)):
        raise InputError("the place lies outside the region of the forecasts")
    return np.asarray((distance <= radius_km) | nearest)


def within(kept: Kept, corners: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return the cells (cell,) whose centre lies in a polygon of (longitude, latitude) corners."""
    polygon = shapely.Polygon(corners)
    if not polygon.is_valid or polygon.area == 0:
        raise InputError("the polygon's edges cross, or it has no area")
    lon, lat = cell_centres(kept.grid)
    inside = np.asarray(shapely.contains_xy(polygon, lon, lat) | shapely.contains_xy(polygon, lon - 360, lat))
    if not inside.any():
        raise InputError("no centre of a cell lies in the polygon: it is too small, or outside the region")
    return inside


def probability(
    kept: Kept, inside: np.ndarray, beta: float, magnitude: float, days: float
) -> dict[str, float]:
    """Return the probability of one or more events of a magnitude or more in some cells within some days.

    Between horizons counts follow a power of time; below the first one they are in proportion to it. Larger
    magnitudes are thinned out by Gutenberg and Richter's law, each cell's negative binomial count on its own.
    """
    mean, alpha = _within_days(kept, inside, days)
    share = float(np.exp(-beta * (magnitude - kept.min_magnitude)))
    mean = mean * share
    none = (np.log1p(alpha * mean) / alpha).sum()
    return {"probability": float(-np.expm1(-none)), "expected": float(mean.sum()), "cells": int(inside.sum())}


def _within_days(kept: Kept, inside: np.ndarray, days: float) -> tuple[np.ndarray, np.ndarray]:
    horizons = np.array(kept.horizons_days)
    mean = kept.expected[0][:, inside].astype(float)
    alpha = kept.dispersion[0][:, inside].astype(float)
    if days <= horizons[0]:
        return mean[0] * days / horizons[0], alpha[0]
    place = float(np.interp(np.log(days), np.log(horizons), np.arange(len(horizons))))
    before = min(int(place), len(horizons) - 2) if len(horizons) > 1 else 0
    after, share = min(before + 1, len(horizons) - 1), place - before
    logs = np.log(np.maximum(mean, 1e-300))
    return np.exp((1 - share) * logs[before] + share * logs[after]), alpha[after]


def _half_diagonal_km(kept: Kept) -> float:
    grid = kept.grid
    height, width = np.diff(grid.latitude_edges).max(), np.diff(grid.longitude_edges).max()
    return float(np.hypot(height, width) / 2 * 111.2)


def _course(records: Sequence[Record], days: float) -> dict[str, Any]:
    windows = apart(records, days)

    def summed(model: str, name: str) -> list[float]:
        return [round(float(x), 4) for x in np.cumsum([each["models"][model][name] for each in windows])]

    return {
        "issue_time": [each["issue_time"] for each in windows],
        "observed": np.cumsum([each["observed"] for each in windows]).tolist(),
        "expected": {model: summed(model, "expected") for model in MODELS},
        "log_likelihood": {model: summed(model, "log_likelihood") for model in MODELS},
    }


def _interval(found: Any) -> list[float | None]:
    return [None if not np.isfinite(x) else float(x) for x in (found.value, found.low, found.high)]
