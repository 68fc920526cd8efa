"""BasicPhaseAE: a small convolutional autoencoder that names every sample P, S or noise (Woollam et al. 2019)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.networks.architecture import Architecture

_KERNEL = 5
_STRIDE = 4


class BasicPhaseAE(nn.Module):
    """Four unpadded convolutions take 600 samples to 8 frames; upsampling by 5, 5 and 3 gives them back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(3, 12, _KERNEL)
        self.conv2 = nn.Conv1d(12, 24, _KERNEL, _STRIDE)
        self.conv3 = nn.Conv1d(24, 36, _KERNEL, _STRIDE)
        self.dropout = nn.Dropout(0.3)
        self.conv4 = nn.Conv1d(36, 48, _KERNEL, _STRIDE)
        self.conv5 = nn.ConvTranspose1d(48, 48, _KERNEL, padding=_KERNEL // 2)
        self.conv6 = nn.ConvTranspose1d(48, 24, _KERNEL, padding=_KERNEL // 2)
        self.conv7 = nn.ConvTranspose1d(24, 12, _KERNEL, padding=_KERNEL // 2)
        self.out = nn.ConvTranspose1d(12, 3, _KERNEL, padding=_KERNEL // 2)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 3, 600) of windows (batch, 3, 600)."""
        x = torch.relu(self.conv2(torch.relu(self.conv1(windows))))
        x = self.dropout(torch.relu(self.conv3(x)))
        x = F.max_pool1d(torch.relu(self.conv4(x)), 2)
        x = F.interpolate(x, scale_factor=2.0)
        for convolution, factor in ((self.conv5, 5.0), (self.conv6, 5.0), (self.conv7, 3.0)):
            x = F.interpolate(torch.relu(convolution(x)), scale_factor=factor)
        return self.out(x)


ARCHITECTURES = (
    Architecture(
        name="basicphaseae",
        title="BasicPhaseAE",
        reference="BasicPhaseAE",
        make=BasicPhaseAE,
        window=600,
        outputs=("P", "S", "N"),
        activation="softmax",
        frames=600,
        normalise_each=True,
        blind=130,
        overlap=300,
        threshold=0.3,
    ),
)
