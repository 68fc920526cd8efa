"""Successive generations of the IGRF, each forecast from what had been published when it began."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from terrella.errors import InputError
from terrella.field.harmonics.schmidt import Floats, degrees_orders, rms_at_surface
from terrella.field.harmonics.shc import Coefficients, read_shc
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import RAD_YR
from terrella.field.learning.prepared import Prepared
from terrella.field.secular_variation.rotation import accelerations

N_MAX, YEARS = 13, 5
OWN, LINEAR = "IGRF's own SV", "last five years (linear)"
CARRIED_OWN, CARRIED_LAST = "own SV, carried", "last five years, carried"
CARRIED_MEAN = "mean of both, carried"


def read_generations(folder: Path) -> dict[int, Coefficients]:
    """Return generations by their numbers, from files IGRF11.shc, … and JSON with coefficients by name (igrf11, …).

    Raises:
        InputError: where there are none.
    """
    found: dict[int, Coefficients] = {}
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        number = "".join(c for c in path.stem if c.isdigit())
        if path.suffix.lower() == ".shc" and path.stem.lower().startswith("igrf") and number:
            found[int(number)] = read_shc(path)
        elif path.suffix.lower() == ".json":
            found |= _of_json(path)
    if len(found) < 2:
        raise InputError(
            f"{folder} holds fewer than two generations (IGRF13.shc, IGRF14.shc, …); none can be judged by "
            "a later one"
        )
    return dict(sorted(found.items()))


def real_time(
    found: Mapping[int, Coefficients], network: FieldNetwork, given: Prepared
) -> dict[str, dict[str, float]]:
    """Return the RMS error at the surface in nT, by model and by the generation that it forecasts.

    A generation's last five years are its own forecast, the five before the last that were known; the newest
    generation says what came. The rotation is that of members that knew no annual mean after the generation's
    begin; generations that began before any such member are left out.
    """
    newest = found[max(found)]
    rows: dict[str, dict[str, float]] = {}
    for number, generation in list(found.items())[:-1]:
        begin = float(generation.epochs[-1]) - YEARS
        rate = _rotation(network, given, begin)
        if rate is None or begin + YEARS > newest.epochs[-1] - YEARS:
            continue
        came = newest.at(begin + YEARS, N_MAX) - generation.at(begin, N_MAX)
        own, last = (
            generation.at(begin + a, N_MAX) - generation.at(begin + b, N_MAX)
            for a, b in ((YEARS, 0), (0, -YEARS))
        )
        older = generation.at(begin - YEARS, N_MAX) - generation.at(begin - 2 * YEARS, N_MAX)
        # Half the square of the years, for a rate known at the begin; the last five years' is of their middle.
        turn = np.einsum("a,adc->dc", rate, accelerations(N_MAX))
        carried_own, carried_last = own + turn @ own * YEARS / 2, last + turn @ last * YEARS
        forecasts = {
            OWN: own, LINEAR: last, "quadratic": 2 * last - older, "persistence": np.zeros_like(own),
            CARRIED_OWN: carried_own, CARRIED_LAST: carried_last, CARRIED_MEAN: (carried_own + carried_last) / 2,
        }  # fmt: skip
        for name, each in forecasts.items():
            rows.setdefault(name, {})[f"IGRF-{number} → {begin + YEARS:.0f}"] = rms_at_surface(
                came - each, N_MAX
            )
    return rows


def _rotation(network: FieldNetwork, given: Prepared, begin: float) -> Floats | None:
    """Return the mean rotation in rad/yr of the members that knew the most by a year; None where none did."""
    folds, horizon = given.folds, int(given.pairs.horizon)
    ends = given.observatories.years[folds.known_until] + horizon + 0.5
    known = np.flatnonzero(ends <= begin + 0.01)
    if not len(known):
        return None
    members = folds.member(np.arange(folds.regions), int(known[-1]))
    found: Floats = network.turn.detach().double().numpy()[members].mean(0) * RAD_YR
    return found


def _of_json(path: Path) -> dict[int, Coefficients]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = {}
        for name, each in document.items():
            if not name.startswith("igrf"):
                continue
            n, m = degrees_orders(N_MAX)
            of_pair = {(int(row[0]), int(row[1])): row[2:] for row in each["coefficients"]}
            values = np.array([of_pair[pair] for pair in zip(n.tolist(), m.tolist(), strict=True)], float).T
            found[int(name.removeprefix("igrf"))] = Coefficients(
                1, N_MAX, np.array(each["epochs"], float), values, name=name
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no file of generations ({error!r:.80}); epochs and coefficients by name are expected"
        ) from None
    return found
