"""GPD on long records: windows share their convolutions, and those that matter are evaluated one by one.

GPD takes windows of 4 s one after the other; at a stride of 8 samples each of its convolutions is computed some
thirty times over. Its network is convolutional up to the first dense layer, and that is a convolution too, so that
a run of windows can be evaluated at once (Long, Shelhamer & Darrell 2015), the last halving at both of its phases.
Three things keep a run from being the same as its windows:

- Padding: a window ends in zeros, a run goes on.
- The mean and the largest sample of each window, by which it is normalised, differ within a run, and the network is
  not linear in them. `Dense.scan` ends a run where the largest samples leave an octave or the means drift, and
  takes the windows' average mean and the geometric mean of their largest samples for all.
- Hence a scan is close, not equal: `Dense.probabilities` evaluates windows that may hold a phase on their own.

All but the first convolution, of runs and of windows on their own, are products of Fourier transforms: a quarter to
an eighth of the multiplications.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from terrella.errors import InputError
from terrella.pick.networks.architecture import ROUNDING, Architecture, without_mean
from terrella.pick.networks.gpd import GPD, WINDOW

STEP = 8  # samples between the windows of a scan: the product of the first three halvings
# By the scan's probability of any phase: what is less is believed without looking again.
DOUBT = 0.05
_PHASE = 0.35  # windows beside one whose own answer has this probability of any phase are not believed either
# Windows that share their convolutions; some fifty more are lost at the end of a run. Of few sizes, so that many
# runs share a batch, and such that blocks of the transforms below are full; shorter ones cost less one by one.
_SIZES = (14, 52, 102, 152)
_SHORTEST = 3
_AT_ONCE = 32  # windows, or half as many runs of the largest size, so that layers stay in the cache
_FRAMES = WINDOW >> 4  # of the last convolution, halved
# Within a run, the logarithm of the windows' largest samples and their means over their largest samples differ by
# no more.
_OCTAVE = math.log(2.0)
_DRIFT = 0.2

# Samples of the Fourier transforms in the last three convolutions (the first has too few channels to gain) and the
# first dense layer: of short runs, one block each, and of windows and long runs.
_SHORT_TRANSFORMS = (288, 144, 72, 32)
_TRANSFORMS = (216, 120, 60, 54)

_Weights = tuple[Tensor, Tensor]


class _Spectral:
    """A convolution as a product of Fourier transforms of overlapping blocks (Stockham 1966)."""

    def __init__(self, weight: Tensor, bias: Tensor, transform: int) -> None:
        self.taps, self.transform = weight.shape[-1], transform
        self.bias = bias.unsqueeze(-1)
        spectrum = torch.fft.rfft(weight, transform).conj().resolve_conj()
        self.spectrum = spectrum.permute(2, 1, 0).contiguous()  # (frequency, input, output)

    def __call__(self, x: Tensor, padding: int = 0) -> Tensor:
        """Return what `F.conv1d` does of x (batch, channel, sample), without the bias."""
        step = self.transform - self.taps + 1
        wanted = x.shape[-1] + 2 * padding - self.taps + 1
        blocks = -(-wanted // step)
        x = F.pad(x, (padding, padding + blocks * step - wanted)).unfold(-1, self.transform, step)
        spectra = torch.fft.rfft(x).permute(3, 0, 2, 1).flatten(1, 2).contiguous()
        spectra = torch.bmm(spectra, self.spectrum).permute(1, 2, 0).contiguous()
        y = torch.fft.irfft(spectra, self.transform)[..., :step].unflatten(0, (-1, blocks))
        return y.transpose(1, 2).flatten(2)[..., :wanted]


class Dense:
    """The network of a GPD with its batch norms folded into the layers, to evaluate many windows of a record."""

    def __init__(self, module: nn.Module, architecture: Architecture) -> None:
        if not isinstance(module, GPD):
            raise InputError(f"dense evaluation is for GPD; got {architecture.title}")
        self.architecture = architecture
        with torch.no_grad():
            self.convolutions = [
                _folded(layer, norm)
                for layer, norm in zip(module.convolutions, module.convolution_norms, strict=True)
            ]
            self.first, self.second = (
                _folded(layer, norm) for layer, norm in zip(module.dense, module.dense_norms, strict=True)
            )
            self.out = (module.out.weight.detach().clone(), module.out.bias.detach().clone())
            weight, bias = self.first
            layers = [*self.convolutions[1:], (weight.unflatten(1, (-1, _FRAMES)), bias)]
            self.short, self.long = (
                [_Spectral(*layer, transform) for layer, transform in zip(layers, transforms, strict=True)]
                for transforms in (_SHORT_TRANSFORMS, _TRANSFORMS)
            )

    @torch.no_grad()
    def probabilities(self, records: Tensor, stride: int = STEP, doubt: float = DOUBT) -> Tensor:
        """Return probabilities (record, output, window) of raw records (record, 3, sample).

        Window k starts at sample k * stride, so that its answer stands at `first + k * stride`. Windows whose
        probability of any phase is `doubt` or more in the scan are evaluated on their own, and so are those beside
        a phase that this finds, until no more are found: there, and wherever a pick can be, the answer is the
        network's own.

        Raises:
            InputError: where the stride does not divide 8, or a record is shorter than a window.
        """
        noise = self.architecture.outputs.index("N")
        found, done = self._scans(records, stride)
        fresh, beside = done | (1 - found[..., noise] >= doubt), 1
        while fresh.any():
            record, window = torch.nonzero(fresh & ~done, as_tuple=True)
            found[record, window] = self._each(records, stride, record, window)
            done |= fresh
            phase = (fresh & (1 - found[..., noise] >= _PHASE)).float()
            fresh = (F.max_pool1d(phase, 2 * beside + 1, 1, beside) > 0) & ~done
            beside *= 2
        return found.transpose(1, 2)

    @torch.no_grad()
    def scan(self, records: Tensor, stride: int = STEP) -> Tensor:
        """Return nearly what `probabilities` does, without its second look: faster where events are many.

        Raises:
            InputError: where the stride does not divide 8, or a record is shorter than a window.
        """
        return self._scans(records, stride)[0].transpose(1, 2)

    @torch.no_grad()
    def each(self, records: Tensor, stride: int = STEP) -> Tensor:
        """Return what `probabilities` does, every window evaluated on its own.

        Raises:
            InputError: where a record is shorter than a window.
        """
        _check(records, 1)
        number = (records.shape[-1] - WINDOW) // stride + 1
        record = torch.arange(len(records), device=records.device).repeat_interleave(number)
        window = torch.arange(number, device=records.device).repeat(len(records))
        return (
            self._each(records, stride, record, window).unflatten(0, (len(records), number)).transpose(1, 2)
        )

    def _each(self, records: Tensor, stride: int, record: Tensor, window: Tensor) -> Tensor:
        """Return probabilities (window, output) of single windows of records."""
        views = records.unfold(-1, WINDOW, stride)
        found = [records.new_zeros(0, len(self.architecture.outputs))]
        for k in range(0, len(record), _AT_ONCE):
            windows = self.architecture.prepared(views[record[k : k + _AT_ONCE], :, window[k : k + _AT_ONCE]])
            x = self._convolved(windows, self.long, 2)
            found.append(torch.softmax(self._head(F.linear(x.flatten(1), *self.first)), -1))
        return torch.cat(found)

    def _scans(self, records: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        """Return a scan's probabilities (record, window, output), and which windows it evaluated on their own."""
        _check(records, stride)
        number = (records.shape[-1] - WINDOW) // stride + 1
        found = records.new_zeros(len(records), number, len(self.architecture.outputs))
        by_itself = torch.zeros(found.shape[:2], dtype=torch.bool, device=records.device)
        phases = STEP // stride
        for phase in range(min(phases, number)):
            of = self._scan(records[..., phase * stride :])
            found[:, phase::phases], by_itself[:, phase::phases] = of
        return found, by_itself

    def _scan(self, records: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `_scans` does, at every 8th sample, windows in runs."""
        number = (records.shape[-1] - WINDOW) // STEP + 1
        found = records.new_zeros(len(records), number, len(self.architecture.outputs))
        mean, loudness = self._normalisers(records)
        drift = mean / torch.exp(loudness)
        unlike = torch.cat((loudness.mean(-1, keepdim=True) / _OCTAVE, drift / _DRIFT), -1)
        # Between windows where the largest sample changes at once the network often says something else.
        jump = (unlike[..., 0].diff().abs() > 1).float()
        alone = torch.maximum(F.pad(jump, (0, 1)), F.pad(jump, (1, 0))) > 0
        runs = torch.from_numpy(_runs(unlike.cpu().numpy())).to(records.device)
        for shift in range(_SHORTEST - 1):
            some = runs[(runs[:, 2] < _SHORTEST) & (runs[:, 2] > shift)]
            alone[some[:, 0], some[:, 1] + shift] = True
        before = _SHORTEST - 1
        for size in sorted({min(size, number) for size in _SIZES}):
            fitting = runs[(runs[:, 2] > before) & (runs[:, 2] <= size)]
            together = _AT_ONCE * _SIZES[-1] // (2 * size)
            for some in fitting.split(together) if len(fitting) else ():
                record, window, said = self._of_runs(records, some, size, mean, loudness)
                found[record, window] = said
            before = size
        record, window = torch.nonzero(alone, as_tuple=True)
        found[record, window] = self._each(records, STEP, record, window)
        return found, alone

    def _of_runs(
        self, records: Tensor, runs: Tensor, size: int, mean: Tensor, loudness: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return records, numbers and probabilities of all windows of runs (run, 3) of `size` windows or fewer."""
        record, start, length = runs[:, 0], runs[:, 1:2], runs[:, 2:]
        views = records.unfold(-1, WINDOW + (size - 1) * STEP, STEP)
        begin = start.clamp(
            max=views.shape[2] - 1
        )  # a run that would reach over the record's end begins earlier
        window = begin + torch.arange(size, device=records.device)
        own = (window >= start) & (window < start + length)
        weight = (own / length).unsqueeze(-1)
        level, scale = ((each[record[:, None], window] * weight).sum(1) for each in (mean, loudness))
        # What is beyond a run may be louder by orders of magnitude: constant, then zero as beyond a window.
        sample = begin * STEP + torch.arange(views.shape[-1], device=records.device)
        beyond = (sample < start * STEP) | (sample >= (start + length - 1) * STEP + WINDOW)
        beyond = beyond.unsqueeze(1)
        constant = records[record, :, start[:, 0] * STEP].unsqueeze(-1)
        blocks = torch.where(beyond, constant, views[record, :, begin[:, 0]])
        blocks = _shifted(blocks, level.unsqueeze(-1)) / torch.exp(scale).unsqueeze(-1)
        said = self._shared(blocks.masked_fill(beyond, 0))
        return record[:, None].expand_as(window)[own], window[own], said[own]

    def _normalisers(self, records: Tensor) -> tuple[Tensor, Tensor]:
        """Return each window's means and the logarithm of what it is divided by, (record, window, component or 1).

        The mean of a constant component, which becomes zero, is left out.
        """
        mean = F.avg_pool1d(F.avg_pool1d(records, STEP), WINDOW // STEP, 1)
        high, low = (F.max_pool1d(F.max_pool1d(x, STEP), WINDOW // STEP, 1) for x in (records, -records))
        largest = torch.maximum(high - mean, low + mean)
        alive = largest > ROUNDING * torch.maximum(high, low)
        mean, largest = mean * alive, largest * alive
        if not self.architecture.normalise_each:
            largest = largest.amax(1, keepdim=True)
        return mean.transpose(1, 2), torch.log(torch.where(largest > 0, largest, 1)).transpose(1, 2)

    def _shared(self, blocks: Tensor) -> Tensor:
        """Return probabilities (block, window, output) of normalised blocks, padded at their ends alone."""
        windows = (blocks.shape[-1] - WINDOW) // STEP + 1
        layers = self.short if windows <= _SIZES[0] else self.long
        x = self._convolved(blocks, layers, 1)  # both phases of the last halving, one after the other
        x = F.pad(x, (0, x.shape[-1] % 2)).unflatten(-1, (-1, 2)).permute(0, 3, 1, 2).flatten(0, 1)
        x = layers[-1](x).unflatten(0, (-1, 2)).permute(0, 3, 1, 2)
        return torch.softmax(self._head(x.flatten(1, 2)[:, :windows] + self.first[1]), -1)

    def _convolved(self, x: Tensor, layers: list[_Spectral], step: int) -> Tensor:
        """Return what the convolutions make of padded samples, the last halved every `step` frames."""
        weight, bias = self.convolutions[0]
        x = _halved(F.conv1d(x, weight, bias, padding=weight.shape[-1] // 2))
        for layer, every in zip(layers, (2, 2, step), strict=False):
            x = F.max_pool1d(layer(x, layer.taps // 2), 2, every).add_(layer.bias).relu_()
        return x

    def _head(self, x: Tensor) -> Tensor:
        return F.linear(F.linear(x.relu(), *self.second).relu_(), *self.out)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool1d(x, 2).relu_()


def _shifted(run: Tensor, level: Tensor) -> Tensor:
    """Return runs (run, component, sample) without a level, and constant components as zero."""
    rest = without_mean(run)
    return rest - (level - run.mean(-1, keepdim=True)) * rest.any(-1, keepdim=True)


def _runs(unlike: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Return runs of windows, (run, 3): record, first window, number of windows.

    Within a run none of the values of its windows, (record, window, value), differ by more than 1.
    """
    runs = []
    for record, each in enumerate(unlike):
        start = 0
        while start < len(each):
            ahead = each[start : start + _SIZES[-1]]
            extent = (np.maximum.accumulate(ahead) - np.minimum.accumulate(ahead)).max(1)
            length = int(np.searchsorted(extent, 1, "right"))
            runs.append((record, start, length))
            start += length
    return np.array(runs, np.int64).reshape(-1, 3)


def _folded(layer: Any, norm: Any) -> _Weights:
    """Return weight and bias of a layer with the batch norm that follows it."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = layer.weight * gain.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    return weight.detach(), ((layer.bias - norm.running_mean) * gain + norm.bias).detach()


def _check(records: Tensor, stride: int) -> None:
    if stride < 1 or STEP % stride:
        raise InputError(f"a stride of {stride} samples: dense evaluation of GPD needs 1, 2, 4 or 8")
    if records.shape[-1] < WINDOW:
        raise InputError(f"a record of {records.shape[-1]} samples is shorter than GPD's window of {WINDOW}")
