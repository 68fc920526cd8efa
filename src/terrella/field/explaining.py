"""What each annual difference, of an observatory and of all others, adds to the forecast of its field."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.earth.sphere import unit_vectors
from terrella.engine.explain.question import Axis, Explanation, Question, classical
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.field.asked import Asked
from terrella.field.harmonics.geodesy import to_north_east_down
from terrella.field.harmonics.schmidt import Floats, degrees_orders
from terrella.field.judging.figures import draw_world
from terrella.field.learning.held_out import NETWORK
from terrella.field.learning.pairs import SCALES, Numbers, changes_at
from terrella.field.model import FieldModel, load_model, together
from terrella.field.observatories.table import Observatories
from terrella.field.prediction import issued_until, read_means
from terrella.field.secular_variation.filter import Rates, told_by

_LETTERS = ("X", "Y", "Z")
_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Differences:
    """All annual differences that are known, by component, X, Y and Z.

    Parameters
    ----------
    year, site, letter : array (difference,)
        Number of the year that it ends in, of the observatory and of the component.
    values : array (difference,)
        In nT.
    told : array (difference, 18)
        What is linear in them: filtered change (3) and rate (3), turns (9), the observatory's last difference (3).
    """

    year: Numbers
    site: Numbers
    letter: Numbers
    values: Floats
    told: Floats


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what all annual differences are to an observatory's field some years later, by the network.

    Raises:
        InputError: where bundle or annual means are at fault, or there is no such observatory or year.
    """
    if given.lower().endswith(".shc"):
        raise InputError(f"{given}: annual means are explained; of coefficients a rotation alone is learned")
    model = load_model(bundle)
    own = issued_until(read_means(Path(given), report), asked.year, given)
    others = None if asked.beside is None else read_means(Path(asked.beside), report)
    sites, _, used = model.forecast(own, others)
    every = own if others is None else together(own, others)
    site = _site(own, sites, asked.observatory, given)
    known = differences(model, every, site)
    here = every.sites[site]
    place = torch.from_numpy(unit_vectors(np.array([here.longitude]), np.array([here.latitude]))[0])
    to_xyz = torch.from_numpy(to_north_east_down(np.eye(3), np.full(3, here.tilt)))
    component = _LETTERS.index(asked.component)
    told, scales = torch.from_numpy(known.told), torch.from_numpy(SCALES)

    def parted(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the filtered change, the network's inputs and turns of differences (n, difference)."""
        filtered, rate, turned, last = (x @ told).split((3, 3, 9, 3), 1)
        inputs = torch.cat([place.expand(len(x), 3), rate, last - rate], 1) / scales
        return filtered, inputs, turned.reshape(-1, 3, 3)

    def learned(network: nn.Module, x: Tensor) -> Tensor:
        _, inputs, turned = parted(x)
        found: Tensor = network(inputs, turned)[0][-1] @ to_xyz[:, component]
        return found

    def answer(network: nn.Module, x: Tensor) -> Tensor:
        return learned(network, x) + parted(x)[0] @ to_xyz[:, component]

    parts, names = _parts(every, known, site)
    spread = np.array([known.values[known.letter == k].std() for k in range(3)])
    issue, horizon = every.years[-1], model.settings.data.horizon_years
    return Question(
        title=f"change of {asked.component} at {here.code}, {issue:g} to {issue + horizon:g}",
        unit="nT",
        network=model.network.double(),
        answer=answer,
        learned=learned,
        inputs=torch.from_numpy(known.values),
        baseline=torch.zeros(len(known.values)).double(),
        baseline_means="no secular variation until then",
        axes=(_axis(every, known),),
        parts=parts,
        names=names,
        scale=torch.from_numpy(spread[known.letter]),
        pictures=lambda found: [_picture(found, every, known, site)],
        at_once=_AT_ONCE,
        said=["by the member that saw all pairs, the one that predicts", *classical(used, NETWORK)],
        cites=("core field prior", "Kalman filter", "frozen flux"),
    )


def differences(model: FieldModel, given: Observatories, site: int) -> Differences:
    """Return all annual differences, and what of them is linear in them and goes into a site's forecast."""
    data = model.settings.data
    number = len(degrees_orders(data.degree)[0])
    # Each coefficient of the last rate, and of the one before, alone.
    alone, none = np.eye(2 * number)[:, :number], np.zeros((2 * number, number))
    before = np.eye(2 * number)[:, number:]
    each = Rates(np.arange(2.0 * number), alone, before, none, none, data.degree)
    rows = np.arange(2 * number)
    filtered, rate, turned = changes_at(given, each, data.horizon_years, np.full(len(rows), site), rows)
    linear = np.concatenate([filtered, rate, turned.reshape(-1, 9)], 1).T
    wanted = np.stack([linear[:, number:], linear[:, :number]], 1)
    told = told_by(given, data.degree, data.noise_nt, wanted)  # (15, year, site, 3)
    last = np.zeros((3, *told.shape[1:]))
    last[:, -1, site] = np.eye(3)
    tilt = given.tilt
    told = to_north_east_down(np.concatenate([told, last]), tilt)
    steps = to_north_east_down(np.diff(given.field, axis=0), tilt)
    year, own, letter = np.nonzero(np.isfinite(steps))
    return Differences(year, own, letter, steps[year, own, letter], told[:, year, own, letter].T.copy())


def _site(given: Observatories, sites: np.ndarray, code: str | None, where: str) -> int:
    codes = [given.sites[k].code for k in sites]
    if not codes:
        raise InputError(
            f"no observatory of {where} has means in {given.years[-1]:g} and the three years before; choose "
            "another --year"
        )
    if code is None:
        return int(sites[0])
    if code not in codes:
        has = ", ".join(codes[:8]) + (", …" if len(codes) > 8 else "")
        raise InputError(f"--observatory {code}: {where} has a forecast from {given.years[-1]:g} for {has}")
    return int(sites[codes.index(code)])


def _parts(given: Observatories, known: Differences, site: int) -> tuple[Tensor, list[str]]:
    """Return parts: each difference of the observatory's own components, and each other observatory."""
    own = known.site == site
    names = [
        f"own {_LETTERS[letter]}, {given.years[year]:g} to {given.years[year + 1]:g}"
        for year, letter in zip(known.year[own], known.letter[own], strict=True)
    ]
    others, number = np.unique(known.site[~own], return_inverse=True)
    parts = np.empty(len(own), np.int64)
    parts[own] = np.arange(own.sum())
    parts[~own] = own.sum() + number
    return torch.from_numpy(parts), names + [given.sites[k].code for k in others]


def _axis(given: Observatories, known: Differences) -> Axis:
    more = {
        "observatory": np.array([each.code for each in given.sites])[known.site],
        "component": np.array(_LETTERS)[known.letter],
        "year": given.years[known.year + 1],
        "longitude": given.longitude[known.site],
        "latitude": given.latitude[known.site],
    }
    return Axis("difference", np.arange(len(known.site)), more=more)


def _picture(found: Explanation, given: Observatories, known: Differences, site: int) -> Picture:
    """Return a map of what observatories add, and what each year of the observatory's own components does."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    adds = np.bincount(known.site, found.values, minlength=len(given.sites))
    longitude = (given.longitude + 180) % 360 - 180
    draw_world(left)
    most = float(np.abs(adds).max()) or 1.0
    order = np.argsort(np.abs(adds))
    shown = left.scatter(
        longitude[order], given.latitude[order], c=adds[order], cmap="PuOr", s=30, edgecolors="#333333", zorder=3,
        linewidths=0.4, norm=SymLogNorm(0.1 * most, vmin=-most, vmax=most),
    )  # fmt: skip
    left.plot(longitude[site], given.latitude[site], "s", color="black", fillstyle="none", ms=11, zorder=4)
    change = found.method == "ascent"
    unit = "change (nT)" if change else "adds (nT)"
    figure.colorbar(shown, ax=left, shrink=0.7, label=f"{unit}, all years and components")
    left.set_title(found.question.title, fontsize=9)
    for k, (letter, marker) in enumerate(zip(_LETTERS, "o^s", strict=True)):
        own = (known.site == site) & (known.letter == k)
        right.plot(
            given.years[known.year[own] + 1], found.values[own], marker=marker, ms=4, lw=1, label=letter
        )
    right.axhline(0, color="0.5", lw=0.8)
    right.set_xlabel("end of the annual difference (year)", fontsize=8)
    right.set_ylabel(unit, fontsize=8)
    right.set_title(f"{given.sites[site].code} itself", fontsize=9)
    right.legend(fontsize=7)
    return Picture(
        "observatories", figure,
        "Left: what the differences of each observatory add (square: the one asked of). Right: those of its own.",
        "A map of observatories, and lines over years of the observatory's own components.",
    )  # fmt: skip
