"""A network's scores of a section of any size beside its labels, piece by piece, to count in bounded memory."""

from collections.abc import Iterator

from torch import nn

from terrella.errors import DoesNotFitError
from terrella.formats.sections.zarr_sections import Cut
from terrella.nets.unet import UNet
from terrella.segment.bundle import network_logits
from terrella.segment.data.normalise import Floats, Scale, section_scales
from terrella.segment.data.pieces import PROCESS_BYTES, fitting_cut, make_pieces
from terrella.segment.data.sections import Entry
from terrella.segment.learning.patches import Labels

_MEMORY_BYTES = 1 << 28  # of the network's layers


def labelled_scores(
    network: nn.Module, scale: Scale, entry: Entry, memory_bytes: int = _MEMORY_BYTES
) -> Iterator[tuple[str, Floats, Labels]]:
    """Yield group, logits and labels of a section that is held, or else of pieces that make it up without a seam.

    A piece takes `memory_bytes`, or more only where not even the smallest would fit.
    """
    if entry.held:
        section = entry.load()
        samples = section.samples
        scales = section_scales(lambda *where: samples[where], samples.shape, scale)
        yield section.group, network_logits(network, samples, scales), section.mask
        return
    assert isinstance(network, UNet)
    shape, size = entry.shape, (len(entry.shape), network.radius, network.multiple)
    chosen = _cut(shape, network, size, memory_bytes)
    scales = section_scales(entry.samples, shape, scale)
    for piece in make_pieces(chosen, *size):
        logits = network_logits(network, entry.samples(*piece.window), scales[piece.window[:-1]])
        yield entry.group, logits[piece.kept], entry.labels(*piece.core)


def _cut(shape: tuple[int, ...], network: UNet, size: tuple[int, int, int], memory_bytes: int) -> Cut:
    while True:
        try:
            return fitting_cut(shape, network, *size, memory_bytes + PROCESS_BYTES)
        except DoesNotFitError:
            memory_bytes *= 2
