"""What each past earthquake adds to a cell's forecast, beside ETAS's triggering probabilities."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.engine.explain.question import Axis, Explanation, Question, Values
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.forecast.asked import Asked
from terrella.forecast.influence import Influence, influence_on
from terrella.forecast.issuing import issue_all
from terrella.forecast.maps import draw_base, make_view
from terrella.forecast.models import ETAS_, NETWORK, Forecaster, Models
from terrella.forecast.new_region import open_bundle
from terrella.forecast.prediction import forecaster_at
from terrella.formats.catalogues.catalogue import Catalogue

_DAY = np.timedelta64(86_400_000_000, "us")
_AS_ISSUED = 2e-3  # relative difference to what `predict` writes; its kernels' sums are in single precision
_KM = 111.195  # of a degree of latitude
_BARS = 10
_BLUE, _ORANGE = "#0072b2", "#d55e00"


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what the events of a catalogue are to the forecast of one cell.

    Raises:
        InputError: where bundle, catalogue or time are at fault, or hold no such cell or horizon.
    """
    models, catalogue, time, said = open_bundle(
        given, bundle, asked.issue_time, asked.min_magnitude, Path(given), report
    )
    if models.network is not None and models.network.context is not None:
        raise InputError(
            f"{bundle}: its U-Net sees whole maps; explain takes networks of single cells, as --network.kind "
            "perceptron trains them"
        )
    forecaster = forecaster_at(models, catalogue, time)
    horizon = _horizon(models, asked.horizon_days)
    issued, etas = issue_all(forecaster, time, (None, ETAS_))
    cell = _cell(models, asked, issued.mean[horizon].numpy())
    found = of_cell(forecaster, time, cell, horizon, asked)
    whole, expected = found.of(found.network, found.inputs[None]), float(issued.mean[horizon, cell])
    if asked.of == "count" and abs(float(whole) - expected) > _AS_ISSUED * expected:
        raise InputError(
            f"the sum over events is {float(whole):.5g}, what is issued {expected:.5g}: not the same forecast"
        )
    used = f"issued with {issued.names[horizon]}; ETAS expects {float(etas.mean[horizon, cell]):.3g}"
    return replace(found, said=[*said, used, *found.said])


def of_cell(forecaster: Forecaster, time: np.datetime64, cell: int, horizon: int, asked: Asked) -> Question:
    """Return what the forecaster's events are to the count in one of its cells, or to the gain over ETAS's.

    Raises:
        InputError: where the gain is asked for and ETAS alone is issued, or the bundle is of an early version.
    """
    models, known = forecaster.models, forecaster.catalogue
    layer, column = divmod(cell, forecaster.sources.n_columns)
    influence = influence_on(forecaster, float((time - models.epoch) / _DAY), layer, column)
    counts = _Counts(models, influence, horizon)
    if asked.of == "gain" and not counts.learned:
        raise InputError("predict uses ETAS here: there is no gain over ETAS to explain")
    network: nn.Module = nn.Identity()
    if counts.learned:
        assert models.network is not None
        network = deepcopy(models.network).double().requires_grad_(False)
    place = _place(models, cell)
    parts, names = _parts(known, place, influence, horizon, asked.events)
    added = influence.etas[:, horizon].numpy()
    shares = added / (added.sum() + float(influence.rest[horizon]))
    what = "events" if asked.of == "count" else "ln over ETAS"
    return Question(
        title=f"{what} of M ≥ {models.min_magnitude:g} in {models.horizons_days[horizon]:g} d from "
        f"{str(time)[:16]}Z at {place[0]:.2f}°E {place[1]:.2f}°N",
        unit="events" if asked.of == "count" else "ln",
        network=network,
        answer=counts.count if asked.of == "count" else counts.gain,
        learned=counts.gain if counts.learned else None,
        inputs=torch.ones(len(known), dtype=torch.float64),
        baseline=torch.zeros(len(known), dtype=torch.float64),
        baseline_means="the background",
        whole=asked.of == "count",
        axes=(Axis("event", np.arange(len(known)), more=_columns(known, place, shares)),),
        parts=parts,
        names=names,
        scale=torch.ones(len(known), dtype=torch.float64),
        lowest=0.0,
        pictures=lambda found: _pictures(found, known, place, shares),
        said=[f"of ETAS's count {1 - shares.sum():.1%} is background"],
        cites=("ETAS",),
    )


