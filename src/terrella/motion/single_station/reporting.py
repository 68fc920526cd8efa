"""What judging leaves for people: the sections of the report with their figures, and the verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terrella.engine.judge.document import Shown, beside, gain_of, signed
from terrella.engine.judge.report import Section, Table, filled, gain_tables, score_tables
from terrella.engine.task import Judging
from terrella.motion.single_station import pictures
from terrella.motion.single_station.classical import CASES, KNOWN
from terrella.motion.single_station.traces import DISTANCE, MAGNITUDE, QUANTITIES, Floats, Traces

SHOWN: Shown = [
    ("rmse@magnitude", "RMSE M", 3, 1.0), ("crps@magnitude", "CRPS M", 3, 1.0),
    ("cover90@magnitude", "M in 90 %", 1, 100.0), ("rmse@distance", "RMSE log₁₀ R", 3, 1.0),
    ("crps@distance", "CRPS log₁₀ R", 3, 1.0), ("cover90@distance", "R in 90 %", 1, 100.0),
]  # fmt: skip
_HEADS = (
    ("rmse", "RMSE", 3, 1.0), ("crps", "CRPS", 3, 1.0), ("bias", "bias", 3, 1.0), ("cover50", "in 50 %", 1, 100.0),
    ("cover90", "in 90 %", 1, 100.0), ("width90", "width 90 %", 2, 1.0),
)  # fmt: skip
_SHORT = {MAGNITUDE: "M", DISTANCE: "log₁₀ R"}
_UNIT = {MAGNITUDE: "units of magnitude", DISTANCE: "log₁₀ of km (0.1 is a factor of 1.26)"}


def made_report(document: Mapping[str, Any], traces: Traces, found: Mapping[str, Floats]) -> Judging:
    """Return what judging found, with the sections of its report."""
    tables = [
        table
        for name in QUANTITIES
        for table in score_tables(
            f"{name.capitalize()}, in {_UNIT[name]}", document["models"],
            [(f"{score}@{name}", head, digits, times) for score, head, digits, times in _HEADS],
        )
    ]  # fmt: skip
    sections = [
        Section("Scores", _ABOUT.format(**_counts(traces)), tables),
        Section("Gains", _ABOUT_GAINS, _gains(document)),
        Section("Predicted and true", _ABOUT_TRUE, [], [pictures.predicted(traces, found)]),
        Section("Residuals", _ABOUT_RESIDUALS, [], [pictures.residuals(traces, found)]),
        Section("Intervals", _ABOUT_INTERVALS, [], [pictures.coverage(traces, found)]),
    ]
    title = "Magnitude and distance from one station: network and baselines"
    return Judging(document, title, _lead(document), filled(sections), SHOWN)


def trusted_words(trusted: Sequence[str]) -> dict[str, str]:
    """Return which model predicts each quantity, in words."""
    pairs = zip(QUANTITIES, trusted[::2], trusted[1::2], strict=True)
    return {name: a if a == b else f"{a} {CASES[0]}, {b} {CASES[1]}" for name, a, b in pairs}


def _counts(traces: Traces) -> dict[str, str]:
    return {
        "traces": f"{len(traces):,}", "events": f"{len(np.unique(traces.event)):,}",
        "stations": f"{len(np.unique(traces.station)):,}", "timed": f"{100 * np.isfinite(traces.sp_s).mean():.0f}",
        "kind": traces.kind,
    }  # fmt: skip


def _gains(document: Mapping[str, Any]) -> list[Table]:
    columns = [(f"crps@{name}", f"CRPS {_SHORT[name]}", 3, 1.0) for name in QUANTITIES]
    columns += [(f"rmse@{name}", f"RMSE {_SHORT[name]}", 3, 1.0) for name in QUANTITIES]
    return gain_tables("By how much the network's scores are smaller", document["paired"], columns)


def _lead(document: Mapping[str, Any]) -> str:
    """Return whether the network is better than what may predict in its place, a sentence for each quantity."""
    said = []
    for name in QUANTITIES:
        pairs = [
            pair for pair in document["paired"] if pair["score"] == f"crps@{name}" and pair["over"] != KNOWN
        ]
        closest = min(pairs, key=lambda pair: pair["gain"])
        gain = gain_of(closest)
        said.append(
            f"{name.capitalize()}: the network's CRPS {beside(gain)} that of {closest['over']}, the closest; it "
            f"gains {signed(gain, ' to ')}. `predict` uses {document['trusted'][name]}."
        )
    left = "that no model saw" if document["split"] == "test" else "that all models saw"
    return " ".join([f"On events and stations {left}.", *said])


_ABOUT = (
    "{traces} traces of {events} events at {stations} stations; distances are {kind}. Every model was fitted "
    "without the trace's event and without its station. The network sees the window from P on and the scalars; "
    "the linear regression the scalars alone: amplitudes, frequencies, noise, elevation. S−P and ML need an "
    "analyst's pick of S, which {timed} % of the traces have, and take the regression's answer for the rest. ML "
    "with known distance knows what the others must tell; it shows what a located event allows, and never "
    "predicts. Deviations of all models are calibrated alike, on other folds. CRPS is the continuous ranked "
    "probability score (Gneiting & Raftery 2007). Which model predicts is chosen by it, for traces with a pick of "
    "S and for those without: the network where a gain is shown."
)
_ABOUT_GAINS = (
    "Positive gains are better. Both models have the same traces; events and stations are resampled at once (Owen "
    "2007), so that a gain whose interval lies above zero holds for other events at other stations."
)
_ABOUT_TRUE = "On the line a prediction is right. Models pull towards the mean where a trace tells little."
_ABOUT_RESIDUALS = (
    "Predicted less true: a model without a trend has means about zero everywhere. Bars are twice the error of the "
    "mean."
)
_ABOUT_INTERVALS = "Intervals are honest where the curve lies on the diagonal; below it they are too narrow."
