"""What the report says of its scores, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from terrella.engine.judge.document import gain_of, signed
from terrella.field.judging.held import Held
from terrella.field.learning.held_out import NETWORK
from terrella.field.learning.network import FieldNetwork
from terrella.field.learning.pairs import RAD_YR
from terrella.field.settings import FieldSettings


def about(network: FieldNetwork, held: Held, trained: FieldSettings) -> str:
    """Return how what was judged came about."""
    drift = -np.degrees(RAD_YR * network.turn.detach().numpy()[:, 0])
    data = trained.data
    return _ABOUT.format(
        regions=data.regions, blocks=data.blocks, horizon=data.horizon_years,
        drift=drift[-1], least=drift.min(), most=drift.max(), about=_told(held, trained),
    )  # fmt: skip


def lead(document: Mapping[str, Any]) -> str:
    """Return whether the network is better than every other model, in sentences."""
    said = []
    for pair in document["paired"]:
        if pair["score"] == "rms":
            gain = signed(gain_of(pair), " to ")
            sure = pair["low"] is not None and pair["low"] > 0
            said.append(f"over {pair['over']} {gain} nT{'' if sure else ' (not shown to be better)'}")
    trusted = "the network" if document["trusted"] == NETWORK else document["trusted"]
    return (
        f"At observatories and in years that no network knew, {document['horizon_years']} years ahead, the "
        f"network's RMS error is smaller by: {'; '.join(said)}. `predict` uses {trusted}."
    )


def _told(held: Held, trained: FieldSettings) -> str:
    pairs, sites = held.pairs, held.observatories
    years = sites.years[np.unique(pairs.origin)]
    text = (
        f"{len(pairs):,} pairs of an issue year ({years[0]:g} to {years[-1]:g}) and one of "
        f"{len(np.unique(pairs.site))} observatories."
    )
    return text + (f" {trained.data.note}." if trained.data.note else "")


_ABOUT = (
    "{about} A forecast issued in a year knows the annual means until then, of all observatories, and "
    "changes are counted from the last of them. Each network was trained without one of {regions} regions "
    "and knew nothing that came after its block of issue years, one of {blocks}, began; so outcomes within "
    "{horizon} years before that are unknown to it too. Last SV is the last difference of annual means; "
    "linear and quadratic are fitted to the last four; filtered SV is a random walk of Gauss coefficients, "
    "estimated from all observatories until the issue year, without any learning. The network carries that "
    "along with a steady rotation of the core's surface, {drift:.2f}° a year westward (its members: "
    "{least:.2f} to {most:.2f}°), and adds what a small perceptron finds. Ranges are 95 % intervals, with "
    "whole areas resampled."
)
GAINS = (
    "Positive gains are better; both models have the same areas, or issue years, drawn. Issue years are "
    "few and overlap, so that their intervals are too narrow, if anything: the table of issue years shows "
    "each."
)
INTERVALS = (
    "Widths are conformal: quantiles of errors that were known when a block began, for the network in regions "
    "left out, corrected for how few of them tell independently. The figure is of the normal distributions that "
    "CRPS scores, which have no such correction: the years that were judged had larger changes than those before."
)
GENERATIONS = (
    "Each generation is forecast five years ahead from what was published then, and compared with the "
    "newest one. Carried: the rate turned by the rotation that was learned from annual means before the "
    "generation began. Three forecasts cannot rank methods that are so near to each other."
)
