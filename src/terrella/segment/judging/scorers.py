"""What scores every sample of a section: the network and the baselines, under one signature."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from terrella.segment.bundle import Segmenter, network_logits
from terrella.segment.data.labelled import LabelledSection
from terrella.segment.data.normalise import Floats, Scale, section_scales

NETWORK = "U-Net"


@dataclass(frozen=True)
class Scorer:
    """A model: larger scores where a label is likelier; of any range."""

    name: str
    score: Callable[[LabelledSection], Floats]


def network_scorer(network: nn.Module, scale: Scale) -> Scorer:
    """Return a network as a scorer; its scores are logits."""

    def score(section: LabelledSection) -> Floats:
        samples = section.samples
        scales = section_scales(samples_of(section), samples.shape, scale)
        return network_logits(network, samples, scales)

    return Scorer(NETWORK, score)


def segmenter_scorer(trained: Segmenter) -> Scorer:
    """Return a trained segmenter as a scorer."""
    return network_scorer(trained.network, trained.normalise)


def baseline_scorers(onsets: bool) -> list[Scorer]:
    """Return the classical detectors: of arrivals, or where labels have no onsets of faults."""
    from terrella.segment.baselines import BASELINES, FAULT_BASELINES

    chosen = BASELINES if onsets else FAULT_BASELINES

    def scorer(name: str) -> Scorer:
        return Scorer(name, lambda at: chosen[name](at.samples, at.interval_s, at.spacing_m))

    return [scorer(name) for name in chosen]


def samples_of(section: LabelledSection) -> Callable[..., Floats]:
    """Return how slices of a section's samples are read."""
    return lambda *where: section.samples[where]
