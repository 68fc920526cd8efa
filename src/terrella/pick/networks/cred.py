"""CRED: detects an earthquake's signal in a spectrogram (Mousavi, Zhu, Sheng & Beroza 2019)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.networks.architecture import Architecture

_WINDOW = 3000
_SEGMENT = 80  # samples of a spectrum
_HOP = 40
_EPS = 1e-3


class CRED(nn.Module):
    """Residual convolutions over the spectrogram, two bidirectional LSTMs, an LSTM and two dense layers.

    With `late` the second convolution's frames lie one frame of the first later, as in the weights that came
    from TensorFlow.
    """

    def __init__(self, late: bool = False) -> None:
        super().__init__()
        self.late = late
        self.spectrogram = _Spectrogram()
        self.conv1 = nn.Conv2d(3, 8, 9, stride=2, padding=4)
        self.residual1 = _Residual(8, 7)
        self.conv2 = nn.Conv2d(8, 16, 5, stride=2, padding=(0, 2))
        self.residual2 = _Residual(16, 3)
        frequencies = 11  # of 41, halved twice
        self.lstm1 = nn.LSTM(16 * frequencies, 64, bidirectional=True, batch_first=True)
        self.lstm2 = nn.LSTM(128, 64, bidirectional=True, batch_first=True)
        self.lstm3 = nn.LSTM(128, 64, batch_first=True)
        self.dropout_lstm = nn.Dropout(0.3)
        self.dropout = nn.Dropout(0.2)
        self.norm1 = nn.BatchNorm1d(64, eps=_EPS)
        self.fc1 = nn.Linear(64, 64)
        self.norm2 = nn.BatchNorm1d(64, eps=_EPS)
        self.fc2 = nn.Linear(64, 1)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 1, 19) of windows (batch, 3, 3000)."""
        x = self.residual1(torch.relu(self.conv1(self.spectrogram(windows))))
        x = F.pad(x, (0, 0, 1 if self.late else 2, 2))
        x = self.residual2(torch.relu(self.conv2(x)))
        x = x.permute(0, 2, 3, 1).flatten(2)  # (batch, frame, frequency and channel)
        x = self.dropout_lstm(self.lstm1(x)[0])
        x = x + self.dropout_lstm(self.lstm2(x)[0])
        x = self.dropout(self.lstm3(x)[0])
        x = self.norm1(x.transpose(1, 2)).transpose(1, 2)
        x = torch.relu(self.fc1(x))
        x = self.norm2(x.transpose(1, 2)).transpose(1, 2)
        return self.fc2(self.dropout(x)).transpose(1, 2)


class _Spectrogram(nn.Module):
    """Amplitudes of windowed spectra, (batch, 3, time, frequency), as a convolution with sines and cosines."""

    waves: Tensor

    def __init__(self) -> None:
        super().__init__()
        samples = torch.arange(_SEGMENT, dtype=torch.float64)
        angle = 2 * torch.pi / _SEGMENT * samples * torch.arange(_SEGMENT // 2 + 1).unsqueeze(1)
        window = torch.sin(torch.pi / _SEGMENT * samples) ** 2
        scale = window / window.sum()
        waves = torch.cat((scale * torch.cos(angle), scale * torch.sin(angle))).unsqueeze(1)
        self.register_buffer("waves", waves.float(), persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        each = windows.flatten(0, 1).unsqueeze(1)
        parts = F.conv1d(each, self.waves, stride=_HOP, padding=_SEGMENT // 2)
        real, imaginary = parts.chunk(2, 1)
        # The small number keeps the gradient finite where there is no signal.
        amplitude = torch.sqrt(real**2 + imaginary**2 + 1e-20)
        return amplitude.unflatten(0, windows.shape[:2]).transpose(2, 3)


class _Residual(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels, eps=_EPS) for _ in range(2))
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        change = x
        for norm, convolution in zip(self.norms, self.convs, strict=True):
            change = convolution(torch.relu(norm(change)))
        return x + change


ARCHITECTURES = (
    Architecture(
        name="cred",
        title="CRED",
        reference="CRED",
        make=CRED,
        window=_WINDOW,
        outputs=("detection",),
        activation="sigmoid",
        # A frame is labelled by the mean of 158 samples, so that 19 frames cover the window.
        frames=19,
        stride=158,
        first=79,
        normalise_each=True,
        overlap=1500,
        detection_threshold=0.5,
    ),
)
