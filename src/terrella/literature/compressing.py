"""What compressing needs of entities: the network alone, beside fields that stay as they are."""

from torch import Tensor, nn

from terrella.engine.feed import Batch
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.literature.model import BESIDE, TRANSITIONS, model_of


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network."""
    return model_of(bundle).joint.network


def taken(batch: Batch) -> tuple[Tensor, ...]:
    """Return words, letters and where there are tokens."""
    return batch["word"], batch["letter"], batch["here"]


compression = Compression(
    network=network_of,
    scores={"f1": True, "precision": True, "recall": True},
    taken=taken,
    timed=64,
    weights=lambda name: name not in BESIDE | {TRANSITIONS},
    predicts=lambda bundle: (bundle.values["trusted"],),
)
