"""GPD: windows of 4 s named P, S or noise (Ross et al. 2018)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.networks.architecture import Architecture

# Output channels and kernel of the four convolutions; each is followed by a halving of the samples.
LAYERS = ((32, 21), (64, 15), (128, 11), (256, 9))
WINDOW = 400
_EPS = 1e-3


class GPD(nn.Module):
    """Four convolutions and three dense layers, all but the last with batch normalisation and ReLU.

    The input is already divided by its largest sample over all components, as `Architecture.prepared` does.
    """

    def __init__(self) -> None:
        super().__init__()
        filters = [3, *(each for each, _ in LAYERS)]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, kernel, padding=kernel // 2)
            for before, (after, kernel) in zip(filters, LAYERS, strict=False)
        )
        self.convolution_norms = nn.ModuleList(nn.BatchNorm1d(each, eps=_EPS) for each in filters[1:])
        features = filters[-1] * (WINDOW >> len(LAYERS))
        self.dense = nn.ModuleList([nn.Linear(features, 200), nn.Linear(200, 200)])
        self.dense_norms = nn.ModuleList(nn.BatchNorm1d(200, eps=_EPS) for _ in range(2))
        self.out = nn.Linear(200, 3)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 3) of windows (batch, 3, 400)."""
        x = windows
        for convolution, norm in zip(self.convolutions, self.convolution_norms, strict=True):
            x = F.max_pool1d(torch.relu(norm(convolution(x))), 2)
        x = x.flatten(1)
        for dense, norm in zip(self.dense, self.dense_norms, strict=True):
            x = torch.relu(norm(dense(x)))
        return self.out(x)


ARCHITECTURES = (
    Architecture(
        name="gpd",
        title="GPD",
        reference="GPD",
        make=GPD,
        window=WINDOW,
        outputs=("P", "S", "N"),
        activation="softmax",
        frames=0,
        stride=8,  # what four halvings evaluate densely at once
        first=WINDOW // 2,
        threshold=0.7,
    ),
)
