"""Which states follow each other: windows of past and future without a gap, and the splits in time."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Times = npt.NDArray[np.datetime64]
Indices = npt.NDArray[np.int64]
PAST = 2  # states that the network sees
SPLITS = ("train", "dev", "test")


def check_steps(given: Times, kept: Times, step_hours: int, where: str) -> list[str]:
    """Return lines on gaps between the states that are kept, of those given.

    Raises:
        InputError: where no three states follow each other at the step.
    """
    step = np.timedelta64(step_hours, "h")
    if len(windows(kept, step_hours, PAST + 1)) == 0:
        apart = np.unique(np.diff(given) // np.timedelta64(1, "h")).astype(int)
        steps = "no steps" if len(apart) == 0 else f"steps of {_listed(apart)} h"
        raise InputError(
            f"{where}: {len(given):,} states at {steps}; three that follow each other every {step_hours} h from "
            "midnight on are needed: choose --step, or get the missing times"
        )
    wide = np.flatnonzero(np.diff(kept) > step)
    if len(wide) == 0:
        return []
    longest = wide[np.argmax(np.diff(kept)[wide])]
    lost = int((np.diff(kept)[wide] // step).astype(int).sum() - len(wide))
    return [
        f"{where}: {lost:,} states are missing in {len(wide):,} gaps, the longest after {str(kept[longest])[:13]}; "
        "no window of states reaches across one"
    ]


def windows(times: Times, step_hours: int, length: int) -> Indices:
    """Return the first state of every window of `length` states that follow each other."""
    follows = np.diff(times) == np.timedelta64(step_hours, "h")
    run = np.concatenate([[0], np.cumsum(~follows)])
    first = np.arange(max(0, len(times) - length + 1))
    return first[run[first] == run[first + length - 1]]


def split_times(
    times: Times, shares: tuple[float, float, float], dev_from: str | None, test_from: str | None, where: Path
) -> Mapping[str, tuple[np.datetime64, np.datetime64]]:
    """Return from when until when each split lasts, in order of time: by dates, or by shares of the states.

    Raises:
        InputError: where a date is none, or a split is left empty.
    """
    total = sum(shares)
    at = [int(len(times) * shares[0] / total), int(len(times) * (shares[0] + shares[1]) / total)]
    borders = []
    for given, number, name in ((dev_from, at[0], "data.dev_from"), (test_from, at[1], "data.test_from")):
        try:
            borders.append(times[min(number, len(times) - 1)] if given is None else np.datetime64(given, "s"))
        except ValueError:
            raise InputError(f"{name} {given!r} is no date; one such as 2018-01-01 is expected") from None
    edges = [times[0], *borders, times[-1] + np.timedelta64(1, "s")]
    spans = dict(zip(SPLITS, pairwise(edges), strict=True))
    for name, (start, end) in spans.items():
        if not ((times >= start) & (times < end)).any():
            raise InputError(
                f"{where}: no state in the split {name}, from {start} to {end}; its states are from {times[0]} to "
                f"{times[-1]}: choose data.dev_from and data.test_from in order"
            )
    return spans


def windows_within(
    times: Times, span: tuple[np.datetime64, np.datetime64], step_hours: int, length: int
) -> Indices:
    """Return the first states of the windows that lie in a span whole."""
    first = windows(times, step_hours, length)
    inside = (times[first] >= span[0]) & (times[first + length - 1] < span[1])
    return np.asarray(first[inside])


def _listed(numbers: npt.NDArray[np.int64]) -> str:
    return f"{numbers.min()}" if numbers.min() == numbers.max() else f"{numbers.min()} to {numbers.max()}"
