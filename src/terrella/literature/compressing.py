"""What compressing needs of entities: the network alone, beside fields that stay as they are."""

from torch import nn

from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.literature.learning.network import taken
from terrella.literature.model import BESIDE, TRANSITIONS, model_of


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network."""
    return model_of(bundle).joint.network


compression = Compression(
    network=network_of,
    scores={"f1": True, "precision": True, "recall": True},
    taken=taken,
    timed=64,
    weights=lambda name: name not in BESIDE | {TRANSITIONS},
    predicts=lambda bundle: (bundle.values["trusted"],),
)
