"""What judging leaves for people: the sections of the report with its figures, and the main scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terrella.engine.judge.document import interval_of, signed
from terrella.engine.judge.report import Section, filled
from terrella.engine.task import Judging
from terrella.motion.flatfile.table import Flatfile
from terrella.motion.judging import pictures, tables
from terrella.motion.judging.held import Held
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.learning.prepared import Prepared


def made_report(network: MotionNetwork, given: Prepared, held: Held, document: Mapping[str, Any]) -> Judging:
    """Return what judging found, with the sections of its report."""
    measures = held.records.measures
    sections = [
        Section(
            "Deviations",
            _ABOUT,
            tables.score_tables(document, measures),
            [pictures.sigmas(document, measures)],
        ),
        Section("Gains", _ABOUT_GAINS, [*tables.gain_tables(document, measures), *tables.fold_tables(held)]),
        Section("Residuals", _ABOUT_RESIDUALS, [], [pictures.residuals(held, k) for k in _shown(measures)]),
        Section(
            "Medians", _ABOUT_MEDIANS, [], [pictures.attenuation(network, given, k) for k in _shown(measures)]
        ),
        Section("τ and φ by magnitude", _ABOUT_TAU, [], [pictures.deviations(held)]),
        Section("Drift with the years", _ABOUT_DRIFT, [], pictures.drift(network, given)),
        Section("Records", _told_records(held.records), [tables.record_table(held.records)]),
    ]
    shown = [("sigma@" + m, f"σ {m}", 3, 1.0) for m in measures[:4]] + [
        ("llh@" + measures[0], f"LLH {measures[0]}", 3, 1.0)
    ]
    return Judging(
        document, "Ground motion: network and baselines", _lead(document, measures), filled(sections), shown
    )


def _lead(document: Mapping[str, Any], measures: Sequence[str]) -> str:
    """Return whether the network is better than all baselines, measure by measure, in a sentence each."""
    said = []
    for measure in measures:
        pairs = [
            pair
            for pair in document["paired"]
            if pair["score"] == f"sigma@{measure}" and pair["gain"] is not None
        ]
        if not pairs:
            continue
        closest = min(pairs, key=lambda pair: pair["gain"])
        gain = signed(interval_of({**closest, "value": closest["gain"]}), " to ")
        won = closest["low"] is not None and closest["low"] > 0
        how = "lies below all baselines'" if won else "is not shown to lie below all baselines'"
        said.append(
            f"{measure}: the network's σ {how}; it is less by {gain} than that of {closest['over']}, the closest."
        )
    trusted = ", ".join(f"{measure} with {name}" for measure, name in document["trusted"].items())
    left = (
        "events and stations that no model saw"
        if document["split"] == "test"
        else "records that all models saw"
    )
    return " ".join([f"On {left}.", *said, f"`predict` makes {trusted}."])


def _told_records(records: Flatfile) -> str:
    events, stations = len(np.unique(records.event)), len(np.unique(records.station))
    return (
        f"{len(records):,} records of {events:,} events at {stations:,} stations, M "
        f"{records.magnitude.min():.1f} to "
        f"{records.magnitude.max():.1f}, Rjb {records.rjb_km.min():.0f} to {records.rjb_km.max():.0f} km."
    )


def _shown(measures: Sequence[str]) -> list[int]:
    return [0] if len(measures) == 1 else [0, len(measures) - 1]


_ABOUT = (
    "Residuals are ln(observed) less ln(predicted). Every model but those published was fitted without "
    "the record's event "
    "and without its station, once for each pair of folds. τ (between events) and φ (within) are by "
    "maximum likelihood of "
    "residuals about zero, σ² = τ² + φ²; bias is their mean. LLH is the mean of −log₂ of the likelihood "
    "(Scherbaum et al. "
    "2009), with τ and φ by magnitude from other folds. Ranges are 95 % intervals, with whole events resampled."
)
_ABOUT_GAINS = (
    "Positive gains are better. Both models have the same events, or stations, drawn. The mean over "
    "folds has Student's interval."
)
_ABOUT_RESIDUALS = "A model without a trend has means about zero everywhere."
_ABOUT_MEDIANS = (
    "What is learned is shrunk towards a mere shift of BSSA14 where few events tell of motions, and "
    "keeps motions monotone in distance and magnitude."
)
_ABOUT_TAU = (
    "Between M 4.5 and 5.5 the deviations change linearly in ln, as the published model's do; beyond "
    "they are constant."
)
_ABOUT_DRIFT = (
    "Magnitudes and networks change over a flatfile's decades. A prediction without a year takes the "
    "mean over the training."
)
