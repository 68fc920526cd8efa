"""A small network with random weights as a bundle, and sections to predict on."""

from pathlib import Path

import numpy as np
import torch

from terrella.engine.settings import settings_text
from terrella.engine.use.bundle import Bundle, save_bundle
from terrella.segment.bundle import TASK, Segmenter, load_segmenter, make_network
from terrella.segment.settings import SegmentSettings


def small_bundle(
    folder: Path, dims: int = 2, scale: str = "trace", widths: tuple[int, ...] = (4, 6, 8)
) -> Segmenter:
    """Write a bundle whose probabilities vary from 0 to 1, and return it."""
    settings = SegmentSettings.model_validate({"network": {"widths": widths, "scale": scale}})
    torch.manual_seed(5)
    network = make_network(settings, dims)
    for name, value in network.named_parameters():
        torch.nn.init.normal_(value, std=0.3) if name.endswith("bias") else value.data.mul_(1.3)
    network.head.weight.data.mul_(0.1)
    values, card = {"dims": dims, "threshold": 0.5}, "# A network for tests\n"
    save_bundle(folder, Bundle(TASK, network.state_dict(), values, settings_text(settings), card))
    return load_segmenter(folder)


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return noise whose level differs from trace to trace."""
    random = np.random.default_rng(seed)
    return (random.standard_normal(shape) * random.uniform(0.1, 9.0, (*shape[:-1], 1))).astype(np.float32)
