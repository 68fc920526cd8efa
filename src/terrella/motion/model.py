"""A trained ground-motion model as a bundle, and what predicting needs of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_network, checked_values, values_layout
from terrella.errors import InputError
from terrella.motion.flatfile.table import Flatfile, Floats
from terrella.motion.learning.features import (
    FEW,
    INPUTS,
    Drift,
    Scaling,
    drift_features,
    gate,
    raw_inputs,
    scaled,
    supported,
)
from terrella.motion.learning.held_out import LINEAR, NETWORK, PUBLISHED
from terrella.motion.learning.network import MotionNetwork
from terrella.motion.models.bssa14 import median
from terrella.motion.models.linear import Linear
from terrella.motion.models.variance import at_magnitude
from terrella.motion.settings import MotionSettings

TASK = "motion"
EXTRA = (
    "support",
    "input_mean",
    "input_deviation",
    "nodes",
    "nodes_mean",
    "published_shift",
    "linear",
    "knots",
)  # beside the weights
_LAYOUT = values_layout(
    TASK, measures=tuple[str, ...], trusted=tuple[str, ...], members=int, events=int, stations=int
)
_AT_ONCE = 100_000  # records


@dataclass(frozen=True, eq=False)
class MotionModel:
    """A ground-motion model ready for use.

    Parameters
    ----------
    network : MotionNetwork
        All members; the last one saw all records.
    measures : tuple of str
        PGA, PGV, SA(T) with T in s.
    trusted : tuple of str
        Which model predicts each measure: the network, or a classical one where that was no worse.
    support : array (member, magnitude, ln distance)
        How many events tell of a magnitude and distance.
    knots : array (measure, 2, 2)
        τ and φ of the trusted models in ln units, at M 4.5 and 5.5.
    """

    network: MotionNetwork
    measures: tuple[str, ...]
    trusted: tuple[str, ...]
    support: Floats
    scaling: Scaling
    drift: Drift
    shift: Floats
    linear: Linear
    knots: Floats
    settings: MotionSettings

    @torch.no_grad()
    def median(self, records: Flatfile) -> Floats:
        """Return ln of the median motion in g, of PGV in cm/s, (record, measure)."""
        parts = [
            self._median(records.rows(np.arange(n, min(n + _AT_ONCE, len(records)))))
            for n in range(0, len(records), _AT_ONCE)
        ]
        return np.concatenate(parts)

    def deviations(self, records: Flatfile) -> tuple[Floats, Floats]:
        """Return τ and φ in ln units, (record, measure) each; their squares add up to the total's."""
        both = [at_magnitude(knots, records.magnitude) for knots in self.knots]
        return np.stack([tau for tau, _ in both], 1), np.stack([phi for _, phi in both], 1)

    def events(self, records: Flatfile) -> Floats:
        """Return how many events of the training tell of each record, (record,)."""
        return supported(self.support[-1], records)

    def extrapolated(self, records: Flatfile) -> Any:
        """Return which records lie where less than one event tells of motions, (record,)."""
        return self.events(records) < FEW

    def _median(self, records: Flatfile) -> Floats:
        published = median(records, self.measures)
        share = gate(self.events(records))
        shifted = np.array([each != PUBLISHED for each in self.trusted])
        found = published + shifted * self.shift
        if LINEAR in self.trusted:
            # Where few events tell of motions, a regression alone would go anywhere.
            regressed = found + share[:, None] * (self.linear(records) - found)
            found = np.where([each == LINEAR for each in self.trusted], regressed, found)
        if NETWORK in self.trusted:
            x, z = scaled(raw_inputs(records), self.scaling), drift_features(records, self.drift)
            tensors = (torch.as_tensor(each, dtype=torch.float32) for each in (x, z, share[None, :, None]))
            learned = published + self.network(*tensors)[0].numpy()
            found = np.where([each == NETWORK for each in self.trusted], learned, found)
        return found


def load_model(where: Path | str) -> MotionModel:
    """Return a trained model ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/motion`.

    Returns
    -------
    MotionModel
        Medians in ln g (PGV: ln cm/s).

    Raises
    ------
    InputError
        Where there is no bundle, or it is damaged.
    """
    bundle = load_bundle(Path(where), TASK)
    return _model(bundle, last=True)


def network_of(bundle: Bundle) -> MotionNetwork:
    """Return the network with all its members.

    Raises:
        InputError: where the bundle is at fault.
    """
    return _model(bundle, last=False).network


def _model(bundle: Bundle, last: bool) -> MotionModel:
    settings = parse_settings(MotionSettings, bundle.settings, bundle.where)
    if settings.data.kind != "flatfile":
        raise InputError(
            f"{bundle.where} is of waveforms: it gives magnitudes and distances, and takes no scenarios"
        )
    values = checked_values(bundle, _LAYOUT)
    measures, members = values["measures"], values["members"]
    n, nodes = len(measures), checked_array(bundle, "nodes", None)
    weights = {name: each for name, each in bundle.tensors.items() if name not in EXTRA}

    def make() -> MotionNetwork:
        return MotionNetwork(
            members, len(INPUTS), len(nodes), settings.network.hidden, n, values["events"], values["stations"]
        )

    network = checked_network(make, weights, bundle.where)
    if last:
        for parameter in network.parameters():
            parameter.data = parameter.data[-1:].clone()
    scaling = Scaling(
        checked_array(bundle, "input_mean", len(INPUTS)),
        checked_array(bundle, "input_deviation", len(INPUTS)),
    )
    drift = Drift(nodes, checked_array(bundle, "nodes_mean", len(nodes)), settings.network.drift_years)
    return MotionModel(
        network, measures, values["trusted"], checked_array(bundle, "support", members, None, None), scaling, drift,
        checked_array(bundle, "published_shift", n), Linear(checked_array(bundle, "linear", None, n)),
        checked_array(bundle, "knots", n, 2, 2), settings,
    )  # fmt: skip
