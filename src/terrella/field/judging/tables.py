"""The tables of the report."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.report import Table, score_tables
from terrella.engine.judge.report import gain_tables as gains
from terrella.field.judging.held import Held
from terrella.field.judging.scores import by_year

_HEADS = (
    ("rms", "RMS (nT)", 1, 1.0), ("rms_r", "Br", 1, 1.0), ("rms_theta", "Bθ", 1, 1.0), ("rms_phi", "Bφ", 1, 1.0),
    ("crps", "CRPS (nT)", 1, 1.0), ("coverage50", "in 50 % (%)", 0, 100.0), ("coverage90", "in 90 % (%)", 0, 100.0),
    ("width90", "width of 90 % (nT)", 0, 1.0),
)  # fmt: skip


def all_scores(document: Mapping[str, Any]) -> list[Table]:
    return score_tables(f"{document['horizon_years']} years ahead, per component", document["models"], _HEADS)


def gain_tables(document: Mapping[str, Any]) -> list[Table]:
    years = [{**row, "score": "years"} for row in document["over_years"]]
    columns = [
        ("rms", "RMS: areas resampled", 2, 1.0), ("years", "RMS: issue years resampled", 2, 1.0),
        ("crps", "CRPS: areas resampled", 2, 1.0),
    ]  # fmt: skip
    return gains("By how much the network's scores are smaller (nT)", [*document["paired"], *years], columns)


def year_table(held: Held) -> Table:
    years = held.observatories.years[np.unique(held.pairs.origin)]
    rows: list[tuple[str, list[str | Interval]]] = [
        (name, [f"{value:.1f}" for value in own]) for name, own in by_year(held).items()
    ]
    return Table("RMS by issue year (nT)", [f"{year:g}" for year in years], rows, [1] * len(years))


def generation_tables(document: Mapping[str, Any]) -> list[Table]:
    found = document["generations"]
    if not found:
        return []
    names = list(next(iter(found.values())))
    rows: list[tuple[str, list[str | Interval]]] = [
        (model, [*(f"{own[name]:.1f}" for name in names), f"{np.mean(list(own.values())):.1f}"])
        for model, own in found.items()
    ]
    return [
        Table(
            "RMS error at the surface (nT), degrees 1 to 13", [*names, "mean"], rows, [1] * (len(names) + 1)
        )
    ]