class _Counts:
    """The logarithm of a cell's expected count, of the weights of the past events; as `issuing` makes it."""

    def __init__(self, models: Models, influence: Influence, horizon: int) -> None:
        self.models, self.influence, self.horizon = models, influence, horizon
        self.learned = models.trusted > 0

    def issued(self, network: nn.Module, weights: Tensor) -> Tensor:
        """Return log counts (n,) of weights (n, event)."""
        features, log_etas = self.influence.of(weights)
        etas = torch.stack([self._calibrated(ETAS_, log_etas, h) for h in range(log_etas.shape[1])], 1)
        trusted = self.models.trusted
        if not trusted:
            return etas[:, : self.horizon + 1].amax(1)
        answered = network(features, log_etas)[0]
        log_means = [self._calibrated(NETWORK, answered, h) for h in range(trusted)]
        last, from_there = log_means[-1].exp(), etas[:, trusted - 1].exp()
        log_means += [torch.log(last + etas[:, h].exp() - from_there) for h in range(trusted, etas.shape[1])]
        return torch.stack(log_means[: self.horizon + 1], 1).amax(1)

    def count(self, network: nn.Module, weights: Tensor) -> Tensor:
        """Return expected counts."""
        return self.issued(network, weights).exp()

    def gain(self, network: nn.Module, weights: Tensor) -> Tensor:
        """Return log counts over ETAS's."""
        log_etas = self.influence.of(weights)[1]
        return self.issued(network, weights) - self._calibrated(ETAS_, log_etas, self.horizon)

    def _calibrated(self, name: str, log_means: Tensor, horizon: int) -> Tensor:
        return self.models.calibrations[name][horizon].log_mean(log_means[:, horizon])


def _horizon(models: Models, days: float | None) -> int:
    known = models.horizons_days
    if days is not None and days not in known:
        raise InputError(
            f"--horizon-days {days:g}: the bundle has {', '.join(f'{each:g}' for each in known)}"
        )
    return 0 if days is None else known.index(days)


def _cell(models: Models, asked: Asked, expected: Values) -> int:
    """Return the cell of a place, among those in the mask."""
    if (asked.longitude is None) != (asked.latitude is None):
        raise InputError("give both --longitude and --latitude, or neither")
    if asked.longitude is None:
        return int(expected.argmax())
    grid = models.grid
    depth = None if asked.depth_km is None else np.array([asked.depth_km])
    flat = int(grid.cell_of([asked.longitude], [asked.latitude or 0.0], depth)[0])
    if flat < 0:
        west, east, south, north = (*grid.longitude_edges[[0, -1]], *grid.latitude_edges[[0, -1]])
        raise InputError(
            f"{asked.longitude:g}°E {asked.latitude:g}°N lies in no cell of the bundle, whose region reaches from "
            f"{west:g} to {east:g}°E and {south:g} to {north:g}°N"
        )
    layer, on_map = divmod(flat, grid.mask.size)
    columns = np.flatnonzero(grid.mask)
    return layer * len(columns) + int(np.searchsorted(columns, on_map))


def _place(models: Models, cell: int) -> tuple[float, float]:
    grid = models.grid
    row, column = (each[cell % int(grid.mask.sum())] for each in np.nonzero(grid.mask))
    return float(grid.longitudes[column]), float(grid.latitudes[row])


def _parts(
    known: Catalogue,
    place: tuple[float, float],
    influence: Influence,
    horizon: int,
    most: int,
) -> tuple[Tensor, list[str]]:
    """Return the part of each event: those of the largest sums have one each, the others one together."""
    sums = influence.sums / (influence.sums.sum(0) + influence.rest).clamp(min=1e-9)
    share = influence.etas[:, horizon] / (influence.etas[:, horizon].sum() + influence.rest[horizon])
    size = share.numpy() + sums.mean(1).numpy()
    order = np.argsort(-size, kind="stable")[:most]
    parts = np.full(len(known), len(order))
    parts[order] = np.arange(len(order))
    away = _distances(known, place)
    names = [
        f"M {known.magnitude[k]:.1f} of {str(known.time_utc[k])[:16].replace('T', ' ')}, {away[k]:.0f} km"
        for k in order
    ]
    return torch.from_numpy(parts), [*names, f"{len(known) - len(order):,} other events"][: parts.max() + 1]


