"""EQTransformer: detects an event and picks P and S with recurrence and attention (Mousavi et al. 2020)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.pick.networks.architecture import Architecture

WINDOW = 6000
_FILTERS = (8, 16, 16, 32, 32, 64, 64)
_KERNELS = (11, 9, 7, 7, 5, 5, 3)
_RESIDUAL_KERNELS = (3, 3, 3, 3, 2, 3, 2)
_WIDTH = 16  # of the encoded sequence
_DROPOUT = 0.1
_EPS = 1e-3


class EQTransformer(nn.Module):
    """One encoder, 6000 samples to 47 frames, and three decoders: detection, P and S.

    The supplement of Mousavi et al. (2020) draws the layers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Encoder()
        self.residual = nn.Sequential(*(_Residual(_FILTERS[-1], kernel) for kernel in _RESIDUAL_KERNELS))
        self.recurrent = nn.Sequential(_BiLSTM(_FILTERS[-1]), _BiLSTM(_WIDTH), _BiLSTM(_WIDTH))
        self.transformers = nn.Sequential(_Transformer(), _Transformer())
        self.detection = _Decoder()
        self.picks = nn.ModuleList(_Pick() for _ in range(2))

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, 3, 6000), detection, P and S, of windows (batch, 3, 6000)."""
        x = self.recurrent(self.residual(self.encoder(windows)))
        x = self.transformers(x)
        return torch.cat([self.detection(x), *(pick(x) for pick in self.picks)], 1)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv1d(before, after, kernel, padding=kernel // 2)
            for before, after, kernel in zip((3, *_FILTERS), _FILTERS, _KERNELS, strict=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convs:
            x = F.max_pool1d(torch.relu(convolution(x)), 2, ceil_mode=True)
        return x


class _Residual(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels, eps=_EPS) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, kernel) for _ in range(2))
        self.dropout = nn.Dropout1d(_DROPOUT)  # whole channels
        # An even kernel is padded on the right alone.
        self.padding = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        change = x
        for norm, convolution in zip(self.norms, self.convs, strict=True):
            change = convolution(F.pad(self.dropout(torch.relu(norm(change))), self.padding))
        return x + change


class _BiLSTM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, _WIDTH, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(_DROPOUT)
        self.conv = nn.Conv1d(2 * _WIDTH, _WIDTH, 1)
        self.norm = nn.BatchNorm1d(_WIDTH, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.lstm(x.transpose(1, 2))[0])
        return self.norm(self.conv(x.transpose(1, 2)))


class _Transformer(nn.Module):
    """Attention and a dense layer at each frame, both with a sum around them and a norm after it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = _Attention()
        self.norm1 = _ChannelNorm()
        self.wide = nn.Linear(_WIDTH, 128)
        self.dropout = nn.Dropout(_DROPOUT)
        self.narrow = nn.Linear(128, _WIDTH)
        self.norm2 = _ChannelNorm()

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x))
        change = self.narrow(self.dropout(torch.relu(self.wide(x.transpose(1, 2)))))
        return self.norm2(x + change.transpose(1, 2))


class _Attention(nn.Module):
    """Additive attention (Bahdanau et al. 2015) of every frame to all, or to those within `reach` frames."""

    def __init__(self, reach: int | None = None, units: int = 32) -> None:
        super().__init__()
        self.reach = reach
        self.key = nn.Parameter(torch.empty(_WIDTH, units).uniform_(-0.02, 0.02))
        self.query = nn.Parameter(torch.empty(_WIDTH, units).uniform_(-0.02, 0.02))
        self.query_bias = nn.Parameter(torch.zeros(units))
        self.score = nn.Parameter(torch.empty(units, 1).uniform_(-0.02, 0.02))
        self.score_bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)  # (batch, frame, channel)
        query = (x @ self.query).unsqueeze(2)
        key = (x @ self.key).unsqueeze(1)
        score = (torch.tanh(query + key + self.query_bias) @ self.score + self.score_bias).squeeze(-1)
        # The largest score of all frames, near or not: it is what the small number below is compared to.
        weight = torch.exp(score - score.amax(-1, keepdim=True))
        if self.reach is not None:
            frame = torch.arange(x.shape[1], device=x.device)
            weight = weight * ((frame - frame.unsqueeze(1)).abs() <= self.reach)
        weight = weight / (weight.sum(-1, keepdim=True) + 1e-5)
        return (weight @ x).transpose(1, 2)


class _ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(_WIDTH, 1))
        self.beta = nn.Parameter(torch.zeros(_WIDTH, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean(1, keepdim=True)
        return x / torch.sqrt((x**2).mean(1, keepdim=True) + 1e-14) * self.gamma + self.beta


class _Decoder(nn.Module):
    """Seven doublings back to the window's samples, and the logits."""

    def __init__(self) -> None:
        super().__init__()
        filters, kernels = _FILTERS[::-1], _KERNELS[::-1]
        self.convs = nn.ModuleList(
            nn.Conv1d(before, after, kernel, padding=kernel // 2)
            for before, after, kernel in zip((_WIDTH, *filters), filters, kernels, strict=False)
        )
        lengths = [WINDOW]
        for _ in filters:
            lengths.append((lengths[-1] + 1) // 2)
        self.lengths = lengths[-2::-1]
        self.out = nn.Conv1d(filters[-1], 1, 11, padding=5)

    def forward(self, x: Tensor) -> Tensor:
        for convolution, length in zip(self.convs, self.lengths, strict=True):
            # Where a length was odd, its doubled half is one sample too long.
            x = F.interpolate(x, scale_factor=2.0)[:, :, :length]
            x = torch.relu(convolution(x))
        return self.out(x)


class _Pick(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_WIDTH, _WIDTH, batch_first=True)
        self.dropout = nn.Dropout(_DROPOUT)
        self.attention = _Attention(reach=1)
        self.decoder = _Decoder()

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.lstm(x.transpose(1, 2))[0])
        return self.decoder(self.attention(x.transpose(1, 2)))


ARCHITECTURES = (
    Architecture(
        name="eqtransformer",
        title="EQTransformer",
        reference="EQTransformer",
        make=EQTransformer,
        window=WINDOW,
        outputs=("detection", "P", "S"),
        activation="sigmoid",
        frames=WINDOW,
        normalise_each=True,
        taper=6,
        blind=500,
        overlap=3000,
        stack="max",
        threshold=0.1,
        detection_threshold=0.3,
    ),
)
