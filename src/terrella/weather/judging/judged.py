"""Forecasts scored against the states that came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.run import Report
from terrella.weather.baselines.climatology import Climatology
from terrella.weather.data.regrid import area_weights
from terrella.weather.data.store import Store
from terrella.weather.data.windows import PAST, windows_within
from terrella.weather.judging.forecasts import Forecaster
from terrella.weather.judging.sums import Floats, Sums, globe_means, member_means, spectrum

Indices = npt.NDArray[np.int64]
_AT_ONCE_BYTES = 64 << 20  # of the states of forecasts that go on together


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found of all forecasters, on the same starts and leads."""

    starts: Indices  # (start,): the last state that a forecast knew
    steps: tuple[int, ...]
    sums: Mapping[str, Sums]
    spectra: Mapping[str, Floats]  # means (lead, channel, wavenumber); of the truth too


def judge_forecasts(
    store: Store,
    forecasters: Sequence[Forecaster],
    climatology: Climatology,
    starts: Indices,
    steps: Sequence[int],
    report: Report,
) -> Judged:
    """Return the scores of forecasts from the starts, so many steps ahead."""
    weights = score_weights(store)
    at_once = max(1, _AT_ONCE_BYTES // (4 * store.points * len(store.channels)))
    parts = np.array_split(starts, -(-len(starts) // at_once))
    found: dict[str, list[list[tuple[Floats, ...]]]] = {each.name: [] for each in forecasters}
    waves: dict[str, Floats] = {}
    for number, part in enumerate(parts):
        for each in forecasters:
            scored = list[tuple[Floats, ...]]()
            for at, (step, state) in enumerate(zip(steps, each.forecasts(store, part, steps), strict=True)):
                truth = store.states(part + step)
                usual = climatology.at(store.times[part + step])
                members = state if state.ndim == 4 else state[None]
                state = members[0] if len(members) == 1 else members.mean(axis=0)
                means = globe_means(state, truth, usual, weights)
                scored.append((*means, *member_means(members, truth, weights)))
                if each.spectra:
                    _add_spectrum(waves, each.name, members[0], store, at, len(steps))
                    if each is forecasters[0]:
                        _add_spectrum(waves, "truth", truth, store, at, len(steps))
            found[each.name].append(scored)
            note = f"{each.name}, {(number + 1) * len(part):,} forecasts"
            report(
                {"kind": "progress", "stage": "judge", "done": number + 1, "total": len(parts), "note": note}
            )
    sums = {each.name: _joined(found[each.name], each.members) for each in forecasters}
    return Judged(starts, tuple(steps), sums, {name: total / len(starts) for name, total in waves.items()})


def starts_within(
    store: Store, span: tuple[np.datetime64, np.datetime64], steps: int, every_hours: int
) -> Indices:
    """Return the states that forecasts begin from, so many hours apart, whose outcomes lie in the span."""
    first = windows_within(store.times, span, store.step_hours, PAST + steps) + PAST - 1
    hours = (store.times[first] - store.times[0]) // np.timedelta64(1, "h")
    return np.asarray(first[hours.astype(int) % every_hours == 0])


def score_weights(store: Store) -> Floats:
    """Return what cells count in the mean over the globe, (point, channel); those without values nothing."""
    area = np.repeat(area_weights(store.latitude), len(store.longitude))
    weights = np.repeat(area[:, None], len(store.channels), axis=1)
    for number, channel in enumerate(store.channels):
        if channel.variable in store.missing:
            weights[:, number] *= 1 - store.missing[channel.variable].reshape(-1)
    return np.asarray(weights / weights.sum(axis=0))


def _add_spectrum(
    waves: dict[str, Floats], name: str, state: npt.NDArray[np.float32], store: Store, at: int, leads: int
) -> None:
    power = spectrum(state, store.latitude, len(store.longitude)).sum(axis=0)
    waves.setdefault(name, np.zeros((leads, *power.shape)))[at] += power


def _joined(parts: Sequence[Sequence[Sequence[Floats]]], members: int) -> Sums:
    """Return sums of all starts, (start, lead, channel), from parts by lead."""
    each = (
        np.concatenate([np.stack([lead[kind] for lead in part], axis=1) for part in parts])
        for kind in range(5)
    )
    square, correlation, error, crps, variance = each
    return Sums(square, correlation, error, crps, variance, members)
