"""The tables of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.report import Table
from terrella.engine.judge.report import gain_tables as gains
from terrella.engine.judge.report import score_tables as tables_of
from terrella.motion.flatfile.table import RJB_FROM, Flatfile
from terrella.motion.judging.held import Held
from terrella.motion.judging.scores import residuals, sigma_by_fold
from terrella.motion.learning.held_out import NETWORK

_HEADS = (
    ("sigma", "σ", 3),
    ("tau", "τ", 3),
    ("phi", "φ", 3),
    ("rms", "RMS", 3),
    ("bias", "bias", 3),
    ("llh", "LLH", 3),
)
_T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}  # of so many folds


def score_tables(document: Mapping[str, Any], measures: Sequence[str]) -> list[Table]:
    tables = []
    for measure in measures:
        columns = [(f"{name}@{measure}", head, digits, 1.0) for name, head, digits in _HEADS]
        tables += tables_of(
            f"{measure}, in ln units; LLH in bits, less is better", document["models"], columns
        )
    return tables


def gain_tables(document: Mapping[str, Any], measures: Sequence[str]) -> list[Table]:
    sigma, rms = ([(f"{score}@{each}", each, 3, 1.0) for each in measures] for score in ("sigma", "rms"))
    return [
        *gains("By how much the network's σ is smaller: whole events resampled", document["paired"], sigma),
        *gains("By how much its RMS is smaller: whole stations resampled", document["over_stations"], rms),
    ]


def fold_tables(held: Held) -> list[Table]:
    """Return the gain in σ of the first measure in each fold of events, and its mean with Student's interval."""
    of_model = residuals(held.records, held.medians)
    sigma = {name: sigma_by_fold(each[:, 0], held.records, held.fold) for name, each in of_model.items()}
    rows = []
    for name, values in sigma.items():
        if name == NETWORK:
            continue
        gain = values - sigma[NETWORK]
        half = _T95.get(len(gain), 2.2) * gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.nan
        cells: list[str | Interval] = [f"{each:+.3f}".replace("-", "−") for each in gain]
        rows.append((f"over {name}", [*cells, Interval(gain.mean(), gain.mean() - half, gain.mean() + half)]))
    heads = [*(f"fold {k + 1}" for k in range(len(sigma[NETWORK]))), "mean"]
    return [
        Table(f"{held.records.measures[0]}: gain in σ, fold by fold of events", heads, rows, [3] * len(heads))
    ]


def record_table(records: Flatfile) -> Table:
    rows = [(RJB_FROM[k], [f"{int((records.rjb_from == k).sum()):,}"]) for k in range(len(RJB_FROM))]
    return Table("Where Rjb comes from", ["records"], rows, [0])
