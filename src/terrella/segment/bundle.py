"""A trained segmenter as a bundle, and what predicting needs of it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_values, values_layout
from terrella.engine.use.forms import OnnxNetwork, bundle_network
from terrella.engine.use.unet_forms import OtherUNet
from terrella.nets.unet import UNet
from terrella.segment.data.normalise import Floats, Scale, normalised
from terrella.segment.settings import SegmentSettings

TASK = "segment"

_LAYOUT = values_layout("segment", dims=Literal[2, 3], threshold=Annotated[float, Field(ge=0, le=1)])
_PRIOR = 0.02  # probability of a label before training


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A network ready for use. It takes `normalised` samples (n, 1, …) and gives logits of the same shape.

    Parameters
    ----------
    network : Module
        Takes and gives arrays (n, 1, trace, sample) or (n, 1, inline, crossline, sample).
    dims : int
        2 or 3 axes of a section.
    radius : int
        How far, in traces and samples, a sample's answer depends on its surroundings.
    multiple : int
        Every axis of what the network is given must be a multiple of it, in samples.
    normalise : {"trace", "section", "none"}
        Whose noise level samples are divided by.
    threshold : float
        Probability from which on a sample is called labelled, chosen on the dev split.
    settings : SegmentSettings
        It was trained with.
    """

    network: nn.Module
    dims: int
    radius: int
    multiple: int
    normalise: Scale
    threshold: float
    settings: SegmentSettings

    def logits(self, samples: Floats, scales: Floats) -> Floats:
        """Return the logits of a whole section or volume (…, sample) with noise levels (…,) of its traces."""
        return network_logits(self.network, samples, scales)


@torch.no_grad()
def network_logits(network: nn.Module, samples: Floats, scales: Floats) -> Floats:
    """Return a network's logits of samples of any shape."""
    given = torch.as_tensor(normalised(samples, scales)).to(next(network.parameters()).device)
    answered: Floats = network(given[None, None])[0, 0].float().cpu().numpy()
    return answered


def load_segmenter(where: Path | str) -> Segmenter:
    """Return a trained network ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/segment`.

    Returns
    -------
    Segmenter
        Its reach is in traces and samples.

    Raises
    ------
    InputError
        Where there is none, or it cannot be read.
    """
    return segmenter_of(load_bundle(Path(where), TASK))


def segmenter_of(bundle: Bundle) -> Segmenter:
    """Return the segmenter that a bundle holds.

    Raises:
        InputError: where its settings cannot be read.
    """
    settings = parse_settings(SegmentSettings, bundle.settings, bundle.where)
    values = checked_values(bundle, _LAYOUT)
    dims, threshold = values["dims"], values["threshold"]
    network: nn.Module = bundle_network(bundle, lambda: make_network(settings, dims))
    like = make_network(settings, dims)
    if isinstance(network, OnnxNetwork):
        network = OtherUNet(network, like).eval()
    return Segmenter(network, dims, like.radius, like.multiple, settings.network.scale, threshold, settings)


def make_network(settings: SegmentSettings, dims: int) -> UNet:
    """Return a fresh U-Net as the settings describe it.

    Parameters
    ----------
    settings : SegmentSettings
        Widths of its levels and its normalisation.
    dims : int
        2 for sections (batch, 1, trace, sample), 3 for volumes (batch, 1, inline, crossline, sample).

    Returns
    -------
    UNet
        It takes samples over their noise level, which have no unit, and gives logits of the same shape.
    """
    chosen = settings.network
    network = UNet(channels=1, outputs=1, widths=chosen.widths, dims=dims, normalisation=chosen.normalisation)
    # Labels are rare: it begins by expecting few of them (Lin et al. 2017, section 4.1).
    nn.init.constant_(cast(Tensor, network.head.bias), math.log(_PRIOR / (1 - _PRIOR)))
    return network
