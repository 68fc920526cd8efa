"""What compressing needs of segmentation: how a U-Net is written as ONNX, made narrower, and imitated."""

import math
from dataclasses import replace

import torch
from torch import nn

from terrella.engine.compress.export import exported
from terrella.engine.feed import Batch
from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.nets.narrowing import narrowed_unet
from terrella.nets.unet import UNet
from terrella.segment.bundle import segmenter_of
from terrella.segment.data.labelled import LABELLED
from terrella.segment.settings import SegmentSettings

_NARROW = 2  # by which the number of filters is divided
_POINTS = {2: 8, 3: 4}  # multiples of the coarsest level's point in the input that the export looks at


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network."""
    return segmenter_of(bundle).network


def onnx_of(network: nn.Module, bundle: Bundle) -> bytes:
    """Return the ONNX model of a U-Net, of inputs that are multiples of its size."""
    assert isinstance(network, UNet)
    example = torch.zeros(1, 1, *[_POINTS[network.dims] * network.multiple] * network.dims)
    return exported(network, [example], range(2, 2 + network.dims))


def narrower(network: nn.Module, bundle: Bundle) -> tuple[nn.Module, Bundle]:
    """Return a U-Net with half the filters, and the bundle with the settings that make one.

    Raises:
        InputError: where it has too few of them.
    """
    assert isinstance(network, UNet)
    made = narrowed_unet(network, _NARROW)
    settings = parse_settings(SegmentSettings, bundle.settings, bundle.where)
    less = settings.model_copy(
        update={"network": settings.network.model_copy(update={"widths": tuple(made.widths)})}
    )
    return made, replace(bundle, settings=settings_text(less))


def imitated(full: nn.Module, batch: Batch, bundle: Bundle) -> Batch:
    """Return a batch with the samples that the full network labels at its threshold, as labels."""
    threshold = min(max(float(bundle.values["threshold"]), 1e-6), 1 - 1e-6)
    cut = math.log(threshold / (1 - threshold))
    return {**batch, "y": ((full(batch["x"]).squeeze(1) > cut) * LABELLED).to(torch.uint8)}


compression = Compression(
    network=network_of,
    scores={"average_precision": True, "iou": True, "onset_mae_s": False},
    onnx=onnx_of,
    narrowed=narrower,
    imitated=imitated,
)
