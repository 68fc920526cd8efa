"""DeepPhasePick's three networks: a detector of phases, and a picker each for P and S (Soto & Schurr 2021)."""

from functools import partial

import torch
from torch import Tensor, nn

from terrella.pick.networks.architecture import Architecture

# Output channels, kernel and dropout of the detector's convolutions.
_LAYERS = ((12, 17, 0.25), (24, 11, 0.25), (48, 5, 0.3), (96, 9, 0.4), (192, 17, 0.25))
_WINDOW = 500
_EPS = 1e-3


class DPPDetector(nn.Module):
    """Five depthwise-separable convolutions, each followed by a halving of the samples, and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        channels, samples = 3, _WINDOW
        layers = []
        for number, (filters, kernel, dropout) in enumerate(_LAYERS, 1):
            activation = nn.Sigmoid() if number == len(_LAYERS) else nn.ReLU()
            layers.append(_Separable(channels, filters, kernel, activation, dropout))
            channels, samples = filters, samples // 2
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Linear(channels * samples, 50)
        self.norm = nn.BatchNorm1d(50, eps=_EPS)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(50, 3)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 3) of windows (batch, 3, 500)."""
        x = torch.relu(self.dense(self.layers(windows).flatten(1)))
        return self.out(self.dropout(self.norm(x)))


class DPPPicker(nn.Module):
    """Two bidirectional LSTMs whose answer steps from zero to one at the onset."""

    def __init__(self, components: int, hidden: tuple[int, int], dropout: tuple[float, float]) -> None:
        super().__init__()
        self.lstm1 = nn.LSTM(components, hidden[0], bidirectional=True, batch_first=True)
        self.dropout1 = nn.Dropout(dropout[0])
        self.lstm2 = nn.LSTM(2 * hidden[0], hidden[1], bidirectional=True, batch_first=True)
        self.dropout2 = nn.Dropout(dropout[1])
        self.fc1 = nn.Linear(2 * hidden[1], 1)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 1, sample) of windows (batch, component, sample)."""
        x = self.dropout1(self.lstm1(windows.transpose(1, 2))[0])
        x = self.dropout2(self.lstm2(x)[0])
        return self.fc1(x).transpose(1, 2)


class _Separable(nn.Module):
    """A filter for each channel, then a mixture of channels (Chollet 2017), activation, norm, halving, dropout."""

    def __init__(
        self, channels: int, filters: int, kernel: int, activation: nn.Module, dropout: float
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, filters, kernel, groups=channels, padding=kernel // 2)
        self.pointwise = nn.Conv1d(filters, filters, 1)
        self.activation = activation
        # Torch's usual momentum: that of Keras, 0.99 of the past, lags behind in short trainings.
        self.norm = nn.BatchNorm1d(filters, eps=_EPS)
        self.pool = nn.MaxPool1d(2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.pool(self.norm(self.activation(self.pointwise(self.depthwise(x))))))


ARCHITECTURES = (
    Architecture(
        name="dpp-detector",
        title="DPP detector",
        reference="DPP",
        make=DPPDetector,
        window=_WINDOW,
        outputs=("P", "S", "N"),
        activation="softmax",
        frames=0,
        stride=10,
        first=_WINDOW // 2,
        normalise_each=True,
        threshold=0.5,
    ),
    Architecture(
        name="dpp-p",
        title="DPP picker of P",
        reference="DPP",
        make=partial(DPPPicker, 1, (100, 160), (0.2, 0.35)),
        window=1000,
        outputs=("P",),
        activation="sigmoid",
        frames=1000,
        components=("Z",),
        normalise_each=True,
        threshold=0.5,
    ),
    Architecture(
        name="dpp-s",
        title="DPP picker of S",
        reference="DPP",
        make=partial(DPPPicker, 2, (20, 30), (0.25, 0.45)),
        window=1000,
        outputs=("S",),
        activation="sigmoid",
        frames=1000,
        components=("N", "E"),
        normalise_each=True,
        threshold=0.5,
    ),
)