def _distances(known: Catalogue, place: tuple[float, float]) -> Values:
    east = (known.longitude - place[0] + 180) % 360 - 180
    km: Values = _KM * np.hypot(east * np.cos(np.radians(place[1])), known.latitude - place[1])
    return km


def _columns(known: Catalogue, place: tuple[float, float], shares: Values) -> dict[str, Values]:
    return {
        "time_utc": known.time_utc.astype("datetime64[ns]"), "longitude": known.longitude,
        "latitude": known.latitude, "magnitude": known.magnitude, "distance_km": _distances(known, place),
        "etas_share": shares,
    }  # fmt: skip


def _pictures(
    found: Explanation, known: Catalogue, place: tuple[float, float], shares: Values
) -> list[Picture]:
    """Return the map of the events that add most, and their shares beside ETAS's."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    span = found.span
    adds = found.values / span
    drawn = np.argsort(-np.abs(adds), kind="stable")[:300]
    half = max(1.1 * _reach(adds, _distances(known, place)) / _KM, 0.3)
    wide = half / max(np.cos(np.radians(place[1])), 0.1)
    view = make_view((place[0] - wide, place[0] + wide, place[1] - half, place[1] + half))
    draw_base(left, view)
    x, y = view.project(known.longitude[drawn[::-1]], known.latitude[drawn[::-1]])
    most = max(float(np.abs(adds).max()), 1e-9)
    norm = SymLogNorm(0.02 * most, vmin=-most, vmax=most)
    size = 8 * 2.2 ** (known.magnitude[drawn[::-1]] - known.magnitude.min())
    dots = left.scatter(
        x, y, s=size, c=adds[drawn[::-1]], cmap="RdBu_r", norm=norm, edgecolors="0.3",
        linewidths=0.4, zorder=5,
    )  # fmt: skip
    here = view.project(np.array([place[0]]), np.array([place[1]]))
    left.plot(*here, marker="s", markersize=11, fillstyle="none", color="black", zorder=6, linestyle="")
    what = "change of an event's weight" if found.method == "ascent" else "share of the answer"
    figure.colorbar(dots, ax=left, label=what, location="bottom", shrink=0.8)
    left.set_title("square: the cell; size: magnitude", fontsize=9)
    _bars(right, found, shares, adds)
    return [
        Picture(
            "events", figure,
            "Past events by what they add (left), and the largest parts beside ETAS's triggering probabilities.",
            "A map of events and bars of their shares.",
        )
    ]  # fmt: skip


def _reach(adds: Values, away: Values) -> float:
    """Return the distance in km within which 95 % of all that is added lies."""
    order = np.argsort(away)
    summed = np.cumsum(np.abs(adds[order]))
    return float(away[order][np.searchsorted(summed, 0.95 * summed[-1]).clip(max=len(away) - 1)])


def _bars(axes: Axes, found: Explanation, shares: Values, adds: Values) -> None:
    question = found.question
    number = len(question.names)
    parts = question.parts.numpy()
    own, etas = (np.bincount(parts, each, minlength=number) for each in (adds, shares))
    names = list(question.names)
    if question.whole and found.method != "ascent":
        own, etas = np.append(own, found.reference / found.output), np.append(etas, 1 - shares.sum())
        names.append(question.baseline_means)
    order = np.argsort(-np.abs(own), kind="stable")[:_BARS]
    at = np.arange(len(order))
    axes.barh(at - 0.2, own[order], 0.4, color=_ORANGE, label="this forecast")
    axes.barh(
        at + 0.2, etas[order], 0.4, color=_BLUE, hatch="//", edgecolor="white", label="ETAS's probabilities"
    )
    axes.set_yticks(at, [names[k] for k in order], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0, color="0.5", linewidth=0.6)
    axes.set_xlabel("share of the expected count" if question.whole else "share of the logarithm over ETAS")
    axes.legend(fontsize=8)
    axes.set_title(question.title, fontsize=8)
